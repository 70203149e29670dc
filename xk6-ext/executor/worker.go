package executor

import (
	"errors"
	"time"

	"go.k6.io/k6/errext"
	"go.k6.io/k6/lib"
)

// Counted is the field of a log entry about an exception that the output has counted already.
const Counted = "counted"

// worker takes jobs from the queue of its pool and runs them in one VU.
type worker struct {
	*pool
	vu    lib.ActiveVU
	id    string
	index int64         // of the job that runs
	free  time.Duration // since when the VU has had nothing to do
}

func (w *worker) work() {
	for j := range w.due {
		w.idle.Add(-1)
		if w.ctx.Err() != nil {
			w.cut(j)
		} else {
			w.iterate(j)
		}
		w.rest()
	}
}

func (w *worker) rest() {
	w.free = time.Since(w.start)
	w.idle.Add(1)
}

func (w *worker) iterate(j job) {
	w.begin(j)
	w.state.ModCurrentlyActiveVUsCount(+1)
	err := w.vu.RunOnce()
	w.state.ModCurrentlyActiveVUsCount(-1)
	w.busy.Add(-1)
	w.end(err)
}

func (w *worker) begin(j job) {
	w.index = j.index
	warmup := w.warmup(j)
	w.use(!warmup)
	if !w.config.options.Marked { // spare what a marker costs
		return
	}
	w.mark(IterationStart{
		VU: w.id, Tags: w.tags, Intended: w.intended(j), Warmup: warmup,
		Lateness: time.Since(w.start) - j.due,
		// From when it was in the queue until this VU was free, all were busy; before and after, the generator was slow.
		Waited: max(0, w.free-j.queued),
	})
}

// end accounts for an iteration that ran, by the error of its script.
func (w *worker) end(err error) {
	end := IterationEnd{VU: w.id}
	switch {
	case w.ctx.Err() != nil:
		end.Interrupted = true
	case errext.IsInterruptError(err):
		end.Interrupted = true
		w.abort(err)
	case err != nil:
		end.Exception = w.report(err)
	}
	if end.Interrupted {
		w.state.AddInterruptedIterations(1)
	} else {
		w.state.AddFullIterations(1)
	}
	if w.config.options.Marked {
		w.mark(end)
	}
}

// report logs what an iteration threw as k6's own executors do.
func (w *worker) report(err error) string {
	logger := w.logger
	if w.config.options.Marked {
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
