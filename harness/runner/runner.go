// Package runner conducts one trial: the order in which things start, the clock that applies and lifts faults, and the
// cleanup. It decides nothing: what to run is campaign's, what it means is verdict's.
//
// It knows its parts only through the small interfaces below, so its own tests need neither Docker nor k6.
package runner

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// Topology is a started topology. Stop is idempotent and removes everything that was started.
type Topology interface {
	Site() *site.Site
	Stop(ctx context.Context) error
}

// Load is the running load generator.
type Load interface {
	// Started is closed when the time of the first offered iteration is known.
	Started() <-chan struct{}
	// Zero is t = 0, the first offered iteration after the warm-up; it may lie in the future. Valid after Started.
	Zero() time.Time
	// Mark tells the generator that another phase began, so that no frame straddles that moment.
	Mark(at time.Time, phase string) error
	// Snapshot is how the load does at this moment, for people.
	Snapshot() Snapshot
	// Done is closed when the generator has ended by itself or was stopped.
	Done() <-chan struct{}
	// Stop asks the generator to end; what it has measured is kept.
	Stop()
	// Wait returns after Done with the generator's own numbers, and an error when it could not measure.
	Wait() (Ending, error)
}

// Ending is what the generator says of itself at its end.
type Ending struct {
	Fitness                 results.Fitness
	OpenModel, ConstantRate bool
	Warmup                  *results.Warmup // nil: the warm-up was as long as asked
	Drivers                 []string        // scenarios that only drive faults
	Search                  *results.Search // nil: the load searched for nothing
	Escape                  *results.Escape // nil: it was not stepped down at its end
}

// Injector applies and lifts faults.
type Injector interface {
	// Apply returns when the fault is confirmed in force, with the moment it came into force. The fault ends by
	// itself at expires, whatever happens to its caller.
	Apply(ctx context.Context, f experiment.Fault, expires time.Time) (time.Time, error)
	// Lift returns when the removal is confirmed.
	Lift(ctx context.Context, f experiment.Fault) (Removal, error)
	// Watch begins to probe what the fault acts on. The function it returns ends that; given when the fault was in
	// force, it says what was seen.
	Watch(ctx context.Context, f experiment.Fault) func(start, end time.Time) *results.Effect
	// Lost receives the name of a fault that ended before it was lifted, for instance because the proxy died.
	Lost() <-chan LostFault
}

// Removal is a confirmed end of a fault.
type Removal struct {
	At     time.Time
	Ladder []string // steps beyond a plain removal: disable, delete, restart
}

// LostFault is a fault that ended early by no will of the runner.
type LostFault struct {
	Name       string
	Occurrence int // of a repeated fault, from 1
	At         time.Time
	Reason     string
}

// Snapshot is how the load does at one moment.
type Snapshot struct {
	Rate      float64 // iterations per second
	P95       float64 // milliseconds
	ErrorRate float64 // share
	VUs       int
}

// Progress is told what goes on, for people.
type Progress interface {
	// Step announces what is being done before load runs.
	Step(text string)
	// Tick is called once a second while load runs.
	Tick(Tick)
}

// Tick is one line of progress.
type Tick struct {
	Phase          string
	Faults         []string // in force
	Elapsed, Total time.Duration
	Snapshot       Snapshot
}

// Parts are what a trial is made of.
type Parts struct {
	Topology func(ctx context.Context) (Topology, error)
	Load     func(ctx context.Context, s *site.Site) (Load, error)
	Injector func(s *site.Site) (Injector, error)
	// Connections says how many connections crossed a link; nil when no link is proxied.
	Connections func(ctx context.Context, link string) int64
	// Logs receives the last bytes of each node's log; nil drops them.
	Logs func(node string, log io.Reader) error
	// Evidence keeps what a node tells of itself, while it still runs after the load; nil keeps nothing.
	Evidence func(ctx context.Context, n *site.Node) error
	// Ledgers reads what services say arrived there, while they still run after a load, waiting for what is in flight; nil reads
	// nothing.
	Ledgers  func(ctx context.Context, s *site.Site)
	Progress Progress
	Logger   *slog.Logger
	Clock    Clock
}

// Plan is the trial to conduct.
type Plan struct {
	Number     int
	Build      int
	Experiment experiment.Experiment // already scaled
	Duration   time.Duration         // of the load after the warm-up
	Recording  string                // path relative to the run's folder, for the record
	Probing    *Probing              // nil: the faults are those of the experiment, at their times
	MostWarmup time.Duration         // of a load that says only after its warm-up when t = 0 is
	Beyond     time.Duration         // that the load may go on after it, when it is stepped down
}

// How long each part of a trial may take before the trial is broken.
const (
	loadStartTimeout = 90 * time.Second
	applyTimeout     = 5 * time.Second
	liftTimeout      = 10 * time.Second
	stopTimeout      = 45 * time.Second
	// expirySlack is how long after its planned end a fault ends by itself when nobody lifts it.
	expirySlack = 3 * time.Second
	// overrun is how much longer than planned the load may take: the graceful stop and k6's own teardown.
	overrun = 2 * time.Minute
)
