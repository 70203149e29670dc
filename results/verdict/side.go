package verdict

import (
	"fmt"
	"math"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// side is one measurement of an SLO in one trial: what it wants of the recording and, after reading, its number.
type side struct {
	measure    slo.Measure
	scope      *scope
	want       *want
	everywhere *want    // the same over the whole run
	sampled    *sampled // in place of all that: a service's metric; else nil
	timed      timed    // in place of all that: a time after a fault; else nil
	requests   *want    // of per_request
	offers     offers
	fitness    results.Fitness
}

// offers is what became of the iterations that were due in a scope.
type offers struct {
	served, failed, dropped, interrupted *want
	// Of executors other than brunt-arrival, which offer nothing: k6's own counters.
	iterations, droppedIterations *want
	anyOffered                    *want
}

func (j *judge) side(r *reader, m slo.Measure, in string) side {
	if m.In != "" {
		in = m.In
	}
	switch m.Func {
	case "recovery":
		return side{measure: m, timed: recovering{j, r.root().course, m.Metric}}
	case "drain":
		return side{measure: m, timed: j.drain(r.root(), m, in)}
	}
	s := side{measure: m, scope: r.scope(r.line.named(in)), fitness: j.trial.Fitness}
	if j.scraped(m.Metric) {
		s.sampled = r.sample(m, s.scope)
	}
	if m.Func == "per_request" {
		s.requests = r.want(s.scope, slo.Selector{Metric: metricRequests})
	}
	root := r.root()
	whole := root.scope(root.line.whole())
	selector := slo.Selector{Metric: m.Metric, Tags: m.Tags}
	s.want, s.everywhere = r.want(s.scope, selector), root.want(whole, selector)
	offered := func(outcome string) *want {
		tags := map[string]string{"outcome": outcome}
		if scenario, ok := m.Tags["scenario"]; ok {
			tags["scenario"] = scenario
		}
		return r.want(s.scope, slo.Selector{Metric: "offered", Tags: tags})
	}
	s.offers = offers{
		served: offered("served"), failed: offered("failed"), dropped: offered("dropped"), interrupted: offered("interrupted"),
		iterations:        r.want(s.scope, slo.Selector{Metric: "iterations"}),
		droppedIterations: r.want(s.scope, slo.Selector{Metric: "dropped_iterations"}),
		anyOffered:        root.want(whole, slo.Selector{Metric: "offered"}),
	}
	return s
}

// counts are the iterations that ran, and those that were due and did not run to their end.
func (o offers) counts() (executed, unserved float64) {
	if o.anyOffered.core.seen {
		return o.served.core.count() + o.failed.core.count(), o.dropped.core.count() + o.interrupted.core.count()
	}
	return o.iterations.core.count(), o.droppedIterations.core.count()
}

// number measures the side. An unknown number has a problem that says why.
func (s side) number() number {
	if s.timed != nil {
		return s.timed.number()
	}
	if s.sampled != nil {
		return s.sampled.number()
	}
	t := &s.want.core
	kind := s.kind()
	if problem := s.missing(kind); problem != "" {
		n := number{low: math.Inf(-1), high: math.Inf(1), problem: problem}
		return n
	}
	if s.measure.Func == "per_request" {
		return s.perRequest(kind)
	}
	if !hasStat(kind, s.measure.Stat) {
		return number{problem: fmt.Sprintf("%s is a %s and has no %s", s.measure.Metric, kind, s.measure.Stat)}
	}
	executed, unserved := s.offers.counts()
	per := 1.0
	if executed > 0 {
		per = max(1, math.Ceil(t.samples()/executed))
	}
	if s.exempt(kind) {
		unserved = 0
	}
	extra := unserved * per
	var n number
	switch kind {
	case slo.Trend:
		n = trendNumber(&t.trend, s.measure, uint64(extra))
	case slo.Rate:
		n = rateNumber(t.trues, t.total, uint64(extra))
	case slo.Gauge:
		n = exact(map[string]float64{"value": t.gauge.last, "min": t.gauge.min, "max": t.gauge.max}[s.measure.Stat])
		n.samples = 1
	default:
		n = s.counterNumber(extra)
	}
	n.unserved = int64(unserved)
	return n
}

// perRequest is a counter of the load's own, divided by its requests. What was not served was not requested either.
func (s side) perRequest(kind slo.Kind) number {
	sent := s.requests.core.count()
	switch {
	case kind != slo.Counter:
		return number{problem: fmt.Sprintf("%s is a %s, of which there is none per request", s.measure.Metric, kind)}
	case sent <= 0:
		return number{problem: "the load made no requests (http_reqs) there"}
	}
	n := exact(s.want.core.count() / sent)
	n.samples = int64(sent)
	return n
}

func (s side) counterNumber(extra float64) number {
	sum := s.want.core.count()
	n := exact(sum)
	n.high += extra
	if s.measure.Stat == "rate" {
		length := s.scope.seconds()
		if length <= 0 {
			return number{problem: "no time was covered"}
		}
		n.value, n.low, n.high = n.value/length, n.low/length, n.high/length
	}
	if known, ok := slo.Builtin(s.measure.Metric); !ok || known.Unit == slo.UnitNone {
		n.samples = int64(sum)
	}
	return n
}

// kind is what the recording says, here or elsewhere in the trial, or what is known of a builtin metric.
func (s side) kind() slo.Kind {
	if s.timed != nil {
		return "" // a time, of no metric
	}
	if s.sampled != nil {
		return s.sampled.matcher.kind
	}
	if s.want.core.seen {
		return s.want.core.kind
	}
	if s.everywhere.core.seen {
		return s.everywhere.core.kind
	}
	known, _ := slo.Builtin(s.measure.Metric)
	return known.Kind
}

// exempt says whether what was not served can't have changed the metric.
func (s side) exempt(kind slo.Kind) bool {
	return kind == slo.Gauge || s.measure.Metric == "offered" || s.measure.Metric == "dropped_iterations"
}

// missing says why nothing was measured, or is empty.
func (s side) missing(kind slo.Kind) string {
	executed, unserved := s.offers.counts()
	switch {
	case !s.scope.has():
		return s.noPhase()
	case s.scope.frames == 0 && s.scope.match != nil:
		return "no samples: the phase is too short for its guards"
	case s.scope.frames == 0:
		return "no samples: nothing was recorded after the warm-up"
	case !s.want.core.empty() && kind != "":
		return ""
	case kind == slo.Counter && s.knownZero():
		return ""
	case executed == 0 && unserved > 0:
		return fmt.Sprintf("no samples of %s: none of the %s offered was served", s.selector(), plural(int64(unserved), "iteration"))
	}
	return "no samples of " + s.selector()
}

func (s side) selector() string { return s.want.selector.String() }

// knownZero says whether a counter without points in the scope is zero there, rather than unknown: it was recorded
// elsewhere in the trial, or it is one that is only written when something happens, and nothing did.
func (s side) knownZero() bool {
	switch s.measure.Metric {
	case "offered":
		return s.offers.anyOffered.core.seen
	case "dropped_iterations":
		executed, _ := s.offers.counts()
		return s.everywhere.core.seen || s.fitness.Dropped == 0 && executed > 0
	}
	return s.everywhere.core.seen
}

func (s side) noPhase() string {
	return s.scope.absent()
}

// absent says that the trial had nothing of the scope.
func (s *scope) absent() string {
	switch results.PhaseName(s.label) {
	case slo.FirstFifth, slo.LastFifth:
		return "the trial had no load of which there could be a " + s.label
	case results.PhaseWarmup, results.PhaseSteady, results.PhaseRecovery, results.PhaseFault:
		return "the trial had no " + s.label + " phase"
	}
	return "the fault " + s.label + " was never in force"
}

func hasStat(kind slo.Kind, stat string) bool {
	switch stat {
	case "p", "avg", "med":
		return kind == slo.Trend
	case "min", "max":
		return kind == slo.Trend || kind == slo.Gauge
	case "sum", "count":
		return kind == slo.Trend || kind == slo.Counter
	case "rate":
		return kind == slo.Rate || kind == slo.Counter
	}
	return stat == "value" && kind == slo.Gauge
}

// apart tells what was measured in the guards, or is empty.
func (s side) apart() string {
	if s.timed != nil {
		return s.timed.told()
	}
	if s.sampled != nil {
		return s.sampled.told()
	}
	if !s.scope.guards || s.want.edge.empty() {
		return ""
	}
	shortest, longest := math.Inf(1), 0.0
	for _, p := range s.scope.line.spans {
		if s.scope.match(p) {
			shortest, longest = min(shortest, p.guard), max(longest, p.guard)
		}
	}
	guard := seconds(longest)
	if shortest != longest {
		guard = seconds(shortest) + " to " + guard
	}
	text := "guards of " + guard + " left out"
	if s.want.edge.kind == slo.Trend || s.want.edge.kind == slo.Rate {
		text += fmt.Sprintf(", with %s", plural(int64(s.want.edge.samples()), "sample"))
	}
	if value, unit, ok := s.edgeValue(); ok {
		text += " at " + display(value, unit)
	}
	return text
}

// edgeValue is the statistic over the guards; a rate per second is not told, as guards are too short for one.
func (s side) edgeValue() (float64, string, bool) {
	t := &s.want.edge
	known, _ := slo.Builtin(s.measure.Metric)
	switch {
	case t.kind == slo.Trend && hasStat(t.kind, s.measure.Stat) && s.measure.Stat != "count":
		return trendNumber(&t.trend, s.measure, 0).value, known.Unit, true
	case t.kind == slo.Rate && s.measure.Stat == "rate":
		return rateNumber(t.trues, t.total, 0).value, slo.UnitShare, true
	}
	return 0, "", false
}
