package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Mean is the mean of independent values, and how well it is known.
type Mean struct {
	Value float64
	Error float64 // standard error; infinite of fewer than two values
	N     int
}

// MeanOf is the mean of values with its standard error, s/√n.
func MeanOf(values []float64) Mean {
	m := Mean{N: len(values), Error: math.Inf(1)}
	for _, v := range values {
		m.Value += v / float64(m.N)
	}
	if m.N < 2 {
		return m
	}
	squares := 0.0
	for _, v := range values {
		squares += (v - m.Value) * (v - m.Value)
	}
	m.Error = math.Sqrt(squares / float64(m.N-1) / float64(m.N))
	return m
}

// Interval is Student's interval for the mean, which leaves tail (0 to 0.5) out on each side; it is unbounded of fewer than two
// values.
func (m Mean) Interval(tail float64) (low, high float64) {
	half := m.quantile(tail) * m.Error
	return m.Value - half, m.Value + half
}

// Detectable is the true mean, above 0, whose interval of that tail lies above 0 but for the share of cases in missed: the
// quantiles of both added up, which is a little more than the non-central distribution asks for.
func (m Mean) Detectable(tail, missed float64) float64 {
	return (m.quantile(tail) + m.quantile(missed)) * m.Error
}

// quantile is how many standard errors leave tail above them.
func (m Mean) quantile(tail float64) float64 {
	if m.N < 2 {
		return 1 // of an infinite error
	}
	return distuv.StudentsT{Sigma: 1, Nu: float64(m.N - 1)}.Quantile(1 - tail)
}
