package executor

import (
	"math"
	"testing"
	"time"
)

func seconds(s float64) time.Duration { return time.Duration(s * 1e9) }

func TestScheduleOffersTheAreaUnderTheRate(t *testing.T) {
	for _, row := range []struct {
		name  string
		spans []Span
		count int64
		at    map[int64]time.Duration
	}{
		{"a constant rate begins at once and repeats", []Span{{200, 200, 3 * time.Second}}, 600,
			map[int64]time.Duration{0: 0, 1: 5 * time.Millisecond, 200: time.Second, 599: 2995 * time.Millisecond}},
		{"a slow rate offers less than one a second", []Span{{0.5, 0.5, 4 * time.Second}}, 2,
			map[int64]time.Duration{0: 0, 1: 2 * time.Second}},
		{"a third of a second is not lost to rounding", []Span{{3, 3, time.Second}}, 3,
			map[int64]time.Duration{1: 333333333, 2: 666666667}},
		{"a part of an iteration is one that is due", []Span{{1, 1, 1500 * time.Millisecond}}, 2,
			map[int64]time.Duration{1: time.Second}},
		{"a ramp from nothing follows the square root", []Span{{0, 10, 10 * time.Second}}, 50,
			map[int64]time.Duration{0: 0, 8: 4 * time.Second, 32: 8 * time.Second}},
		{"a ramp to nothing ends before its end", []Span{{10, 0, 10 * time.Second}}, 50,
			map[int64]time.Duration{0: 0, 18: 2 * time.Second, 42: 6 * time.Second}},
		{"what a stage leaves over is due in the next", []Span{{2, 2, 4900 * time.Millisecond}, {4, 4, time.Second}}, 14,
			map[int64]time.Duration{9: 4500 * time.Millisecond, 10: 4950 * time.Millisecond, 11: 5200 * time.Millisecond}},
		{"a stage of no length is a jump", []Span{{1, 1, time.Second}, {1, 100, 0}, {100, 100, time.Second}}, 101,
			map[int64]time.Duration{1: time.Second, 2: 1010 * time.Millisecond}},
		{"a pause offers nothing", []Span{{10, 10, time.Second}, {10, 0, 0}, {0, 0, time.Second}, {0, 10, 0}, {10, 10, time.Second}}, 20,
			map[int64]time.Duration{9: 900 * time.Millisecond, 10: 2 * time.Second, 11: 2100 * time.Millisecond}},
		{"no rate at all", []Span{{0, 0, time.Second}}, 0, nil},
		{"no time at all", nil, 0, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := NewSchedule(row.spans...)
			if s.Count() != row.count {
				t.Errorf("count %d, want %d", s.Count(), row.count)
			}
			for i, want := range row.at {
				if got := s.At(float64(i)); got != want {
					t.Errorf("iteration %d is due at %v, want %v", i, got, want)
				}
			}
		})
	}
}

func TestScheduleNeverGoesBackAndNeverDrifts(t *testing.T) {
	for _, spans := range [][]Span{
		{{1000, 1000, time.Hour}},
		{{0, 777, seconds(13.7)}, {777, 777, seconds(60)}, {777, 1e-3, seconds(9.1)}},
		{{1, 1 + 1e-9, seconds(100)}}, // nearly constant: the textbook root cancels here
		{{333.333, 333.333, seconds(7)}, {333.333, 2, 0}, {2, 2, seconds(7)}},
	} {
		s := NewSchedule(spans...)
		last := time.Duration(-1)
		step := max(1, s.Count()/100_000)
		for i := int64(0); i < s.Count(); i += step {
			at := s.At(float64(i))
			if at < last || at > s.Length() {
				t.Fatalf("%v: iteration %d is due at %v, after one at %v", spans, i, at, last)
			}
			last = at
			if area := areaUntil(spans, at); math.Abs(area-float64(i)) > 1e-3 {
				t.Fatalf("%v: when iteration %d is due %f were to have been", spans, i, area)
			}
		}
	}
}

// areaUntil integrates the rate in small steps, independently of schedule.
func areaUntil(spans []Span, t time.Duration) float64 {
	area := 0.0
	for _, s := range spans {
		d := min(t, s.Length)
		if s.Length > 0 {
			end := s.From + (s.To-s.From)*d.Seconds()/s.Length.Seconds()
			area += (s.From + end) / 2 * d.Seconds()
		}
		t -= d
	}
	return area
}
