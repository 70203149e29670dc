package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const offer = `{"version":1}
{"seen":17}
{"seen":17}

{ "seen": [1, 5] }
{"acked":[1,6]}
{"acked":17}
{"seen":30,"key":"ann","sequence":4}
{"seen":31,"key":"ann","sequence":3}
{"seen":40,"key":"bob"}
{"seen":39,"key":"bob"}
{"admitted":"ann","at":1767225600000.25}
{"admitted":"","at":1767225600100}
{"end":true}
`

func TestAnOfferIsTakenIn(t *testing.T) {
	l := open(t, "orders")
	if err := Parse(iotest.OneByteReader(strings.NewReader(offer)), l); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		what      string
		got, want any
	}{
		{"lost", fmt.Sprint(l.Lost()), "{1 7 1 [6]}"},
		{"duplicated", fmt.Sprint(l.Duplicated()), "{1 11 1 [17]}"},
		{"reordered", fmt.Sprint(l.Reordered()), "{2 4 2 [31 39]}"},
		{"admissions", l.Admissions(), uint64(2)},
		{"when", l.Densest(time.Minute, 1, nil).Until.UnixMicro(), int64(1767225600100_000)},
	} {
		if row.got != row.want {
			t.Errorf("%s: %v, want %v", row.what, row.got, row.want)
		}
	}
}

func TestWhatIsNoOfferIsRefusedByItsLine(t *testing.T) {
	const head = "{\"version\":1}\n"
	for _, row := range []struct{ name, text, says string }{
		{"nothing", "", `nothing; the first line is {"version":1}`},
		{"a page of HTML", "<html>not found</html>", "line 1"},
		{"no version", "{\"seen\":1}\n", `line 1: "{\"seen\":1}": the first line is {"version":1}`},
		{"a newer version", "{\"version\":2}\n", `the first line is {"version":1}`},
		{"no end", head + "{\"seen\":1}\n", `cut short after line 2: the last line is {"end":true}`},
		{"cut within a line", head + "{\"se", "line 2"},
		{"something after the end", head + "{\"end\":true}\n{\"seen\":1}\n", "line 3: it follows the end"},
		{"an unknown word", head + "{\"sen\":1}\n", `unknown field "sen"`},
		{"two words in a line", head + "{\"seen\":1,\"acked\":1}\n", "one of seen, acked, admitted and end"},
		{"a line without a word", head + "{}\n", "one of seen, acked, admitted and end"},
		{"a key of nothing", head + "{\"acked\":1,\"key\":\"a\"}\n", "key goes with seen"},
		{"a sequence without a key", head + "{\"seen\":1,\"sequence\":2}\n", "sequence with key"},
		{"no time", head + "{\"admitted\":\"a\"}\n", "admitted needs at"},
		{"a time in seconds", head + "{\"admitted\":\"a\",\"at\":1767225600}\n", "no time in milliseconds since 1970"},
		{"a negative id", head + "{\"seen\":-1}\n", "an id is a whole number"},
		{"a fraction", head + "{\"seen\":1.5}\n", "an id is a whole number"},
		{"a text", head + "{\"seen\":\"1\"}\n", "an id is a whole number"},
		{"null", head + "{\"seen\":null}\n", "an id is a whole number"},
		{"an id too large", head + "{\"seen\":9007199254740992}\n", "an id is a whole number"},
		{"a range the wrong way round", head + "{\"seen\":[5,1]}\n", "a range is [first,last]"},
		{"a range without end", head + "{\"seen\":[0,9007199254740991]}\n", "a range is [first,last]"},
		{"a line too long", head + strings.Repeat("x", longestLine+1), "line 2 has more than 65536 bytes"},
		{"a key too long", head + `{"seen":1,"key":"` + strings.Repeat("k", MaxKey+1) + "\"}\n", "a key of more than 256 bytes"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := Parse(strings.NewReader(row.text), open(t, "orders"))
			if !errors.Is(err, ErrOffer) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %q", err, row.says)
			}
		})
	}
	t.Run("a reader that fails", func(t *testing.T) {
		err := Parse(io.MultiReader(strings.NewReader(head), iotest.ErrReader(io.ErrClosedPipe)), open(t, "orders"))
		if !errors.Is(err, io.ErrClosedPipe) || errors.Is(err, ErrOffer) {
			t.Errorf("got %v", err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	const n = 1_000_000
	var offer strings.Builder
	offer.WriteString("{\"version\":1}\n")
	for id := range n {
		fmt.Fprintf(&offer, "{\"seen\":%d}\n", id)
	}
	offer.WriteString("{\"end\":true}\n")
	b.SetBytes(int64(offer.Len()))
	for b.Loop() {
		if err := Parse(strings.NewReader(offer.String()), open(b, "x")); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/line")
}

// FuzzParse: an error is of a documented kind, and the quick way reads what the slow one does.
func FuzzParse(f *testing.F) {
	f.Add(offer)
	f.Add("{\"version\":1}\n{\"seen\":007}\n{\"seen\":0}\n{\"end\":true}")
	f.Add("{\"version\":1}\n{\"seen\":9007199254740991}\n{\"end\":false}")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 || strings.Count(text, "[") > 2 {
			return // ranges may be long, and so slow
		}
		if err := Parse(strings.NewReader(text), open(t, "x")); err != nil && !errors.Is(err, ErrOffer) {
			t.Fatalf("%q: %v", text, err)
		}
		for _, line := range strings.Split(text, "\n") {
			quick, ok := plain([]byte(line), `{"seen":`)
			if !ok {
				continue
			}
			var slow struct{ Seen uint64 }
			if err := json.Unmarshal([]byte(line), &slow); err != nil || slow.Seen != quick {
				t.Fatalf("%q is %d quickly and %d slowly (%v)", line, quick, slow.Seen, err)
			}
		}
	})
}
