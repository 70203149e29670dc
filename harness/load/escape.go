package load

import (
	"math"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// EscapeJudge says how a load does that a fault may have left down, by the frames it was given. Moments are seconds from t = 0.
type EscapeJudge interface {
	Begin(zero time.Time)
	Add(f *recording.Frame)
	// Down says whether what was served in the last window before a moment is far less than before the first fault.
	Down(at float64) bool
	// Back says whether all between two moments is as it was before the first fault.
	Back(from, to float64) bool
}

const (
	escapeFactor = 0.7 // from one rate to the next
	escapeSteps  = 6   // the last at an eighth of the rate
	// Each rate is offered for so long, and judged without the first part, in which queues run empty.
	escapeStep, escapeSettle = 15 * time.Second, 5 * time.Second
	// frameLag is how long after its end a second is known.
	frameLag = 2500 * time.Millisecond
	// escapeIdle is the rate at the end of a load that was not down: the next iteration never comes.
	escapeIdle = 1e-3
	// quietTime is how long no iteration must have ended for the load to be over, and mostQuiet how long that is waited for.
	quietTime, mostQuiet = 2 * time.Second, 30 * time.Second
)

// EscapeLength is how much longer than planned a load may go on that looks for its way out.
const EscapeLength = escapeSteps * (escapeStep + frameLag + lead)

// escaper steers a load of a constant rate that may be down at its planned end, long after the last fault: it lowers the rate
// step by step until what is served is as before. A load that is not down ends as planned.
type escaper struct {
	process *Process
	judge   EscapeJudge
	rate    float64
	length  time.Duration // of the planned load

	mu    sync.Mutex
	ended time.Time // when an iteration was last heard of

	zero   time.Time
	escape *results.Escape // valid after Done; nil: the load was not down
}

func newEscaper(p *Process) *escaper {
	if !p.options.Script.Escape || p.options.JudgeEscape == nil {
		return nil
	}
	return &escaper{process: p, judge: p.options.JudgeEscape, rate: p.options.Script.Rate, length: p.options.Inspection.Duration}
}

// add takes a frame as it arrives, before anybody else does.
func (e *escaper) add(f *recording.Frame) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.judge.Add(f)
	for _, p := range f.Points {
		if p.Key.Metric == "iterations" && p.Sum > 0 {
			e.ended = time.Now()
		}
	}
}

func (e *escaper) asked(question func() bool) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return question()
}

// steer waits for the planned end, and goes on from there. It returns early when the load ends by itself.
func (e *escaper) steer() {
	select {
	case <-e.process.started:
	case <-e.process.child.exited:
		return
	}
	e.zero = e.process.Zero()
	e.asked(func() bool { e.judge.Begin(e.zero); return true })
	planned := e.length.Seconds()
	if !e.sleep(planned - lead.Seconds()) {
		return
	}
	if !e.asked(func() bool { return e.judge.Down(planned - lead.Seconds() - frameLag.Seconds()) }) {
		e.finish(planned)
		return
	}
	e.escape = &results.Escape{Rate: e.rate, Steps: []results.Step{}}
	rate, start := e.rate, planned
	for range escapeSteps {
		rate = rounded(rate * escapeFactor)
		s := results.Step{Rate: rate, Start: start, From: start + escapeSettle.Seconds(), End: start + escapeStep.Seconds()}
		e.ask(s.Start, s.Rate)
		for _, edge := range []float64{s.Start, s.From, s.End} {
			if err := e.process.Mark(e.at(edge), "escape"); err != nil {
				e.process.options.Logger.Debug("mark not sent", "error", err)
			}
		}
		if !e.sleep(s.End + frameLag.Seconds()) {
			return
		}
		e.escape.Steps = append(e.escape.Steps, s)
		if e.asked(func() bool { return e.judge.Back(s.From, s.End) }) {
			break
		}
		start = math.Max(s.End, time.Since(e.zero).Seconds()+lead.Seconds())
	}
	e.process.Stop()
}

// finish ends a load that is not down: nothing more is offered, and what is under way may end.
func (e *escaper) finish(planned float64) {
	e.ask(planned, escapeIdle)
	if !e.sleep(planned + quietTime.Seconds()) {
		return
	}
	for deadline := time.Now().Add(mostQuiet); time.Now().Before(deadline); {
		if e.asked(func() bool { return time.Since(e.ended) > quietTime+frameLag }) || !e.sleep(time.Since(e.zero).Seconds()+0.1) {
			break
		}
	}
	e.process.Stop()
}

func (e *escaper) at(seconds float64) time.Time {
	return e.zero.Add(time.Duration(seconds * float64(time.Second)))
}

// sleep waits until so many seconds from t = 0, or returns false when the load ends before.
func (e *escaper) sleep(until float64) bool {
	timer := time.NewTimer(time.Until(e.at(until)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-e.process.child.exited:
		return false
	}
}

// ask asks for a rate. A child that has ended takes no requests any more.
func (e *escaper) ask(at, rate float64) {
	if err := e.process.child.conn.Send(wire.Rate{At: e.at(at).UnixNano(), PerSecond: rate}); err != nil {
		e.process.options.Logger.Debug("rate not asked for", "rate", rate, "error", err)
	}
}
