package load

import (
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// lookout keeps the frames by which a step of a load that is not steered is judged while it runs.
type lookout struct {
	judge StepJudge

	mu     sync.Mutex
	frames []*recording.Frame // that reach beyond the beginning of the latest step
	seen   int64              // end of the latest frame
	began  time.Time          // of the latest step's judged part
	cpu    cpuLook            // at its beginning
	used   float64            // per cent, in its judged part
}

// newLookout is nil where nobody judges, or a pilot does.
func newLookout(p *Process) *lookout {
	if p.options.JudgeStep == nil || p.pilot != nil {
		return nil
	}
	return &lookout{judge: p.options.JudgeStep}
}

// add takes a frame as it arrives.
func (l *lookout) add(f *recording.Frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = max(l.seen, f.End)
	if f.End > l.began.UnixNano() || l.began.IsZero() {
		l.frames = append(l.frames, f)
	}
}

// since drops the frames from before a moment, and returns the others with the end of the latest.
func (l *lookout) since(at time.Time) ([]*recording.Frame, int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !at.Equal(l.began) {
		l.began, l.cpu, l.used = at, cpuLook{}, 0
		var kept []*recording.Frame
		for _, f := range l.frames {
			if f.End > at.UnixNano() {
				kept = append(kept, f)
			}
		}
		l.frames = kept
	}
	return l.frames[:len(l.frames):len(l.frames)], l.seen
}

// measure looks at what a process uses until the end of a step, in per cent of one core.
func (l *lookout) measure(pid int, end time.Time) float64 {
	used, err := cpuTime(pid)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	switch {
	case err != nil: // it has ended, or the platform does not tell
	case l.cpu.at.IsZero():
		l.cpu = cpuLook{now, used}
	case now.Before(end):
		if span := now.Sub(l.cpu.at); span > 0 {
			l.used = 100 * float64(used-l.cpu.used) / float64(span)
		}
	}
	return l.used
}

// Look judges a step of a constant load by what is known of it so far: a pass or a fail stands, whatever is still to come. known
// is until when anything is, in seconds from t = 0, and ended says that every iteration that was due has ended. Steps follow
// one another: frames from before the beginning of the latest are forgotten. It needs Options.JudgeStep.
func (p *Process) Look(step results.Step) (o results.StepOutcome, known float64, ended bool) {
	zero := p.Zero()
	at := func(s float64) time.Time { return zero.Add(time.Duration(s * float64(time.Second))) }
	frames, seen := p.lookout.since(at(step.From))
	step.CPUPercent = p.lookout.measure(p.PID(), at(step.End))
	o, _, ended = p.lookout.judge(zero, step, frames, due(step.Rate, step.From, step.End), 0)
	return o, time.Unix(0, seen).Sub(zero).Seconds(), ended
}
