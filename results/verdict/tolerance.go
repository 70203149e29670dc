package verdict

import (
	"fmt"
	"strings"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// Units that the SLO language does not have: the share of an effect, 0 to 1, and strengths of faults, that of one which meets a share
// and that of a bandwidth.
const unitShare, unitPercent, unitThroughput = "share", "%", "B/s"

// probed judges a trial that tried faults one after another.
func (j *judge) probed(open Opener) error {
	if j.trial.Probing.Aim == results.AimRoundTrips {
		return j.crossed(open)
	}
	return j.tolerated(open)
}

// tolerated judges a trial that looked for the strongest fault its SLOs tolerate, step by step as in a search for the
// breakpoint.
func (j *judge) tolerated(open Opener) error {
	p := j.trial.Probing
	judge, err := NewSteps(j.run.Question, j.trial.Fitness, p.VUs)
	if err != nil {
		return err
	}
	steps := make([]*step, len(p.Steps))
	for i, s := range p.Steps {
		steps[i] = judge.open(j.trial.Zero, s.Step)
	}
	if err := j.readSteps(open, steps); err != nil {
		return err
	}
	byLink := map[string][]results.FaultOutcome{}
	var links []string
	tell := func(o results.FaultOutcome) {
		if _, known := byLink[o.Link]; !known {
			links = append(links, o.Link)
		}
		byLink[o.Link] = append(byLink[o.Link], o)
	}
	for _, o := range p.Earlier {
		tell(o)
	}
	for i, s := range steps {
		outcome, _ := s.outcome(s.usual())
		tell(FaultOutcome(p.Steps[i], outcome))
	}
	if len(links) == 0 {
		j.note("tolerance", results.Inconclusive, "no step was completed")
	}
	for _, link := range links {
		j.answer(newTolerance(*p, link, byLink[link]))
	}
	return nil
}

// FaultOutcome weighs what a step measured against whether its fault was there at all: of one that was not applied, or of
// which a probe saw nothing, it says nothing. A fault that no probe came through in time was seen; one that meets a share was
// when a probe, or the load, met it.
func FaultOutcome(s results.FaultStep, o results.StepOutcome) results.FaultOutcome {
	f := results.FaultOutcome{StepOutcome: o, Link: s.Link, Strength: s.Strength}
	why := s.Error
	if e := s.Effect; e != nil {
		f.Added = e.Added
		if why == "" && !e.Seen && (e.During > 0 || e.Unit == unitShare) && s.Strength > 0 {
			why = withReason("the fault did nothing", effectText(*e))
		}
	}
	if why != "" {
		f.Outcome, f.SLO, f.Value, f.Unit, f.Reason = results.Inconclusive, "", nil, "", why
	}
	return f
}

// tolerance is an answer in the making.
type tolerance struct {
	results.Tolerance
	probing results.Probing
	edge    Edge
}

func newTolerance(p results.Probing, link string, tried []results.FaultOutcome) *tolerance {
	t := &tolerance{
		Tolerance: results.Tolerance{Link: link, Kind: p.Kind, With: p.With, Unit: p.Unit, Rate: p.Rate, Steps: tried},
		probing:   p, edge: EdgeOf(tried, p.Falling),
	}
	t.Uneven = t.edge.Uneven()
	if t.edge.Held >= 0 {
		t.Held = &t.edge.Levels[t.edge.Held].Strength
	}
	if b := t.edge.Broke; b >= 0 && t.edge.Levels[b].Sure() && t.edge.Levels[b].Strength != 0 {
		t.Broke = &t.edge.Levels[b].Strength
		for _, o := range tried {
			if o.Strength == *t.Broke && o.Outcome == results.Fail {
				t.SLO, t.Value, t.ValueUnit = o.SLO, o.Value, o.Unit
			}
		}
	}
	t.Outcome = t.outcome()
	t.Answer = t.text()
	return t
}

// outcome is pass when a limit was found, or none up to the most that was to be tried; fail when the SLOs do not hold on a
// sound link, twice; else inconclusive.
func (t *tolerance) outcome() results.Outcome {
	sound := len(t.edge.Levels) > 0 && t.edge.Levels[0].Strength == 0
	switch {
	case sound && t.edge.Levels[0].Breaks() && t.edge.Levels[0].Sure():
		return results.Fail
	case t.Held == nil || t.Uneven && t.Broke == nil:
		return results.Inconclusive
	case t.probing.Ended == results.SearchFound, t.probing.Ended == results.SearchMost, t.probing.Ended == results.SearchUneven:
		return results.Pass
	}
	return results.Inconclusive
}

// strength is a strength as people write it: 235ms, 5%, 4MB/s (of 1000 KB of 1000 bytes each, as faults have them).
func (t *tolerance) strength(v float64) string {
	switch {
	case t.Unit == slo.UnitTime:
		return display(v, slo.UnitTime)
	case t.Unit == unitPercent:
		return display(v, slo.UnitNone) + "%"
	case v >= 1e6:
		return display(v/1e6, slo.UnitNone) + "MB/s"
	}
	return display(v/1e3, slo.UnitNone) + "KB/s"
}

// text is the answer in one sentence.
func (t *tolerance) text() string {
	held := "tolerates no " + t.Kind
	if t.Held != nil && *t.Held != 0 {
		held = "tolerates " + article(t.Kind) + " " + t.Kind + " of " + t.strength(*t.Held)
		if t.With != "" {
			held += " (" + t.With + ")"
		}
	}
	uneven := ""
	if t.Uneven {
		uneven = fmt.Sprintf("; between them it is uneven: %s held where %s broke, each in two tries", t.strength(t.edge.Levels[t.edge.LastHeld].Strength),
			t.strength(t.edge.Levels[t.edge.FirstBroke].Strength))
	}
	switch {
	case len(t.Steps) == 0:
		return "no step was completed"
	case t.Outcome == results.Fail:
		return "the SLOs do not hold on a sound link at " + display(t.Rate, slo.UnitPerSecond) + ": " + why(t.first(0).StepOutcome)
	case t.Held == nil:
		return "whether the SLOs hold on a sound link can't be told: " + why(t.Steps[len(t.Steps)-1].StepOutcome)
	case t.Broke != nil:
		return fmt.Sprintf("%s, breaks at %s by %s%s%s", held, t.strength(*t.Broke), why(t.first(*t.Broke).StepOutcome), uneven, t.cutOff())
	case t.probing.Ended == results.SearchMost:
		return held + ", the most that was to be tried"
	}
	return held + uneven + t.cutOff()
}

// article goes before the name of a kind; the first letter of http is spoken as a vowel.
func article(kind string) string {
	if strings.HasPrefix(kind, "http") {
		return "an"
	}
	return "a"
}

// first is the first try at a strength that broke there, or else the first.
func (t *tolerance) first(strength float64) results.FaultOutcome {
	var found *results.FaultOutcome
	for i, o := range t.Steps {
		if o.Strength == strength && (found == nil || found.Outcome != results.Fail && o.Outcome == results.Fail) {
			found = &t.Steps[i]
		}
	}
	if found == nil {
		return results.FaultOutcome{}
	}
	return *found
}

// cutOff says why the search ended before it had found all, or is "".
func (t *tolerance) cutOff() string {
	last := ""
	if n := len(t.Steps); n > 0 {
		last = fmt.Sprintf("%s can't be told: %s", t.strength(t.Steps[n-1].Strength), why(t.Steps[n-1].StepOutcome))
	}
	switch t.probing.Ended {
	case results.SearchTime:
		raise := "; the time was over before it was closer; raise --budget"
		if len(t.probing.Links) > 0 { // else it is of a time before --resume
			raise += ", or go on with --resume"
		}
		return raise
	case results.SearchUnclear, results.SearchUnfit:
		return "; " + last
	case "":
		return "; the search was cut off"
	}
	return ""
}

// answer adds the answer and its row.
func (j *judge) answer(t *tolerance) {
	t.Trial = j.trial.Number
	if heldUp := j.heldUp(); heldUp != "" && t.Broke != nil {
		j.warn("on " + t.Link + " the limit may lie above " + t.strength(*t.Broke) + ": " + heldUp)
	}
	e := j.whole(results.Evidence{
		What: t.Kind + " tolerated on " + t.Link, Trial: t.Trial, Phase: "at " + display(t.Rate, slo.UnitPerSecond), Value: t.Held, Unit: t.Unit,
		Low: t.Held, High: t.Broke, Outcome: t.Outcome, Reason: t.Answer,
	})
	if t.probing.Falling {
		e.Low, e.High = t.Broke, t.Held
	}
	t.Outcome = e.Outcome
	for _, o := range t.Steps {
		e.Samples += o.Offered
	}
	j.verdict.Tolerances = append(j.verdict.Tolerances, t.Tolerance)
	j.add(e)
}
