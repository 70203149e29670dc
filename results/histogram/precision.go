package histogram

import (
	"math"
	"math/bits"
)

// Precision is how finely a histogram tells values apart. The zero value is Fine.
//
// Merging two histograms of different precision gives the coarser of the two. Fine nests in Coarse, so that merging these
// is exact in any order: the result is what a coarse histogram of all the values would be. Former nests in neither; where
// it meets another precision, its values stand for the middles of their buckets, and their errors add up.
type Precision uint8

// The precisions, with the largest relative difference between a value and what is read back for it.
const (
	Fine   Precision = iota // 0.1 %
	Coarse                  // 3 %
	Former                  // 0.05 %: that of histograms of format version 1, which are read for ever
)

// Error is the largest relative difference between a value and what is read back for it.
func (p Precision) Error() float64 {
	switch p {
	case Coarse:
		return 0.03
	case Former:
		return 0.0005
	}
	return 0.001
}

// edges are the mantissas, in units of 2^-52, at which the buckets of an octave (from a power of two to the next) begin, and
// at which the next octave does. Each bucket but the last is 1/500 of its smallest value wide, and a trifle less, so that its
// middle is at most 0.1 % from any value in it, however it is rounded: no fewer buckets could do.
var edges = func() (e [perOctave + 1]uint64) {
	at := uint64(1) << mantissaBits
	for i := range e {
		e[i] = min(at, 2<<mantissaBits)
		at += at/500 - 2
	}
	return e
}()

// cells are the buckets in which the parts of an octave begin that are narrower than any bucket: a value is in the bucket of
// the cell of its highest bits, or in the next one.
var cells = func() (c [1 << cellBits]uint16) {
	bucket := 0
	for i := range c {
		for edges[bucket+1] <= (1<<cellBits+uint64(i))<<(mantissaBits-cellBits) {
			bucket++
		}
		c[i] = uint16(bucket)
	}
	return c
}()

const (
	perOctave    = 347
	mantissaBits = 52
	cellBits     = 9
	together     = 29 // buckets of Fine are one of Coarse
	formerBits   = 10
	formerShift  = 52 - formerBits
	octaves      = 2047 // of finite values, by their exponent, the first of them that of zero
)

// maxKey is the key of the largest finite value.
func (p Precision) maxKey() int32 {
	switch p {
	case Coarse:
		return (octaves*perOctave - 1) / together
	case Former:
		return octaves<<formerBits - 1
	}
	return octaves*perOctave - 1
}

// MaxKeyBits is the largest of all KeyBits.
const MaxKeyBits = 21

// KeyBits is the number of bits that hold the magnitude of any key.
func (p Precision) KeyBits() int { return bits.Len32(uint32(p.maxKey())) }

// key is the bucket of a value. Keys ascend as values do; the key of -v is minus the key of v, and 0 is that of zero and of
// all that is too small (below 2^-1030) to tell from it.
func (p Precision) key(v float64) int32 {
	b := math.Float64bits(v)
	m := p.magnitude(b &^ (1 << 63))
	if b>>63 != 0 {
		return -m
	}
	return m
}

func (p Precision) magnitude(b uint64) int32 {
	if p == Former {
		return int32(b >> formerShift)
	}
	mantissa := b & (1<<mantissaBits - 1)
	at := int32(cells[mantissa>>(mantissaBits-cellBits)])
	if mantissa|1<<mantissaBits >= edges[at+1] {
		at++
	}
	m := int32(b>>mantissaBits)*perOctave + at
	if p == Coarse {
		m /= together
	}
	return m
}

// from is the smallest value of a bucket of magnitudes, up to one beyond the last, where it is the largest finite value.
func (p Precision) from(magnitude int32) float64 {
	if magnitude > p.maxKey() {
		return math.MaxFloat64
	}
	switch p {
	case Former:
		return math.Float64frombits(uint64(magnitude) << formerShift)
	case Coarse:
		magnitude *= together
	}
	octave, at := uint64(magnitude/perOctave), magnitude%perOctave
	return math.Float64frombits(octave<<mantissaBits | edges[at]&(1<<mantissaBits-1))
}

// Edges are the bounds of a bucket: its values v have low <= |v| < high, and the sign of its key.
func (p Precision) Edges(key int32) (low, high float64) {
	if key < 0 {
		key = -key
	}
	return p.from(key), p.from(key + 1)
}

// value is the middle of a bucket.
func (p Precision) value(key int32) float64 {
	if key == 0 {
		return 0
	}
	low, high := p.Edges(key)
	middle := low + (high-low)/2
	if key < 0 {
		return -middle
	}
	return middle
}

// coarser is the precision of what is merged of two.
func coarser(p, o Precision) Precision {
	switch {
	case p == o:
		return p
	case p == Coarse || o == Coarse:
		return Coarse
	}
	return Fine // of Former and Fine
}
