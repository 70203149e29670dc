package verdict

import (
	"math"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/slo"
)

// The names of the scopes that are no phase, as they stand in Evidence.Phase.
const (
	phaseAll   = "all but warm-up"
	phaseWhole = "whole run" // thresholds
)

const (
	// slack forgives that marks and frames are stamped by different processes.
	slack = int64(time.Millisecond)
	// frameLength is the longest interval that a frame covers.
	frameLength = int64(time.Second)
)

// span is a phase in wall-clock nanoseconds.
type span struct {
	results.Phase
	index                int
	start, end           int64
	guardStart, guardEnd int64   // what lies outside of these is guard
	guard                float64 // seconds
	short                bool    // shorter than ten guards
}

// timeline is the phases of a trial.
type timeline struct {
	spans   []span
	zero    int64 // t = 0
	warmEnd int64
	guard   float64 // seconds, as asked for
	over    int64   // the load's planned end, where it went on after that; else 0
}

func newTimeline(t results.Trial, guard float64) timeline {
	line := timeline{guard: guard} // of a load that never began: everything comes after its zero
	if !t.Zero.IsZero() {
		line.zero = t.Zero.UnixNano()
	}
	line.warmEnd = line.zero
	for i, p := range t.Phases {
		line.spans = append(line.spans, line.span(i, p))
		if p.Name == results.PhaseWarmup {
			line.warmEnd = max(line.warmEnd, line.at(p.End))
		}
	}
	if n := len(line.spans); n > 0 && t.Escape != nil {
		line.over = line.spans[n-1].end
	}
	return line
}

// at is the moment of so many seconds from t = 0.
func (l timeline) at(s float64) int64 { return l.zero + int64(math.Round(s*1e9)) }

// seconds is when a moment is, from t = 0.
func (l timeline) seconds(at int64) float64 { return float64(at-l.zero) / 1e9 }

func (l timeline) span(i int, p results.Phase) span {
	g := min(l.guard, (p.End-p.Start)/10)
	return span{
		Phase: p, index: i, start: l.at(p.Start), end: l.at(p.End), guardStart: l.at(p.Start + g), guardEnd: l.at(p.End - g),
		guard: g, short: g < l.guard,
	}
}

// fifth is the timeline whose only phase is the first or the last fifth of what came after the warm-up.
func (l timeline) fifth(name string) timeline {
	end := 0.0
	for _, p := range l.spans {
		if p.Name != results.PhaseWarmup {
			end = max(end, p.End)
		}
	}
	part := timeline{zero: l.zero, warmEnd: l.warmEnd, guard: l.guard}
	switch {
	case end <= 0:
	case name == slo.FirstFifth:
		part.spans = []span{part.span(0, results.Phase{Name: results.PhaseName(name), Start: 0, End: end / 5})}
	default:
		part.spans = []span{part.span(0, results.Phase{Name: results.PhaseName(name), Start: end * 4 / 5, End: end})}
	}
	return part
}

// phaseOf is the index of the phase that contains the frame's middle, or −1.
func (l timeline) phaseOf(f *recording.Frame) int {
	middle := f.Start + (f.End-f.Start)/2
	return slices.IndexFunc(l.spans, func(s span) bool { return s.start <= middle && middle < s.end })
}

// part says whether a frame belongs to a scope.
type part int

const (
	outside part = iota
	core
	edge // in the guard of its phase
)

// scope is a set of frames that something is measured over.
type scope struct {
	label  string
	match  func(span) bool // which phases; nil for the scopes that are no phase
	guards bool
	line   timeline
	own    bool // the line is the scope's own, and not that of the trial

	from, to int64 // the window: frames whose middle lies between them; all where `to` is 0

	covered map[int]extent // by phase; −1 where there is none
	frames  int            // in the core
}

// extent is from the first to the last of some frames.
type extent struct{ start, end int64 }

func (l timeline) whole() *scope {
	return &scope{label: phaseWhole, line: l, covered: map[int]extent{}}
}

// named is the scope that an SLO names after `in`; the empty name is all but the warm-up.
func (l timeline) named(name string) *scope {
	s := &scope{label: name, guards: true, line: l, covered: map[int]extent{}}
	switch results.PhaseName(name) {
	case "":
		s.label, s.guards = phaseAll, false
	case results.PhaseWarmup, results.PhaseSteady, results.PhaseFault, results.PhaseRecovery:
		s.match = func(p span) bool { return p.Name == results.PhaseName(name) }
	case slo.FirstFifth, slo.LastFifth:
		s.line, s.own, s.match = l.fifth(name), true, func(span) bool { return true }
	default:
		s.match = func(p span) bool { return p.Name == results.PhaseFault && slices.Contains(p.Faults, name) }
	}
	return s
}

// only is one phase, guards and all.
func (l timeline) only(i int) *scope {
	return &scope{line: l, match: func(p span) bool { return p.index == i }, covered: map[int]extent{}}
}

// has says whether the scope has any phase to measure in.
func (s *scope) has() bool {
	return s.match == nil || slices.ContainsFunc(s.line.spans, s.match)
}

// phase is the frame's phase as the scope counts them, given its phase in the trial.
func (s *scope) phase(f *recording.Frame, phase int) int {
	if s.own {
		return s.line.phaseOf(f)
	}
	return phase
}

// part says how the frame belongs to the scope, phase being its phase.
func (s *scope) part(f *recording.Frame, phase int) part {
	if middle := f.Start + (f.End-f.Start)/2; s.to != 0 && (middle < s.from || middle >= s.to) {
		return outside
	}
	switch {
	case s.label == phaseWhole:
		return core
	case s.match == nil:
		middle := f.Start + (f.End-f.Start)/2
		if middle >= s.line.warmEnd && (s.line.over == 0 || middle < s.line.over) {
			return core
		}
		return outside
	case phase < 0 || !s.match(s.line.spans[phase]):
		return outside
	case s.guards && s.line.spans[phase].guarded(f):
		return edge
	}
	return core
}

// guarded says whether the frame lies in a guard of its phase. In a phase shorter than ten guards, whose guards are shorter
// than a frame, its middle decides: else a short phase would have guards only.
func (p span) guarded(f *recording.Frame) bool {
	if p.short {
		middle := f.Start + (f.End-f.Start)/2
		return middle < p.guardStart || middle > p.guardEnd
	}
	return f.Start < p.guardStart-slack || f.End > p.guardEnd+slack
}

// cover notes that a frame of the core was seen.
func (s *scope) cover(f *recording.Frame, phase int) {
	s.frames++
	e, ok := s.covered[phase]
	if !ok {
		e = extent{f.Start, f.End}
	}
	s.covered[phase] = extent{min(e.start, f.Start), max(e.end, f.End)}
}

// seconds is how long the scope lasted, as far as frames of it were included.
func (s *scope) seconds() float64 {
	var total int64
	switch {
	case s.label == phaseWhole:
		total = s.wholeLength()
	case s.match == nil && len(s.line.spans) == 0:
		total = s.covered[-1].end - s.covered[-1].start
	default:
		for i, p := range s.line.spans {
			if s.match != nil && s.match(p) {
				total += s.coveredOf(i)
			} else if s.match == nil && p.Name != results.PhaseWarmup {
				start, end := s.clip(p.start, p.end)
				total += end - start
			}
		}
	}
	return float64(total) / 1e9
}

// clip is the part of an interval that lies in the scope's window; an empty one begins where it ends.
func (s *scope) clip(start, end int64) (int64, int64) {
	if s.to != 0 {
		start, end = max(start, s.from), min(end, s.to)
	}
	return start, max(start, end)
}

// coveredOf is how much of a phase the included frames cover. A second or more without a frame between them and the edge
// of what can be included is silence, and counts; less is the frame that reached into the guard.
func (s *scope) coveredOf(i int) int64 {
	p := s.line.spans[i]
	start, end := p.start, p.end
	if s.guards {
		start, end = p.guardStart, p.guardEnd
	}
	start, end = s.clip(start, end)
	e, ok := s.covered[i]
	if !ok {
		return end - start
	}
	if e.start-start < frameLength {
		start = e.start
	}
	if end-e.end < frameLength {
		end = e.end
	}
	return end - start
}

// wholeLength is the length of the run as k6 counts it, setup and teardown included. The last frame may be cut off by the
// end of the run anywhere, so that only its beginning is sure to lie within.
func (s *scope) wholeLength() int64 {
	if len(s.covered) == 0 {
		return 0
	}
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, e := range s.covered {
		first, last = min(first, e.start), max(last, e.end)
	}
	if n := len(s.line.spans); n > 0 {
		return max(s.line.spans[n-1].end, last-frameLength) - min(s.line.spans[0].start, first)
	}
	return last - first
}
