package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// Stepper is a load whose parts can be judged while it runs.
type Stepper interface {
	// Look judges a step by what is known of it so far: a pass or a fail stands, whatever is still to come. known is until when
	// anything is, in seconds from t = 0, and ended says that every iteration that was due in the step has ended.
	Look(step results.Step) (o results.StepOutcome, known float64, ended bool)
}

// Probing lets the faults of a trial be decided upon while it runs. The faults of the experiment are then left alone.
type Probing struct {
	Record results.Probing // what is kept of it, without steps; those of an earlier trial are taken for tried
	// Next is what to try after what was tried, or why nothing is. The load ends with it.
	Next func(tried []results.FaultOutcome) (Try, results.SearchEnd)
	// Weigh says what a step comes to, given what was measured in it.
	Weigh func(results.FaultStep, results.StepOutcome) results.FaultOutcome
	Told  func(results.FaultOutcome) // of each step, for people; nil: nobody is
	// Length is how long a step is, of which the first fifth is not judged, and Rest how long the link is sound before it.
	Length, Rest time.Duration
	Whole        bool // steps are not cut short when their outcome is known
}

// Try is a fault to be tried for a step.
type Try struct {
	Label    string           // for people
	Fault    experiment.Fault // its name and times are the runner's
	Strength float64          // 0: the link is left as it is
	Hold     time.Duration    // how long after the step the fault is kept in force at most, for what is on its way
}

const (
	lookEvery = 200 * time.Millisecond
	// leastJudged is how much of a step has to be known before its outcome is believed.
	leastJudged = 1.0
	// leastDrain is how long iterations that a fault held up are waited for, at least.
	leastDrain = 5 * time.Second
)

// probing is a Probing that runs, beside the load.
type probing struct {
	*timeline
	plan    *Probing
	stepper Stepper
	record  results.Probing
	tried   []results.FaultOutcome
	names   []string // of the faults, by step
}

// newProbing is nil when the plan has none.
func newProbing(tl *timeline) (*probing, error) {
	plan := tl.trial.plan.Probing
	if plan == nil {
		return nil, nil
	}
	stepper, ok := tl.load.(Stepper)
	if !ok {
		return nil, errors.New("the load can't be judged while it runs")
	}
	p := &probing{timeline: tl, plan: plan, stepper: stepper, record: plan.Record, tried: slices.Clone(plan.Record.Earlier)}
	p.record.Steps = []results.FaultStep{}
	return p, nil
}

// run tries one fault after another until nothing is left to try, and ends the load then. What was tried until ctx ended is
// kept.
func (p *probing) run(ctx context.Context) error {
	defer p.load.Stop()
	_ = p.trial.parts.Clock.Sleep(ctx, p.zero)
	for ctx.Err() == nil {
		try, end := p.plan.Next(p.tried)
		if left := p.zero.Add(p.trial.plan.Duration).Sub(p.trial.parts.Clock.Now()); end == "" && left < p.plan.Rest+p.plan.Length {
			end = results.SearchTime
		}
		if end != "" {
			p.record.Ended = end
			return nil
		}
		step, outcome, err := p.step(ctx, try)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		told := p.plan.Weigh(step, outcome)
		p.record.Steps, p.tried = append(p.record.Steps, step), append(p.tried, told)
		if p.plan.Told != nil {
			p.plan.Told(told)
		}
	}
	return nil
}

// step rests, brings a fault into force, follows the load under it, lifts it, and waits for what it held up. The error says
// that the fault could not be lifted, so that nothing that followed would mean anything.
func (p *probing) step(ctx context.Context, try Try) (results.FaultStep, results.StepOutcome, error) {
	s := results.FaultStep{Link: try.Fault.Link, Strength: try.Strength}
	f := try.Fault
	f.Name, f.For = fmt.Sprintf("%s #%d", try.Label, len(p.names)+1), p.plan.Length+try.Hold
	p.names = append(p.names, f.Name)
	clock := p.trial.parts.Clock
	seen := p.injector.Watch(context.WithoutCancel(ctx), f)
	if err := clock.Sleep(ctx, clock.Now().Add(p.plan.Rest)); err != nil {
		seen(time.Time{}, time.Time{})
		return s, results.StepOutcome{}, nil
	}
	began := clock.Now()
	if try.Strength > 0 {
		var err error
		if began, err = p.apply(ctx, f, began.Add(f.For)); err != nil {
			seen(time.Time{}, time.Time{})
			s.Error = err.Error()
			return s, results.StepOutcome{Step: s.Step}, nil
		}
	}
	at, length := p.seconds(began), p.plan.Length.Seconds()
	s.Step = results.Step{Rate: p.plan.Record.Rate, Start: at, From: at + length/5, End: at + length}
	for _, edge := range []float64{s.Start, s.From, s.End} {
		p.mark(p.moment(edge), "step")
	}
	outcome := p.follow(ctx, &s, try.Hold)
	lifted, err := clock.Now(), error(nil)
	if try.Strength > 0 {
		lifted, err = p.lift(ctx, f)
	}
	s.Lifted, s.Effect = p.seconds(lifted), seen(began, lifted)
	if err != nil {
		return s, outcome, fmt.Errorf("%s was not lifted: %w", try.Label, err)
	}
	s.Error = p.lostEarly(f.Name)
	outcome = p.drain(ctx, s, outcome)
	s.CPUPercent = outcome.CPUPercent
	return s, outcome, nil
}

func (p *probing) moment(seconds float64) time.Time {
	return p.zero.Add(time.Duration(seconds * float64(time.Second)))
}

// follow looks at a step until its outcome stands. One that breaks for sure ends there and then; else the fault is kept in force
// after the step's end until all that was due in it has ended, for hold at most.
func (p *probing) follow(ctx context.Context, s *results.FaultStep, hold time.Duration) results.StepOutcome {
	var o results.StepOutcome
	clock := p.trial.parts.Clock
	for clock.Sleep(ctx, clock.Now().Add(lookEvery)) == nil {
		now := p.seconds(clock.Now())
		if now < s.From+leastJudged {
			continue
		}
		var known float64
		var ended bool
		o, known, ended = p.stepper.Look(s.Step)
		told := o.Outcome == results.Pass || o.Outcome == results.Fail
		switch {
		case o.Outcome == results.Fail && !p.plan.Whole && known >= s.From+leastJudged && known < s.End:
			s.End = known
			o.End = known
			p.mark(p.moment(known), "step")
			return o
		case known < s.End:
		case ended, told && !p.plan.Whole:
			return o
		}
		if now >= s.End+hold.Seconds() {
			return o
		}
	}
	return o
}

// drain waits until every iteration that was due while the fault was in force has ended, and judges the step for good.
func (p *probing) drain(ctx context.Context, s results.FaultStep, o results.StepOutcome) results.StepOutcome {
	clock := p.trial.parts.Clock
	deadline := clock.Now().Add(max(p.plan.Length, leastDrain))
	all := s.Step
	if s.Strength > 0 { // else nothing was held up, and no frame ends when it would be lifted
		all.End = max(s.Lifted, s.End)
	}
	for clock.Now().Before(deadline) {
		if _, known, ended := p.stepper.Look(all); ended && known >= all.End {
			break
		}
		if clock.Sleep(ctx, clock.Now().Add(lookEvery)) != nil {
			return o
		}
	}
	last, _, _ := p.stepper.Look(s.Step)
	return last
}

// lift ends a fault.
func (p *probing) lift(ctx context.Context, f experiment.Fault) (time.Time, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), liftTimeout)
	defer cancel()
	removal, err := p.injector.Lift(ctx, f)
	if err != nil {
		removal.At = p.trial.parts.Clock.Now()
	}
	p.setActive(f.Name, false, removal.At)
	p.mark(removal.At, "lifted:"+f.Name)
	return removal.At, err
}

// lostEarly says how a fault ended by no will of ours, or is "".
func (p *probing) lostEarly(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l, ok := p.lost[occurrence{fault: name}]; ok {
		return "ended early: " + l.Reason
	}
	return ""
}

// disturbances are the faults of the steps, for the phases.
func (p *probing) disturbances() []results.Fault {
	var all []results.Fault
	for i, s := range p.record.Steps {
		if s.Strength > 0 && s.Error == "" {
			all = append(all, results.Fault{Name: p.names[i], Applied: true, Start: s.Start, End: s.Lifted})
		}
	}
	return all
}
