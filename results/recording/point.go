package recording

import (
	"fmt"
	"math"

	"github.com/devcraft-studio/brunt/results/histogram"
)

// point codes what a series gathered.
//
// A trend is its precision (that of last time, or another), the number of its values, and unless it is its twin's histogram
// over again: which values there are (see shape), the smallest, the largest and the sum (see moments). A counter is its sum,
// a rate its total and the part of it that is true, a gauge last, minimum and maximum, together as they were or each.
//
// Numbers (of values, sums that are whole) are those of the series whose numbers were the same last time, or else their
// distance from the mean of the numbers so far.
func (k *packing) point(s *packed, p *Point) {
	p.Key, p.Kind = s.key, s.kind
	s.numeric, s.trend = true, nil
	switch s.kind {
	case Trend:
		k.trend(s, p)
	case Counter:
		p.Sum = k.counter(s, p.Sum)
	case Gauge:
		s.numeric = false
		k.gauge(s, p)
	case Rate:
		if p.Total = k.natural(s, p.Total); p.Total > 0 {
			p.Trues = k.coder.split(&s.trues, 0.02, p.Total, p.Trues)
		}
	}
	s.seen = k.frames
}

// natural codes the number of a series.
func (k *packing) natural(s *packed, v uint64) uint64 {
	v, _ = k.likeTwin(s, v)
	return v
}

// likeTwin codes the number of a series, and says whether it is that of its twin.
func (k *packing) likeTwin(s *packed, v uint64) (number uint64, like bool) {
	twin := k.series[s.twin]
	if s.twin != 0 && twin.seen == k.frames && twin.numeric {
		if !k.coder.bit(&s.unlike, v != twin.number) {
			s.count(twin.number)
			return twin.number, true
		}
	} else {
		twin = nil
	}
	expected := uint64(math.Round(s.mean))
	v = expected + uint64(k.coder.integer(&s.change, int64(v-expected)))
	if twin != nil && v == twin.number {
		k.coder.fail("a number in another form")
	}
	s.count(v)
	return v, false
}

// count notes the number of a series. The mean is of about the last eight; it starts at the first.
func (s *packed) count(v uint64) {
	s.number = v
	if s.seen == 0 {
		s.mean = float64(v)
		return
	}
	s.mean += (float64(v) - s.mean) / 8
	if s.mean > 1<<63 {
		s.mean = 1 << 63
	}
}

func (k *packing) trend(s *packed, p *Point) {
	c := &k.coder
	parts := &k.parts
	if !c.reading {
		if p.Trend == nil {
			histogram.New().Parts(parts)
		} else {
			p.Trend.Parts(parts)
		}
	}
	parts.Precision = k.precision(s, parts.Precision)
	n, like := k.likeTwin(s, parts.Count())
	twin := k.series[s.twin].trend
	if like = like && n > 0 && twin != nil && twin.Precision() == parts.Precision; like {
		if !c.bit(&s.unequal, !sameTrend(p.Trend, twin)) {
			k.again(s, p, twin)
			return
		}
	}
	if n > 0 {
		k.shape(s, parts, n)
		if c.err == nil {
			k.moments(s, parts, n)
		}
	} else {
		parts.Buckets = parts.Buckets[:0]
	}
	s.trend = p.Trend
	if !c.reading || c.err != nil {
		return
	}
	k.assemble(s, p)
	if like && sameTrend(p.Trend, twin) {
		c.fail("a histogram in another form")
	}
}

// assemble makes the histogram that was read.
func (k *packing) assemble(s *packed, p *Point) {
	h, err := histogram.Assemble(&k.parts)
	if err != nil {
		if k.coder.err == nil {
			k.coder.err = fmt.Errorf("%w: %w", ErrPayload, err)
		}
		return
	}
	p.Trend, s.trend = h, h
}

// again gives a point its twin's histogram, as one of its own.
func (k *packing) again(s *packed, p *Point, twin *histogram.Histogram) {
	if !k.coder.reading {
		s.trend = p.Trend
		return
	}
	twin.Parts(&k.parts)
	k.buckets += len(k.parts.Buckets)
	if k.buckets > MaxBuckets {
		k.coder.fail("more than %d buckets", MaxBuckets)
		return
	}
	k.assemble(s, p)
}

func (k *packing) precision(s *packed, p histogram.Precision) histogram.Precision {
	if !k.coder.bit(&s.reprecised, p != s.precision) {
		return s.precision
	}
	p = histogram.Precision(k.coder.uniform(uint64(p), uint64(histogram.Former)+1))
	if p == s.precision {
		k.coder.fail("a precision in another form")
	}
	s.precision = p
	return p
}

func (k *packing) counter(s *packed, v float64) float64 {
	if !k.coder.bit(&s.fractional, !isNatural(v)) {
		v = float64(k.natural(s, uint64(v)))
	} else {
		s.numeric = false
		v = math.Float64frombits(k.coder.word(math.Float64bits(v)))
		if isNatural(v) {
			k.coder.fail("a sum in another form")
		}
	}
	if !s.numeric || v < 1<<53 {
		return v
	}
	k.coder.fail("a sum out of range")
	return 0
}

// isNatural says whether a number is written as a whole one.
func isNatural(v float64) bool {
	return v >= 0 && v < 1<<53 && v == math.Trunc(v) && !math.Signbit(v)
}

func (k *packing) gauge(s *packed, p *Point) {
	c := &k.coder
	now := [3]float64{p.Last, p.Min, p.Max}
	if c.bit(&s.moved, !sameBits(now, s.gauge)) {
		for i := range now {
			now[i] = k.gaugeValue(s, now[i], s.gauge[i])
		}
		if sameBits(now, s.gauge) {
			c.fail("a gauge in another form")
		}
		s.gauge = now
	}
	p.Last, p.Min, p.Max = s.gauge[0], s.gauge[1], s.gauge[2]
}

// gaugeValue codes a value by its distance from the one before, where it is a whole number.
func (k *packing) gaugeValue(s *packed, v, before float64) float64 {
	c := &k.coder
	if c.bit(&s.fractional, !isNatural(v)) {
		if v = math.Float64frombits(c.word(math.Float64bits(v))); isNatural(v) {
			c.fail("a gauge in another form")
		}
		return v
	}
	expected := int64(0)
	if isNatural(before) {
		expected = int64(before)
	}
	whole := expected + c.integer(&s.gaugeChange, int64(v)-expected)
	if whole < 0 || whole >= 1<<53 {
		c.fail("a gauge out of range")
		return 0
	}
	return float64(whole)
}

func sameBits(a, b [3]float64) bool {
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			return false
		}
	}
	return true
}
