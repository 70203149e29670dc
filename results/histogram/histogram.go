// Package histogram is a mergeable histogram of float64 values with a bounded relative error.
//
// Every power of two is cut into 347 buckets, each 0.2 % of its smallest value wide, so that a value read back differs from
// the one recorded by at most 0.1 % of it, whatever its unit, size or sign. That many buckets are needed and no more: what a
// recording costs is the logarithm of their number. Where less will do, a Coarse histogram takes 29 buckets together (3 %).
// Those of format version 1 had 1024 buckets of equal width an octave (0.05 %); they are read, merged and written as they
// were. Any two histograms can be merged; see Precision.
//
// Count, sum, minimum and maximum are exact. The sum is kept as a fixed-point number wide enough for every float64, so it
// does not depend on the order of recording or merging: the same values give the same bytes, however they were split up.
//
// A Histogram is not safe for concurrent use while something is recorded or merged into it; reading it is.
package histogram

import (
	"iter"
	"math"
)

// Histogram counts values. Its zero value is empty, Fine, and ready for use.
type Histogram struct {
	precision Precision
	count     uint64
	min, max  float64 // meaningless while count is 0
	sum       exactSum
	positive  chunks // by magnitude; holds zero too
	negative  chunks // by magnitude
	// sparse is what a decoded histogram consists of until something is added to it: frames hold few values each, and
	// reading them must cost memory in proportion to their bytes, not to the span of their values.
	sparse []Bucket
}

// New returns an empty histogram that is Fine.
func New() *Histogram { return &Histogram{} }

// NewWith returns an empty histogram of that precision.
func NewWith(p Precision) *Histogram { return &Histogram{precision: p} }

// Precision is how finely h tells values apart.
func (h *Histogram) Precision() Precision { return h.precision }

// Record adds one value. NaN is ignored; an infinity counts as the largest finite value of its sign, so that it is beyond
// any bound and yet everything that is read from a histogram is finite. Record allocates only when a value falls far from
// all before it for the first time.
func (h *Histogram) Record(v float64) { h.RecordN(v, 1) }

// RecordN adds the same value n times.
func (h *Histogram) RecordN(v float64, n uint64) {
	if n == 0 || math.IsNaN(v) {
		return
	}
	v = finite(v)
	if h.sparse != nil {
		h.densify()
	}
	h.widen(v, v)
	h.count += n
	h.sum.add(v, n)
	*h.slot(h.precision.key(v)) += n
}

// Merge adds all the values of o, which may be nil and stays as it is. What holds nothing yet and is Fine takes on the
// precision of o; otherwise the result has the coarser of the two.
func (h *Histogram) Merge(o *Histogram) {
	if o == nil || o.count == 0 {
		return
	}
	p := coarser(h.precision, o.precision)
	if h.count == 0 && h.precision == Fine {
		p = o.precision
	}
	if p != h.precision {
		h.rebucket(p)
	}
	if h.sparse != nil {
		h.densify()
	}
	h.widen(o.min, o.max)
	h.count += o.count
	h.sum.merge(&o.sum)
	for key, n := range o.buckets() {
		*h.slot(h.precision.translate(key, o.precision)) += n
	}
}

// rebucket gives h another precision.
func (h *Histogram) rebucket(p Precision) {
	was := *h
	h.precision, h.positive, h.negative, h.sparse = p, chunks{}, chunks{}, nil
	if was.count == 0 {
		return
	}
	for key, n := range was.buckets() {
		*h.slot(p.translate(key, was.precision)) += n
	}
}

// translate is the bucket that takes the values of a bucket of another precision.
func (p Precision) translate(key int32, from Precision) int32 {
	if p == from {
		return key
	}
	return p.key(from.value(key))
}

// Clone returns a copy that shares nothing with h.
func (h *Histogram) Clone() *Histogram {
	c := NewWith(h.precision)
	c.Merge(h)
	return c
}

// Reset empties h and keeps its precision, and its memory for the next values.
func (h *Histogram) Reset() {
	h.count, h.sparse = 0, nil
	h.sum.reset()
	h.positive.reset()
	h.negative.reset()
}

// Count is the number of values.
func (h *Histogram) Count() uint64 { return h.count }

// Sum is the sum of the values, rounded once; 0 when empty. A sum beyond the range of float64 is its largest finite value.
func (h *Histogram) Sum() float64 {
	s, _ := h.sum.value().Float64()
	return finite(s)
}

// Min is the smallest value, exactly; NaN when empty.
func (h *Histogram) Min() float64 {
	if h.count == 0 {
		return math.NaN()
	}
	return h.min
}

// Max is the largest value, exactly; NaN when empty.
func (h *Histogram) Max() float64 {
	if h.count == 0 {
		return math.NaN()
	}
	return h.max
}

// Mean is the arithmetic mean, from the exact sum; NaN when empty.
func (h *Histogram) Mean() float64 {
	if h.count == 0 {
		return math.NaN()
	}
	return h.clamp(h.sum.mean(h.count))
}

// Quantile is the value of nearest rank ⌈q·Count⌉, at least the first: a value that was recorded, to within the error of
// its Precision, never an interpolated one. Quantile(0) is Min and Quantile(1) is Max; q beyond them counts as them. NaN when empty or q is NaN.
func (h *Histogram) Quantile(q float64) float64 {
	if h.count == 0 || math.IsNaN(q) {
		return math.NaN()
	}
	return h.ValueAtRank(nearestRank(q, h.count))
}

// ValueAtRank is the value that stands at rank in ascending order, from 1 to Count, to within the error of its Precision;
// the first and the last are exact. NaN for any other rank.
func (h *Histogram) ValueAtRank(rank uint64) float64 {
	switch {
	case rank == 0 || rank > h.count:
		return math.NaN()
	case rank == 1:
		return h.min
	case rank == h.count:
		return h.max
	}
	for key, n := range h.buckets() {
		if rank <= n {
			return h.clamp(h.precision.value(key))
		}
		rank -= n
	}
	return h.max
}

// CountAtMost is the number of values not greater than v. It includes every such value, and perhaps some that are greater
// by less than twice the error of its Precision, because they share v's bucket; it is exact where v lies outside the values recorded.
// CountAtMost(ValueAtRank(r)) is never less than r. It is 0 for NaN.
func (h *Histogram) CountAtMost(v float64) uint64 {
	switch {
	case h.count == 0 || math.IsNaN(v) || v < h.min:
		return 0
	case v >= h.max:
		return h.count
	}
	last, total := h.precision.key(v), uint64(0)
	for key, n := range h.buckets() {
		if key > last {
			break
		}
		total += n
	}
	return total
}

// Equal reports whether both hold the same: the same precision, the same number of values in each bucket and the same sum,
// minimum and maximum. A nil histogram equals only nil.
func (h *Histogram) Equal(o *Histogram) bool {
	if h == nil || o == nil {
		return h == o
	}
	return string(h.AppendBinary(nil)) == string(o.AppendBinary(nil))
}

// nearestRank is ⌈q·n⌉ within 1 and n. A product within rounding of a whole number is that number: 0.07 × 100 is 7 to
// whoever wrote it, and 7.000000000000001 to the machine.
func nearestRank(q float64, n uint64) uint64 {
	product := q * float64(n)
	rank := math.Ceil(product)
	if whole := math.Round(product); math.Abs(product-whole) <= whole*0x1p-50 {
		rank = whole
	}
	switch {
	case rank < 1:
		return 1
	case rank >= float64(n):
		return n
	}
	return uint64(rank)
}

func finite(v float64) float64 {
	// Adding 0 turns -0 into 0, which is the same value and must be the same bytes.
	return max(-math.MaxFloat64, min(math.MaxFloat64, v)) + 0
}

func (h *Histogram) clamp(v float64) float64 { return max(h.min, min(h.max, v)) }

func (h *Histogram) widen(low, high float64) {
	if h.count == 0 {
		h.min, h.max = low, high
		return
	}
	if low < h.min {
		h.min = low
	}
	if high > h.max {
		h.max = high
	}
}

func (h *Histogram) slot(key int32) *uint64 {
	if key < 0 {
		return h.negative.slot(-key)
	}
	return h.positive.slot(key)
}

func (h *Histogram) densify() {
	sparse := h.sparse
	h.sparse = nil
	for _, b := range sparse {
		*h.slot(b.Key) += b.Count
	}
}

// buckets yields the key and the count of every bucket that is not empty, in ascending order.
func (h *Histogram) buckets() iter.Seq2[int32, uint64] {
	return func(yield func(int32, uint64) bool) {
		for _, b := range h.sparse {
			if !yield(b.Key, b.Count) {
				return
			}
		}
		_ = h.negative.descend(func(m int32, n uint64) bool { return yield(-m, n) }) &&
			h.positive.ascend(yield)
	}
}
