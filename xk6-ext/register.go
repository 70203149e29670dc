// Package xk6ext is what brunt adds to k6: the executors brunt-arrival and brunt-native, the output brunt and the module
// k6/x/brunt.
//
// It registers nothing by being imported: a process that is not k6 stays as it is.
package xk6ext

import (
	"fmt"
	"sync/atomic"
	"time"

	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/ledger"
	"github.com/devcraft-studio/brunt/xk6-ext/executor"
	"github.com/devcraft-studio/brunt/xk6-ext/jsmodule"
	"github.com/devcraft-studio/brunt/xk6-ext/native"
	"github.com/devcraft-studio/brunt/xk6-ext/output"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// What brunt must say to k6, and hear from it.
const (
	// Arrival is the executor's type in options.scenarios.
	Arrival = executor.Type
	// Native is the type of the executor that makes requests without a script.
	Native = native.Type
	// OutputRun and OutputInspect are arguments of k6's --out: to measure a run, or only to say what a script comes to.
	OutputRun     = "brunt"
	OutputInspect = "brunt=" + output.Inspect
	// LogCounted marks the log entry of an exception that was reported over the wire.
	LogCounted = executor.Counted
)

// Register adds the extension to the k6 of this process, once, before k6 starts. conn leads to the brunt that drives this
// k6; its Config is awaited here. With a nil conn k6 runs by itself: no output, no facts, no warm-up.
func Register(conn *wire.Conn) error {
	config := wire.Config{}
	if conn != nil {
		m, err := conn.Receive()
		if err != nil {
			return fmt.Errorf("await the configuration: %w", err)
		}
		var ok bool
		if config, ok = m.(wire.Config); !ok {
			return fmt.Errorf("await the configuration: brunt sent %T first", m)
		}
	}
	var registry atomic.Pointer[metrics.Registry]
	book := ledger.NewBook()
	rates, steer := steering(config.Steered)
	disturbed := &disturbing{conn: conn, waiting: map[int64]chan error{}}
	leveling := levelingOf(config)
	arrivals := executor.Options{
		Warmup: time.Duration(config.WarmupNanos), Epoch: &executor.Epoch{}, Leveling: leveling, Slices: slicesOf(config), Seed: config.Seed, Marked: conn != nil, Alone: config.Alone, Started: starter(conn, leveling != nil), Rates: rates,
	}
	executor.Register(arrivals)
	native.Register(arrivals)
	output.Register(output.Options{Conn: conn, Config: config, Registry: registry.Load, Steer: steer, FaultDone: disturbed.done, Leveling: leveling, Ledgers: book})
	jsmodule.Register(jsmodule.Options{
		Seed: config.Seed, Facts: config.Facts, Driven: conn != nil, Builds: environments(config.Builds), BuildFacts: factsOf(config.Builds), BuildOf: executor.BuildOf,
		Registry: func(r *metrics.Registry) { registry.CompareAndSwap(nil, r) }, Ledgers: book,
		Fault: disturbed.ask,
	})
	return nil
}

// steering hands what is asked of a scenario that searches from the output, which hears it, to the executor.
func steering(steered bool) (<-chan executor.Rate, func(wire.Rate)) {
	if !steered {
		return nil, func(wire.Rate) {}
	}
	rates := make(chan executor.Rate, 16) // two are asked for in a step
	return rates, func(r wire.Rate) {
		select {
		case rates <- executor.Rate{At: time.Unix(0, r.At), PerSecond: r.PerSecond}:
		default: // the scenario is over
		}
	}
}

// starter tells brunt when the load begins, at once and past the output, which counts with a delay. A parent that is gone
// is noticed by the output.
func starter(conn *wire.Conn, leveled bool) func(executor.Start) {
	if conn == nil {
		return nil
	}
	return func(s executor.Start) {
		m := wire.Started{Zero: s.Zero.UnixNano(), OpenModel: s.Plan.OpenModel, ConstantRate: s.Plan.ConstantRate}
		if leveled {
			m.Warmed = &wire.Warmed{Nanos: int64(s.Length), Level: s.Level, Apart: s.Apart}
		}
		_ = conn.Send(m)
	}
}

// levelingOf ends a warm-up when times are level; nil where it is as long as asked.
func levelingOf(c wire.Config) *executor.Leveling {
	if c.LeastWarmupNanos == 0 {
		return nil
	}
	return executor.NewLeveling(time.Duration(c.LeastWarmupNanos), time.Duration(c.WarmupNanos), len(c.Builds))
}

// slicesOf are the slices in which builds take turns.
func slicesOf(c wire.Config) []executor.Slice {
	var all []executor.Slice
	for _, s := range c.Slices {
		all = append(all, executor.Slice{Start: time.Duration(s.StartNanos), End: time.Duration(s.EndNanos), Build: s.Build})
	}
	return all
}

func environments(builds []wire.Build) []map[string]string {
	var all []map[string]string
	for _, b := range builds {
		all = append(all, b.Env)
	}
	return all
}

// factsOf is nil where no build has facts of its own.
func factsOf(builds []wire.Build) []map[string]string {
	var all []map[string]string
	for _, b := range builds {
		if b.Facts != nil {
			all = append(all, b.Facts)
		}
	}
	return all
}
