package verdict

import (
	"math"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/slo"
)

// threshold is a k6 threshold in one trial.
type threshold struct {
	question
	scope *scope
	want  *want
}

func (j *judge) planThreshold(r *reader, q question) threshold {
	whole := r.scope(r.line.whole())
	return threshold{q, whole, r.want(whole, slo.Selector{Metric: q.parsed.Metric, Tags: q.parsed.Tags})}
}

// evidence judges the threshold as k6 v1.8.1 does at the end of a run (metrics/thresholds.go and sink.go there).
func (t threshold) evidence(trial int) results.Evidence {
	s := t.parsed
	e := results.Evidence{What: t.Text, Trial: trial, Phase: phaseWhole, Unit: s.Unit, Bound: s.Bound(), Outcome: results.Inconclusive}
	tally := &t.want.core
	e.Samples = int64(tally.samples())
	kind, ok := t.kind()
	switch {
	case !ok:
		e.Reason = "no samples of " + t.want.selector.String() + ", and its kind is not known"
		return e
	case !hasStat(kind, s.Stat) || kind == slo.Trend && s.Stat == "count":
		e.Reason = s.Metric + " is a " + string(kind) + " and has no " + s.Stat
		return e
	case kind == slo.Rate && tally.total == 0:
		e.Outcome, e.Reason = results.Pass, "no samples, which k6 lets pass"
		return e
	}
	e.Unit = measuredUnit(s, kind)
	value := t.value(kind)
	e.Outcome = results.Fail
	if relation(s.Op, value, s.Value) {
		e.Outcome = results.Pass
	}
	if tally.empty() {
		e.Reason = "no samples, which k6 takes for 0"
		return e
	}
	e.Value = finite(value)
	e.Reason = coarse(s.Measure, &tally.trend)
	if s.Stat == "p" || s.Stat == "med" {
		if math.Abs(value-s.Value) <= tally.trend.Precision().Error()*math.Abs(value) && tally.trend.Count() > 2 {
			e.Reason = join("the value equals the bound to within the histogram's "+errorText(&tally.trend), e.Reason)
		}
	}
	return e
}

// kind is that of the recording, of a builtin metric, or the only one that has the statistic; an untouched custom metric
// with a rate may be a counter or a rate.
func (t threshold) kind() (slo.Kind, bool) {
	if t.want.core.seen {
		return t.want.core.kind, true
	}
	if known, ok := slo.Builtin(t.parsed.Metric); ok {
		return known.Kind, true
	}
	switch t.parsed.Stat {
	case "p", "avg", "med", "min", "max":
		return slo.Trend, true
	case "count":
		return slo.Counter, true
	case "value":
		return slo.Gauge, true
	}
	return "", false
}

func (t threshold) value(kind slo.Kind) float64 {
	tally := &t.want.core
	switch kind {
	case slo.Trend:
		return k6Trend(&tally.trend, t.parsed.Measure)
	case slo.Gauge:
		return tally.gauge.last
	case slo.Rate:
		return float64(tally.trues) / float64(tally.total)
	}
	if t.parsed.Stat == "rate" {
		length := t.scope.seconds()
		if length <= 0 {
			return 0
		}
		return tally.count() / length
	}
	return tally.count()
}

// k6Trend is a statistic as k6's TrendSink has it: percentiles interpolated between the two values next to them, and 0
// where there are none.
func k6Trend(h *histogram.Histogram, m slo.Measure) float64 {
	if h.Count() == 0 {
		return 0
	}
	q := m.Q
	switch m.Stat {
	case "avg":
		return h.Mean()
	case "min":
		return h.Min()
	case "max":
		return h.Max()
	case "med":
		q = 0.5
	}
	position := q * float64(h.Count()-1)
	below, above := math.Floor(position), math.Ceil(position)
	low, high := h.ValueAtRank(uint64(below)+1), h.ValueAtRank(uint64(above)+1)
	return low + (high-low)*(position-below)
}
