package executor

import (
	"maps"
	"strconv"
	"sync/atomic"
	"time"

	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"
)

// pool is the VUs of a scenario, or of one of its builds, and the bounded queue before them. Pools share nothing, so that a
// build that stalls keeps no VU and no place in the queue from the other.
type pool struct {
	*run
	table       Timetable
	tags        *metrics.TagSet   // of the scenario and the build
	env, marked map[string]string // what the VUs are given: environment and tags
	allowed     int64             // VUs that it may have
	staffed     int64             // planned VUs that it has

	due  chan job // the queue; closed when the schedule is over
	idle atomic.Int64
	busy atomic.Int64 // VUs that run an iteration
	most atomic.Int64 // the greatest of busy when an iteration after the warm-up began

	grow  chan struct{} // asks for a further VU
	grown chan struct{} // closed when none will come any more
}

// newPool is that of the scenario, or of its build with that number.
func (r *run) newPool(build int) *pool {
	c := r.config
	_, most := c.vus()
	p := &pool{
		run: r, table: c.TimetableOf(build), env: c.GetEnv(), marked: c.GetTags(), allowed: most,
		due: make(chan job, c.queue()),
	}
	if build < len(c.Builds) {
		b := c.Builds[build]
		p.env, p.marked = merged(p.env, b.Env), merged(p.marked, map[string]string{BuildTag: b.Name})
	}
	p.tags = c.TagsOf(r.state).WithTagsFromMap(p.marked)
	return p
}

func merged(under, over map[string]string) map[string]string {
	all := maps.Clone(under)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, over)
	return all
}

// enqueue makes a job wait for a VU, or drops it when the queue is full.
func (p *pool) enqueue(j job) {
	j.queued = time.Since(p.start)
	select {
	case p.due <- j:
	default:
		p.drop(j)
	}
	if int64(len(p.due)) > p.idle.Load() {
		select {
		case p.grow <- struct{}{}:
		default: // one is already being set up, or there may be no more
		}
	}
}

func (p *pool) drop(j job) {
	p.mark(Unserved{Tags: p.tags, Intended: p.intended(j), Warmup: p.warmup(j), Dropped: true})
	metrics.PushIfNotDone(p.ctx, p.out, metrics.Sample{
		TimeSeries: metrics.TimeSeries{Metric: p.state.Test.BuiltinMetrics.DroppedIterations, Tags: p.tags},
		Time:       time.Now(),
		Value:      1,
	})
}

// cut gives up a job that was due and will not start any more.
func (p *pool) cut(j job) {
	p.mark(Unserved{Tags: p.tags, Intended: p.intended(j), Warmup: p.warmup(j)})
}

// recruit sets up at most n further VUs, one at a time, each time the queue asks for one. It goes on until close.
func (p *pool) recruit(n int64) {
	p.grow, p.grown = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(p.grown)
		for range p.grow {
			if n == 0 || p.ctx.Err() != nil {
				continue
			}
			n--
			vu, err := p.state.GetUnplannedVU(p.ctx, p.logger)
			if err != nil {
				p.logger.WithError(err).Error("could not set up another VU")
				continue
			}
			p.employ(vu)
		}
	}()
}

// close lets the VUs finish what waits in the queue, and takes nothing more.
func (p *pool) close() {
	if p.grow != nil {
		close(p.grow)
		<-p.grown
	}
	close(p.due)
}

// employ activates a VU and lets it work until the queue is closed and empty.
func (p *pool) employ(vu lib.InitializedVU) {
	w := &worker{pool: p, id: strconv.FormatUint(vu.GetID(), 10)}
	p.deactivated.Add(1)
	w.vu = vu.Activate(&lib.VUActivationParams{
		RunContext: p.ctx,
		Scenario:   p.config.Name,
		Exec:       p.config.GetExec(),
		Env:        p.env,
		Tags:       p.marked,
		DeactivateCallback: func(vu lib.InitializedVU) {
			p.state.ReturnVU(vu, false)
			p.deactivated.Done()
		},
		// The iteration's number is its place in the schedule, whichever VU runs it: the same seed then gives the same
		// payloads, though VUs compete, and to both builds of a slot.
		GetNextIterationCounters: func() (uint64, uint64) { return uint64(w.index), uint64(w.index) },
	})
	w.rest()
	p.workers.Go(w.work)
}

// use counts the VUs in use.
func (p *pool) use(measured bool) {
	busy := p.busy.Add(1)
	for measured {
		most := p.most.Load()
		if busy <= most || p.most.CompareAndSwap(most, busy) {
			return
		}
	}
}
