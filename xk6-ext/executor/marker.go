package executor

import (
	"time"

	"go.k6.io/k6/metrics"
)

// The markers below are sample containers without samples.

// LoadStart is sent once, by the scenario whose first offered iteration is t = 0, and before that.
type LoadStart struct {
	Zero   time.Time
	Warmup time.Duration // of that scenario
}

// IterationStart precedes all samples of an iteration.
type IterationStart struct {
	VU       string          // as in the metadata of the samples
	Tags     *metrics.TagSet // of the scenario
	Intended time.Time
	Lateness time.Duration // actual minus intended start
	// Waited is the part of the lateness during which no VU was free: the target kept them all, or they are too few. The
	// rest of the lateness is the generator's own.
	Waited time.Duration
	Warmup bool
}

// IterationEnd follows all samples of an iteration.
type IterationEnd struct {
	VU          string
	Exception   string // what the script threw, or ""
	Interrupted bool   // cut off
}

// Unserved is an iteration that never started.
type Unserved struct {
	Tags     *metrics.TagSet
	Intended time.Time
	Warmup   bool
	Dropped  bool // the queue was full; otherwise the load ended while it waited
}

// PoolEnd is sent for each pool of VUs when its scenario has ended.
type PoolEnd struct {
	Tags    *metrics.TagSet // of the scenario, and of the build where it has builds
	Most    int64           // VUs that ran iterations of the schedule at the same time
	Allowed int64           // VUs that it may have had
}

// GetSamples returns nothing.
func (PoolEnd) GetSamples() []metrics.Sample { return nil }

// GetSamples returns nothing.
func (LoadStart) GetSamples() []metrics.Sample { return nil }

// GetSamples returns nothing.
func (IterationStart) GetSamples() []metrics.Sample { return nil }

// GetSamples returns nothing.
func (IterationEnd) GetSamples() []metrics.Sample { return nil }

// GetSamples returns nothing.
func (Unserved) GetSamples() []metrics.Sample { return nil }
