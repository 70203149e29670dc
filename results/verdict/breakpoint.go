package verdict

import (
	"fmt"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// searched judges a trial that looked for its breakpoint, step by step.
//
// A rate held when every SLO did in a step at it, in the first one or in its repetition. The verdict is about the first rate,
// which the question asks for: held, the trial passes, however far it is to the breakpoint; broken twice, it fails. The
// answer is the interval between the highest rate that held and the lowest one above it that broke twice.
func (j *judge) searched(open Opener) error {
	search := j.trial.Search
	judge, err := NewSteps(j.run.Question, j.trial.Fitness, search.VUs)
	if err != nil {
		return err
	}
	steps := make([]*step, len(search.Steps))
	for i, s := range search.Steps {
		steps[i] = judge.open(j.trial.Zero, s)
	}
	if err := j.readSteps(open, steps); err != nil {
		return err
	}
	found := bracket{search: *search, flags: flagsOf(j.run.Question.Asker), Breakpoint: results.Breakpoint{Trial: j.trial.Number, Unit: slo.UnitPerSecond, Steps: []results.StepOutcome{}}}
	evidence := map[int][]results.Evidence{}
	usual := 0.0
	for i, s := range steps {
		if usual == 0 {
			usual = s.usual()
		}
		outcome, rows := s.outcome(usual)
		found.Steps, evidence[i] = append(found.Steps, outcome), rows
	}
	found.close()
	j.verdict.Breakpoints = append(j.verdict.Breakpoints, found.Breakpoint)
	answer := found.evidence()
	if heldUp := j.heldUp(); heldUp != "" && found.Held != nil && found.Broke != nil {
		j.warn("the limit may lie above " + display(*found.Broke, slo.UnitPerSecond) + ": " + heldUp)
	}
	answer = j.whole(answer)
	j.add(answer)
	for _, e := range evidence[found.telling()] {
		e.Trial = j.trial.Number
		if answer.Outcome == results.Inconclusive && e.Outcome != results.Inconclusive {
			e.Outcome, e.Reason = results.Inconclusive, join("would be "+string(e.Outcome)+" if the step counted", e.Reason)
		}
		j.add(j.whole(e))
	}
	return nil
}

// whole keeps a row from passing when the trial is not complete, and from failing when the generator itself was held up: what
// held did so all the same, but what broke may have done so by that.
func (j *judge) whole(e results.Evidence) results.Evidence {
	switch incomplete, heldUp := j.incomplete(), j.heldUp(); {
	case incomplete != "" && e.Outcome == results.Pass:
		e.Outcome, e.Reason = results.Inconclusive, join("would be pass", incomplete, e.Reason)
	case heldUp != "" && e.Outcome == results.Fail:
		e.Outcome, e.Reason = results.Inconclusive, join("would be fail", "not fit to measure: "+heldUp, e.Reason)
	}
	return e
}

// heldUp says what kept the generator of a search from its work over the whole of it, or is "". What the rates asked too much
// of, its CPU and its VUs, is judged step by step.
func (j *judge) heldUp() string {
	e := examination{j.trial.Fitness, Limits(j.run.Question).withDefaults()}
	for _, cause := range []func() string{e.throttled, e.stolen, e.scheduled, e.paused} {
		if reason := cause(); reason != "" {
			return reason
		}
	}
	return ""
}

// bracket is a breakpoint on its way from the steps to the answer.
type bracket struct {
	results.Breakpoint
	search results.Search
	held   int  // the step that held at the highest rate; −1: none
	broke  int  // the last step at the lowest rate above that which did not hold; −1: none
	tries  int  // steps at the rate of broke in which the generator could have done more
	failed int  // those of them that broke an SLO for sure
	down   bool // after the last of them the target answered nothing any more
	flags  searchFlags
}

// searchFlags are what makes a search go further: higher, longer and lower; and what bounded its time.
type searchFlags struct{ most, time, first, over string }

// flagsOf are those of the command that asked.
func flagsOf(asker string) searchFlags {
	if asker == "limits" {
		return searchFlags{most: "raise --up-to", time: "raise --budget", first: "lower --rate", over: "the budget"}
	}
	return searchFlags{most: "raise --rate", time: "raise --duration", first: "lower load.from", over: "the duration"}
}

// close finds the rates between which the breakpoint lies.
func (b *bracket) close() {
	b.held, b.broke = -1, -1
	for i, s := range b.Steps {
		if s.Outcome == results.Pass && (b.held < 0 || s.Rate > b.Steps[b.held].Rate) {
			b.held = i
		}
	}
	above := 0.0
	if b.held >= 0 {
		above = b.Steps[b.held].Rate
		b.Held = &b.Steps[b.held].Rate
	}
	for i, s := range b.Steps {
		if s.Rate <= above || s.Outcome == results.Pass || b.broke >= 0 && s.Rate > b.Steps[b.broke].Rate {
			continue
		}
		if b.broke < 0 || s.Rate < b.Steps[b.broke].Rate {
			b.tries, b.failed = 0, 0
		}
		b.broke = i
		if !s.Unfit {
			b.tries++
		}
		if s.Outcome == results.Fail {
			b.failed++
		}
	}
	b.down = b.search.Ended == results.SearchDown && b.broke >= 0 && b.broke == len(b.Steps)-1 && !b.Steps[b.broke].Unfit
	if b.broken() {
		s := b.Steps[b.broke]
		b.Broke = &s.Rate
		if s.Outcome == results.Fail {
			b.SLO, b.Value, b.ValueUnit = s.SLO, s.Value, s.Unit
		}
	}
	b.Answer = b.text()
}

// broken says whether a rate broke for good: in neither of two tries did it hold, and in one it broke for sure; or it brought
// the target down.
func (b *bracket) broken() bool { return b.tries > 1 && b.failed > 0 || b.down }

// telling is the step whose SLOs are told: the highest that held, or else the last at the first rate.
func (b *bracket) telling() int {
	if b.held >= 0 {
		return b.held
	}
	return b.broke
}

// text is the answer in one sentence.
func (b *bracket) text() string {
	rate := func(i int) string { return display(b.Steps[i].Rate, slo.UnitPerSecond) }
	held := "held nothing"
	if b.held >= 0 {
		held = "held " + rate(b.held)
	}
	switch {
	case len(b.Steps) == 0:
		return "no step was completed"
	case b.broke < 0 && b.search.Ended == results.SearchMost:
		return held + ", the most that was to be tried: the limit lies above it; " + b.flags.most + " to find it"
	case b.broke < 0:
		return held + "; " + b.flags.over + " was over before anything broke: the limit lies above it; " + b.flags.time + " to find it"
	}
	last := b.Steps[b.broke]
	switch {
	case b.broken() && b.held >= 0:
		return fmt.Sprintf("%s (last rate that kept every SLO), broke at %s by %s; the limit lies in [%s, %s]/s", held, rate(b.broke), b.by(last),
			display(*b.Held, slo.UnitNone), display(*b.Broke, slo.UnitNone))
	case b.broken():
		return fmt.Sprintf("%s: the first rate, %s, broke by %s; the limit lies below it; %s to find it", held, rate(b.broke), b.by(last), b.flags.first)
	case last.Unfit:
		return fmt.Sprintf("%s; at %s the generator reached its own limit, not the target's: %s", held, rate(b.broke), last.Reason)
	case last.Outcome == results.Fail:
		return fmt.Sprintf("%s; %s broke once, by %s, and %s was over before it could be repeated; %s", held, rate(b.broke), why(last), b.flags.over, b.flags.time)
	}
	return fmt.Sprintf("%s; whether %s holds can't be told: %s", held, rate(b.broke), why(last))
}

// by is what the rate broke by.
func (b *bracket) by(last results.StepOutcome) string {
	switch {
	case !b.down:
		return why(last)
	case last.Outcome != results.Fail:
		return "bringing the target down, which answered nothing in a rest"
	}
	return why(last) + ", and brought the target down, which answered nothing in a rest"
}

// why is what a step broke by.
func why(s results.StepOutcome) string {
	if s.SLO == "" {
		return s.Reason
	}
	if s.Value == nil {
		return s.SLO
	}
	return fmt.Sprintf("%s (%s)", s.SLO, display(*s.Value, s.Unit))
}

// evidence is the row of the search itself.
func (b *bracket) evidence() results.Evidence {
	e := results.Evidence{
		What: "breakpoint", Trial: b.Trial, Value: b.Held, Unit: slo.UnitPerSecond, Low: b.Held, High: b.Broke,
		Bound: ">= " + display(b.search.From, slo.UnitPerSecond), Outcome: results.Inconclusive, Reason: b.Answer,
	}
	switch {
	case b.held >= 0:
		e.Outcome, e.Samples = results.Pass, b.Steps[b.held].Offered
	case b.broken():
		e.Outcome, e.Samples = results.Fail, b.Steps[b.broke].Offered
	}
	return e
}
