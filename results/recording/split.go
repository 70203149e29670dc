package recording

import "math/bits"

// odds are what is known of how values divide at one point of their scale: how many were on the left so far, of how many.
// Old ones fade: past fadeAt all counts are halved.
type odds struct{ left, total uint16 }

const (
	fadeAt = 4096
	// widest is the largest number of values that is divided exactly as it was; of more the lower bits are taken as equally
	// likely, which costs a bit or so for more than a thousand values.
	widest = 1024
	// thinnest is the weight, relative to the greatest, from which on outcomes are not told from one another any more.
	thinnest = 0x1p-20
	scale    = 0x1p16 // of the greatest weight
)

// split codes how many of n values are on the left, and learns from it. The prior is the weight, in values on each side, of
// not knowing.
//
// The number on the left is held to be beta-binomial: each value falls left with a probability that is known only as far as
// values before have shown it. All arithmetic on weights is of single operations whose results IEEE 754 fixes, never a
// product that is added to something, which some machines round only once: both sides must come to the same weights.
func (c *rangecoder) split(o *odds, prior float64, n, left uint64) uint64 {
	a := float64(o.left) + prior
	b := float64(o.total-o.left) + prior
	left = c.divide(a, b, n, left)
	if c.err == nil {
		o.learn(n, left)
	}
	return left
}

func (o *odds) learn(n, left uint64) {
	for n > fadeAt {
		n, left = n>>1, left>>1
	}
	l, t := uint64(o.left)+left, uint64(o.total)+n
	for t > fadeAt {
		l, t = l>>1, t>>1
	}
	o.left, o.total = uint16(l), uint16(t)
}

func (c *rangecoder) divide(a, b float64, n, left uint64) uint64 {
	if n == 1 {
		return c.single(a/(a+b), left)
	}
	fine := max(0, bits.Len64(n)-bits.Len64(widest-1))
	if fine == 0 {
		return c.some(a, b, int(n), left)
	}
	high := c.some(a, b, int(n>>fine), left>>fine)
	left = high<<fine | c.uniform(left&(1<<fine-1), 1<<fine)
	if left > n {
		c.fail("more values in a part than in the whole")
		return 0
	}
	return left
}

// single divides one value, which falls left with probability p.
func (c *rangecoder) single(p float64, left uint64) uint64 {
	const total = 1 << 16
	size := min(max(uint64(p*total), 1), total-1)
	if c.reading {
		left = 0
		if c.at(total) < size {
			left = 1
		}
	}
	switch {
	case c.err != nil:
		return 0
	case left == 1:
		c.narrow(0, size, total)
	default:
		c.narrow(size, total-size, total)
	}
	return left
}

// some divides n values. The outcomes near to the likeliest each have a share of the interval; the others share one.
func (c *rangecoder) some(a, b float64, n int, left uint64) uint64 {
	from, total := c.outcomes(a, b, n)
	sizes := c.sizes
	others := uint64(n + 1 - len(sizes))
	if others > 0 {
		total++
	}
	var at uint64
	if c.reading {
		at = c.at(total)
		if c.err != nil {
			return 0
		}
	}
	begin := uint64(0)
	for i, size := range sizes {
		if c.reading && at < begin+uint64(size) || !c.reading && left == uint64(from+i) {
			c.narrow(begin, uint64(size), total)
			return uint64(from + i)
		}
		begin += uint64(size)
	}
	c.narrow(begin, 1, total)
	if left > uint64(from) { // others are numbered as if those with a share of their own were not there
		left -= uint64(len(sizes))
	}
	if left = c.uniform(left, others); left >= uint64(from) {
		left += uint64(len(sizes))
	}
	return left
}

// outcomes fills sizes with the shares of the outcomes from `from` on, and returns their sum.
func (c *rangecoder) outcomes(a, b float64, n int) (from int, total uint64) {
	mode := min(int(float64(n)*a/(a+b)), n)
	w, most := c.weights[:0], 1.0
	// Down from the mode, and turned round; then up.
	for k, v := mode, 1.0; k > 0; k-- {
		fk := float64(k)
		v *= (fk * (b + float64(n-k))) / (float64(n-k+1) * (a + float64(k-1)))
		if v < most*thinnest {
			break
		}
		w, most = append(w, v), max(most, v)
	}
	for i, j := 0, len(w)-1; i < j; i, j = i+1, j-1 {
		w[i], w[j] = w[j], w[i]
	}
	from = mode - len(w)
	w = append(w, 1)
	for k, v := mode, 1.0; k < n; k++ {
		v *= (float64(n-k) * (a + float64(k))) / (float64(k+1) * (b + float64(n-k-1)))
		if v < most*thinnest {
			break
		}
		w, most = append(w, v), max(most, v)
	}
	c.weights = w
	c.sizes = c.sizes[:0]
	for _, v := range w {
		size := uint32(v/most*scale) + 1
		c.sizes = append(c.sizes, size)
		total += uint64(size)
	}
	return from, total
}
