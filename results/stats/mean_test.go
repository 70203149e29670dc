package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestAMeanAndItsInterval(t *testing.T) {
	m := MeanOf([]float64{1, 2, 3, 4, 5})
	if m.Value != 3 || math.Abs(m.Error-math.Sqrt(0.5)) > 1e-12 {
		t.Errorf("%+v", m)
	}
	// Student's quantile of 4 degrees of freedom at 97.5 % is 2.776.
	if low, high := m.Interval(0.025); math.Abs(low-(3-2.7764*m.Error)) > 1e-4 || math.Abs(high-(3+2.7764*m.Error)) > 1e-4 {
		t.Errorf("%v to %v", low, high)
	}
	for _, few := range [][]float64{nil, {7}} {
		if low, high := MeanOf(few).Interval(0.01); !math.IsInf(low, -1) || !math.IsInf(high, 1) {
			t.Errorf("%v is bounded: %v to %v", few, low, high)
		}
	}
	if low, high := MeanOf([]float64{2, 2, 2}).Interval(0.001); low != 2 || high != 2 {
		t.Errorf("%v to %v", low, high)
	}
}

// TestAMeanIsWithinItsIntervalAsOftenAsItSays draws means of five, and those that Detectable says are seen nine times in ten.
func TestAMeanIsWithinItsIntervalAsOftenAsItSays(t *testing.T) {
	const draws, tail = 20_000, 0.01
	random := rand.New(rand.NewPCG(6, 5))
	draw := func(mean float64) Mean {
		values := make([]float64, 5)
		for i := range values {
			values[i] = mean + random.NormFloat64()
		}
		return MeanOf(values)
	}
	typical := Mean{N: 5, Error: 1 / math.Sqrt(5)}
	effect := typical.Detectable(tail, 0.1)
	above, seen := 0, 0
	for range draws {
		if low, _ := draw(0).Interval(tail); low > 0 {
			above++
		}
		if low, _ := draw(effect).Interval(tail); low > 0 {
			seen++
		}
	}
	if share := float64(above) / draws; share < 0.008 || share > 0.012 {
		t.Errorf("%.2f %% of intervals lie above a mean of 0, not 1 %%", share*100)
	}
	if share := float64(seen) / draws; share < 0.85 || share > 0.97 {
		t.Errorf("an effect of %.2f is seen in %.0f %%, not in about 90 %%", effect, share*100)
	}
}
