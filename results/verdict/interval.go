package verdict

import (
	"math"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/slo"
)

// number is a measurement with the interval of what it could have been, had nothing gone unserved.
type number struct {
	known     bool // value was measured
	value     float64
	low, high float64
	samples   int64
	unserved  int64 // iterations that made the interval
	problem   string
}

// exact is a number without doubt.
func exact(v float64) number { return number{known: true, value: v, low: v, high: v} }

// trendNumber is a statistic of a trend; extra samples are missing, each somewhere between 0 and +Inf.
func trendNumber(h *histogram.Histogram, m slo.Measure, extra uint64) number {
	n := number{low: 0, high: math.Inf(1), samples: int64(h.Count())}
	if m.Stat == "count" {
		n = exact(float64(h.Count()))
		n.samples = int64(h.Count())
		n.high += float64(extra)
		return n
	}
	if h.Count() == 0 {
		return n
	}
	n.known = true
	q := m.Q
	switch m.Stat {
	case "avg":
		n.value = h.Mean()
		n.low = h.Sum() / float64(h.Count()+extra)
	case "sum":
		n.value = h.Sum()
		n.low = n.value
	case "min":
		n.value = h.Min()
		n.low, n.high = min(n.value, 0), n.value
	case "max":
		n.value = h.Max()
		n.low = max(n.value, 0)
	default:
		if m.Stat == "med" {
			q = 0.5
		}
		n.value = h.Quantile(q)
		n.low, n.high = quantileWithZeros(h, q, extra), quantileWithInfinities(h, q, extra)
	}
	if extra == 0 {
		n.low, n.high = n.value, n.value
	}
	n.low, n.high = min(n.low, n.value), max(n.high, n.value)
	return n
}

// quantileWithZeros is the quantile of the histogram's values and as many zeros as given.
func quantileWithZeros(h *histogram.Histogram, q float64, zeros uint64) float64 {
	r := rank(q, h.Count()+zeros)
	below := uint64(0)
	if h.Min() < 0 {
		below = h.CountAtMost(-math.SmallestNonzeroFloat64)
	}
	switch {
	case r <= below:
		return h.ValueAtRank(r)
	case r <= below+zeros:
		return 0
	}
	return h.ValueAtRank(r - zeros)
}

// quantileWithInfinities is the quantile of the histogram's values and as many +Inf as given.
func quantileWithInfinities(h *histogram.Histogram, q float64, infinities uint64) float64 {
	r := rank(q, h.Count()+infinities)
	if r <= h.Count() {
		return h.ValueAtRank(r)
	}
	return math.Inf(1)
}

// rank is the nearest rank ⌈q·n⌉ within 1 and n, as histogram.Quantile has it: a product within rounding of a whole number
// is that number.
func rank(q float64, n uint64) uint64 {
	product := q * float64(n)
	r := math.Ceil(product)
	if whole := math.Round(product); math.Abs(product-whole) <= whole*0x1p-50 {
		r = whole
	}
	return uint64(max(1, min(r, float64(n))))
}

// rateNumber is the share of trues; extra samples are missing, each true or false.
func rateNumber(trues, total, extra uint64) number {
	n := number{low: 0, high: 1, samples: int64(total)}
	if total == 0 {
		return n
	}
	n.known = true
	n.value = float64(trues) / float64(total)
	n.low = float64(trues) / float64(total+extra)
	n.high = float64(trues+extra) / float64(total+extra)
	return n
}

// scaled is k·n + c, for k > 0.
func (n number) scaled(k, c float64) number {
	n.value, n.low, n.high = k*n.value+c, k*n.low+c, k*n.high+c
	return n
}

// compare says whether a relation holds for all of two intervals, and whether it holds for none.
func compare(op string, a, b number) (all, none bool) {
	switch op {
	case "<":
		return a.high < b.low, a.low >= b.high
	case "<=":
		return a.high <= b.low, a.low > b.high
	case ">":
		return a.low > b.high, a.high <= b.low
	case ">=":
		return a.low >= b.high, a.high < b.low
	case "==", "===":
		return a.low == a.high && b.low == b.high && a.low == b.low, a.high < b.low || a.low > b.high
	case "!=":
		none, all = compare("==", a, b)
		return all, none
	}
	return false, false
}

// relation says whether it holds for the measured values themselves.
func relation(op string, a, b float64) bool {
	all, _ := compare(op, exact(a), exact(b))
	return all
}
