package recording

import (
	"math"
	"math/big"

	"github.com/devcraft-studio/brunt/results/histogram"
)

// million is the number of nanoseconds in a millisecond. k6 measures whole nanoseconds and says milliseconds: most values
// are the float64 next to a whole number of millionths, and are coded as that number.
const million = 1e6

// moments codes the smallest value, the largest, and the sum, all of them exactly. The buckets are known.
func (k *packing) moments(s *packed, p *histogram.Parts, n uint64) {
	p.Min = k.value(s, p.Precision, p.Buckets[0].Key, p.Min)
	if n == 1 {
		p.Max = p.Min
	} else {
		p.Max = k.value(s, p.Precision, p.Buckets[len(p.Buckets)-1].Key, p.Max)
	}
	if p.Sum == nil {
		p.Sum = new(big.Int)
	}
	if n > 2 {
		k.sum(s, p)
		return
	}
	expected := units(p.Min)
	if n == 2 {
		expected.Add(expected, units(p.Max))
	}
	if !k.coder.bit(&k.unsummed, p.Sum.Cmp(expected) != 0) {
		p.Sum.Set(expected)
		return
	}
	k.anySum(p.Sum)
	if p.Sum.Cmp(expected) == 0 {
		k.coder.fail("a sum in another form")
	}
}

// units is a value in units of 2^-1074.
func units(v float64) *big.Int {
	b := math.Float64bits(v)
	mantissa, shift := b&(1<<52-1), uint(b>>52&0x7ff)
	if shift > 0 {
		mantissa |= 1 << 52
		shift--
	}
	x := new(big.Int).SetUint64(mantissa)
	x.Lsh(x, shift)
	if v < 0 {
		x.Neg(x)
	}
	return x
}

// value codes a value in a bucket.
func (k *packing) value(s *packed, precision histogram.Precision, key int32, v float64) float64 {
	c := &k.coder
	if key == 0 && !c.bit(&s.nonzero, v != 0) {
		return 0
	}
	low, high := precision.Edges(key)
	m := math.Abs(v)
	if high < 1<<50/million && !c.bit(&s.undecimal[0], !isDecimal(m)) {
		from := uint64(math.Floor(low * million))
		to := uint64(math.Ceil(high * million))
		m = float64(from+c.uniform(uint64(math.Round(m*million))-from, to-from+1)) / million
	} else {
		from, to := math.Float64bits(low), math.Float64bits(high)
		m = math.Float64frombits(from + c.uniform(math.Float64bits(m)-from, to-from+1))
		if high < 1<<50/million && isDecimal(m) {
			c.fail("a value in another form")
		}
	}
	if key == 0 && m == 0 {
		c.fail("a zero in another form")
	}
	if key < 0 {
		return -m
	}
	return m
}

// isDecimal says whether a value is the float64 next to a whole number of millionths.
func isDecimal(m float64) bool { return math.Round(m*million)/million == m }

// estimate is what is known of a sum before it is coded: it and its deviation, as values are spread evenly in their buckets.
type estimate struct {
	sum, deviation float64 // in millionths
	shift          uint    // of the unit: all values are multiples of 2^(shift-1074)
	rounding       float64 // the deviation of the sum from a whole number of millionths, in that unit
}

// estimated sums up the buckets. Every product is rounded before it is added: see split.
func estimated(p *histogram.Parts) estimate {
	e := estimate{shift: math.MaxUint32}
	for _, b := range p.Buckets {
		if low, _ := p.Precision.Edges(b.Key); b.Key != 0 {
			e.shift = min(e.shift, exponent(low))
		}
	}
	if e.shift == math.MaxUint32 {
		e.shift = 0
	}
	variance, rounding := 0.0, 0.0
	for _, b := range p.Buckets {
		if b.Key == 0 {
			continue
		}
		low, high := p.Precision.Edges(b.Key)
		n, sign := float64(b.Count), 1.0
		if b.Key < 0 {
			sign = -1
		}
		width := (high - low) * million
		e.sum += float64(n * sign * (low/2 + high/2) * million)
		variance += float64(n * width * width / 12)
		ulps := math.Ldexp(1, int(min(exponent(low)-e.shift, 500)))
		rounding += float64(n * ulps * ulps / 12)
	}
	e.deviation, e.rounding = math.Sqrt(variance), math.Sqrt(rounding)
	return e
}

// exponent of a value: it is a multiple of 2^(exponent-1074).
func exponent(v float64) uint { return max(1, uint(math.Float64bits(v)>>52)) - 1 }

// sum codes a sum by its distance from what the buckets make likely, in millionths, and by what rounding each value to a
// float64 added to that. Sums of other values are coded as they are.
func (k *packing) sum(s *packed, p *histogram.Parts) {
	c := &k.coder
	e := estimated(p)
	expected := int64(0)
	if math.Abs(e.sum) < 1<<61 {
		expected = int64(math.Round(e.sum))
	}
	whole, rest, ok := millionths(p.Sum, e.shift)
	if c.reading {
		ok = false
	}
	if c.bit(&s.undecimal[1], !ok) {
		k.anySum(p.Sum)
		if _, _, ok := millionths(p.Sum, e.shift); ok {
			c.fail("a sum in another form")
		}
		return
	}
	if e.shift > maxShift {
		c.fail("a sum in another form")
		return
	}
	whole = expected + c.spread(&k.sumSize, whole-expected, e.deviation)
	rest = c.spread(&k.sumRest, rest, e.rounding)
	if !c.reading || c.err != nil {
		return
	}
	p.Sum.Set(fromMillionths(whole, e.shift))
	p.Sum.Add(p.Sum, big.NewInt(rest))
	p.Sum.Lsh(p.Sum, e.shift)
	if w, r, ok := millionths(p.Sum, e.shift); !ok || w != whole || r != rest {
		c.fail("a sum in another form")
	}
}

const (
	maxWhole = 1 << 61 // millionths
	maxRest  = 1 << 40 // units
	maxShift = 1074    // of units that are no larger than 1
)

// millionths is a sum in units of 2^-1074 as a whole number of millionths and a rest, in units of 2^shift. It is not ok
// where there is no such rest, or it is large: where the values are no decimal numbers.
func millionths(sum *big.Int, shift uint) (whole, rest int64, ok bool) {
	if shift > maxShift || sum.Sign() != 0 && sum.TrailingZeroBits() < shift || sum.BitLen() > 1074+41 {
		return 0, 0, false
	}
	x := new(big.Int).Mul(sum, big.NewInt(million))
	x.Add(x, new(big.Int).Lsh(big.NewInt(1), 1073))
	x.Rsh(x, 1074) // rounds to the nearest, down where negative
	if !x.IsInt64() || x.Int64() > maxWhole || x.Int64() < -maxWhole {
		return 0, 0, false
	}
	whole = x.Int64()
	x.Rsh(sum, shift)
	x.Sub(x, fromMillionths(whole, shift))
	if !x.IsInt64() || x.Int64() > maxRest || x.Int64() < -maxRest {
		return 0, 0, false
	}
	return whole, x.Int64(), true
}

// fromMillionths is a number of millionths in units of 2^(shift-1074), rounded down.
func fromMillionths(whole int64, shift uint) *big.Int {
	x := new(big.Int).Lsh(big.NewInt(whole), 1074-shift)
	return x.Div(x, big.NewInt(million))
}

// maxSumBits bounds a sum that is coded as it is: 2^64 of the largest values.
const maxSumBits = 64 + 1024 + 1074

// anySum codes a sum of which nothing is known: its sign, its number of bits, and the bits.
func (k *packing) anySum(sum *big.Int) {
	c := &k.coder
	negative := c.uniform(uint64(sum.Sign()&2>>1), 2) == 1
	bits := int(c.uniform(uint64(sum.BitLen()), maxSumBits+1))
	zeroes := 0
	if bits > 0 {
		zeroes = int(c.uniform(uint64(sum.TrailingZeroBits()), uint64(bits)))
	}
	odd := new(big.Int).Rsh(new(big.Int).Abs(sum), uint(zeroes))
	read := new(big.Int)
	for at := 0; at < bits-zeroes && c.err == nil; at += 32 {
		word := new(big.Int).Rsh(odd, uint(at))
		n := min(32, bits-zeroes-at)
		v := c.uniform(word.Uint64()&(1<<n-1), 1<<n)
		read.Or(read, new(big.Int).Lsh(new(big.Int).SetUint64(v), uint(at)))
	}
	if !c.reading || c.err != nil {
		return
	}
	sum.Lsh(read, uint(zeroes))
	if negative {
		sum.Neg(sum)
	}
	if sum.BitLen() != bits || bits > 0 && int(sum.TrailingZeroBits()) != zeroes || bits == 0 && negative {
		c.fail("a sum in another form")
	}
}
