package histogram

import (
	"fmt"
	"math"
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

var precisions = []Precision{Fine, Coarse, Former}

func of(values ...float64) *Histogram { return ofPrecision(Fine, values...) }

func ofPrecision(p Precision, values ...float64) *Histogram {
	h := NewWith(p)
	for _, v := range values {
		h.Record(v)
	}
	return h
}

// distributions are shapes that values come in, n of each: milliseconds, bytes, degrees, signed or not, of any size.
func distributions(n int) map[string][]float64 {
	r := rand.New(rand.NewPCG(7, 8))
	draw := func(one func() float64) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = one()
		}
		return values
	}
	normal := func() float64 { return 3 + 10*r.NormFloat64() }
	all := map[string][]float64{
		"latencies":                    latencies(n),
		"uniform":                      draw(r.Float64),
		"exponential":                  draw(r.ExpFloat64),
		"Pareto, with an endless tail": draw(func() float64 { return math.Pow(1-r.Float64(), -2) }),
		"signed, about 3":              draw(normal),
		"negative, far below 1":        draw(func() float64 { return -1e-9 * math.Exp(r.NormFloat64()) }),
		"bytes, whole and large":       draw(func() float64 { return math.Floor(1e9 * r.Float64()) }),
		"one value, and a few":         draw(func() float64 { return 200 + math.Floor(1.001*r.Float64()) }),
		"from the smallest to the largest": draw(func() float64 {
			return math.Ldexp(1+r.Float64(), r.IntN(2000)-1000)
		}),
	}
	return all
}

func TestQuantilesOfAMillionValuesAreWithinTheErrorOfTheirPrecision(t *testing.T) {
	for name, values := range distributions(1_000_000) {
		sorted := slices.Sorted(slices.Values(values))
		for _, precision := range precisions {
			h := NewWith(precision)
			for _, v := range values {
				h.Record(v)
			}
			for _, q := range []float64{0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999, 1} {
				rank := nearestRank(q, uint64(len(values)))
				want, got := sorted[rank-1], h.Quantile(q)
				if off := math.Abs(got-want) / math.Abs(want); off > precision.Error() {
					t.Errorf("%s, precision %d: quantile %g is %g, exactly %g: off by %.4f %%", name, precision, q, got, want, off*100)
				}
				if at := h.CountAtMost(want); at < rank {
					t.Errorf("%s, precision %d: %d values at most %g, of which there are %d at least", name, precision, at, want, rank)
				}
			}
			if h.Min() != sorted[0] || h.Max() != sorted[len(sorted)-1] || h.Count() != uint64(len(values)) {
				t.Errorf("%s: count, minimum or maximum is not exact: %d, %g, %g", name, h.Count(), h.Min(), h.Max())
			}
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
	for _, precision := range precisions {
		want := ofPrecision(precision, values...)
		for _, parts := range []int{1, 10, 600} {
			for _, way := range []string{"recorded", "decoded", "assembled", "merged backwards"} {
				whole := New()
				for _, h := range split(t, precision, values, parts, way) {
					whole.Merge(h)
				}
				if got := whole.AppendBinary(nil); string(got) != string(want.AppendBinary(nil)) {
					t.Errorf("precision %d, %d parts, %s: other bytes (%d)", precision, parts, way, len(got))
				}
				for q := 0.0; q <= 1; q += 0.001 {
					if !same(whole.Quantile(q), want.Quantile(q)) {
						t.Fatalf("precision %d, %d parts, %s: quantile %g is %g, want %g", precision, parts, way, q, whole.Quantile(q), want.Quantile(q))
					}
				}
			}
		}
	}
}

// split records the values into so many histograms, which were then stored and read again in some way.
func split(t *testing.T, p Precision, values []float64, parts int, way string) []*Histogram {
	t.Helper()
	all := make([]*Histogram, parts)
	for i := range all {
		all[i] = NewWith(p)
	}
	for i, v := range values {
		all[i%parts].Record(v)
	}
	for i, h := range all {
		switch way {
		case "decoded":
			all[i] = decoded(t, h)
		case "assembled":
			var pieces Parts
			h.Parts(&pieces)
			var err error
			if all[i], err = Assemble(&pieces); err != nil {
				t.Fatal(err)
			}
		}
	}
	if way == "merged backwards" {
		slices.Reverse(all)
	}
	return all
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
		{"what cancels out leaves nothing", []float64{huge, 1, -huge}, summary{3, 1, -huge, huge, 1.0 / 3, 1.0009999999999997, 1, 3}},
		{"the smallest values still count", []float64{tiny, tiny, tiny}, summary{3, 3 * tiny, tiny, tiny, tiny, tiny, 0, 3}},
		{"not a number is ignored", []float64{nan, 5, nan}, summary{1, 5, 5, 5, 5, 5, 0, 1}},
		{"infinities are the largest finite values", []float64{inf, -inf, inf}, summary{3, huge, -huge, huge, huge / 3, 1.7960423395824776e+308, 1, 3}},
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
		for _, p := range precisions {
			bound := max(p.Error()*math.Abs(v), 0x1p-1024) // below the normal range the width of a bucket is fixed
			if got := p.value(p.key(v)); math.Abs(got-v) > bound {
				t.Fatalf("precision %d: %g is read back as %g", p, v, got)
			}
			if low, high := p.Edges(p.key(v)); math.Abs(v) < low || math.Abs(v) >= high && high < math.MaxFloat64 {
				t.Fatalf("precision %d: %g lies outside its bucket from %g to %g", p, v, low, high)
			}
		}
	}
}

func TestTheEndsOfAllBucketsReadBackWithinTheError(t *testing.T) {
	for _, p := range precisions {
		for key := p.key(1); key < p.key(4); key++ {
			low, high := p.Edges(key)
			for _, v := range []float64{low, math.Nextafter(high, 0)} {
				if got := p.value(p.key(v)); p.key(v) != key || math.Abs(got-v) > p.Error()*v {
					t.Fatalf("precision %d: %g of bucket %d is in bucket %d, read back as %g", p, v, key, p.key(v), got)
				}
			}
		}
	}
}

func TestKeysAscendAsValuesDo(t *testing.T) {
	for _, p := range precisions {
		for key := -p.maxKey(); key < p.maxKey(); key++ {
			if p.value(key) >= p.value(key+1) || p.key(p.value(key)) != key {
				t.Fatalf("precision %d: bucket %d (%g), bucket %d (%g)", p, key, p.value(key), key+1, p.value(key+1))
			}
		}
		if got := p.key(math.MaxFloat64); got != p.maxKey() {
			t.Errorf("precision %d: the largest value is in bucket %d, not in the last, %d", p, got, p.maxKey())
		}
	}
}

func TestFineNestsInCoarseWhateverTheOrderOfMerging(t *testing.T) {
	values := append(latencies(2000), -3, 0, math.MaxFloat64, math.SmallestNonzeroFloat64)
	for i := range values {
		if i%2 == 0 {
			values[i] = -values[i]
		}
	}
	half := len(values) / 2
	want := ofPrecision(Coarse, values...)
	for name, got := range map[string]*Histogram{
		"coarse into fine":              merged(of(values[:half]...), ofPrecision(Coarse, values[half:]...)),
		"fine into coarse":              merged(ofPrecision(Coarse, values[half:]...), of(values[:half]...)),
		"fine into an empty coarse one": merged(NewWith(Coarse), of(values...)),
		"coarse into an empty one":      merged(New(), want),
		"a decoded one":                 merged(decoded(t, of(values[:half]...)), decoded(t, ofPrecision(Coarse, values[half:]...))),
	} {
		if !got.Equal(want) {
			t.Errorf("%s: not what a coarse histogram of all values is", name)
		}
	}
}

func TestFormerHistogramsMergeExactlyWithEachOtherAndInAnyOrderWithOthers(t *testing.T) {
	a, b, c := latencies(3000)[:1000], latencies(3000)[1000:2000], latencies(3000)[2000:]
	former := func(v []float64) *Histogram { return ofPrecision(Former, v...) }
	if got := merged(New(), former(a), former(b)); !got.Equal(former(append(slices.Clone(a), b...))) {
		t.Error("two of the former format merged are not one of all their values")
	}
	want := merged(New(), former(a), of(b...), former(c))
	for name, got := range map[string]*Histogram{
		"another order":      merged(New(), of(b...), former(c), former(a)),
		"former ones first":  merged(New(), merged(New(), former(c), former(a)), of(b...)),
		"a middle one first": merged(former(a), merged(of(b...), former(c))),
	} {
		if !got.Equal(want) {
			t.Errorf("%s gives other bytes", name)
		}
	}
	if got, exact := want.Quantile(0.5), slices.Sorted(slices.Values(latencies(3000)))[1499]; math.Abs(got-exact) > 0.0015*exact || want.Precision() != Fine {
		t.Errorf("the median is %g, exactly %g, precision %d", got, exact, want.Precision())
	}
}

// merged merges all others into the first.
func merged(first *Histogram, others ...*Histogram) *Histogram {
	for _, o := range others {
		first.Merge(o)
	}
	return first
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
