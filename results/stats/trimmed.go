package stats

import (
	"math"
	"slices"
)

// GateTrim is the share that the gate leaves out at each end of a pair's windows.
const GateTrim = 0.2

// TrimmedMean is the mean of what is left when the share is left out at each end: of n values the ⌊share·n⌋ smallest and as many
// largest (J. W. Tukey and D. H. McLaughlin, Less vulnerable confidence and significance procedures for location based on a single
// sample, 1963). A share of 0.2 of nine windows leaves out one of each, so that a burst of a few seconds in one of them does not
// count. NaNs are no values; without values it is NaN. The values stay as they are.
func TrimmedMean(values []float64, share float64) float64 {
	sorted := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) {
			sorted = append(sorted, v)
		}
	}
	slices.Sort(sorted)
	const rounding = 1e-9 // 0.2 × 5 is 1
	cut := int(share*float64(len(sorted)) + rounding)
	cut = max(0, min(cut, (len(sorted)-1)/2))
	sorted = sorted[cut : len(sorted)-cut]
	sum := 0.0
	for _, v := range sorted {
		sum += v
	}
	return sum / float64(len(sorted))
}
