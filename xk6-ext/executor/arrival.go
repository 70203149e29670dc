package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"go.k6.io/k6/lib"
	k6executor "go.k6.io/k6/lib/executor"
	"go.k6.io/k6/metrics"
)

// patience is how long k6 waits for a planned VU.
const patience = lib.MaxRetriesGetPlannedVU * lib.MaxTimeToWaitForPlannedVU

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

// run is the state of a running scenario.
type run struct {
	*arrival
	course *Course
	ctx    context.Context // of the course
	out    chan<- metrics.SampleContainer
	start  time.Time // the warm-up begins; all durations of jobs count from here

	timetable Timetable // of the first build, where there are builds
	pools     []*pool
	reversed  []*pool // pools, in the other order

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
		r.course.Close()
		r.deactivated.Wait()
	}()
	if err := r.staff(); err != nil {
		r.dismiss()
		return err
	}
	r.course.Announce()
	r.offer()
	r.dismiss()
	for _, p := range r.pools {
		r.mark(PoolEnd{Tags: p.tags, Most: p.most.Load(), Allowed: p.allowed})
	}
	r.interrupting.Lock()
	defer r.interrupting.Unlock()
	return r.interrupt
}

func (a *arrival) newRun(parent context.Context, out chan<- metrics.SampleContainer) *run {
	course := a.config.Course(parent, a.state, out)
	r := &run{arrival: a, course: course, ctx: course.Context, out: out, start: course.Start, timetable: a.config.Timetable()}
	for i := range max(1, len(a.config.Builds)) {
		p := r.newPool(i)
		r.pools, r.reversed = append(r.pools, p), slices.Insert(r.reversed, 0, p)
	}
	return r
}

// staff sets every pool to work with the VUs that are planned.
func (r *run) staff() error {
	planned, _ := r.config.vus()
	for missing := planned * int64(len(r.pools)); missing > 0; {
		vu, err := r.state.GetPlannedVU(r.logger, false)
		if err != nil {
			return fmt.Errorf("get a VU for %s: %w", r.config.Name, err)
		}
		p := r.pools[BuildOf(vu.GetID())%len(r.pools)]
		if p.staffed < planned {
			p.employ(vu)
			p.staffed++
			missing--
			continue
		}
		// It is one for the other build, of another scenario perhaps.
		r.state.ReturnVU(vu, false)
		if r.ctx.Err() != nil || time.Since(r.start) > patience {
			return fmt.Errorf("get a VU for %s: those of one build are in use by other scenarios; let the one with builds run alone", r.config.Name)
		}
		time.Sleep(time.Millisecond)
	}
	for _, p := range r.pools {
		p.recruit(p.allowed - planned)
	}
	return nil
}

// dismiss waits until every queue is empty and every VU idle.
func (r *run) dismiss() {
	for _, p := range r.pools {
		p.close()
	}
	r.workers.Wait()
}

func (r *run) mark(m metrics.SampleContainer) {
	if r.config.options.Marked {
		r.out <- m
	}
}

// abort ends the scenario, and by the error of Run the test, because the script asked for it.
func (r *run) abort(err error) {
	r.interrupting.Lock()
	defer r.interrupting.Unlock()
	if r.interrupt == nil {
		r.interrupt = err
		r.course.cancel()
	}
}
