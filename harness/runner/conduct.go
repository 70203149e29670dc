package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// Conduct runs one trial and returns its record, always, whatever happened. The error says why the trial is not complete;
// it is also the record's reason. When ctx ends, what was measured until then is kept and the trial is aborted.
//
// Everything that was started is stopped before Conduct returns, on a context of its own.
func Conduct(ctx context.Context, plan Plan, parts Parts) (results.Trial, error) {
	t := &trial{plan: plan, parts: parts}
	t.record = results.Trial{
		Number: plan.Number, Build: plan.Build, Status: results.StatusBroken, Began: parts.Clock.Now(),
		Phases: []results.Phase{}, Faults: []results.Fault{}, Nodes: []results.Node{}, Links: []results.Link{},
	}
	err := t.run(ctx)
	t.record.Ended = parts.Clock.Now()
	switch {
	case ctx.Err() != nil:
		t.record.Status = results.StatusAborted
		err = fmt.Errorf("interrupted: %w", context.Cause(ctx))
	case err == nil:
		t.record.Status = results.StatusComplete
	}
	if err != nil {
		t.record.Reason = err.Error()
	}
	return t.record, err
}

// trial is the state of one Conduct.
type trial struct {
	plan   Plan
	parts  Parts
	record results.Trial
}

func (t *trial) run(ctx context.Context) (err error) {
	t.parts.Progress.Step("starting the topology")
	topology, err := t.parts.Topology(ctx)
	if topology != nil {
		defer func() { err = errors.Join(err, t.stop(ctx, topology)) }()
	}
	if err != nil {
		return fmt.Errorf("start the topology: %w", err)
	}
	started := topology.Site()
	t.recordSite(started)
	defer t.collect(ctx, started)

	injector, err := t.parts.Injector(started)
	if err != nil {
		return fmt.Errorf("prepare the faults: %w", err)
	}
	return t.underLoad(ctx, started, injector)
}

// underLoad runs the load and, beside it, the timeline of the faults.
func (t *trial) underLoad(ctx context.Context, started *site.Site, injector Injector) error {
	t.parts.Progress.Step("starting the load")
	load, err := t.parts.Load(ctx, started)
	if err != nil {
		return fmt.Errorf("start the load: %w", err)
	}
	defer load.Stop()
	t.record.Recording = t.plan.Recording

	if t.plan.MostWarmup > 0 {
		t.parts.Progress.Step(fmt.Sprintf("warming up until times are level, for %v at most", t.plan.MostWarmup))
	}
	if err := t.awaitStart(ctx, load); err != nil {
		return t.endOfLoad(load, err)
	}
	t.record.Zero = load.Zero()

	timeline := newTimeline(t, injector, load)
	if timeline.probing, err = newProbing(timeline); err != nil {
		return t.endOfLoad(load, err)
	}
	err = timeline.run(ctx)
	load.Stop() // nothing to do when it has ended by itself
	t.record.Faults = append(t.record.Faults, timeline.faults()...)
	err = t.endOfLoad(load, err)
	disturbances, settle := t.record.Faults, t.plan.Experiment.Settle
	if p := timeline.probing; p != nil {
		t.record.Probing, disturbances, settle = &p.record, p.disturbances(), 0
	}
	t.record.Phases = Phases(disturbances, t.warmup(), t.measured(timeline.ended), settle)
	return err
}

// awaitStart waits until the generator has said when t = 0 is.
func (t *trial) awaitStart(ctx context.Context, load Load) error {
	timeout := time.NewTimer(loadStartTimeout + t.plan.MostWarmup)
	defer timeout.Stop()
	select {
	case <-load.Started():
		return nil
	case <-load.Done():
		select {
		case <-load.Started(): // a very short load: it has started and ended
			return nil
		default:
			return errors.New("the load ended before its first iteration")
		}
	case <-ctx.Done():
		return ctx.Err()
	case <-timeout.C:
		return fmt.Errorf("the load offered nothing within %v", loadStartTimeout+t.plan.MostWarmup)
	}
}

// endOfLoad waits for the generator, keeps its numbers, and joins its error to err. An error of the generator comes
// first: it is usually the cause of the other.
func (t *trial) endOfLoad(load Load, err error) error {
	if err != nil {
		load.Stop()
	}
	ending, loadErr := load.Wait()
	t.record.Fitness = ending.Fitness
	t.record.OpenModel = ending.OpenModel
	t.record.ConstantRate = ending.ConstantRate
	t.record.Drivers = ending.Drivers
	t.record.Search = ending.Search
	t.record.Warmup = ending.Warmup
	t.record.Escape = ending.Escape
	switch {
	case loadErr != nil && err != nil:
		return fmt.Errorf("load: %w (%v)", loadErr, err)
	case loadErr != nil:
		return fmt.Errorf("load: %w", loadErr)
	}
	return err
}

// warmup is how long the warm-up was.
func (t *trial) warmup() time.Duration {
	if w := t.record.Warmup; w != nil {
		return time.Duration(w.Seconds * float64(time.Second))
	}
	return t.plan.Experiment.Warmup
}

// measured is how much of the planned load there was.
func (t *trial) measured(ended time.Time) time.Duration {
	lasted := ended.Sub(t.record.Zero)
	return max(0, min(lasted, t.plan.Duration))
}

func (t *trial) recordSite(s *site.Site) {
	for _, n := range s.Nodes {
		t.record.Nodes = append(t.record.Nodes, results.Node{
			Name: n.Name, Role: n.Role, Kind: n.Kind, Version: n.Version,
			Image: n.Image, ImageDigest: n.ImageDigest, Address: n.Address,
		})
	}
	for _, l := range s.Links {
		t.record.Links = append(t.record.Links, results.Link{Name: l.Name(), Address: l.Address, Proxied: l.Proxied})
	}
}

// collect keeps what is only there while the topology stands: traffic counts and logs. A log that can't be read costs
// a line in our own log, not the trial.
func (t *trial) collect(ctx context.Context, s *site.Site) {
	if t.parts.Ledgers != nil && !t.record.Zero.IsZero() {
		t.parts.Ledgers(ctx, s)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	for i, l := range t.record.Links {
		if l.Proxied && t.parts.Connections != nil {
			t.record.Links[i].Connections = t.parts.Connections(ctx, l.Name)
		}
	}
	for _, n := range s.Nodes {
		if t.parts.Evidence == nil {
			break
		}
		if err := t.parts.Evidence(ctx, n); err != nil {
			t.parts.Logger.Warn("evidence not kept", "node", n.Name, "error", err)
		}
	}
	if t.parts.Logs == nil {
		return
	}
	for _, n := range s.Nodes {
		logger, ok := n.Control.(site.Logger)
		if !ok {
			continue
		}
		log, err := logger.Log(ctx)
		if err == nil {
			err = t.parts.Logs(n.Name, log)
		}
		if err != nil {
			t.parts.Logger.Warn("log not kept", "node", n.Name, "error", err)
		}
	}
}

func (t *trial) stop(ctx context.Context, topology Topology) error {
	t.parts.Progress.Step("stopping the topology")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := topology.Stop(ctx); err != nil {
		return fmt.Errorf("stop the topology: %w", err)
	}
	return nil
}
