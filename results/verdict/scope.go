package verdict

import (
	"math"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
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
	warmEnd int64
}

func newTimeline(t results.Trial, guard float64) timeline {
	var zero int64 // of a load that never began: everything comes after it
	if !t.Zero.IsZero() {
		zero = t.Zero.UnixNano()
	}
	at := func(s float64) int64 { return zero + int64(math.Round(s*1e9)) }
	line := timeline{warmEnd: zero}
	for i, p := range t.Phases {
		g := min(guard, (p.End-p.Start)/10)
		line.spans = append(line.spans, span{
			Phase: p, index: i, start: at(p.Start), end: at(p.End), guardStart: at(p.Start + g), guardEnd: at(p.End - g), guard: g, short: g < guard,
		})
		if p.Name == results.PhaseWarmup {
			line.warmEnd = max(line.warmEnd, at(p.End))
		}
	}
	return line
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

// part says how the frame belongs to the scope, phase being its phase.
func (s *scope) part(f *recording.Frame, phase int) part {
	switch {
	case s.label == phaseWhole:
		return core
	case s.match == nil:
		if f.Start+(f.End-f.Start)/2 >= s.line.warmEnd {
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
				total += p.end - p.start
			}
		}
	}
	return float64(total) / 1e9
}

// coveredOf is how much of a phase the included frames cover. A second or more without a frame between them and the edge
// of what can be included is silence, and counts; less is the frame that reached into the guard.
func (s *scope) coveredOf(i int) int64 {
	p := s.line.spans[i]
	start, end := p.start, p.end
	if s.guards {
		start, end = p.guardStart, p.guardEnd
	}
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
