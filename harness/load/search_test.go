package load

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

// searched lets a search run against a target that answers for each attempt, and returns the rates that were tried.
func searched(plan SearchPlan, answer func(rate float64, nth int) attempt) (rates []float64, end results.SearchEnd) {
	var tried []attempt
	for range 100 {
		rate, again, end := plan.next(tried)
		if end != "" {
			return rates, end
		}
		if again != (times(tried, rate) == 1) {
			return rates, "again is wrong"
		}
		a := answer(rate, len(tried))
		a.rate = rate
		tried, rates = append(tried, a), append(rates, rate)
	}
	return rates, "without end"
}

func TestTheSearchClimbsRepeatsAndHalves(t *testing.T) {
	held, broke := attempt{outcome: results.Pass}, attempt{outcome: results.Fail}
	unfit := attempt{outcome: results.Inconclusive, unfit: true}
	capacity := func(c float64) func(float64, int) attempt {
		return func(rate float64, _ int) attempt {
			if rate > c {
				return broke
			}
			return held
		}
	}
	plan := SearchPlan{From: 10, Most: 100, Factor: 2}
	for _, row := range []struct {
		name   string
		plan   SearchPlan
		answer func(float64, int) attempt
		rates  []float64
		end    results.SearchEnd
	}{
		{"it climbs by the factor, repeats what broke and halves the way", plan, capacity(50),
			[]float64{10, 20, 40, 80, 80, 56.6, 56.6, 47.6, 51.9, 51.9}, results.SearchFound},
		{"the most is tried even where the factor goes beyond", plan, capacity(1000), []float64{10, 20, 40, 80, 100}, results.SearchMost},
		{"a start at the most is one step", SearchPlan{From: 10, Most: 10, Factor: 2}, capacity(1000), []float64{10}, results.SearchMost},
		{"a first rate that breaks twice ends it", plan, capacity(5), []float64{10, 10}, results.SearchFirst},
		{"an unlucky step is repeated and forgotten", plan, func(_ float64, nth int) attempt {
			if nth == 1 {
				return broke
			}
			return held
		}, []float64{10, 20, 20, 40, 80, 100}, results.SearchMost},
		{"what can't be told is repeated, then taken for broken", plan, func(rate float64, _ int) attempt {
			if rate > 15 {
				return attempt{outcome: results.Inconclusive}
			}
			return held
		}, []float64{10, 20, 20, 14.1, 16.8, 16.8, 15.4, 15.4}, results.SearchFound},
		{"a generator at its limit ends it, after a second try", plan, func(rate float64, _ int) attempt {
			if rate > 30 {
				return unfit
			}
			return held
		}, []float64{10, 20, 40, 40}, results.SearchUnfit},
	} {
		t.Run(row.name, func(t *testing.T) {
			rates, end := searched(row.plan, row.answer)
			if diff := cmp.Diff(row.rates, rates); diff != "" || end != row.end {
				t.Errorf("ended %s, want %s\n%s", end, row.end, diff)
			}
		})
	}
}

func TestTheSearchEndsAroundEveryCapacity(t *testing.T) {
	plan := SearchPlan{From: 3, Most: 50000, Factor: 1.5}
	for c := 3.0; c < 50000; c *= 1.0137 {
		low, high := 0.0, math.Inf(1)
		_, end := searched(plan, func(rate float64, _ int) attempt {
			if rate > c {
				high = min(high, rate)
				return attempt{outcome: results.Fail}
			}
			low = max(low, rate)
			return attempt{outcome: results.Pass}
		})
		if end != results.SearchFound && end != results.SearchMost || low > c || high <= c || end == results.SearchFound && high > low*closeEnough {
			t.Fatalf("a capacity of %v: %s between %v and %v", c, end, low, high)
		}
	}
}

func TestDueIsNeverMoreThanWhatIsOffered(t *testing.T) {
	for rate := 0.5; rate < 3000; rate *= 1.7 {
		for _, edge := range [][2]float64{{0.4, 2}, {4, 20}, {4, 7.3}} {
			offered := int64(0)
			for n := 0.0; n/rate < edge[1]; n++ {
				if n/rate >= edge[0] {
					offered++
				}
			}
			if d := due(rate, edge[0], edge[1]); d > offered || d < offered-2 {
				t.Errorf("at %v/s from %v to %v s: %d due, %d offered", rate, edge[0], edge[1], d, offered)
			}
		}
	}
}
