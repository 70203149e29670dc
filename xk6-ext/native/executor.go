package native

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"go.k6.io/k6/lib"
	k6executor "go.k6.io/k6/lib/executor"
	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/xk6-ext/executor"
	"github.com/devcraft-studio/brunt/xk6-ext/requests"
)

// native is the executor of one scenario.
type native struct {
	*k6executor.BaseExecutor
	config *Config
	state  *lib.ExecutionState
	logger *logrus.Entry

	sides []*side // the builds, or what stands for both where there are none
}

var _ lib.Executor = &native{}

// side is what is asked of a build, or of the target where there are no builds, and where.
type side struct {
	name    string // of the build; "": there are none
	http    requests.HTTP
	program *requests.Program
	forms   []*form
	origins []*origin
}

// form is a request as it is sent.
type form struct {
	requests.Compiled
	index  int
	origin int  // of side.origins
	hosted bool // it has a header Host
	agent  bool // it has a header User-Agent
}

// Init prepares what all workers share.
func (n *native) Init(context.Context) error {
	if s := n.state.ExecutionTuple.Segment; s != nil && s.FloatLength() != 1 {
		return errors.New(Type + " can't run a part of a test (execution segment)")
	}
	if n.config.programs == nil {
		if problems := n.config.Validate(); len(problems) > 0 {
			return errors.Join(problems...)
		}
	}
	specs := n.config.specs()
	for i, program := range n.config.programs {
		s := &side{http: specs[i].HTTP, program: program}
		if i < len(n.config.Builds) {
			s.name = n.config.Builds[i].Name
		}
		if err := s.prepare(); err != nil {
			return err
		}
		n.sides = append(n.sides, s)
	}
	return nil
}

// prepare makes the forms of the requests, and the origins that they are made to.
func (s *side) prepare() error {
	known := map[string]int{}
	for i, c := range s.program.Requests {
		f := &form{Compiled: c, index: i}
		for _, h := range c.Headers {
			f.hosted = f.hosted || strings.EqualFold(h.Name, "Host")
			f.agent = f.agent || strings.EqualFold(h.Name, "User-Agent")
		}
		key := c.Scheme + "://" + c.Host
		at, ok := known[key]
		if !ok {
			o, err := originOf(c.Scheme, c.Host, s.http)
			if err != nil {
				return fmt.Errorf("request %s: %w", c.Name, err)
			}
			at = len(s.origins)
			known[key], s.origins = at, append(s.origins, o)
		}
		f.origin = at
		s.forms = append(s.forms, f)
	}
	return nil
}

// run is the state of a running scenario, or of one of its builds. Builds share nothing but the course, so that one that stalls keeps no
// connection and no place in the queue from the other.
type run struct {
	*native
	*side
	course *executor.Course
	ctx    context.Context // of the course
	out    chan<- metrics.SampleContainer
	tags   *metrics.TagSet // of the scenario and the build
	queue  source
	limit  int64 // of workers

	idle atomic.Int64 // workers without a request
	busy atomic.Int64
	most atomic.Int64 // the greatest of busy after the warm-up

	working sync.WaitGroup
	mu      sync.Mutex
	workers []*worker
	ended   time.Time // when the load was cut off; zero: not yet
	shared  map[outcome]*executor.Form

	telling sync.Mutex
	done    executor.Exchanges // not told yet
}

// tellPeriod is how often is told what was done and what was dropped. k6 hands samples on as often.
const tellPeriod = 50 * time.Millisecond

// Run offers the schedule and returns when its last iteration has ended, or when the graceful stop has cut off what was
// left.
func (n *native) Run(parent context.Context, out chan<- metrics.SampleContainer) error {
	course := n.config.Course(parent, n.state, out)
	defer course.Close()
	var runs []*run
	for i := range n.sides {
		runs = append(runs, n.newRun(course, i, out))
	}
	course.Announce()
	var running sync.WaitGroup
	for _, r := range runs {
		running.Go(r.offer)
	}
	running.Wait()
	return nil
}

func (n *native) newRun(course *executor.Course, build int, out chan<- metrics.SampleContainer) *run {
	_, most := n.config.VUs()
	r := &run{
		native: n, side: n.sides[build], course: course, ctx: course.Context, out: out, tags: n.config.TagsOf(n.state), limit: most,
		shared: map[outcome]*executor.Form{},
	}
	if r.name != "" {
		r.tags = r.tags.With(executor.BuildTag, r.name)
	}
	table := n.config.TimetableOf(build)
	if n.config.Steered() || course.Levels() {
		f := newFeed(n.config.QueueBound())
		r.queue = f
		r.working.Go(func() { f.run(course, build, table) })
	} else {
		r.queue = newQueue(table, course.Start, n.config.QueueBound())
	}
	return r
}

// offer offers the iterations of a build and tells of them.
func (r *run) offer() {
	stopped := context.AfterFunc(r.ctx, r.cutOff)
	defer stopped()
	r.employ()
	r.conduct()
	ended := r.over()
	for _, j := range r.queue.rest(ended) {
		r.unserved(j, false)
	}
	r.tell(ended)
	r.state.ModInitializedVUsCount(-int64(len(r.workers)))
	r.mark(executor.PoolEnd{Tags: r.tags, Most: r.most.Load(), Allowed: r.limit})
}

// conduct returns when the schedule is over, or the context, and every worker has ended. It tells what is done meanwhile. The
// scenario lasts as long as was asked, so that startTime of another can build on it.
func (r *run) conduct() {
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		r.working.Wait()
	}()
	ticker := time.NewTicker(tellPeriod)
	defer ticker.Stop()
	over := time.NewTimer(time.Until(r.course.End()))
	defer over.Stop()
	cut := r.ctx.Done()
	for waiting, running := true, true; waiting || running; {
		select {
		case now := <-ticker.C:
			r.tell(now)
			over.Reset(time.Until(r.course.End())) // which comes sooner when the warm-up was shorter than planned
		case <-over.C:
			waiting = false
		case <-cut:
			waiting, cut = false, nil
		case <-idle:
			running, idle = false, nil
		}
	}
}

// note keeps an exchange to be told.
func (r *run) note(x *executor.Exchange) {
	r.telling.Lock()
	defer r.telling.Unlock()
	r.done = append(r.done, *x)
}

// tell sends what was done and what was dropped.
func (r *run) tell(now time.Time) {
	r.telling.Lock()
	done := r.done
	r.done = make(executor.Exchanges, 0, len(done)+len(done)/4)
	r.telling.Unlock()
	if len(done) > 0 {
		r.out <- done
	}
	r.drops(now)
}

func (r *run) drops(now time.Time) {
	for _, j := range r.queue.drops(now) {
		r.unserved(j, true)
		if r.ctx.Err() != nil {
			continue // as k6 has it: nothing is sent of a load that is over
		}
		r.out <- metrics.Sample{
			TimeSeries: metrics.TimeSeries{Metric: r.state.Test.BuiltinMetrics.DroppedIterations, Tags: r.tags}, Time: now, Value: 1,
		}
	}
}

// unserved tells of an iteration that was due and never started.
func (r *run) unserved(j job, dropped bool) {
	if !dropped {
		r.state.AddInterruptedIterations(1)
	}
	r.mark(executor.Unserved{Tags: r.tags, Intended: j.intended, Warmup: j.warmup, Dropped: dropped})
}

func (r *run) mark(m metrics.SampleContainer) {
	if r.config.Marked() {
		r.out <- m
	}
}

// employ sets up a worker, if there may be one more.
func (r *run) employ() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if int64(len(r.workers)) >= r.limit || r.ctx.Err() != nil {
		return
	}
	w := r.newWorker()
	r.workers = append(r.workers, w)
	r.state.ModInitializedVUsCount(+1)
	r.idle.Add(1)
	r.working.Go(w.work)
}

// cutOff ends what workers wait on.
func (r *run) cutOff() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended.IsZero() {
		r.ended = time.Now()
	}
	for _, w := range r.workers {
		w.cutOff()
	}
}

// over is when the load was cut off, else now: what was due later was never offered.
func (r *run) over() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended.IsZero() {
		return time.Now()
	}
	return r.ended
}

// use counts the workers in use.
func (r *run) use(more int64, measured bool) {
	r.state.ModCurrentlyActiveVUsCount(more)
	busy := r.busy.Add(more)
	for measured {
		most := r.most.Load()
		if busy <= most || r.most.CompareAndSwap(most, busy) {
			return
		}
	}
}
