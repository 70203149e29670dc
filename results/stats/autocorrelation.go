package stats

import (
	"cmp"
	"math"
	"slices"
)

// inflation is by how much the autocorrelation of the detrended points multiplies the variance of Kendall's S: at least 1.
func inflation(points []Sample, slope float64) float64 {
	n := len(points)
	r := autocorrelation(detrendedRanks(points, slope))
	if len(r) == 0 || n < fewestCorrelated {
		return 1
	}
	// The first-order coefficient of a series of which a line was taken is too small by (2 + 4φ)/n, as that of one of which
	// the mean was taken is by (1 + 3φ)/n (Marriott and Pope 1954, Kendall 1954).
	phi := (float64(n)*r[0] + 2) / float64(n-4)
	phi = max(0, min(phi, mostCorrelation))
	process, seen := make([]float64, n-1), make([]float64, n-1)
	for i, power := 0, 1.0; i < n-1; i++ {
		power *= phi
		process[i] = power
	}
	for i := 0; i < n-1 && r[i] > 0; i++ {
		seen[i] = r[i]
	}
	return max(1, hamedRao(process, n), hamedRao(seen, n))
}

// hamedRao is n/n* of Hamed and Rao 1998 for the autocorrelation of ranks at the lags 1 to n−1.
func hamedRao(r []float64, n int) float64 {
	total := 0.0
	for i, rho := range r {
		left := float64(n - i - 1)
		total += left * (left - 1) * (left - 2) * rho
	}
	all := float64(n)
	return 1 + 2*total/(all*(all-1)*(all-2))
}

// detrendedRanks are the ranks, less their mean, of what a line leaves of the values; ties share theirs.
func detrendedRanks(points []Sample, slope float64) []float64 {
	n := len(points)
	left, order := make([]float64, n), make([]int, n)
	for i, p := range points {
		left[i], order[i] = p.Value-slope*(p.At-points[0].At), i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(left[a], left[b]) })
	ranks := make([]float64, n)
	for from := 0; from < n; {
		to := from + 1
		for to < n && left[order[to]] == left[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = float64(from+to-1)/2 - float64(n-1)/2
		}
		from = to
	}
	return ranks
}

// autocorrelation is that of a centred series at the lags 1 to n−1; none for a constant one.
func autocorrelation(x []float64) []float64 {
	power := 0.0
	for _, v := range x {
		power += v * v
	}
	if power == 0 || math.IsNaN(power) {
		return nil
	}
	r := make([]float64, len(x)-1)
	for lag := 1; lag < len(x); lag++ {
		for i := range x[lag:] {
			r[lag-1] += x[i] * x[i+lag]
		}
		r[lag-1] /= power
	}
	return r
}
