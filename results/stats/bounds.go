package stats

import "math"

//go:generate go test -run ^TestTheTableOfBounds$ -update

// tabled are the bounds of one alpha and one most, for looks from the fifth value on.
type tabled struct {
	alpha  float64
	most   int
	bounds []float64
}

// tabledFirst is the first look of the bounds in the table, and tabledMost the largest number of values.
const tabledFirst, tabledMost = 5, 20

// tabledAlphas are those of the table: the error of a fail, 1 %, divided over one to six metrics, and that of a pass.
func tabledAlphas() []float64 {
	return []float64{0.01, 0.01 / 2, 0.01 / 3, 0.01 / 4, 0.01 / 5, 0.01 / 6, 0.05}
}

// Bounds are ComputeBounds out of a table, where it has them, and computed otherwise.
func Bounds(alpha float64, first, most int) []float64 {
	if first == tabledFirst {
		for _, t := range boundsTable {
			if t.most == most && math.Abs(t.alpha-alpha) < 1e-12 {
				return t.bounds
			}
		}
	}
	return ComputeBounds(alpha, first, most)
}
