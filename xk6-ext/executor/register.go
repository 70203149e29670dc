package executor

import (
	"time"

	"go.k6.io/k6/lib"
)

// Options connect the executor to the brunt that drives this k6. Their zero value is a plain k6: no markers, no warm-up.
type Options struct {
	// Warmup is the warm-up of scenarios that do not name their own and start at 0.
	Warmup time.Duration
	// Epoch is shared by all scenarios of a run, so that they have one t = 0. nil: each counts from when its executor was called.
	Epoch *Epoch
	// Leveling ends the warm-up sooner, when times are level; Warmup is then the longest it may be. nil: it lasts for Warmup.
	Leveling *Leveling
	// Slices are when each of two builds is under load, in the order of time; they cover the schedule of scenarios with builds. nil: both
	// are under load all the time.
	Slices []Slice
	// Seed decides the order of the builds in a slot.
	Seed int64
	// Marked makes the executor send markers; brunt's output needs them.
	Marked bool
	// Rates are what is asked of a scenario that searches; nil: nobody asks, and its schedule stands.
	Rates <-chan Rate
	// Alone says that no output of k6 stands beside brunt's, so that nobody looks at samples.
	Alone bool
	// Started is called as soon as t = 0 is known, which may be before it. nil: nobody is told.
	Started func(Start)
}

// Slice is a time in which one of two builds is under load and the other rests. It counts from t = 0.
type Slice struct {
	Start, End time.Duration
	Build      int // 0 or 1
}

// Start says when the load begins.
type Start struct {
	Warmed // t = 0, and the warm-up before it; its Level says nothing without Options.Leveling
	Plan   Plan
}

// Register makes the executor known to k6. It can be called once per process.
func Register(o Options) {
	lib.RegisterExecutorConfigType(Type, func(name string, raw []byte) (lib.ExecutorConfig, error) {
		config := newConfig(name, o)
		err := lib.StrictJSONUnmarshal(raw, config)
		return config, err
	})
}
