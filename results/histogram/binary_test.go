package histogram

import (
	"encoding/hex"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden is content that uses every part of the binary form.
func golden(p Precision) *Histogram {
	h := ofPrecision(p, -250.5, -1e-9, 0, 0.25, 1.5, 1.5004, 12.125, 299.9, 1e12)
	h.RecordN(3, 1000)
	return h
}

// TestTheGoldenBytesAreReadForEver holds each version of the form against a file that must never be written anew.
func TestTheGoldenBytesAreReadForEver(t *testing.T) {
	for name, precision := range map[string]Precision{"v1.hex": Former, "v2.hex": Fine, "v3.hex": Coarse} {
		path := filepath.Join("testdata", name)
		want := golden(precision)
		if *update {
			if err := os.WriteFile(path, []byte(hex.EncodeToString(want.AppendBinary(nil))+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		bytes, err := hex.DecodeString(strings.TrimSpace(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		h, rest, err := Decode(bytes)
		if err != nil || len(rest) > 0 {
			t.Fatalf("%s: decode: %v, %d bytes left", name, err, len(rest))
		}
		if !h.Equal(want) || h.Precision() != precision {
			t.Errorf("%s: the golden bytes hold something else", name)
		}
		if got := want.AppendBinary(nil); string(got) != string(bytes) {
			t.Errorf("%s: other bytes than the golden ones:\n%x\n%x", name, got, bytes)
		}
	}
}

func TestOnlyOneFormIsAccepted(t *testing.T) {
	// form builds: version, buckets in use, min 1, max 1, sum 1 (limb 1 of weight 2^0 stands at 33), one bucket.
	one := of(1).AppendBinary(nil)
	change := func(at int, b ...byte) []byte {
		c := append([]byte(nil), one...)
		copy(c[at:], b)
		return c
	}
	rows := []struct {
		name string
		src  []byte
		want string
	}{
		{"nothing", nil, "cut short"},
		{"another version", []byte{4, 0}, "version 4"},
		{"a version alone", []byte{1}, "bad number"},
		{"a number longer than it must be", []byte{1, 0x80, 0x00}, "bad number"},
		{"a number that never ends", []byte("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "bad number"},
		{"more buckets than bytes", change(1, 0x7f), "cut short"},
		{"a minimum that is not a number", change(9, 0xff), "minimum or maximum"},
		{"a minimum above the maximum", change(9, 0x40), "minimum and maximum disagree"},
		{"a maximum outside the last bucket", append(of(1, 1).AppendBinary(nil)[:10], append([]byte{0, 0, 0, 0, 0, 0, 0, 0x40}, of(1, 1).AppendBinary(nil)[18:]...)...), "not in its bucket"},
		{"a sum of minus zero", append(one[:18:18], 1, 0, 0), "minus zero"},
		{"a sum wider than any", append(one[:18:18], 0xfe, 1, 0, 0), "out of range"},
		{"a sum that begins too high", append(one[:18:18], 2, 0x7f, 1, 0, 0, 0, 0, 0), "out of range"},
		{"a sum with a zero before it", append(one[:18:18], 2, 0, 0, 0, 0, 0, 0, 0), "padded"},
		{"a bucket beyond all values", append(one[:24:24], 0xff, 0xff, 0xff, 0xff, 0x0f, 0), "out of range"},
		{"more values than can be counted", append(one[:len(one)-1:len(one)-1], 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1), "too many values"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, _, err := Decode(row.src)
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error is %v, want one with %q", err, row.want)
			}
		})
	}
	for n := range one {
		if _, _, err := Decode(one[:n]); !errors.Is(err, ErrInvalid) {
			t.Errorf("cut after %d bytes: error is %v", n, err)
		}
	}
}

// TestDecodingAllocatesInProportionToTheBytes decodes values that span all octaves, which would take 30 MB as counters.
func TestDecodingAllocatesInProportionToTheBytes(t *testing.T) {
	h := New()
	for e := -1022; e < 1024; e++ {
		h.Record(math.Ldexp(1, e))
		h.Record(-math.Ldexp(1, e))
	}
	encoded := h.AppendBinary(nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d, _, err := Decode(encoded)
	runtime.ReadMemStats(&after)
	if err != nil || !d.Equal(h) {
		t.Fatalf("decode: %v", err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > uint64(20*len(encoded)) {
		t.Errorf("%d bytes took %d of memory", len(encoded), got)
	}
}

func FuzzDecode(f *testing.F) {
	for _, h := range []*Histogram{New(), of(1), of(-1, 0, 1), golden(Fine), golden(Coarse), golden(Former), of(math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64), of(latencies(300)...)} {
		f.Add(h.AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		h, rest, err := Decode(src)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error %v is not ErrInvalid", err)
			}
			return
		}
		used := src[:len(src)-len(rest)]
		if got := h.AppendBinary(nil); string(got) != string(used) {
			t.Fatalf("encoded again:\n%x\n%x", got, used)
		}
		dense := h.Clone()
		if !dense.Equal(h) {
			t.Fatal("a clone is not equal")
		}
		for _, q := range []float64{0, 0.5, 0.95, 1} {
			v := h.Quantile(q)
			if !same(v, dense.Quantile(q)) || v < h.Min() || v > h.Max() {
				t.Fatalf("quantile %g is %g, in another form %g", q, v, dense.Quantile(q))
			}
		}
		if m := h.Mean(); h.Count() > 0 && !(m >= h.Min() && m <= h.Max()) || math.IsNaN(h.Sum()) || math.IsInf(h.Sum(), 0) {
			t.Fatalf("mean %g, sum %g", m, h.Sum())
		}
	})
}

func FuzzRecord(f *testing.F) {
	f.Add(1.0, uint64(1), -2.5, uint64(3), uint8(1))
	f.Add(math.Inf(1), uint64(1<<40), 0.0, uint64(0), uint8(0))
	f.Add(math.NaN(), uint64(9), math.SmallestNonzeroFloat64, uint64(1<<63), uint8(2))
	f.Fuzz(func(t *testing.T, a float64, n uint64, b float64, m uint64, order uint8) {
		n, m = n>>2, m>>2 // the count of all is to stay below 2^64
		one, other := New(), New()
		one.RecordN(a, n)
		one.RecordN(b, m)
		switch order % 3 {
		case 0:
			other.RecordN(b, m)
			other.RecordN(a, n)
		case 1:
			other.RecordN(b, m)
			part := New()
			part.RecordN(a, n)
			other.Merge(part)
		case 2:
			other.RecordN(a, n/2)
			other.RecordN(b, m)
			other.RecordN(a, n-n/2)
		}
		if !one.Equal(other) || !decoded(t, one).Equal(other) {
			t.Fatalf("%x\n%x", one.AppendBinary(nil), other.AppendBinary(nil))
		}
	})
}
