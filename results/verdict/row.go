package verdict

import (
	"fmt"
	"math"
	"strings"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// row is an SLO in one trial, on its way from the question to the evidence.
type row struct {
	question
	left, right side
	service     *side // in place of left, without lateness; nil where lateness is not in doubt
}

// evident is an SLO in one trial that was planned: as a row, or in windows.
type evident interface {
	asked() slo.SLO
	// weighed is the evidence, and why lateness puts it in doubt, or "".
	weighed(trial int) (results.Evidence, string)
}

func (q question) asked() slo.SLO { return q.parsed }

func (p row) weighed(trial int) (results.Evidence, string) {
	if p.left.timed != nil {
		e := p.evidence(trial)
		return e, p.left.timed.doubt(e)
	}
	return p.sparesLateness(p.evidence(trial))
}

// plan registers what the SLO wants of the recording.
func (j *judge) plan(r *reader, q question) row {
	p := row{question: q}
	p.left = j.side(r, q.parsed.Measure, "")
	if p.left.sampled != nil && !q.parsed.Relative() && q.parsed.Bounds() {
		p.left.sampled.unit = q.parsed.Unit
	}
	if q.parsed.Relative() {
		p.right = j.side(r, q.parsed.Of, q.parsed.In)
	}
	p.service = j.serviceSide(r, q.parsed)
	return p
}

// evidence judges the SLO by what was read. A slope is given per minute.
func (p row) evidence(trial int) results.Evidence {
	e := p.measured(trial)
	if p.parsed.Func == "slope" {
		return p.perMinute(e)
	}
	return e
}

func (p row) measured(trial int) results.Evidence {
	s := p.parsed
	e := results.Evidence{What: p.Text, Trial: trial, Phase: phaseAll, Unit: s.Unit, Bound: s.Bound(), Outcome: results.Inconclusive}
	if s.In != "" {
		e.Phase = s.In
	}
	if p.left.timed != nil {
		e.Phase = p.left.timed.where()
	}
	n := p.left.number()
	e.Unit = measuredUnit(s, p.left.kind())
	if p.left.sampled != nil && (s.Relative() || !s.Bounds()) {
		e.Unit = p.left.sampled.unit
	}
	fill(&e, n)
	if n.problem != "" {
		e.Reason = n.problem
		return e
	}
	if !s.Bounds() {
		e.Reason = join(p.left.apart(), p.left.coarse())
		return e
	}
	bound, problem := p.bound()
	if problem != "" {
		e.Reason = "the bound is not known: " + problem
		return e
	}
	if s.Relative() {
		e.Bound += " (" + display(bound.value, e.Unit) + ")"
	}
	reason := ""
	if p.perRequest() && n.low < n.high && blurred(n, bound) {
		reason, n = blurReason(n, bound), exact(bound.value)
		bound = n
	}
	switch all, none := compare(s.Op, n, bound); {
	case all:
		e.Outcome = results.Pass
	case none:
		e.Outcome = results.Fail
	default:
		e.Reason = p.undecided(n)
	}
	e.Reason = join(e.Reason, reason, p.left.apart(), p.left.coarse())
	return e
}

// perRequest says whether the row is of work per request.
func (p row) perRequest() bool { return p.parsed.Func == "per_request" }

// perMinute gives a slope as people say it: growth per second is a number with many zeros.
func (p row) perMinute(e results.Evidence) results.Evidence {
	for _, v := range []**float64{&e.Value, &e.Low, &e.High} {
		if *v != nil {
			minute := **v * 60
			*v = &minute
		}
	}
	unit := strings.TrimSuffix(e.Unit, slo.UnitPerSecond)
	e.Unit = unit + "/min"
	bound, problem := p.bound()
	value := display(bound.value*60, unit) + "/min"
	switch {
	case !p.parsed.Bounds():
	case !p.parsed.Relative():
		e.Bound = p.parsed.Op + " " + value
	case problem == "":
		e.Bound = p.parsed.Bound() + " (" + value + ")"
	}
	return e
}

// bound is what the measurement is held against, or why that is not known.
func (p row) bound() (number, string) {
	if !p.parsed.Relative() {
		return exact(p.parsed.Value), ""
	}
	of := p.right.number()
	if of.problem != "" {
		return number{}, of.problem
	}
	return of.scaled(p.parsed.Factor, p.parsed.Value), ""
}

// undecided says why an SLO that was measured is neither kept nor broken.
func (p row) undecided(n number) string {
	if p.left.timed != nil {
		return p.left.timed.undecided(n)
	}
	if p.left.sampled != nil {
		return p.left.sampled.undecided(n, p.parsed)
	}
	unserved := max(n.unserved, 0)
	if p.parsed.Relative() && unserved == 0 && p.right.timed == nil {
		_, of := p.right.offers.counts()
		unserved = int64(of)
	}
	return fmt.Sprintf("%s that went unserved could decide it: the value lies between %s and %s",
		plural(unserved, "iteration"), display(n.low, p.parsed.Unit), upper(n.high, p.parsed.Unit))
}

func upper(v float64, unit string) string {
	if math.IsInf(v, 0) {
		return "no limit"
	}
	return display(v, unit)
}

// fill puts a number into a row. What is infinite is left out.
func fill(e *results.Evidence, n number) {
	e.Samples = n.samples
	if n.known {
		e.Value = finite(n.value)
	}
	if n.problem == "" {
		e.Low, e.High = finite(n.low), finite(n.high)
	}
}

func finite(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}

// measuredUnit is the unit of an SLO's value: its own, or of a bare bound on a custom metric what its kind says.
func measuredUnit(s slo.SLO, kind slo.Kind) string {
	if s.Unit == slo.UnitNone && s.Stat == "rate" {
		if kind == slo.Rate {
			return slo.UnitShare
		}
		return slo.UnitPerSecond
	}
	return s.Unit
}

func join(reasons ...string) string {
	var said []string
	for _, r := range reasons {
		if r != "" {
			said = append(said, r)
		}
	}
	return strings.Join(said, "; ")
}

// lowerBoundOnCount says whether a measurement could have reached its bound by going on for longer, so that an incomplete
// trial can't break it.
func lowerBoundOnCount(s slo.SLO) bool {
	counts := s.Stat == "count" || s.Stat == "sum"
	return counts && s.Op != "<" && s.Op != "<="
}
