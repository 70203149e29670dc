package ledger

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden file anew")

// full is a book with something of everything.
func full(t testing.TB) *Book {
	t.Helper()
	b := NewBook()
	orders, err := b.Open("orders")
	if err != nil {
		t.Fatal(err)
	}
	limiter, err := b.Open("limiter")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(5, 6))
	for range 40_000 {
		id := orders.Next()
		if random.IntN(2) == 0 {
			orders.Ack(id) // half of them, so that bits are shorter than runs
		}
		if id%1000 != 5 {
			orders.See(id)
		}
	}
	orders.See(3)
	orders.See(3)
	orders.SeeInOrder(1<<40, "a", 9)
	orders.SeeInOrder(1<<40+1, "a", 8)
	for i := range 300 {
		limiter.Admit([]string{"", "ann", "bob"}[i%3], time.UnixMicro(1_767_225_600_000_000+int64(i*i)*1000-int64(i%7)*50_000))
	}
	limiter.full = "more than there is room for"
	return b
}

func written(t testing.TB, b *Book) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Blocks("script", w.Write); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestTheGoldenFileIsReadForEver(t *testing.T) {
	const golden = "testdata/v1.brunt"
	if *update {
		if err := os.WriteFile(golden, written(t, full(t)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var b Book
	if err := b.Read(bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written(t, &b), file) {
		t.Error("what was read is not written as it was")
	}
	orders, limiter := b.Ledger("orders"), b.Ledger("limiter")
	if orders.Issued() != 40_000 || orders.Duplicated().Count != 2 || orders.Duplicated().IDs != 1 || orders.Reordered().Count != 1 || orders.Unknown().Count != 2 {
		t.Errorf("orders: issued %d, %+v, %+v, %+v", orders.Issued(), orders.Duplicated(), orders.Reordered(), orders.Unknown())
	}
	if limiter.Admissions() != 300 || limiter.Full() == "" || !b.Ended("script") {
		t.Errorf("limiter: %d admissions, full %q", limiter.Admissions(), limiter.Full())
	}
}

func TestEveryTornEndIsKnownAsOne(t *testing.T) {
	file := written(t, full(t))
	for n := range len(file) {
		if n > 200 && n < len(file)-200 && n%97 != 0 {
			continue
		}
		var b Book
		err := b.Read(bytes.NewReader(file[:n]))
		if err == nil && b.Ended("script") || err != nil && !errors.Is(err, ErrTorn) {
			t.Fatalf("cut after %d of %d bytes: %v, ended %v", n, len(file), err, b.Ended("script"))
		}
		zeroes := append(bytes.Clone(file[:n]), make([]byte, 300)...)
		if err := (&Book{}).Read(bytes.NewReader(zeroes)); n > fileHeader && !errors.Is(err, ErrTorn) {
			t.Fatalf("zeroes after %d of %d bytes: %v", n, len(file), err)
		}
	}
}

func TestDamageIsNamed(t *testing.T) {
	file := written(t, full(t))
	change := func(at int, to byte) []byte {
		b := bytes.Clone(file)
		b[at] = to
		return b
	}
	for _, row := range []struct {
		name string
		file []byte
		want error
	}{
		{"another file", []byte("{}{}{}{}{}{}{}"), ErrNotLedgers},
		{"a recording", []byte("\x89brunt\r\n\x02\x00\x00\x00"), ErrNotLedgers},
		{"nothing", nil, ErrTorn},
		{"a changed length", change(fileHeader, 0xff), ErrCorrupt},
		{"a changed block", change(fileHeader+frameHeader+3, 0xff), ErrCorrupt},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := (&Book{}).Read(bytes.NewReader(row.file)); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
	var newer *VersionError
	if err := (&Book{}).Read(bytes.NewReader(change(len(magic), 2))); !errors.As(err, &newer) || newer.Version != 2 {
		t.Errorf("a newer file: %v", err)
	}
}

func TestAFileGoesOnWhereItEnded(t *testing.T) {
	var file bytes.Buffer
	file.Write(written(t, full(t)))
	if err := NewBook().Blocks("receiver", Continue(&file).Write); err != nil {
		t.Fatal(err)
	}
	var b Book
	if err := b.Read(&file); err != nil || !b.Ended("script") || !b.Ended("receiver") {
		t.Errorf("%v, ended %v %v", err, b.Ended("script"), b.Ended("receiver"))
	}
}

func TestRelabelCallsKeysOtherwise(t *testing.T) {
	var b Book
	err := full(t).Blocks("script", func(block []byte) error {
		changed, err := Relabel(block, func(ledger, key string) string { return strings.ReplaceAll(ledger+"/"+key, "ann", "[redacted]") })
		if err != nil {
			return err
		}
		return b.Take(changed)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"limiter/", "limiter/[redacted]", "limiter/bob"} {
		if b.Ledger("limiter").admitted[key] == nil {
			t.Errorf("no key %q", key)
		}
	}
	if _, err := Relabel([]byte("x"), nil); !errors.Is(err, ErrBlock) {
		t.Errorf("what is no block: %v", err)
	}
}

// FuzzBlock: whatever is taken for a block is written as it was.
func FuzzBlock(f *testing.F) {
	small := NewBook()
	l, err := small.Open("orders")
	if err != nil {
		f.Fatal(err)
	}
	for i := range 20 {
		l.Ack(l.Next())
		l.SeeInOrder(uint64(i%7), "a", uint64(i%5))
		l.Admit("k", time.UnixMicro(int64(i*i)))
	}
	l.full = "x"
	if err := small.Blocks("script", func(b []byte) error { f.Add(bytes.Clone(b)); return nil }); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("a\x01x\x00r\x01\x80\x80\x04\x00"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		b, err := decode(payload)
		if err != nil {
			if !errors.Is(err, ErrBlock) {
				t.Fatalf("error %v is of no documented kind", err)
			}
			return
		}
		if again := b.append(nil); !bytes.Equal(again, payload) {
			t.Fatalf("%s is written as %s", hex.EncodeToString(payload), hex.EncodeToString(again))
		}
		book := &Book{}
		if err := book.Take(payload); err != nil {
			t.Fatal(err)
		}
	})
}
