package fault

import (
	"context"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

const (
	probeEvery     = 200 * time.Millisecond
	probeEveryAway = 100 * time.Millisecond // a node may be back soon
	probeEveryHold = 500 * time.Millisecond // each asks the database
	probePatience  = 500 * time.Millisecond // beyond what the fault may add
)

// Watch begins to probe what a fault acts on, a few times a second, on connections that are not counted. It should begin
// some seconds before the fault. The function it returns ends that and, given when the fault was in force, says what
// was seen; it returns nil when there was nothing to see or, for two zero times, when the fault never was. It has to be called, once.
func (i *Injector) Watch(ctx context.Context, f experiment.Fault) func(start, end time.Time) *results.Effect {
	nothing := func(time.Time, time.Time) *results.Effect { return nil }
	k, ok := KindNamed(f.Kind)
	if !ok || k.judge(f, Samples{}) == nil {
		return nothing
	}
	p, err := i.probeFor(k, f)
	if err != nil {
		return nothing // Apply will say so
	}
	every, patience := probeEvery, probePatience
	if k.away {
		every = probeEveryAway
	}
	if f.Hold > 0 {
		every = probeEveryHold
	}
	if k.expect != nil {
		patience += 2*k.expect(f, p.bytes) + f.Jitter
	}
	ctx, cancel := context.WithCancel(ctx)
	var probes []ProbeResult
	over := make(chan struct{})
	go func() {
		defer close(over)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for ctx.Err() == nil {
			one, stop := context.WithTimeout(ctx, patience)
			r := p.run(one)
			stop()
			i.answers.note(i.probed(f.Link, f.Node), r)
			if ctx.Err() == nil { // else it was cut short by the end of watching
				probes = append(probes, r)
			}
			select {
			case <-ctx.Done():
			case <-ticker.C:
			}
		}
	}()
	return func(start, end time.Time) *results.Effect {
		cancel()
		<-over
		if start.IsZero() || end.IsZero() {
			return nil
		}
		until := i.untouched(f)
		if until.IsZero() || k.away { // the node stays away until it is ready
			until = end
		}
		samples := split(probes, start, until, end)
		told := i.outcome(f)
		samples.Met, samples.Refused = told.met, told.refused
		samples.Load, samples.Probes = told.toll.Load, told.toll.Probes
		return i.against(f, samples)
	}
}

// against judges the effect of one time of a fault. One that comes so soon after the time before that no probe fell between them is
// held against what was seen before that one.
func (i *Injector) against(f experiment.Fault, samples Samples) *results.Effect {
	where := f.Name + " on " + f.Link + f.Node // of several instances of a service, each its own
	i.mu.Lock()
	borrowed := len(samples.Before) == 0 && f.Occurrence > 1 && len(i.sound[where]) > 0
	if borrowed {
		samples.Before = i.sound[where]
	} else if len(samples.Before) > 0 {
		i.sound[where] = samples.Before
	}
	i.mu.Unlock()
	e := Effect(f, samples)
	if e != nil && borrowed {
		e.Note = joinNotes(e.Note, "before is what was seen before an earlier time of it")
	}
	return e
}
