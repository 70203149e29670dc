package stats

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
)

// Spent is the share of an error that may have been spent by the nth of at most most values: (n/most)², of the power family of K. Kim
// and D. L. DeMets (Design and analysis of group sequential tests based on the type I error spending rate function, 1987). It keeps most
// for the end, and leaves enough for an early stop on what is large.
func Spent(n, most int) float64 {
	t := float64(n) / float64(most)
	return min(1, t*t)
}

// ComputeBounds are the critical values of a one-sided t test that looks after every value, from the first to the most: the error is
// spent as Spent says, and is exactly alpha over all looks together when the values are independent and normal with a mean of 0. It is
// nil where there is no such test: fewer than three values at the first look, or an alpha outside 0 to 0.5.
//
// The usual bounds of group-sequential tests (P. C. O'Brien and T. R. Fleming 1979, and all that follow them) are for a known
// variance; of five values a t beyond them is no rarity, and t quantiles at their nominal levels, the usual repair (C. Jennison and
// B. W. Turnbull, Group Sequential Methods, chapter 4, 1999), hold only about. These hold exactly, for the t process is a Markov
// chain in one variable:
//
// Let S and Q be the sum of the values and of their squares after n of them. T is √(n−1)·tan ψ, with sin ψ = S/√(n·Q). With a mean of
// 0, Q is sufficient and complete for the variance and ψ at all n has a distribution without it, so that they are independent
// (D. Basu, On statistics independent of a complete sufficient statistic, 1955): the past of ψ says nothing of Q, and ψ after the next
// value depends on it by ψ now alone. The values, scaled to Q = 1, are uniform on the sphere. So ψ after n has a density as cos^(n−2)ψ;
// and given S after n+1 values, the last of them is S/(n+1) + √(1−S²/(n+1))·√(n/(n+1))·sin φ, where φ has a density as cos^(n−2)φ.
//
// The chain is followed in that reversed direction, in which all densities are bounded: kept(ψ) is the probability that no
// bound was crossed at or before n, given ψ after n; its mean over φ is that probability before n+1, given ψ after n+1; and the
// probability to cross first at n+1 is its integral beyond the bound.
func ComputeBounds(alpha float64, first, most int) []float64 {
	return computeBounds(alpha, first, most, sequentialNodes)
}

func computeBounds(alpha float64, first, most, nodes int) []float64 {
	if first < 3 || most < first || !(alpha > 0 && alpha < 0.5) {
		return nil
	}
	bounds := make([]float64, 0, most-first+1)
	spent := 0.0
	before := survival{quad: legendre(nodes)} // of the looks before: there was none
	for n := first; n <= most; n++ {
		share := alpha*Spent(n, most) - spent
		spent += share
		edge := before.edge(n, share)
		bounds = append(bounds, math.Sqrt(float64(n-1))*math.Tan(edge))
		before = before.next(n, edge)
	}
	return bounds
}

// sequentialNodes are those of every integral and of every interpolation: with half as many again, bounds are the same to a few parts
// in 100,000.
const sequentialNodes = 40

// survival is the probability that no bound was crossed at the looks up to n, by ψ after n.
type survival struct {
	n     int     // 0: there was no look
	bound float64 // ψ at the bound of look n
	kept  chebyshev
	quad  rule
}

// after is the probability that no bound was crossed before, given ψ after n+1 values.
func (s survival) after(psi float64) float64 {
	if s.n == 0 {
		return 1
	}
	n := float64(s.n)
	// Q is 1. r is S after n+1; x is the last value; (r−x)/√(1−x²) is S/√Q without it, which must not exceed b.
	r, b := math.Sqrt(n+1)*math.Sin(psi), math.Sqrt(n)*math.Sin(s.bound)
	room := 1 + b*b - r*r
	if room <= 0 {
		return 0
	}
	centre, spread := r/(n+1), math.Sqrt(n/(n+1))*math.Cos(psi)
	angle := func(x float64) float64 { return math.Asin(max(-1, min(1, (x-centre)/spread))) }
	from, to := angle((r-b*math.Sqrt(room))/(1+b*b)), math.Pi/2
	if r > 1 { // then a last value that is large enough makes what was before it all alike
		to = angle((r + b*math.Sqrt(room)) / (1 + b*b))
	}
	if to <= from {
		return 0
	}
	density := cosine(s.n - 2)
	return s.quad.integral(func(phi float64) float64 {
		x := centre + spread*math.Sin(phi)
		rest := math.Sqrt(max(0, 1-x*x))
		was := s.bound
		if rest > 0 {
			was = math.Asin(max(-1, min(1, (r-x)/rest/math.Sqrt(n))))
		}
		return s.kept.at(min(was, s.bound)) * density(phi)
	}, from, to)
}

// edge is the ψ of look n beyond which the bound is crossed there for the first time with the given probability.
func (s survival) edge(n int, share float64) float64 {
	high := math.Pi / 2
	if s.n > 0 {
		// Beyond it, a bound was crossed before.
		b := math.Sqrt(float64(s.n)) * math.Sin(s.bound)
		high = math.Asin(min(1, math.Sqrt((1+b*b)/float64(n))))
	}
	low := 0.0
	from, to := low, high
	density := cosine(n - 2)
	beyond := func(psi float64) float64 {
		// The integrand vanishes as a root at its end, which squares away.
		width := high - psi
		return s.quad.integral(func(z float64) float64 {
			at := high - width*z*z
			return density(at) * s.after(at) * 2 * width * z
		}, 0, 1)
	}
	for range 60 {
		middle := (from + to) / 2
		if to-from < 1e-13 {
			break
		}
		if beyond(middle) > share {
			from = middle
		} else {
			to = middle
		}
	}
	return (from + to) / 2
}

// next is the survival after look n with its bound at edge.
func (s survival) next(n int, edge float64) survival {
	return survival{n: n, bound: edge, kept: interpolate(s.after, len(s.quad.points), -math.Pi/2, edge), quad: s.quad}
}

// cosine is the density on ±π/2 that is as the power of the cosine.
func cosine(power int) func(float64) float64 {
	p := float64(power)
	a, _ := math.Lgamma((p + 2) / 2)
	b, _ := math.Lgamma((p + 1) / 2)
	scale := math.Exp(a-b) / math.Sqrt(math.Pi)
	return func(x float64) float64 { return scale * math.Pow(max(0, math.Cos(x)), p) }
}

// rule is that of Gauss and Legendre on ±1.
type rule struct{ points, weights []float64 }

func legendre(nodes int) rule {
	r := rule{make([]float64, nodes), make([]float64, nodes)}
	quad.Legendre{}.FixedLocations(r.points, r.weights, -1, 1)
	return r
}

func (r rule) integral(f func(float64) float64, from, to float64) float64 {
	sum, middle, half := 0.0, (from+to)/2, (to-from)/2
	for i, x := range r.points {
		sum += r.weights[i] * f(middle+half*x)
	}
	return half * sum
}

// chebyshev is a polynomial through values at the Chebyshev points of an interval, by the barycentric formula (J.-P. Berrut and
// L. N. Trefethen, Barycentric Lagrange interpolation, 2004).
type chebyshev struct{ points, values []float64 }

func interpolate(f func(float64) float64, nodes int, from, to float64) chebyshev {
	var c chebyshev
	for i := range nodes + 1 {
		x := (from+to)/2 + (to-from)/2*math.Cos(math.Pi*float64(i)/float64(nodes))
		c.points, c.values = append(c.points, x), append(c.values, f(x))
	}
	return c
}

func (c chebyshev) at(x float64) float64 {
	above, below := 0.0, 0.0
	for i, p := range c.points {
		if x == p {
			return c.values[i]
		}
		w := 1 / (x - p)
		if i%2 == 1 {
			w = -w
		}
		if i == 0 || i == len(c.points)-1 {
			w /= 2
		}
		above, below = above+w*c.values[i], below+w
	}
	return above / below
}
