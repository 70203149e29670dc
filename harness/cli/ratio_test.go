package cli_test

import (
	"math"
	"slices"
	"testing"
)

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// studentT is the 97.5 % point of Student's t distribution with 14 degrees of freedom, which holds for 15 pairs and errs on
// the wide side for more.
const studentT = 2.145

// ratio is the geometric mean of paired ratios with its 95 % interval.
func ratio(pairs []float64) (middle, low, high float64) {
	var logs []float64
	for _, r := range pairs {
		logs = append(logs, math.Log(r))
	}
	m, squares := mean(logs), 0.0
	for _, l := range logs {
		squares += (l - m) * (l - m)
	}
	half := 0.0
	if n := float64(len(logs)); n > 1 {
		half = studentT * math.Sqrt(squares/(n-1)/n)
	}
	return math.Exp(m), math.Exp(m - half), math.Exp(m + half)
}

// TestRatiosOfPairs holds the interval against one worked out by hand.
func TestRatiosOfPairs(t *testing.T) {
	pairs := slices.Repeat([]float64{0.9, 1.0, 1.1}, 5)
	middle, low, high := ratio(pairs)
	// ln 0.9, 0 and ln 1.1 have the mean −0.003350 and, each five times, the standard deviation 0.084834.
	if math.Abs(middle-0.99666) > 1e-4 || math.Abs(low-0.95093) > 1e-4 || math.Abs(high-1.04458) > 1e-4 {
		t.Errorf("%.5f [%.5f, %.5f]", middle, low, high)
	}
}
