package stats

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Sample is a value at a moment, in seconds from any origin.
type Sample struct{ At, Value float64 }

// Slope is how fast a series grows, per second.
type Slope struct {
	Value float64
	// Low and High are the ends of the interval; infinite where too few of the points are of different moments to bound it.
	Low, High float64
	Points    int     // that the estimate rests on, after binning
	Effective float64 // how many independent points they are worth
}

const (
	// mostPoints bounds the work: the estimate looks at every pair of points.
	mostPoints = 240
	// fewestPoints is the least with which any interval of 95 % exists: of 4 points, all 6 pairs agree by chance one time in 12.
	fewestPoints = 5
	// fewestCorrelated is the least from which an autocorrelation can be estimated at all.
	fewestCorrelated = 24
	// mostExact is up to how many points the distribution of S is used itself, and not the normal one.
	mostExact = 10
	// mostCorrelation keeps the correction for autocorrelation finite; noise as slow as that is a trend to anyone who looks
	// no longer.
	mostCorrelation = 0.99
	// tail is what the interval leaves out on each side.
	tail = 0.025
)

// TheilSen estimates the slope of a series as the median of the slopes between all pairs of its points (H. Theil, A
// rank-invariant method of linear and polynomial regression analysis, 1950; P. K. Sen, Estimates of the regression coefficient
// based on Kendall's tau, 1968), with Sen's interval of 95 % from the order statistics of those slopes and the variance of
// Kendall's S with ties. It is not ok with fewer than five points or when all of them are of one moment.
//
// Samples need not be equidistant or in order. More than 240 are first cut into as many bins of equal time, each of which
// becomes its median.
//
// Sen's interval is one for independent points, and samples of a process are not: what was high a second ago is high now. The
// variance is therefore multiplied as K. H. Hamed and A. R. Rao do (A modified Mann-Kendall trend test for autocorrelated data,
// 1998), with two estimates of the autocorrelation of the detrended ranks, of which the wider counts: the estimates of all lags
// before the first that is not positive (which sees cycles), and a first-order process whose coefficient is corrected for the
// bias of a short, detrended series (which sees slow noise). Where they say that the points are worth fewer, the quantile is
// Student's for as many. The interval is never narrower than that of independent points. Fewer than 24 points are taken for
// independent, as nothing can be said of their correlation: whoever gives so few must know that they are.
//
// Ranks know nothing of sizes: of points that are worth few they bound nothing, not even of a series that rises at every step and
// leaves its line by a hundredth of its rise. There the interval for independent points is stretched instead, by as much as the
// standard deviation of S and the quantile are larger, which is the same for a long series, and kept within the slopes of all
// pairs: that every one of n points lies above the one before it, while nothing grows, happens to noise of the first order once
// in 2^(n−1) series at the most, however slowly it forgets, for the steps of a walk are independent, and those of any other hinder
// each other. So a series that rises without exception is known to rise; one that falls back, as a heap does at a collection, is not.
//
// Simulated with 600 points a second apart: it covers the truth in 95 to 97 % of the series with independent noise and with
// first-order noise that forgets within 5, 10, 20 and 50 s; with 60 points in 93 % of those that forget within 5 s, and in 82 %
// of those that forget within 50 s, which look like a walk and nothing else.
func TheilSen(samples []Sample) (Slope, bool) {
	points := binned(samples)
	slopes := pairSlopes(points)
	if len(points) < fewestPoints || len(slopes) == 0 {
		return Slope{Points: len(points)}, false
	}
	n := float64(len(points))
	s := Slope{Value: middle(slopes), Points: len(points)}
	factor := inflation(points, s.Value)
	s.Effective = n / factor
	deviation := math.Sqrt(kendallVariance(points))
	independent := critical(len(points), n) * deviation
	half := critical(len(points), s.Effective) * deviation * math.Sqrt(factor)
	var bounded bool
	if s.Low, s.High, bounded = ends(slopes, half); bounded {
		return s, true
	}
	if low, high, ok := ends(slopes, independent); ok {
		s.Low = stretched(s.Value, low, slopes[0], half/independent)
		s.High = stretched(s.Value, high, slopes[len(slopes)-1], half/independent)
	}
	return s, true
}

// ends are those of Sen's interval: the slopes whose ranks lie half of S to either side of the middle. There are none where half is
// nearly as much as there are pairs.
func ends(slopes []float64, half float64) (low, high float64, ok bool) {
	pairs := float64(len(slopes))
	// Ranks are from 1; each is rounded outwards.
	from, to := math.Floor((pairs-half)/2), math.Ceil((pairs+half)/2)+1
	if from < 1 || to > pairs {
		return math.Inf(-1), math.Inf(1), false
	}
	return slopes[int(from)-1], slopes[int(to)-1], true
}

// stretched is an end of an interval that many times as far from the value, and no further than the extreme. An end that ties hold
// at the value does not say how far away the next would be.
func stretched(value, end, extreme, times float64) float64 {
	if far := value + (end-value)*times; end != value && math.Abs(far-value) < math.Abs(extreme-value) {
		return far
	}
	return extreme
}

// binned is the series in order, cut into at most mostPoints bins of equal time.
func binned(samples []Sample) []Sample {
	points := slices.Clone(samples)
	slices.SortStableFunc(points, func(a, b Sample) int { return cmp.Compare(a.At, b.At) })
	if len(points) <= mostPoints {
		return points
	}
	first, last := points[0].At, points[len(points)-1].At
	width := (last - first) / mostPoints
	var bins []Sample
	for from := 0; from < len(points); {
		bin := min(mostPoints-1, int((points[from].At-first)/width))
		to := from + 1
		for to < len(points) && min(mostPoints-1, int((points[to].At-first)/width)) == bin {
			to++
		}
		bins = append(bins, median(points[from:to]))
		from = to
	}
	return bins
}

// median is the median moment and the median value of some samples.
func median(samples []Sample) Sample {
	at, values := make([]float64, len(samples)), make([]float64, len(samples))
	for i, s := range samples {
		at[i], values[i] = s.At, s.Value
	}
	slices.Sort(at)
	slices.Sort(values)
	return Sample{middle(at), middle(values)}
}

// middle is the median of sorted numbers.
func middle(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return sorted[n/2-1]/2 + sorted[n/2]/2
}

// pairSlopes are the slopes between all pairs of points of different moments, sorted.
func pairSlopes(points []Sample) []float64 {
	slopes := make([]float64, 0, len(points)*(len(points)-1)/2)
	for i, a := range points {
		for _, b := range points[i+1:] {
			if b.At > a.At {
				slopes = append(slopes, (b.Value-a.Value)/(b.At-a.At))
			}
		}
	}
	slices.Sort(slopes)
	return slopes
}

// kendallVariance is the variance of Kendall's S of independent points, less what ties take (Kendall; Sen 1968).
func kendallVariance(points []Sample) float64 {
	tied := func(of func(Sample) float64) float64 {
		values := make([]float64, len(points))
		for i, p := range points {
			values[i] = of(p)
		}
		slices.Sort(values)
		total, run := 0.0, 1.0
		for i := 1; i <= len(values); i++ {
			if i < len(values) && values[i] == values[i-1] {
				run++
				continue
			}
			total += run * (run - 1) * (2*run + 5)
			run = 1
		}
		return total
	}
	n := float64(len(points))
	all := n * (n - 1) * (2*n + 5)
	return max(0, all-tied(func(s Sample) float64 { return s.Value })-tied(func(s Sample) float64 { return s.At })) / 18
}

// critical is how many standard deviations of S the interval reaches to each side. Of up to ten points it is exact, for the
// normal distribution is a poor likeness of S then; where autocorrelation makes them worth fewer, Student's t widens it.
func critical(n int, effective float64) float64 {
	wider := 1.0
	normal := distuv.UnitNormal.Quantile(1 - tail)
	if effective < float64(n) {
		wider = distuv.StudentsT{Sigma: 1, Nu: max(1, effective-2)}.Quantile(1-tail) / normal
	}
	if n > mostExact {
		return normal * wider
	}
	pairs := n * (n - 1) / 2
	share, of := 0.0, orders(n)
	for inversions := 0; inversions <= pairs; inversions++ {
		if share += of[inversions]; share > tail {
			size := float64(n)
			return float64(pairs-2*inversions) / math.Sqrt(size*(size-1)*(2*size+5)/18) * wider
		}
	}
	return normal * wider // not reached: the shares add up to 1
}

// orders is the share of the orders of n things that have so many inversions (Kendall 1938).
func orders(n int) []float64 {
	shares := []float64{1}
	for k := 2; k <= n; k++ {
		next := make([]float64, len(shares)+k-1)
		for i, share := range shares {
			for j := range k {
				next[i+j] += share / float64(k)
			}
		}
		shares = next
	}
	return shares
}
