package load

import (
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// StepJudge judges a step of a search while the load runs: frames are those known so far, and due is how many iterations
// the judged part will hold in the end. A pass or a fail that it returns stands, whatever is still to come. It also returns
// how long an iteration usually took, in seconds, which it is given as usual for the steps after the first, and whether all
// iterations that were due have ended.
type StepJudge func(zero time.Time, step results.Step, frames []*recording.Frame, due int64, usual float64) (o results.StepOutcome, took float64, ended bool)

const (
	// lead is how long before its time the child is told of a rate.
	lead = 300 * time.Millisecond
	// patience is how long after its end a step's rate is kept up while its last iterations are waited for.
	patience = 2 * time.Second
	// steerTick is how often a step is looked at.
	steerTick = 200 * time.Millisecond
)

// pilot steers a scenario that searches for its breakpoint: it asks for a rate, waits until the step is judged, and asks for
// the next.
//
// The first fifth of a step is not judged: connections are made and queues of the step before run empty. A step is over
// before its time when an SLO is broken for sure. After a step that did not hold the load rests, at half the first rate,
// until every iteration of the step has ended, for a quarter of a step at least and a whole one at most. A target that
// answered nothing in its second half is down, which ends the search.
type pilot struct {
	process *Process
	plan    SearchPlan
	judge   StepJudge
	length  time.Duration // of the whole load

	mu     sync.Mutex
	frames []*recording.Frame // from the present step on
	seen   int64              // end of the latest frame
	ended  float64            // iterations so far

	zero   time.Time
	usual  float64
	tried  []attempt
	search results.Search // valid after Done
}

func newPilot(p *Process) *pilot {
	in := p.options.Inspection
	if in.Search == nil || p.options.JudgeStep == nil {
		return nil
	}
	return &pilot{
		process: p, plan: *in.Search, judge: p.options.JudgeStep, length: in.Duration,
		search: results.Search{From: in.Search.From, Most: in.Search.Most, VUs: in.Search.VUs, Steps: []results.Step{}},
	}
}

// add takes a frame as it arrives.
func (pl *pilot) add(f *recording.Frame) {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	pl.frames = append(pl.frames, f)
	pl.seen = max(pl.seen, f.End)
	for _, p := range f.Points {
		if p.Key.Metric == "iterations" {
			pl.ended += p.Sum
		}
	}
}

// iterations are those that have ended so far.
func (pl *pilot) iterations() float64 {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	return pl.ended
}

// known are the frames so far, and until when they tell of the load, in seconds from t = 0.
func (pl *pilot) known() ([]*recording.Frame, float64) {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	return pl.frames[:len(pl.frames):len(pl.frames)], time.Unix(0, pl.seen).Sub(pl.zero).Seconds()
}

// forget drops the frames of the steps before.
func (pl *pilot) forget() {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	pl.frames = nil
}

// steer runs the search to its end and stops the load then. It returns early when the load ends by itself.
func (pl *pilot) steer() {
	select {
	case <-pl.process.started:
	case <-pl.process.child.exited:
		return
	}
	pl.zero = pl.process.Zero()
	start := 0.0
	rate, again, end := pl.plan.next(nil)
	for end == "" {
		if start+pl.plan.Step.Seconds() > pl.length.Seconds() {
			end = results.SearchTime
			break
		}
		w, ok := pl.step(rate, start, again)
		switch {
		case !ok:
			return
		case w.down:
			end = results.SearchDown
			continue
		}
		if rate, again, end = pl.plan.next(pl.tried); end == "" {
			start = pl.elapsed() + lead.Seconds()
			pl.ask(start, rate)
		}
	}
	pl.search.Ended = end
	pl.process.Stop()
}

func (pl *pilot) elapsed() float64 { return time.Since(pl.zero).Seconds() }

func (pl *pilot) at(seconds float64) time.Time {
	return pl.zero.Add(time.Duration(seconds * float64(time.Second)))
}

// ask asks for a rate. A child that has ended takes no requests any more.
func (pl *pilot) ask(at, rate float64) {
	if err := pl.process.child.conn.Send(wire.Rate{At: pl.at(at).UnixNano(), PerSecond: rate}); err != nil {
		pl.process.options.Logger.Debug("rate not asked for", "rate", rate, "error", err)
	}
}

// step tries a rate from a moment on, and keeps what came of it. It returns false when the load ended meanwhile.
func (pl *pilot) step(rate, start float64, again bool) (*watch, bool) {
	length := pl.plan.Step.Seconds()
	s := results.Step{Rate: rate, Start: start, From: start + length/5, End: start + length, Again: again}
	for _, edge := range []float64{s.Start, s.From, s.End} {
		if err := pl.process.Mark(pl.at(edge), "step"); err != nil {
			pl.process.options.Logger.Debug("mark not sent", "error", err)
		}
	}
	pl.forget()
	w := &watch{pilot: pl, step: s}
	if !pl.every(w.look) {
		return w, false
	}
	pl.search.Steps = append(pl.search.Steps, w.step)
	pl.tried = append(pl.tried, attempt{rate, w.outcome.Outcome, w.outcome.Unfit})
	if pl.usual == 0 {
		pl.usual = w.took
	}
	if told := pl.process.options.StepDone; told != nil {
		told(w.outcome)
	}
	return w, w.outcome.Outcome == results.Pass || pl.every(w.rested)
}

// every looks again and again until there is nothing left to wait for. It returns false when the load ended before.
func (pl *pilot) every(done func() bool) bool {
	ticker := time.NewTicker(steerTick)
	defer ticker.Stop()
	for !done() {
		select {
		case <-ticker.C:
		case <-pl.process.child.exited:
			return false
		}
	}
	return true
}

// watch is a step that runs.
type watch struct {
	*pilot
	step    results.Step
	outcome results.StepOutcome
	took    float64

	cpu     cpuLook // at the beginning of the judged part
	judged  int     // frames that were known when it was last judged
	ended   bool    // every iteration that was due
	resting bool
	since   float64 // the rest

	half float64 // iterations that had ended half-way through the rest; 0: not there yet
	down bool    // none has since
}

// look judges the step by what is known, and reports whether it is over.
func (w *watch) look() bool {
	now := w.elapsed()
	if now < w.step.From {
		return false
	}
	w.measureCPU(now)
	if now >= w.step.End+patience.Seconds() {
		w.rest(now)
	}
	frames, seen := w.known()
	if seen < w.step.From+1 {
		return false
	}
	w.weigh(frames)
	switch {
	case w.outcome.Outcome == results.Fail && seen < w.step.End:
		w.step.End = seen
		return true
	case seen < w.step.End:
		return false
	}
	late := now >= w.step.End+w.plan.Step.Seconds()
	return w.ended || late || w.outcome.Outcome != results.Inconclusive
}

// weigh judges the step if there is anything new to judge it by.
func (w *watch) weigh(frames []*recording.Frame) {
	if len(frames) == w.judged {
		return
	}
	w.judged = len(frames)
	w.outcome, w.took, w.ended = w.judge(w.zero, w.step, frames, w.due(), w.usual)
}

// due is how many iterations the judged part of the step will hold.
func (w *watch) due() int64 {
	return due(w.step.Rate, w.step.From-w.step.Start, w.step.End-w.step.Start)
}

// measureCPU looks at what the generator uses during the judged part.
func (w *watch) measureCPU(now float64) {
	used, err := cpuTime(w.process.PID())
	switch {
	case err != nil: // it has ended, or the platform does not tell
	case w.cpu.at.IsZero():
		w.cpu = cpuLook{time.Now(), used}
	case now <= w.step.End:
		if span := time.Since(w.cpu.at); span > 0 {
			w.step.CPUPercent = 100 * float64(used-w.cpu.used) / float64(span)
		}
	}
}

// rest lowers the rate to half the first.
func (w *watch) rest(now float64) {
	if !w.resting {
		w.resting, w.since = true, now
		w.ask(now, w.plan.From/2)
	}
}

// rested lets the target recover from a step that did not hold, and reports whether it has.
func (w *watch) rested() bool {
	now := w.elapsed()
	w.rest(now)
	length := w.plan.Step.Seconds()
	if now-w.since < length/4 {
		return false
	}
	frames, _ := w.known()
	outcome := w.outcome // which stands
	w.weigh(frames)
	w.outcome = outcome
	if now-w.since >= length/2 && w.half == 0 {
		w.half = w.iterations()
	}
	if now-w.since < length {
		return w.ended
	}
	w.down = !w.ended && w.half == w.iterations()
	return true
}
