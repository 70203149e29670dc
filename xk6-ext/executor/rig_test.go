package executor

import (
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"
)

// play is a scenario that is run by k6's own execution state, with VUs whose script is a Go function.
type play struct {
	seed    int64
	warmup  time.Duration
	levels  *Leveling // nil: the warm-up is as long as planned
	options string    // of the scenario, as JSON
	script  func(context.Context, call) error
	initVU  func() error // of VUs beyond the planned ones; nil: they get set up
	short   int          // planned VUs that are missing
	watch   func(metrics.SampleContainer)
	buffer  int           // of the channel of samples
	count   *atomic.Int64 // of iterations that ran, where calls are not kept
}

// call is what a VU knows of the iteration it runs.
type call struct {
	vu        uint64
	iteration uint64
	params    *lib.VUActivationParams
}

// played is what became of it.
type played struct {
	config  *Config
	err     error // of Run
	zero    time.Time
	warmup  time.Duration // as LoadStart tells it
	told    []Start
	starts  []IterationStart
	ends    []IterationEnd
	lost    []Unserved
	pools   []PoolEnd
	samples []metrics.Sample
	calls   []call
}

// vu runs a Go function as its script.
type vu struct {
	id    uint64
	play  *play
	calls func(call)

	params *lib.VUActivationParams
	busy   sync.Mutex
}

func (v *vu) GetID() uint64 { return v.id }

func (v *vu) Activate(p *lib.VUActivationParams) lib.ActiveVU {
	v.params = p
	context.AfterFunc(p.RunContext, func() {
		v.busy.Lock() // as k6's VUs: not before the iteration has ended
		defer v.busy.Unlock()
		p.DeactivateCallback(v)
	})
	return v
}

func (v *vu) RunOnce() error {
	v.busy.Lock()
	defer v.busy.Unlock()
	if err := v.params.RunContext.Err(); err != nil {
		return err
	}
	if v.play.count != nil {
		v.params.GetNextIterationCounters()
		v.play.count.Add(1)
		return nil
	}
	n, _ := v.params.GetNextIterationCounters()
	c := call{vu: v.id, iteration: n, params: v.params}
	v.calls(c)
	if v.play.script == nil {
		return nil
	}
	return v.play.script(v.params.RunContext, c)
}

// run runs the play to its end.
func (p play) run(t testing.TB, ctx context.Context) *played {
	t.Helper()
	got := &played{}
	got.config = newConfig("s", Options{
		Warmup: p.warmup, Leveling: p.levels, Seed: p.seed, Marked: true, Started: func(s Start) { got.told = append(got.told, s) },
	})
	if err := lib.StrictJSONUnmarshal([]byte(p.options), got.config); err != nil {
		t.Fatal(err)
	}
	p.execute(t, ctx, got.config, got)
	return got
}

// execute runs a scenario of any executor.
func (p play) execute(t testing.TB, ctx context.Context, config lib.ExecutorConfig, got *played) {
	t.Helper()
	if problems := config.Validate(); len(problems) > 0 {
		t.Fatal(problems)
	}
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	executor, err := config.NewExecutor(p.state(t, config, got), logrus.NewEntry(logger))
	if err != nil {
		t.Fatal(err)
	}
	if err := executor.Init(ctx); err != nil {
		t.Fatal(err)
	}
	out := make(chan metrics.SampleContainer, p.buffer)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for m := range out {
			if p.count == nil {
				got.take(m)
			}
			if p.watch != nil {
				p.watch(m)
			}
		}
	}()
	got.err = executor.Run(ctx, out)
	close(out)
	<-ended
}

// state is k6's, with the planned VUs in its buffer.
func (p play) state(t testing.TB, config lib.ExecutorConfig, got *played) *lib.ExecutionState {
	t.Helper()
	tuple, err := lib.NewExecutionTuple(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	registry := metrics.NewRegistry()
	steps := config.GetExecutionRequirements(tuple)
	planned := lib.GetMaxPlannedVUs(steps)
	state := lib.NewExecutionState(&lib.TestRunState{
		TestPreInitState: &lib.TestPreInitState{Registry: registry, BuiltinMetrics: metrics.RegisterBuiltinMetrics(registry)},
		Options: lib.Options{
			Scenarios: lib.ScenarioConfigs{"s": config}, SystemTags: metrics.NewSystemTagSet(metrics.TagScenario),
		},
		RunTags: registry.RootTagSet(),
	}, tuple, planned, lib.GetMaxPossibleVUs(steps))
	var calling sync.Mutex
	next := func() *vu {
		id, _ := state.GetUniqueVUIdentifiers()
		return &vu{id: id, play: &p, calls: func(c call) {
			calling.Lock()
			defer calling.Unlock()
			got.calls = append(got.calls, c)
		}}
	}
	for range planned - uint64(p.short) {
		state.AddInitializedVU(next())
	}
	state.SetInitVUFunc(func(context.Context, *logrus.Entry) (lib.InitializedVU, error) {
		if p.initVU != nil {
			if err := p.initVU(); err != nil {
				return nil, err
			}
		}
		return next(), nil
	})
	return state
}

func (p *played) take(m metrics.SampleContainer) {
	switch m := m.(type) {
	case LoadStart:
		p.zero, p.warmup = m.Zero, m.Warmup
	case IterationStart:
		p.starts = append(p.starts, m)
	case IterationEnd:
		p.ends = append(p.ends, m)
	case Unserved:
		p.lost = append(p.lost, m)
	case PoolEnd:
		p.pools = append(p.pools, m)
	default:
		p.samples = append(p.samples, m.GetSamples()...)
	}
}

// account is how the offered iterations ended, counted from the markers as the output does.
type account struct{ served, failed, dropped, interrupted int }

func (p *played) account(build string) (a account) {
	ours := map[string]bool{} // VUs of the build
	for _, s := range p.starts {
		if of(s.Tags) == build {
			ours[s.VU] = true
		}
	}
	for _, e := range p.ends {
		switch {
		case !ours[e.VU]:
		case e.Interrupted:
			a.interrupted++
		case e.Exception != "":
			a.failed++
		default:
			a.served++
		}
	}
	for _, u := range p.lost {
		switch {
		case of(u.Tags) != build:
		case u.Dropped:
			a.dropped++
		default:
			a.interrupted++
		}
	}
	return a
}

// of is the build that tags name.
func of(tags *metrics.TagSet) string {
	name, _ := tags.Get(BuildTag)
	return name
}

// offered are the intended starts of a build's iterations from t = 0, sorted.
func (p *played) offered(build string) []time.Duration {
	var all []time.Duration
	add := func(tags *metrics.TagSet, at time.Time) {
		if of(tags) == build {
			all = append(all, at.Sub(p.zero))
		}
	}
	for _, s := range p.starts {
		add(s.Tags, s.Intended)
	}
	for _, u := range p.lost {
		add(u.Tags, u.Intended)
	}
	slices.Sort(all)
	return all
}

// planned are the intended starts that the schedule holds, from t = 0.
func (p *played) planned() []time.Duration {
	var all []time.Duration
	for i := range p.config.Timetable().Count() {
		due, _ := p.config.Timetable().At(i)
		all = append(all, due-p.config.warmup())
	}
	return all
}

// numbers are the iteration numbers that scripts of a build saw, sorted.
func (p *played) numbers(build string) []uint64 {
	var all []uint64
	for _, c := range p.calls {
		if c.params.Tags[BuildTag] == build {
			all = append(all, c.iteration)
		}
	}
	slices.Sort(all)
	return all
}

func upTo(n int) []uint64 {
	all := make([]uint64, n)
	for i := range all {
		all[i] = uint64(i)
	}
	return all
}
