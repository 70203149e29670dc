package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// watchLead is how long before its planned start a fault's effect probe begins, for the values before.
const watchLead = 3 * time.Second

// watchTail is how long after a removal the probe goes on, for the values after.
const watchTail = time.Second

// timeline applies and lifts the faults of one trial at their times while the load runs.
type timeline struct {
	trial    *trial
	injector Injector
	load     Load
	zero     time.Time
	ended    time.Time // when the load ended

	mu      sync.Mutex
	records []results.Fault
	lost    map[occurrence]LostFault
	active  map[string]bool
	quiet   time.Time // when the last fault was lifted

	probing *probing // nil: the faults are those of the experiment
}

// occurrence names one time of a fault, which may be repeated, on one instance of what it meets.
type occurrence struct {
	fault  string
	number int // from 1; 0: there is but one
}

func newTimeline(t *trial, injector Injector, load Load) *timeline {
	tl := &timeline{
		trial: t, injector: injector, load: load, zero: load.Zero(),
		active: map[string]bool{}, lost: map[occurrence]LostFault{},
	}
	for _, f := range tl.planned() {
		tl.records = append(tl.records, recordOf(f))
	}
	return tl
}

// recordOf is the record of a fault that has not begun.
func recordOf(f experiment.Fault) results.Fault {
	return results.Fault{
		Name: f.Name, Link: f.Link, Node: f.Node, Kind: f.Kind,
		PlannedStart: f.At.Seconds(), PlannedEnd: (f.At + f.For).Seconds(), Occurrence: f.Occurrence,
	}
}

// planned are the faults of the experiment, where they are not decided upon while the load runs.
func (tl *timeline) planned() []experiment.Fault {
	if tl.trial.plan.Probing != nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(tl.trial.plan.Experiment.Faults), func(f experiment.Fault) bool { return f.Scripted })
}

// run returns when the load has ended, every fault has been lifted, or the trial can't go on.
func (tl *timeline) run(ctx context.Context) error {
	faultCtx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for i, f := range tl.planned() {
		wg.Go(func() { tl.conduct(faultCtx, f, i) })
	}
	var probed error
	if tl.probing != nil {
		wg.Go(func() { probed = tl.probing.run(faultCtx) })
	}
	wg.Go(func() { tl.collectLost(faultCtx) })
	wg.Go(func() { tl.obey(faultCtx) })
	err := tl.watchLoad(ctx)
	tl.ended = tl.trial.parts.Clock.Now()
	stop()
	wg.Wait()
	return errors.Join(err, probed)
}

// watchLoad ticks once a second until the load ends, and looks after the machine's clock meanwhile.
func (tl *timeline) watchLoad(ctx context.Context) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	clock := tl.trial.parts.Clock
	last := clock.Now()
	deadline := tl.zero.Add(tl.trial.plan.Duration + tl.trial.plan.Beyond + overrun)
	for {
		select {
		case <-tl.load.Done():
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		now := clock.Now()
		if err := clockStep(last, now); err != nil {
			return err
		}
		last = now
		if now.After(deadline) {
			return fmt.Errorf("the load has not ended %v after its planned end", overrun)
		}
		tl.trial.parts.Progress.Tick(tl.tick(now))
	}
}

// conduct takes one fault through its life: watch, apply, hold, lift.
func (tl *timeline) conduct(ctx context.Context, f experiment.Fault, i int) {
	clock := tl.trial.parts.Clock
	start, end := tl.zero.Add(f.At), tl.zero.Add(f.At+f.For)
	if err := clock.Sleep(ctx, start.Add(-tl.lead(f, i))); err != nil {
		tl.update(i, func(r *results.Fault) { r.Error = "the load ended before the fault's start" })
		return
	}
	seen := tl.injector.Watch(context.WithoutCancel(ctx), f)
	if err := clock.Sleep(ctx, start); err != nil {
		seen(time.Time{}, time.Time{})
		tl.update(i, func(r *results.Fault) { r.Error = "the load ended before the fault's start" })
		return
	}
	began, err := tl.apply(ctx, f, end)
	if err != nil {
		seen(time.Time{}, time.Time{})
		tl.update(i, func(r *results.Fault) { r.Error = err.Error() })
		return
	}
	tl.update(i, func(r *results.Fault) { r.Applied, r.Start = true, tl.seconds(began) })

	if f.For > 0 {
		_ = clock.Sleep(ctx, end) // whatever ended the sleep, the fault is lifted now
	}
	removedAt, _ := tl.lift(ctx, f, i)
	_ = clock.Sleep(ctx, removedAt.Add(watchTail)) // an early end only costs the values after
	effect := seen(began, removedAt)
	tl.update(i, func(r *results.Fault) { r.Effect = effect })
}

// lead is how long before its start a fault's probe begins: not while the time before of the same fault may be in force there.
func (tl *timeline) lead(f experiment.Fault, i int) time.Duration {
	for _, before := range slices.Backward(tl.planned()[:i]) {
		if before.Name == f.Name && before.Link == f.Link && before.Node == f.Node {
			return min(watchLead, (f.At-before.At-before.For)/2)
		}
	}
	return watchLead
}

// apply brings the fault into force and marks the moment. A fault that may be half in force is lifted again.
func (tl *timeline) apply(ctx context.Context, f experiment.Fault, end time.Time) (time.Time, error) {
	applyCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), applyTimeout)
	defer cancel()
	began, err := tl.injector.Apply(applyCtx, f, end.Add(expirySlack))
	if err != nil {
		liftCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), liftTimeout)
		defer cancel()
		_, liftErr := tl.injector.Lift(liftCtx, f)
		return began, errors.Join(fmt.Errorf("apply: %w", err), liftErr)
	}
	tl.setActive(f.Name, true, began)
	tl.mark(began, "fault:"+f.Name)
	return began, nil
}

// lift ends a fault. It returns the moment of the confirmed removal, or that of giving up and why.
func (tl *timeline) lift(ctx context.Context, f experiment.Fault, i int) (time.Time, error) {
	liftCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), liftTimeout)
	defer cancel()
	removal, err := tl.injector.Lift(liftCtx, f)
	if err != nil {
		removal.At = tl.trial.parts.Clock.Now()
	}
	tl.setActive(f.Name, false, removal.At)
	tl.mark(removal.At, "lifted:"+f.Name)
	tl.mark(removal.At.Add(tl.trial.plan.Experiment.Settle), "settled:"+f.Name) // known in advance
	tl.update(i, func(r *results.Fault) {
		r.End, r.Removed, r.Ladder = tl.seconds(removal.At), err == nil, removal.Ladder
		if err != nil {
			r.Error = "lift: " + err.Error()
		}
	})
	return removal.At, err
}

// collectLost notes faults that ended by no will of ours.
func (tl *timeline) collectLost(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case l := <-tl.injector.Lost():
			tl.mu.Lock()
			tl.lost[occurrence{l.Name, l.Occurrence}] = l
			tl.mu.Unlock()
			tl.mark(l.At, "lost:"+l.Name)
		}
	}
}

// faults returns the records; call it after run. A fault that was lost ended when it was lost, not when it was lifted.
func (tl *timeline) faults() []results.Fault {
	tl.mu.Lock()
	defer tl.mu.Unlock()
	for i := range tl.records {
		r := &tl.records[i]
		if l, ok := tl.lost[occurrence{r.Name, r.Occurrence}]; ok {
			r.End = tl.seconds(l.At)
			r.Error = "ended early: " + l.Reason
		}
	}
	return tl.records
}

func (tl *timeline) update(i int, change func(*results.Fault)) {
	tl.mu.Lock()
	defer tl.mu.Unlock()
	change(&tl.records[i])
}

func (tl *timeline) setActive(name string, active bool, at time.Time) {
	tl.mu.Lock()
	defer tl.mu.Unlock()
	if active {
		tl.active[name] = true
		return
	}
	delete(tl.active, name)
	tl.quiet = at
}

// mark cuts the frames at that moment. A generator that has ended takes no marks any more.
func (tl *timeline) mark(at time.Time, what string) {
	if err := tl.load.Mark(at, what); err != nil {
		tl.trial.parts.Logger.Debug("mark not sent", "mark", what, "error", err)
	}
	tl.trial.parts.Logger.Info("phase", "mark", what, "t", fmt.Sprintf("%.3fs", tl.seconds(at)))
}

func (tl *timeline) seconds(at time.Time) float64 { return at.Sub(tl.zero).Seconds() }

// tick says where the trial is, for people.
func (tl *timeline) tick(now time.Time) Tick {
	tl.mu.Lock()
	defer tl.mu.Unlock()
	tick := Tick{
		Phase: string(results.PhaseSteady), Elapsed: now.Sub(tl.zero), Total: tl.trial.plan.Duration,
		Snapshot: tl.load.Snapshot(),
	}
	for name := range tl.active {
		tick.Faults = append(tick.Faults, name)
	}
	sort.Strings(tick.Faults)
	switch {
	case now.Before(tl.zero):
		tick.Phase = string(results.PhaseWarmup)
	case tl.trial.plan.Beyond > 0 && tick.Elapsed > tick.Total:
		tick.Phase = "beyond the end"
	case len(tick.Faults) > 0:
		tick.Phase = string(results.PhaseFault) + " " + strings.Join(tick.Faults, "+")
	case !tl.quiet.IsZero() && now.Sub(tl.quiet) < tl.trial.plan.Experiment.Settle:
		tick.Phase = string(results.PhaseRecovery)
	}
	return tick
}
