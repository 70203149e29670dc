package histogram

import (
	"errors"
	"math"
	"math/big"
	"testing"
)

func TestAHistogramCanBeTakenToPiecesAndAssembledAgain(t *testing.T) {
	var parts Parts
	for name, h := range map[string]*Histogram{
		"none at all": New(), "one": of(-2.5), "zeroes": of(0, 0), "latencies": of(latencies(1000)...),
		"what cancels out":  of(math.MaxFloat64, 1, -math.MaxFloat64),
		"a negative sum":    of(-1e300, 1e-300),
		"the smallest":      of(math.SmallestNonzeroFloat64, math.SmallestNonzeroFloat64),
		"the former format": golden(Former), "coarse": golden(Coarse), "an empty coarse one": NewWith(Coarse),
	} {
		h.Parts(&parts)
		got, err := Assemble(&parts)
		if err != nil || !got.Equal(h) || parts.Count() != h.Count() {
			t.Errorf("%s: %v, %v; want %v", name, got, err, h)
		}
	}
}

func TestPartsThatAreNoHistogramAreRefused(t *testing.T) {
	good := func() Parts {
		return Parts{Buckets: []Bucket{{Fine.key(1), 1}, {Fine.key(2), 3}}, Min: 1, Max: 2, Sum: big.NewInt(7)}
	}
	for name, spoil := range map[string]func(*Parts){
		"a precision that there is not": func(p *Parts) { p.Precision = 9 },
		"an empty bucket":               func(p *Parts) { p.Buckets[0].Count = 0 },
		"more values than can be":       func(p *Parts) { p.Buckets[0].Count = math.MaxUint64 },
		"buckets out of order":          func(p *Parts) { p.Buckets[1].Key = p.Buckets[0].Key },
		"a bucket beyond all values":    func(p *Parts) { p.Buckets[1].Key = Fine.maxKey() + 1 },
		"a minimum elsewhere":           func(p *Parts) { p.Min = 0.5 },
		"a maximum that is no number":   func(p *Parts) { p.Max = math.NaN() },
		"a sum beyond all sums":         func(p *Parts) { p.Sum.Lsh(p.Sum, 2200) },
	} {
		p := good()
		if _, err := Assemble(&p); err != nil {
			t.Fatal(err)
		}
		spoil(&p)
		if _, err := Assemble(&p); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}
