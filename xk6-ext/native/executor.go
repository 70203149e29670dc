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

	forms   []*form
	origins []*origin
}

var _ lib.Executor = &native{}

// form is a request as it is sent.
type form struct {
	requests.Compiled
	index  int
	origin int  // of native.origins
	hosted bool // it has a header Host
	agent  bool // it has a header User-Agent
}

// Init prepares what all workers share.
func (n *native) Init(context.Context) error {
	if s := n.state.ExecutionTuple.Segment; s != nil && s.FloatLength() != 1 {
		return errors.New(Type + " can't run a part of a test (execution segment)")
	}
	if n.config.program == nil {
		if problems := n.config.Validate(); len(problems) > 0 {
			return errors.Join(problems...)
		}
	}
	known := map[string]int{}
	for i, c := range n.config.program.Requests {
		f := &form{Compiled: c, index: i}
		for _, h := range c.Headers {
			f.hosted = f.hosted || strings.EqualFold(h.Name, "Host")
			f.agent = f.agent || strings.EqualFold(h.Name, "User-Agent")
		}
		key := c.Scheme + "://" + c.Host
		at, ok := known[key]
		if !ok {
			o, err := originOf(c.Scheme, c.Host, n.config.HTTP)
			if err != nil {
				return fmt.Errorf("request %s: %w", c.Name, err)
			}
			at = len(n.origins)
			known[key], n.origins = at, append(n.origins, o)
		}
		f.origin = at
		n.forms = append(n.forms, f)
	}
	return nil
}

// run is the state of a running scenario.
type run struct {
	*native
	ctx   context.Context
	out   chan<- metrics.SampleContainer
	tags  *metrics.TagSet // of the scenario
	queue source
	limit int64 // of workers

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
	start := n.config.Begin()
	ctx, cancel := n.config.Scene(parent, start)
	defer cancel()
	table := n.config.Timetable()
	_, most := n.config.VUs()
	r := &run{
		native: n, ctx: ctx, out: out, tags: n.config.TagsOf(n.state), limit: most,
		shared: map[outcome]*executor.Form{},
	}
	if n.config.Steered() {
		f := newFeed(n.config.QueueBound())
		r.queue = f
		r.working.Go(func() { f.run(ctx, n.config.Config, start) })
	} else {
		r.queue = newQueue(table, start, n.config.QueueBound())
	}
	stopped := context.AfterFunc(ctx, r.cutOff)
	defer stopped()
	n.config.Announce(n.state, start, out)
	r.employ()
	r.conduct(start.Add(table.End()))
	ended := r.over()
	for _, j := range r.queue.rest(ended) {
		r.unserved(j, false)
	}
	r.tell(ended)
	n.state.ModInitializedVUsCount(-int64(len(r.workers)))
	r.mark(executor.PoolEnd{Tags: r.tags, Most: r.most.Load(), Allowed: most})
	return nil
}

// conduct returns when the schedule is over, or the context, and every worker has ended. It tells what is done meanwhile. The
// scenario lasts as long as was asked, so that startTime of another can build on it.
func (r *run) conduct(end time.Time) {
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		r.working.Wait()
	}()
	ticker := time.NewTicker(tellPeriod)
	defer ticker.Stop()
	over := time.NewTimer(time.Until(end))
	defer over.Stop()
	cut := r.ctx.Done()
	for waiting, running := true, true; waiting || running; {
		select {
		case now := <-ticker.C:
			r.tell(now)
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
