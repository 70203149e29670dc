package executor

import (
	"math"
	"time"
)

// span is a part of a schedule during which the rate goes linearly from one value to another.
type span struct {
	from, to float64 // per second
	length   time.Duration
}

// due is how many iterations the span offers: the area under its rate.
func (s span) due() float64 { return (s.from + s.to) / 2 * s.length.Seconds() }

// reach is the time after which the area under the rate is area. It is the positive root of from·t + slope·t²/2 = area,
// written so that it neither divides by zero on a constant rate nor cancels on a nearly constant one.
func (s span) reach(area float64) time.Duration {
	if area <= 0 {
		return 0
	}
	slope := (s.to - s.from) / s.length.Seconds()
	root := math.Sqrt(math.Max(0, s.from*s.from+2*slope*area))
	seconds := 2 * area / (s.from + root)
	return min(s.length, time.Duration(math.Round(seconds*1e9)))
}

// schedule says when iterations are due. Iteration i (from 0) is due when the area under the rate reaches i; at a constant
// rate r that is i/r, the first one at once.
type schedule struct {
	spans []span
	until []float64 // area at the end of each span
}

func newSchedule(spans []span) schedule {
	s := schedule{}
	area := 0.0
	for _, sp := range spans {
		if sp.length <= 0 {
			continue // a jump: its target is the next span's start
		}
		area += sp.due()
		s.spans = append(s.spans, sp)
		s.until = append(s.until, area)
	}
	return s
}

// slack absorbs rounding: 200/s for 3 s are 600 iterations, also where the area comes out as 600.0000000001.
const slack = 1e-9

// count is the number of iterations.
func (s schedule) count() int64 {
	if len(s.until) == 0 {
		return 0
	}
	area := s.until[len(s.until)-1]
	return int64(math.Ceil(area - slack*math.Max(1, area)))
}

// at is when iteration i, from 0 and less than count, is due.
func (s schedule) at(i int64) time.Duration {
	var start time.Duration
	before := 0.0
	for k, sp := range s.spans {
		if float64(i) < s.until[k] || k == len(s.spans)-1 {
			return start + sp.reach(float64(i)-before)
		}
		start += sp.length
		before = s.until[k]
	}
	return start
}

// length is the time the schedule covers.
func (s schedule) length() time.Duration {
	var d time.Duration
	for _, sp := range s.spans {
		d += sp.length
	}
	return d
}
