package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// Disturber is a Load whose script asks for faults.
type Disturber interface {
	// FaultAsks yields what the script asks. Each is answered once.
	FaultAsks() <-chan FaultAsk
}

// FaultAsk asks for a fault that has at: script.
type FaultAsk struct {
	Fault  string
	Lift   bool        // else it is to be brought into force
	Answer func(error) // when that is confirmed, or can't be
}

var errInForce = errors.New("it is in force already")

// obey serves what the script asks until ctx ends.
func (tl *timeline) obey(ctx context.Context) {
	disturber, ok := tl.load.(Disturber)
	if !ok {
		return
	}
	var faults sync.WaitGroup
	defer faults.Wait()
	asked := map[string]chan FaultAsk{}
	for _, f := range tl.scripted() {
		asks := make(chan FaultAsk)
		asked[f.Name] = asks
		faults.Go(func() { tl.scriptsFault(ctx, f, asks) })
	}
	for {
		select {
		case <-ctx.Done():
			return
		case ask := <-disturber.FaultAsks():
			asks, known := asked[ask.Fault]
			if !known {
				ask.Answer(tl.unknownFault(ask.Fault))
				continue
			}
			faults.Go(func() { // one that is being lifted keeps no other waiting
				select {
				case asks <- ask:
				case <-ctx.Done():
					ask.Answer(errors.New("the load is over"))
				}
			})
		}
	}
}

// scripted are the faults that wait for the script.
func (tl *timeline) scripted() []experiment.Fault {
	var all []experiment.Fault
	if tl.trial.plan.Probing != nil {
		return nil
	}
	for _, f := range tl.trial.plan.Experiment.Faults {
		if f.Scripted {
			all = append(all, f)
		}
	}
	return all
}

func (tl *timeline) unknownFault(name string) error {
	var names []string
	for _, f := range tl.scripted() {
		names = append(names, f.Name)
	}
	switch {
	case tl.trial.plan.Probing != nil:
		return errors.New("brunt itself decides on the faults of this load")
	case len(names) == 0:
		return fmt.Errorf("no fault is named %s: the experiment has none with at: script", name)
	}
	return fmt.Errorf("no fault with at: script is named %s: there are %s", name, strings.Join(names, ", "))
}

// scriptsFault takes a fault through all the times that the script asks for it. Its probe watches from the beginning, because
// nobody knows when that will be.
func (tl *timeline) scriptsFault(ctx context.Context, f experiment.Fault, asks <-chan FaultAsk) {
	var ask *FaultAsk // what came while the probe still watched the time before
	for f.Occurrence = 1; ; f.Occurrence++ {
		seen := tl.injector.Watch(context.WithoutCancel(ctx), f)
		if ask == nil {
			ask = awaitApply(ctx, asks)
		}
		if ask == nil {
			seen(time.Time{}, time.Time{})
			if f.Occurrence == 1 {
				f.Occurrence = 0 // it had no time at all
				tl.update(tl.add(f, tl.trial.parts.Clock.Now()), func(r *results.Fault) { r.Error = "the script never asked for it" })
			}
			return
		}
		ask = tl.scriptsTime(ctx, f, *ask, asks, seen)
	}
}

// scriptsTime takes a fault through one time: apply, hold until the script or its length ends it, lift. It returns what the
// script asked for next, if it did before the probe was through.
func (tl *timeline) scriptsTime(ctx context.Context, f experiment.Fault, ask FaultAsk, asks <-chan FaultAsk, seen func(start, end time.Time) *results.Effect) *FaultAsk {
	clock := tl.trial.parts.Clock
	now := clock.Now()
	end := now.Add(f.For)
	i := tl.add(f, now)
	began, err := tl.apply(ctx, f, end)
	ask.Answer(err)
	if err != nil {
		seen(time.Time{}, time.Time{})
		tl.update(i, func(r *results.Fault) { r.Error = err.Error() })
		return nil
	}
	tl.update(i, func(r *results.Fault) { r.Applied, r.Start = true, tl.seconds(began) })
	lifted := awaitLift(ctx, end.Sub(clock.Now()), f.For > 0, asks)
	removedAt, err := tl.lift(ctx, f, i)
	if lifted != nil {
		lifted.Answer(err)
	}
	next := tl.rest(ctx, asks)
	effect := seen(began, removedAt)
	tl.update(i, func(r *results.Fault) { r.Effect = effect })
	return next
}

// awaitApply returns what asks for the fault, or nil when ctx ends. Lifting what is not in force is no error.
func awaitApply(ctx context.Context, asks <-chan FaultAsk) *FaultAsk {
	for {
		select {
		case <-ctx.Done():
			return nil
		case ask := <-asks:
			if !ask.Lift {
				return &ask
			}
			ask.Answer(nil)
		}
	}
}

// awaitLift returns what asks for the fault's end, or nil when its length is over or ctx ends. One that strikes but once is over
// at once.
func awaitLift(ctx context.Context, length time.Duration, lasts bool, asks <-chan FaultAsk) *FaultAsk {
	if !lasts {
		return nil
	}
	over := time.NewTimer(length)
	defer over.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-over.C:
			return nil
		case ask := <-asks:
			if ask.Lift {
				return &ask
			}
			ask.Answer(errInForce)
		}
	}
}

// rest lets the probe see the time after, unless the script asks for the fault again.
func (tl *timeline) rest(ctx context.Context, asks <-chan FaultAsk) *FaultAsk {
	ctx, cancel := context.WithTimeout(ctx, watchTail)
	defer cancel()
	return awaitApply(ctx, asks)
}

// add makes the record of a fault that begins now.
func (tl *timeline) add(f experiment.Fault, now time.Time) int {
	tl.mu.Lock()
	defer tl.mu.Unlock()
	r := recordOf(f)
	r.PlannedStart = tl.seconds(now)
	r.PlannedEnd = r.PlannedStart + f.For.Seconds()
	tl.records = append(tl.records, r)
	return len(tl.records) - 1
}
