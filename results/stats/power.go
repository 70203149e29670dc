package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Moments are the number of values, their mean, and their standard deviation.
type Moments struct {
	N        int
	Mean, SD float64
}

// MomentsOf leaves NaNs out. The standard deviation is no smaller than the resolution: what was read off a scale of steps may be the
// same each time and is still not known any better. It is that of one value, too, and the mean of none is NaN.
func MomentsOf(values []float64, resolution float64) Moments {
	var m Moments
	for _, v := range values {
		if !math.IsNaN(v) {
			m.N++
			m.Mean += (v - m.Mean) / float64(m.N)
		}
	}
	squares := 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			squares += (v - m.Mean) * (v - m.Mean)
		}
	}
	if m.N == 0 {
		m.Mean = math.NaN()
	}
	if m.N > 1 {
		m.SD = math.Sqrt(squares / float64(m.N-1))
	}
	m.SD = max(m.SD, resolution)
	return m
}

// Error is the standard error of the mean.
func (m Moments) Error() float64 { return m.SD / math.Sqrt(float64(m.N)) }

// Power is how often a t test of n values with the critical value bound finds a mean, and an estimate of at least floor, when the
// values are normal with that mean and standard deviation: the non-central t distribution, cut off at the floor. NaN for fewer than
// two values and without a standard deviation.
//
// Given w, the estimated standard deviation by the true one, both ask for an estimate beyond something; and (n−1)·w² has a chi-squared
// distribution and is independent of the estimate.
func Power(mean, sd float64, n int, bound, floor float64) float64 {
	if n < 2 || !(sd > 0) || math.IsNaN(mean+bound+floor) {
		return math.NaN()
	}
	p := newPowers(n)
	root := math.Sqrt(float64(n)) / sd
	return p.at(mean*root, bound, floor*root)
}

// powers integrates over w.
type powers struct{ w, weight []float64 }

func newPowers(n int) powers {
	nu := float64(n - 1)
	chi := distuv.ChiSquared{K: nu}
	r := legendre(64)
	const far = 8 // standard deviations of w, about
	low, high := max(0, 1-far/math.Sqrt(2*nu)), 1+far/math.Sqrt(2*nu)
	var p powers
	for i, x := range r.points {
		w := (low+high)/2 + (high-low)/2*x
		p.w = append(p.w, w)
		p.weight = append(p.weight, r.weights[i]*(high-low)/2*chi.Prob(nu*w*w)*2*nu*w)
	}
	return p
}

func (p powers) at(shift, bound, floor float64) float64 {
	sum := 0.0
	for i, w := range p.w {
		sum += p.weight[i] * distuv.UnitNormal.CDF(shift-max(bound*w, floor))
	}
	return min(1, sum)
}

// usualPower is that of what a gate says it finds.
const usualPower = 0.8

// SmallestFound is the mean that Power is 0.8 of: the minimum detectable effect of a test with that bound (and of one with looks before
// it, which finds a little more). NaN where Power is.
func SmallestFound(sd float64, n int, bound, floor float64) float64 {
	if math.IsNaN(Power(0, sd, n, bound, floor)) {
		return math.NaN()
	}
	p := newPowers(n)
	root := math.Sqrt(float64(n)) / sd
	low, high := 0.0, max(bound, 0)*4+max(floor, 0)*root+8
	for range 60 {
		middle := (low + high) / 2
		if p.at(middle, bound, floor*root) < usualPower {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2 / root
}

// mostNeeded is beyond what NeededValues looks for.
const mostNeeded = 1000

// NeededValues is the smallest number of values of that standard deviation with which a test of alpha, that looks after each from the
// first on, finds a mean four times out of five at its last look; not ok beyond 1000 or when there is none. Beyond 20 values the last
// bound is taken to have the nominal level of that for 20.
func NeededValues(mean, sd, floor, alpha float64, first int) (int, bool) {
	if !(mean > floor) || !(sd > 0) || Bounds(alpha, first, max(first, tabledMost)) == nil {
		return 0, false
	}
	tabled := Bounds(alpha, first, max(first, tabledMost))
	level := studentTail(tabled[len(tabled)-1], float64(max(first, tabledMost)-1))
	found := func(n int) bool {
		var bound float64
		if n <= max(first, tabledMost) {
			all := Bounds(alpha, first, n)
			bound = all[len(all)-1]
		} else {
			bound = studentQuantile(level, float64(n-1))
		}
		return Power(mean, sd, n, bound, floor) >= usualPower
	}
	low, high := first, mostNeeded
	if !found(high) {
		return 0, false
	}
	for low < high {
		middle := (low + high) / 2
		if found(middle) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, true
}

// Successive is the autocorrelation of successive values; 0 for a constant series and for fewer than three values.
func Successive(values []float64) float64 {
	m := MomentsOf(values, 0)
	if m.N != len(values) || m.N < 3 {
		return 0
	}
	centred := make([]float64, len(values))
	for i, v := range values {
		centred[i] = v - m.Mean
	}
	r := autocorrelation(centred)
	if len(r) == 0 {
		return 0
	}
	return r[0]
}

// studentTail is the probability of a t beyond a value, with nu degrees of freedom.
func studentTail(t, nu float64) float64 {
	if !(nu > 0) || math.IsNaN(t) {
		return math.NaN()
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: nu}.Survival(t)
}

// studentQuantile is the t beyond which a probability lies, with nu degrees of freedom.
func studentQuantile(tail, nu float64) float64 {
	if !(nu > 0) || !(tail > 0 && tail < 1) {
		return math.NaN()
	}
	return -distuv.StudentsT{Mu: 0, Sigma: 1, Nu: nu}.Quantile(tail)
}
