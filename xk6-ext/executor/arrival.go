package executor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"go.k6.io/k6/lib"
	k6executor "go.k6.io/k6/lib/executor"
	"go.k6.io/k6/metrics"
)

// arrival is the executor of one scenario.
type arrival struct {
	*k6executor.BaseExecutor
	config *Config
	state  *lib.ExecutionState
	logger *logrus.Entry
}

var _ lib.Executor = &arrival{}

// Init refuses what the schedule can't do.
func (a *arrival) Init(context.Context) error {
	if s := a.state.ExecutionTuple.Segment; s != nil && s.FloatLength() != 1 {
		return errors.New(Type + " can't run a part of a test (execution segment)")
	}
	return nil
}

// job is one iteration that is due.
type job struct {
	index    int64 // within the scenario, warm-up included
	intended time.Time
	queued   time.Time
	warmup   bool
}

// run is the state of a running scenario.
type run struct {
	*arrival
	ctx    context.Context
	cancel context.CancelFunc
	out    chan<- metrics.SampleContainer
	tags   *metrics.TagSet // of the scenario
	start  time.Time       // the warm-up begins

	due  chan job // the queue; closed when the schedule is over
	idle atomic.Int64
	busy atomic.Int64 // VUs that run an iteration
	most atomic.Int64 // the greatest of busy after the warm-up

	workers     sync.WaitGroup
	deactivated sync.WaitGroup

	interrupting sync.Mutex
	interrupt    error // what the script ended the test with
}

// Run offers the schedule and returns when its last iteration has ended, or when the graceful stop has cut off what was
// left. The error is the script's, if it aborts the test; k6 then ends with the exit code of that.
func (a *arrival) Run(parent context.Context, out chan<- metrics.SampleContainer) error {
	r := a.newRun(parent, out)
	defer func() {
		r.cancel()
		r.deactivated.Wait()
	}()
	planned, most := a.config.vus()
	for range planned {
		vu, err := a.state.GetPlannedVU(a.logger, false)
		if err != nil {
			close(r.due)
			r.workers.Wait()
			return fmt.Errorf("get a VU for %s: %w", a.config.Name, err)
		}
		r.employ(vu)
	}
	grow, grown := r.grower(most - planned)
	r.announce()
	r.offer(grow)
	close(grow)
	<-grown
	close(r.due)
	r.workers.Wait()
	r.mark(PoolEnd{Tags: r.tags, Most: r.most.Load(), Allowed: most})
	r.interrupting.Lock()
	defer r.interrupting.Unlock()
	return r.interrupt
}

func (a *arrival) newRun(parent context.Context, out chan<- metrics.SampleContainer) *run {
	start := time.Now()
	warmup, length := a.config.warmup(), a.config.length()
	ctx, cancel := context.WithDeadline(parent, start.Add(warmup+length+a.config.GetGracefulStop()))
	ctx = lib.WithScenarioState(ctx, &lib.ScenarioState{
		Name: a.config.Name, Executor: Type, StartTime: start,
		ProgressFn: func() (float64, []string) {
			done := time.Since(start)
			return math.Min(1, float64(done)/float64(warmup+length)), []string{done.Truncate(time.Second).String()}
		},
	})
	tags := a.state.Test.RunTags.WithTagsFromMap(a.config.GetTags())
	if a.state.Test.Options.SystemTags.Has(metrics.TagScenario) {
		tags = tags.With("scenario", a.config.Name)
	}
	return &run{
		arrival: a, ctx: ctx, cancel: cancel, out: out, tags: tags, start: start,
		due: make(chan job, a.config.queue()),
	}
}

// announce says when t = 0 is, if it is this scenario that begins it.
func (r *run) announce() {
	plan := PlanOf(r.state.Test.Options.Scenarios, r.state.ExecutionTuple, r.config.options.Warmup)
	if plan.leader != r.config.Name {
		return
	}
	zero := r.start.Add(r.config.warmup())
	r.mark(LoadStart{Zero: zero})
	if r.config.options.Started != nil {
		r.config.options.Started(Start{Zero: zero, Plan: plan})
	}
}

func (r *run) mark(m metrics.SampleContainer) {
	if r.config.options.Marked {
		r.out <- m
	}
}

// offer puts every iteration into the queue when it is due. It returns at the end of the schedule, or early when the
// context is done; what is not due by then was never offered.
func (r *run) offer(grow chan<- struct{}) {
	warm := NewSchedule(r.config.warmupSpan())
	main := NewSchedule(r.config.spans()...)
	warming := warm.Count()
	total := warming + main.Count()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := range total {
		j := job{index: i, warmup: i < warming}
		if j.warmup {
			j.intended = r.start.Add(warm.At(float64(i)))
		} else {
			j.intended = r.start.Add(r.config.warmup() + main.At(float64(i-warming)))
		}
		if !r.wait(timer, j.intended) {
			return
		}
		r.enqueue(j, grow)
	}
	// The scenario lasts as long as was asked, so that startTime of another can build on it.
	r.wait(timer, r.start.Add(r.config.warmup()+r.config.length()))
}

// wait returns at t, or false when the context is done before.
func (r *run) wait(timer *time.Timer, t time.Time) bool {
	if d := time.Until(t); d > 0 {
		timer.Reset(d)
		select {
		case <-timer.C:
		case <-r.ctx.Done():
			return false
		}
	}
	return r.ctx.Err() == nil
}

func (r *run) enqueue(j job, grow chan<- struct{}) {
	j.queued = time.Now()
	select {
	case r.due <- j:
	default:
		r.drop(j)
	}
	if int64(len(r.due)) > r.idle.Load() {
		select {
		case grow <- struct{}{}:
		default: // one is already being set up, or there may be no more
		}
	}
}

func (r *run) drop(j job) {
	r.mark(Unserved{Tags: r.tags, Intended: j.intended, Warmup: j.warmup, Dropped: true})
	metrics.PushIfNotDone(r.ctx, r.out, metrics.Sample{
		TimeSeries: metrics.TimeSeries{Metric: r.state.Test.BuiltinMetrics.DroppedIterations, Tags: r.tags},
		Time:       time.Now(),
		Value:      1,
	})
}

// grower sets up VUs beyond the planned ones, one at a time, each time it is asked to. It ends when grow is closed.
func (r *run) grower(most int64) (grow chan struct{}, done chan struct{}) {
	grow, done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for range grow {
			if most == 0 || r.ctx.Err() != nil {
				continue
			}
			most--
			vu, err := r.state.GetUnplannedVU(r.ctx, r.logger)
			if err != nil {
				r.logger.WithError(err).Error("could not set up another VU")
				continue
			}
			r.employ(vu)
		}
	}()
	return grow, done
}
