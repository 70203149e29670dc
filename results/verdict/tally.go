package verdict

import (
	"fmt"
	"math"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/slo"
)

// tally is what one or more series gathered over a scope. Its zero value is empty.
type tally struct {
	seen bool // a point was read, though it may hold no sample
	kind slo.Kind

	trend        histogram.Histogram
	sum, lost    float64 // counter: the sum, and what rounding took off it
	trues, total uint64  // rate
	gauge        gauge
}

// gauge is the last value by the end of its frame, and the extremes.
type gauge struct {
	set            bool
	end            int64
	last, min, max float64
}

func (t *tally) add(f *recording.Frame, p *recording.Point) {
	t.seen, t.kind = true, slo.Kind(p.Kind)
	switch p.Kind {
	case recording.Trend:
		t.trend.Merge(p.Trend)
	case recording.Counter:
		// Neumaier's sum: many small values on top of a large one must not depend on how frames were cut.
		sum := t.sum + p.Sum
		if math.Abs(t.sum) >= math.Abs(p.Sum) {
			t.lost += (t.sum - sum) + p.Sum
		} else {
			t.lost += (p.Sum - sum) + t.sum
		}
		t.sum = sum
	case recording.Rate:
		t.trues += p.Trues
		t.total += p.Total
	case recording.Gauge:
		t.gauge.add(f.End, p)
	}
}

func (g *gauge) add(end int64, p *recording.Point) {
	if !g.set {
		*g = gauge{true, end, p.Last, p.Min, p.Max}
		return
	}
	if end >= g.end {
		g.end, g.last = end, p.Last
	}
	g.min, g.max = min(g.min, p.Min), max(g.max, p.Max)
}

// count is the sum of a counter.
func (t *tally) count() float64 { return t.sum + t.lost }

// samples is the number of values of a trend or a rate, the sum of a counter, and 1 for a gauge that was set.
func (t *tally) samples() float64 {
	switch t.kind {
	case slo.Trend:
		return float64(t.trend.Count())
	case slo.Rate:
		return float64(t.total)
	case slo.Counter:
		return t.count()
	}
	if t.gauge.set {
		return 1
	}
	return 0
}

// empty says whether nothing was measured. A counter that was seen is not empty: its sum is known, even if it is zero.
func (t *tally) empty() bool {
	switch t.kind {
	case slo.Trend:
		return t.trend.Count() == 0
	case slo.Rate:
		return t.total == 0
	case slo.Gauge:
		return !t.gauge.set
	}
	return !t.seen
}

// compact brings the trend into the form that takes memory by its values and not by their span.
func (t *tally) compact() error {
	if t.trend.Count() == 0 {
		return nil
	}
	h, _, err := histogram.Decode(t.trend.AppendBinary(nil))
	if err != nil {
		return fmt.Errorf("compact a histogram: %w", err)
	}
	t.trend = *h
	return nil
}
