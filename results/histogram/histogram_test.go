package histogram

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// latencies are n values in milliseconds, shaped as latencies are: a body, a slow mode and a long tail.
func latencies(n int) []float64 {
	r := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, n)
	for i := range values {
		v := math.Exp(r.NormFloat64()*0.6 + 1)
		if r.Float64() < 0.02 {
			v = 200 + r.ExpFloat64()*80
		}
		values[i] = v
	}
	return values
}

func of(values ...float64) *Histogram {
	h := New()
	for _, v := range values {
		h.Record(v)
	}
	return h
}

func TestQuantilesOfAMillionValuesAreWithinATenthOfAPercent(t *testing.T) {
	values := latencies(1_000_000)
	negated := make([]float64, len(values))
	for i, v := range values {
		negated[i] = -v * 1e-7
	}
	for name, values := range map[string][]float64{"latencies": values, "negative values far below 1": negated} {
		h := of(values...)
		sorted := slices.Sorted(slices.Values(values))
		for _, q := range []float64{0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999, 1} {
			rank := nearestRank(q, uint64(len(values)))
			want, got := sorted[rank-1], h.Quantile(q)
			if off := math.Abs(got-want) / math.Abs(want); off > 0.0005 {
				t.Errorf("%s: quantile %g is %g, exactly %g: off by %.4f %%", name, q, got, want, off*100)
			}
			if at := h.CountAtMost(want); at < rank {
				t.Errorf("%s: %d values at most %g, of which there are %d at least", name, at, want, rank)
			}
		}
		if h.Min() != sorted[0] || h.Max() != sorted[len(sorted)-1] || h.Count() != uint64(len(values)) {
			t.Errorf("%s: count, minimum or maximum is not exact: %d, %g, %g", name, h.Count(), h.Min(), h.Max())
		}
	}
}

func TestTheSameValuesGiveTheSameBytesHoweverTheyWereSplitUp(t *testing.T) {
	values := latencies(100_000)
	for i := range values {
		if i%3 == 0 {
			values[i] = -values[i] * 1e9 // so that rounding in another order would show
		}
	}
	want := of(values...).AppendBinary(nil)
	for _, parts := range []int{1, 10, 600} {
		for _, way := range []string{"recorded", "decoded", "merged backwards"} {
			whole, split := New(), make([]*Histogram, parts)
			for i := range split {
				split[i] = New()
			}
			for i, v := range values {
				split[i%parts].Record(v)
			}
			switch way {
			case "decoded":
				for i, h := range split {
					split[i] = decoded(t, h)
				}
			case "merged backwards":
				slices.Reverse(split)
			}
			for _, h := range split {
				whole.Merge(h)
			}
			if got := whole.AppendBinary(nil); string(got) != string(want) {
				t.Errorf("%d parts, %s: other bytes (%d, want %d)", parts, way, len(got), len(want))
			}
		}
	}
}

func decoded(t testing.TB, h *Histogram) *Histogram {
	t.Helper()
	d, rest, err := Decode(append(h.AppendBinary(nil), "rest"...))
	if err != nil || string(rest) != "rest" {
		t.Fatalf("decode: %v, rest %q", err, rest)
	}
	return d
}

func TestValuesOfEveryKind(t *testing.T) {
	type summary struct {
		Count                        uint64
		Sum, Min, Max, Mean, P50     float64
		AtMostZero, AtMostEverything uint64
	}
	const huge, tiny = math.MaxFloat64, math.SmallestNonzeroFloat64
	nan, inf := math.NaN(), math.Inf(1)
	rows := []struct {
		name   string
		values []float64
		want   summary
	}{
		{"none at all", nil, summary{Min: nan, Max: nan, Mean: nan, P50: nan}},
		{"a single value is read back exactly", []float64{1.2345678}, summary{1, 1.2345678, 1.2345678, 1.2345678, 1.2345678, 1.2345678, 0, 1}},
		{"zero and minus zero are one", []float64{0, math.Copysign(0, -1)}, summary{2, 0, 0, 0, 0, 0, 2, 2}},
		{"negative, zero and positive stand in order", []float64{3, -2, 0}, summary{3, 1, -2, 3, 1.0 / 3, 0, 2, 3}},
		{"the mean of the largest values does not overflow", []float64{huge, huge}, summary{2, huge, huge, huge, huge, huge, 0, 2}},
		{"what cancels out leaves nothing", []float64{huge, 1, -huge}, summary{3, 1, -huge, huge, 1.0 / 3, 1.00048828125, 1, 3}},
		{"the smallest values still count", []float64{tiny, tiny, tiny}, summary{3, 3 * tiny, tiny, tiny, tiny, tiny, 0, 3}},
		{"not a number is ignored", []float64{nan, 5, nan}, summary{1, 5, 5, 5, 5, 5, 0, 1}},
		{"infinities are the largest finite values", []float64{inf, -inf, inf}, summary{3, huge, -huge, huge, huge / 3, 1.7972542449368124e+308, 1, 3}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			recorded := of(row.values...)
			for _, h := range []*Histogram{recorded, decoded(t, recorded), recorded.Clone()} {
				got := summary{h.Count(), h.Sum(), h.Min(), h.Max(), h.Mean(), h.Quantile(0.5), h.CountAtMost(0), h.CountAtMost(inf)}
				if diff := cmp.Diff(row.want, got, cmp.Comparer(same)); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			}
		})
	}
}

func same(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b }

func TestEveryValueReadsBackWithinItsError(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200_000 {
		v := math.Float64frombits(r.Uint64())
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		bound := max(0.0005*math.Abs(v), 0x1p-1032) // below the normal range the width of a bucket is fixed
		if got := valueOf(keyOf(v)); math.Abs(got-v) > bound {
			t.Fatalf("%g is read back as %g", v, got)
		}
	}
}

func TestKeysAscendAsValuesDo(t *testing.T) {
	for key := int32(-maxKey); key < maxKey; key++ {
		if valueOf(key) >= valueOf(key+1) || keyOf(valueOf(key)) != key {
			t.Fatalf("bucket %d (%g), bucket %d (%g)", key, valueOf(key), key+1, valueOf(key+1))
		}
	}
}

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

func TestNearestRank(t *testing.T) {
	rows := []struct {
		q    float64
		n    uint64
		want uint64
	}{
		{0, 100, 1}, {0.001, 100, 1}, {0.01, 100, 1}, {0.011, 100, 2}, {0.5, 1, 1}, {0.5, 2, 1}, {0.5, 3, 2},
		{0.07, 100, 7}, {0.28, 100, 28}, {0.55, 100, 55}, {0.57, 100, 57}, {0.95, 20, 19}, {0.95, 21, 20},
		{0.999, 1000, 999}, {0.999, 1001, 1000}, {1, 100, 100}, {1.5, 100, 100}, {-1, 100, 1},
		{0.5, 1 << 60, 1 << 59}, {1, math.MaxUint64, math.MaxUint64},
	}
	for _, row := range rows {
		if got := nearestRank(row.q, row.n); got != row.want {
			t.Errorf("quantile %g of %d values has rank %d, want %d", row.q, row.n, got, row.want)
		}
	}
}

func TestRanksOutsideTheValuesAreNoNumber(t *testing.T) {
	h := of(1, 2, 3)
	for _, got := range []float64{h.ValueAtRank(0), h.ValueAtRank(4), h.Quantile(math.NaN())} {
		if !math.IsNaN(got) {
			t.Errorf("got %g", got)
		}
	}
}

func TestAHistogramGoesOnAfterBeingDecodedMergedWithItselfOrReset(t *testing.T) {
	h := decoded(t, of(1, 2, 3))
	h.Record(4)
	if !h.Equal(of(4, 3, 2, 1)) {
		t.Error("recording into a decoded histogram lost something")
	}
	h = decoded(t, of(-1, 2))
	h.Merge(h)
	if !h.Equal(of(-1, -1, 2, 2)) {
		t.Error("a histogram merged with itself is not twice itself")
	}
	h.Reset()
	h.Merge(nil)
	if !h.Equal(New()) || h.Equal(nil) {
		t.Error("a histogram that was reset is not empty")
	}
	h.Record(7)
	if !h.Equal(of(7)) || h.Min() != 7 {
		t.Error("a histogram that was reset still knows its past")
	}
	source := of(5)
	copied := source.Clone()
	copied.Record(6)
	if !source.Equal(of(5)) {
		t.Error("recording into a clone changed the original")
	}
}

func TestRecordAllocatesNothingOnceTheOctavesExist(t *testing.T) {
	h, values := New(), latencies(1000)
	for _, v := range values {
		h.Record(v)
	}
	if n := testing.AllocsPerRun(10, func() {
		for _, v := range values {
			h.Record(v)
		}
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkRecord(b *testing.B) {
	h, values := New(), latencies(1<<16)
	for _, v := range values {
		h.Record(v)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h.Record(values[i&(1<<16-1)])
	}
}

func BenchmarkFrameOfValues(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		h := of(latencies(n)...)
		encoded := h.AppendBinary(nil)
		b.Run(fmt.Sprintf("encode/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			b.ReportMetric(float64(len(encoded)), "bytes")
			for b.Loop() {
				encoded = h.AppendBinary(encoded[:0])
			}
		})
		b.Run(fmt.Sprintf("decode and merge/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			whole := h.Clone()
			for b.Loop() {
				d, _, err := Decode(encoded)
				if err != nil {
					b.Fatal(err)
				}
				whole.Merge(d)
			}
		})
	}
}
