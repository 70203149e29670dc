package histogram

import (
	"math"
	"math/big"
	"math/bits"
	"slices"
)

const (
	limbBits = 32
	limbMask = 1<<limbBits - 1
	// maxLimbs holds 2^64 values of the largest size, in units of the smallest float64: 2^(64+1024+1074).
	maxLimbs = (64 + 1024 + 1074 + limbBits - 1) / limbBits
	// maxAdds is how often a limb can take 32 bits more before its carry must be passed on.
	maxAdds = 1 << 30
)

// exactSum is a sum of float64 values without rounding: a fixed-point number in units of 2^-1074, of which only the part
// that was touched is kept. The idea is the small superaccumulator of R. Neal, "Fast exact summation using small and large
// superaccumulators" (2015): limbs of 32 bits in words of 64, so that carries are passed on rarely.
type exactSum struct {
	first int     // limbs[i] counts units of 2^(32·(first+i)−1074)
	limbs []int64 // of either sign, until carries are passed on
	adds  uint32  // since carries were passed on
}

// add adds v, which is finite, n times.
func (s *exactSum) add(v float64, n uint64) {
	b := math.Float64bits(v)
	mantissa, shift := b&(1<<52-1), int(b>>52)&0x7ff
	if shift > 0 {
		mantissa |= 1 << 52
		shift--
	}
	if mantissa == 0 {
		return
	}
	hi, lo := bits.Mul64(mantissa, n)
	k := uint(shift % limbBits)
	w0, w1, w2 := lo<<k, hi<<k|lo>>(64-k), hi>>(64-k)
	l := s.span(shift/limbBits, 5)
	if b>>63 == 0 {
		l[0] += int64(w0 & limbMask)
		l[1] += int64(w0 >> limbBits)
		l[2] += int64(w1 & limbMask)
		l[3] += int64(w1 >> limbBits)
		l[4] += int64(w2)
	} else {
		l[0] -= int64(w0 & limbMask)
		l[1] -= int64(w0 >> limbBits)
		l[2] -= int64(w1 & limbMask)
		l[3] -= int64(w1 >> limbBits)
		l[4] -= int64(w2)
	}
	if s.adds++; s.adds >= maxAdds {
		s.carry()
	}
}

func (s *exactSum) merge(o *exactSum) {
	if len(o.limbs) == 0 {
		return
	}
	if s.adds+o.adds+1 >= maxAdds {
		s.carry()
	}
	l := s.span(o.first, len(o.limbs))
	for i, v := range o.limbs {
		l[i] += v
	}
	// One more than the adds of both: a limb whose carry was passed on may itself be of 32 bits.
	if s.adds += o.adds + 1; s.adds >= maxAdds {
		s.carry()
	}
}

// span returns the n limbs from the given one on, made where they are missing.
func (s *exactSum) span(from, n int) []int64 {
	if i := from - s.first; uint(i) < uint(len(s.limbs)) && i+n <= len(s.limbs) {
		return s.limbs[i : i+n]
	}
	if len(s.limbs) == 0 {
		s.first = from
	}
	if from < s.first {
		s.limbs = append(make([]int64, s.first-from), s.limbs...)
		s.first = from
	}
	if missing := from + n - s.first - len(s.limbs); missing > 0 {
		s.limbs = append(s.limbs, make([]int64, missing)...)
	}
	return s.limbs[from-s.first:][:n]
}

// carry brings every limb into 0 to 2^32−1, and the last, which bears the sign, into 32 signed bits.
func (s *exactSum) carry() {
	s.adds = 0
	var c int64
	for i := range s.limbs {
		v := s.limbs[i] + c
		if i == len(s.limbs)-1 {
			s.limbs[i] = v
			break
		}
		s.limbs[i], c = v&limbMask, v>>limbBits
	}
	for len(s.limbs) > 0 {
		top := &s.limbs[len(s.limbs)-1]
		if *top >= -1<<31 && *top < 1<<31 {
			return
		}
		c = *top >> limbBits
		*top &= limbMask
		s.limbs = append(s.limbs, c)
	}
}

// canonical returns the sum as sign and magnitude: limbs of 0 to 2^32−1, neither the first nor the last of them zero. Equal
// sums have equal forms; zero has no limbs.
func (s *exactSum) canonical() (negative bool, first int, limbs []int64) {
	c := exactSum{first: s.first, limbs: slices.Clone(s.limbs)}
	c.carry()
	if n := len(c.limbs); n > 0 && c.limbs[n-1] < 0 {
		negative = true
		for i := range c.limbs {
			c.limbs[i] = -c.limbs[i]
		}
		c.carry()
	}
	for len(c.limbs) > 0 && c.limbs[len(c.limbs)-1] == 0 {
		c.limbs = c.limbs[:len(c.limbs)-1]
	}
	for len(c.limbs) > 0 && c.limbs[0] == 0 {
		c.limbs = c.limbs[1:]
		c.first++
	}
	if len(c.limbs) == 0 {
		return false, 0, nil
	}
	return negative, c.first, c.limbs
}

// value is the sum, exactly.
func (s *exactSum) value() *big.Float {
	negative, first, limbs := s.canonical()
	sum := new(big.Int)
	for _, l := range slices.Backward(limbs) {
		sum.Or(sum.Lsh(sum, limbBits), big.NewInt(l))
	}
	if negative {
		sum.Neg(sum)
	}
	f := new(big.Float).SetInt(sum)
	return f.SetMantExp(f, limbBits*first-1074)
}

// mean is the sum divided by n, rounded to the nearest float64.
func (s *exactSum) mean(n uint64) float64 {
	sum := s.value()
	// Wider than any quotient's float64 needs, so that rounding twice does no harm.
	quotient := new(big.Float).SetPrec(sum.Prec() + 128)
	m, _ := quotient.Quo(sum, new(big.Float).SetUint64(n)).Float64()
	return m
}

func (s *exactSum) reset() {
	clear(s.limbs)
	s.adds = 0
}
