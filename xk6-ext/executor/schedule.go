package executor

import (
	"math"
	"sort"
	"time"
)

// Span is a part of a schedule during which the rate goes linearly from one value to another.
type Span struct {
	From, To float64       // iterations per second
	Length   time.Duration // 0 or less: a jump, which the next span's From says
}

// due is how many iterations the span offers: the area under its rate.
func (s Span) due() float64 { return (s.From + s.To) / 2 * s.Length.Seconds() }

// reach is the time after which the area under the rate is area. It is the positive root of from·t + slope·t²/2 = area,
// written so that it neither divides by zero on a constant rate nor cancels on a nearly constant one.
func (s Span) reach(area float64) time.Duration {
	if area <= 0 {
		return 0
	}
	slope := (s.To - s.From) / s.Length.Seconds()
	root := math.Sqrt(math.Max(0, s.From*s.From+2*slope*area))
	seconds := 2 * area / (s.From + root)
	return min(s.Length, time.Duration(math.Round(seconds*1e9)))
}

// Schedule says when iterations are due. Iteration i (from 0) is due when the area under the rate reaches i; at a constant
// rate r that is i/r, the first one at once.
type Schedule struct {
	spans  []Span
	starts []time.Duration // of each span
	until  []float64       // area at the end of each span
	length time.Duration
}

// NewSchedule is the schedule of spans one after another.
func NewSchedule(spans ...Span) Schedule {
	s := Schedule{}
	area := 0.0
	for _, span := range spans {
		if span.Length <= 0 {
			continue
		}
		area += span.due()
		s.spans, s.starts, s.until = append(s.spans, span), append(s.starts, s.length), append(s.until, area)
		s.length += span.Length
	}
	return s
}

// slack absorbs rounding: 200/s for 3 s are 600 iterations, also where the area comes out as 600.0000000001.
const slack = 1e-9

// Count is the number of iterations.
func (s Schedule) Count() int64 {
	if len(s.until) == 0 {
		return 0
	}
	area := s.until[len(s.until)-1]
	return int64(math.Ceil(area - slack*math.Max(1, area)))
}

// At is when iteration i, from 0 and less than Count, is due, from the schedule's begin. Half-way between two iterations
// lies i + 0.5.
func (s Schedule) At(i float64) time.Duration {
	if len(s.spans) == 0 {
		return 0
	}
	k := sort.Search(len(s.until)-1, func(k int) bool { return i < s.until[k] })
	before := 0.0
	if k > 0 {
		before = s.until[k-1]
	}
	return s.starts[k] + s.spans[k].reach(i-before)
}

// Length is the time the schedule covers.
func (s Schedule) Length() time.Duration { return s.length }
