package executor

import (
	"errors"
	"strconv"
	"time"

	"go.k6.io/k6/errext"
	"go.k6.io/k6/lib"
)

// Counted is the field of a log entry about an exception that the output has counted already.
const Counted = "counted"

// worker takes iterations from the queue and runs them in one VU.
type worker struct {
	run *run
	vu  lib.ActiveVU
	id  string
	job job

	free time.Time // since when the VU has had nothing to do
}

// employ activates a VU and lets it work until the queue is closed and empty.
func (r *run) employ(vu lib.InitializedVU) {
	w := &worker{run: r, id: strconv.FormatUint(vu.GetID(), 10)}
	r.deactivated.Add(1)
	w.vu = vu.Activate(&lib.VUActivationParams{
		RunContext: r.ctx,
		Scenario:   r.config.Name,
		Exec:       r.config.GetExec(),
		Env:        r.config.GetEnv(),
		Tags:       r.config.GetTags(),
		DeactivateCallback: func(vu lib.InitializedVU) {
			r.state.ReturnVU(vu, false)
			r.deactivated.Done()
		},
		// The iteration's number is its place in the schedule, whichever VU runs it: the same seed then gives the same
		// payloads, though VUs compete.
		GetNextIterationCounters: func() (uint64, uint64) { return uint64(w.job.index), uint64(w.job.index) },
	})
	r.workers.Add(1)
	go func() {
		defer r.workers.Done()
		w.free = time.Now()
		r.idle.Add(1)
		for j := range r.due {
			r.idle.Add(-1)
			w.iterate(j)
			w.free = time.Now()
			r.idle.Add(1)
		}
	}()
}

func (w *worker) iterate(j job) {
	r := w.run
	if r.ctx.Err() != nil {
		r.mark(Unserved{Tags: r.tags, Intended: j.intended, Warmup: j.warmup})
		return
	}
	w.job = j
	r.mark(IterationStart{
		VU: w.id, Tags: r.tags, Intended: j.intended, Lateness: time.Since(j.intended), Waited: max(0, w.free.Sub(j.queued)),
		Warmup: j.warmup,
	})
	r.state.ModCurrentlyActiveVUsCount(+1)
	r.use(+1, !j.warmup)
	err := w.vu.RunOnce()
	r.use(-1, false)
	r.state.ModCurrentlyActiveVUsCount(-1)
	end := IterationEnd{VU: w.id}
	switch {
	case r.ctx.Err() != nil:
		end.Interrupted = true
	case errext.IsInterruptError(err):
		end.Interrupted = true
		r.abort(err)
	case err != nil:
		end.Exception = w.report(err)
	}
	r.mark(end)
	if end.Interrupted {
		r.state.AddInterruptedIterations(1)
	} else {
		r.state.AddFullIterations(1)
	}
}

// use counts the VUs in use.
func (r *run) use(more int64, measured bool) {
	busy := r.busy.Add(more)
	for measured {
		most := r.most.Load()
		if busy <= most || r.most.CompareAndSwap(most, busy) {
			return
		}
	}
}

// report logs what an iteration threw as k6's own executors do.
func (w *worker) report(err error) string {
	logger := w.run.logger
	if w.run.config.options.Marked {
		logger = logger.WithField(Counted, true)
	}
	var exception errext.Exception
	if errors.As(err, &exception) {
		logger.WithField("source", "stacktrace").Error(exception.StackTrace())
		return exception.StackTrace()
	}
	logger.Error(err.Error())
	return err.Error()
}

// abort ends the scenario, and by the error of Run the test, because the script asked for it.
func (r *run) abort(err error) {
	r.interrupting.Lock()
	defer r.interrupting.Unlock()
	if r.interrupt == nil {
		r.interrupt = err
		r.cancel()
	}
}
