package runner

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// stage is a topology, a load and an injector that only note what is asked of them.
type stage struct {
	mu     sync.Mutex
	events []string

	lasts       time.Duration // of the load
	failStart   error
	failApply   error
	failLift    error
	failLoad    error
	neverStarts bool

	zero    time.Time
	warmup  *results.Warmup
	done    chan struct{}
	started chan struct{}
	once    sync.Once
	lost    chan LostFault
}

func newStage(lasts time.Duration) *stage {
	return &stage{lasts: lasts, done: make(chan struct{}), started: make(chan struct{}), lost: make(chan LostFault, 1)}
}

func (s *stage) note(event string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, event)
}

func (s *stage) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

func (s *stage) Site() *site.Site {
	return &site.Site{
		Nodes: []*site.Node{{Name: "cache", Control: logOf("said")}},
		Links: []site.Link{{From: "api", To: "cache", Proxied: true}},
	}
}

type logOf string

func (l logOf) Log(context.Context) (io.Reader, error) { return strings.NewReader(string(l)), nil }

func (s *stage) Started() <-chan struct{}     { return s.started }
func (s *stage) Zero() time.Time              { return s.zero }
func (s *stage) Mark(time.Time, string) error { return nil }
func (s *stage) Snapshot() Snapshot           { return Snapshot{} }
func (s *stage) Done() <-chan struct{}        { return s.done }

type loadOf struct{ *stage }

func (l loadOf) Stop() { l.once.Do(func() { l.note("stop load"); close(l.done) }) }
func (l loadOf) Wait() (Ending, error) {
	<-l.done
	return Ending{Fitness: results.Fitness{Offered: 7}, Warmup: l.warmup}, l.failLoad
}

type topologyOf struct{ *stage }

func (t topologyOf) Stop(context.Context) error { t.note("stop topology"); return nil }

type injectorOf struct{ *stage }

func (i injectorOf) Apply(_ context.Context, f experiment.Fault, _ time.Time) (time.Time, error) {
	i.note("apply " + f.Name)
	return time.Now(), i.failApply
}

func (i injectorOf) Lift(_ context.Context, f experiment.Fault) (Removal, error) {
	i.note("lift " + f.Name)
	return Removal{At: time.Now()}, i.failLift
}

func (i injectorOf) Watch(context.Context, experiment.Fault) func(time.Time, time.Time) *results.Effect {
	return func(time.Time, time.Time) *results.Effect { return &results.Effect{Seen: true} }
}

func (i injectorOf) Lost() <-chan LostFault { return i.lost }

func (s *stage) parts() Parts {
	return Parts{
		Topology: func(context.Context) (Topology, error) {
			s.note("start topology")
			return topologyOf{s}, s.failStart
		},
		Load: func(context.Context, *site.Site) (Load, error) {
			s.note("start load")
			s.zero = time.Now()
			if !s.neverStarts {
				close(s.started)
			}
			time.AfterFunc(s.lasts, loadOf{s}.Stop)
			return loadOf{s}, nil
		},
		Injector:    func(*site.Site) (Injector, error) { return injectorOf{s}, nil },
		Connections: func(context.Context, string) int64 { return 3 },
		Logs:        func(node string, _ io.Reader) error { s.note("log " + node); return nil },
		Evidence:    func(_ context.Context, n *site.Node) error { s.note("evidence of " + n.Name); return nil },
		Ledgers:     func(context.Context, *site.Site) { s.note("ledgers") },
		Progress:    silent{},
		Logger:      slog.New(slog.DiscardHandler),
		Clock:       SystemClock{},
	}
}

type silent struct{}

func (silent) Step(string) {}
func (silent) Tick(Tick)   {}

func plan(faults ...experiment.Fault) Plan {
	return Plan{Number: 1, Duration: 300 * time.Millisecond, Recording: "recording-1.brunt", Experiment: experiment.Experiment{
		Faults: faults, Settle: 50 * time.Millisecond,
	}}
}

func slow(at, length time.Duration) experiment.Fault {
	return experiment.Fault{Name: "slow", Link: "api->cache", Kind: "latency", At: at, For: length}
}

func TestConductKeepsTheOrderOfTheHouse(t *testing.T) {
	s := newStage(300 * time.Millisecond)
	trial, err := Conduct(t.Context(), plan(slow(50*time.Millisecond, 100*time.Millisecond)), s.parts())
	if err != nil || trial.Status != results.StatusComplete {
		t.Fatalf("status %s, error %v", trial.Status, err)
	}
	want := []string{"start topology", "start load", "apply slow", "lift slow", "stop load", "ledgers", "evidence of cache", "log cache", "stop topology"}
	if !slices.Equal(s.seen(), want) {
		t.Errorf("events %v, want %v", s.seen(), want)
	}
	f := trial.Faults[0]
	if !f.Applied || !f.Removed || f.Start < f.PlannedStart || f.End < f.PlannedEnd || f.Effect == nil {
		t.Errorf("fault %+v", f)
	}
	if len(trial.Phases) != 4 || trial.Links[0].Connections != 3 || trial.Fitness.Offered != 7 {
		t.Errorf("phases %v, links %v, fitness %+v", trial.Phases, trial.Links, trial.Fitness)
	}
}

// TestAWarmUpIsAsLongAsTheLoadSays, where it lasts until times are level.
func TestAWarmUpIsAsLongAsTheLoadSays(t *testing.T) {
	s := newStage(50 * time.Millisecond)
	s.warmup = &results.Warmup{Seconds: 17.5, Level: true}
	p := plan()
	p.Experiment.Warmup, p.MostWarmup = 15*time.Second, 30*time.Second
	trial, err := Conduct(t.Context(), p, s.parts())
	if err != nil || trial.Warmup == nil || !trial.Warmup.Level || trial.Phases[0].Name != results.PhaseWarmup || trial.Phases[0].Start != -17.5 {
		t.Errorf("%v, %+v, phases %+v", err, trial.Warmup, trial.Phases)
	}
}

func TestConductLeavesNothingBehind(t *testing.T) {
	boom := errors.New("boom")
	for _, row := range []struct {
		name     string
		arrange  func(*stage)
		want     results.Status
		lifted   bool
		inReason string
	}{
		{"when the topology starts only in part", func(s *stage) { s.failStart = boom }, results.StatusBroken, false, "start the topology"},
		{"when a fault can't be applied, it is lifted all the same", func(s *stage) { s.failApply = boom }, results.StatusComplete, true, ""},
		{"when the load ends before its first iteration", func(s *stage) { s.neverStarts = true }, results.StatusBroken, false, "before its first iteration"},
		{"when the generator says that it could not measure", func(s *stage) { s.failLoad = boom }, results.StatusBroken, true, "boom"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStage(150 * time.Millisecond)
			row.arrange(s)
			trial, err := Conduct(t.Context(), plan(slow(20*time.Millisecond, 50*time.Millisecond)), s.parts())
			if trial.Status != row.want || (err != nil) != (row.inReason != "") || !strings.Contains(trial.Reason, row.inReason) {
				t.Errorf("status %s, reason %q, error %v", trial.Status, trial.Reason, err)
			}
			events := s.seen()
			if events[len(events)-1] != "stop topology" {
				t.Errorf("the topology was not stopped last: %v", events)
			}
			if loaded := slices.Contains(events, "apply slow"); slices.Contains(events, "ledgers") != loaded {
				t.Errorf("ledgers were read where nothing was loaded, or not where something was: %v", events)
			}
			if slices.Contains(events, "lift slow") != row.lifted {
				t.Errorf("lifted: %v, want %v", events, row.lifted)
			}
		})
	}
}

func TestConductKeepsWhatWasMeasuredWhenInterrupted(t *testing.T) {
	s := newStage(time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(150*time.Millisecond, cancel)
	trial, err := Conduct(ctx, plan(slow(20*time.Millisecond, time.Minute)), s.parts())
	if err == nil || trial.Status != results.StatusAborted {
		t.Fatalf("status %s, error %v", trial.Status, err)
	}
	f := trial.Faults[0]
	if !f.Removed || trial.Recording == "" || trial.Fitness.Offered != 7 {
		t.Errorf("fault %+v, recording %q, fitness %+v", f, trial.Recording, trial.Fitness)
	}
	if len(trial.Phases) == 0 || trial.Phases[0].Name != results.PhaseSteady {
		t.Errorf("phases %v", trial.Phases)
	}
}

func TestAFaultThatWasLostEndedWhenItWasLost(t *testing.T) {
	s := newStage(250 * time.Millisecond)
	time.AfterFunc(100*time.Millisecond, func() { s.lost <- LostFault{Name: "slow", At: time.Now(), Reason: "the proxy died"} })
	trial, err := Conduct(t.Context(), plan(slow(20*time.Millisecond, 200*time.Millisecond)), s.parts())
	if err != nil {
		t.Fatal(err)
	}
	f := trial.Faults[0]
	if !strings.Contains(f.Error, "the proxy died") || f.End >= f.PlannedEnd {
		t.Errorf("fault %+v", f)
	}
}

func TestARepeatedFaultComesEachTimeUnderItsName(t *testing.T) {
	s := newStage(400 * time.Millisecond)
	time.AfterFunc(250*time.Millisecond, func() {
		s.lost <- LostFault{Name: "slow", Occurrence: 2, At: time.Now(), Reason: "the proxy died"}
	})
	first, second := slow(50*time.Millisecond, 50*time.Millisecond), slow(220*time.Millisecond, 100*time.Millisecond)
	first.Occurrence, second.Occurrence = 1, 2
	p := plan(first, second)
	p.Duration = 400 * time.Millisecond
	trial, err := Conduct(t.Context(), p, s.parts())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"apply slow", "lift slow", "apply slow", "lift slow"}
	if got := slices.DeleteFunc(s.seen(), func(e string) bool { return !strings.Contains(e, "slow") }); !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	if trial.Faults[0].Error != "" || !strings.Contains(trial.Faults[1].Error, "the proxy died") {
		t.Errorf("the second time was lost alone: %+v", trial.Faults)
	}
	phases := 0
	for _, p := range trial.Phases {
		if p.Name == results.PhaseFault && slices.Equal(p.Faults, []string{"slow"}) {
			phases++
		}
	}
	if phases != 2 || trial.Faults[0].Occurrence != 1 || trial.Faults[1].Occurrence != 2 {
		t.Errorf("phases %v of faults %+v", trial.Phases, trial.Faults)
	}
}

func TestAFaultOnSeveralInstancesMeetsThemAtOnce(t *testing.T) {
	s := newStage(300 * time.Millisecond)
	time.AfterFunc(100*time.Millisecond, func() {
		s.lost <- LostFault{Name: "slow", Occurrence: 2, At: time.Now(), Reason: "the proxy died"}
	})
	first := slow(50*time.Millisecond, 200*time.Millisecond)
	second := first
	first.Link, first.Occurrence, second.Link, second.Occurrence = "api.1->cache", 1, "api.2->cache", 2
	trial, err := Conduct(t.Context(), plan(first, second), s.parts())
	if err != nil {
		t.Fatal(err)
	}
	one, two := trial.Faults[0], trial.Faults[1]
	if !one.Applied || !two.Applied || one.Link != "api.1->cache" || two.Link != "api.2->cache" || two.Start >= one.End {
		t.Errorf("faults %+v and %+v", one, two)
	}
	if one.Error != "" || !strings.Contains(two.Error, "the proxy died") {
		t.Errorf("the second instance lost it alone: %q and %q", one.Error, two.Error)
	}
}

func TestAProbeLooksAheadUnlessTheFaultWasJustInForceThere(t *testing.T) {
	at := func(link string, start time.Duration) experiment.Fault {
		return experiment.Fault{Name: "slow", Link: link, At: start, For: 2 * time.Second}
	}
	p := plan(at("api.1->cache", 20*time.Second), at("api.2->cache", 20*time.Second), at("api.1->cache", 24*time.Second), at("api.2->cache", 24*time.Second))
	tl := &timeline{trial: &trial{plan: p}}
	for i, want := range []time.Duration{watchLead, watchLead, time.Second, time.Second} {
		if got := tl.lead(p.Experiment.Faults[i], i); got != want {
			t.Errorf("the probe of fault %d begins %v before it, want %v", i, got, want)
		}
	}
}
