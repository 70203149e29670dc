package histogram

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestTheSumIsExactInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	h, want := New(), new(big.Float).SetPrec(4000)
	for range 20_000 {
		v := math.Float64frombits(r.Uint64())
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		n := r.Uint64N(1 << r.UintN(50))
		h.RecordN(v, n)
		want.Add(want, new(big.Float).SetPrec(4000).Mul(big.NewFloat(v), new(big.Float).SetUint64(n)))
	}
	if h.sum.value().Cmp(want) != 0 {
		t.Errorf("sum is %s, exactly %s", h.sum.value().Text('g', 40), want.Text('g', 40))
	}
}

func TestTheSumPassesItsCarriesOnInTime(t *testing.T) {
	h := New()
	value := math.Nextafter(2, 0) // all bits of the mantissa set
	for _, sign := range []float64{1, -1} {
		for range 3 {
			h.sum.adds = maxAdds - 2 // as after a thousand million values
			h.RecordN(sign*value, 1<<40)
			h.RecordN(sign*value, 1<<40)
			h.sum.adds = maxAdds - 2
			h.Merge(of(sign * value))
		}
	}
	if h.Sum() != 0 || len(h.sum.limbs) > 8 {
		t.Errorf("sum is %g in %d limbs, want 0", h.Sum(), len(h.sum.limbs))
	}
	if _, _, limbs := h.sum.canonical(); limbs != nil {
		t.Errorf("a sum of zero has limbs %v", limbs)
	}
}
