package histogram

import (
	"fmt"
	"math/big"
)

// Parts is what a histogram consists of, for whoever stores it in another form than AppendBinary's.
type Parts struct {
	Precision Precision
	Buckets   []Bucket // in ascending order of keys, none of them empty
	Min, Max  float64  // meaningless without buckets
	Sum       *big.Int // of the values, exactly, in units of 2^-1074
}

// Count is the number of values.
func (p *Parts) Count() uint64 {
	n := uint64(0)
	for _, b := range p.Buckets {
		n += b.Count
	}
	return n
}

// Parts takes h to pieces. The memory of p is used again.
func (h *Histogram) Parts(p *Parts) {
	p.Precision, p.Buckets = h.precision, p.Buckets[:0]
	if p.Sum == nil {
		p.Sum = new(big.Int)
	}
	p.Sum.SetInt64(0)
	if h.count == 0 {
		return
	}
	p.Min, p.Max = h.min, h.max
	for key, n := range h.buckets() {
		p.Buckets = append(p.Buckets, Bucket{key, n})
	}
	h.sum.units(p.Sum)
}

// Assemble undoes Parts, and shares no memory with p. An error wraps ErrInvalid: these are not the parts of a histogram.
func Assemble(p *Parts) (*Histogram, error) {
	h := NewWith(p.Precision)
	if p.Precision > Former {
		return nil, fmt.Errorf("%w: precision %d", ErrInvalid, p.Precision)
	}
	if len(p.Buckets) == 0 {
		return h, nil
	}
	h.min, h.max = p.Min, p.Max
	h.sparse = append(make([]Bucket, 0, len(p.Buckets)), p.Buckets...)
	for i, b := range h.sparse {
		last := h.precision.maxKey()
		switch {
		case b.Key < -last || b.Key > last || i > 0 && b.Key <= h.sparse[i-1].Key:
			return nil, fmt.Errorf("%w: a bucket out of range", ErrInvalid)
		case b.Count == 0 || h.count+b.Count < h.count:
			return nil, fmt.Errorf("%w: too many values in a bucket, or none", ErrInvalid)
		}
		h.count += b.Count
	}
	if problem := h.problem(); problem != "" {
		return nil, fmt.Errorf("%w: %s", ErrInvalid, problem)
	}
	if p.Sum.BitLen() > (maxLimbs-1)*limbBits {
		return nil, fmt.Errorf("%w: a sum out of range", ErrInvalid)
	}
	h.sum.setUnits(p.Sum)
	return h, nil
}

// units sets x to the sum in units of 2^-1074.
func (s *exactSum) units(x *big.Int) {
	negative, first, limbs := s.canonical()
	b := make([]byte, 4*len(limbs))
	for i, l := range limbs {
		at := 4 * (len(limbs) - 1 - i)
		b[at], b[at+1], b[at+2], b[at+3] = byte(l>>24), byte(l>>16), byte(l>>8), byte(l)
	}
	x.SetBytes(b)
	x.Lsh(x, uint(limbBits*first))
	if negative {
		x.Neg(x)
	}
}

// setUnits makes the sum x units of 2^-1074. Limbs of zeroes below the others are left out.
func (s *exactSum) setUnits(x *big.Int) {
	*s = exactSum{}
	if x.Sign() == 0 {
		return
	}
	first := int(x.TrailingZeroBits()) / limbBits
	rest := new(big.Int).Rsh(new(big.Int).Abs(x), uint(limbBits*first))
	b := rest.FillBytes(make([]byte, (rest.BitLen()+limbBits-1)/limbBits*4))
	s.first, s.limbs, s.adds = first, make([]int64, len(b)/4), 1
	for i := range s.limbs {
		at := len(b) - 4*(i+1)
		s.limbs[i] = int64(b[at])<<24 | int64(b[at+1])<<16 | int64(b[at+2])<<8 | int64(b[at+3])
		if x.Sign() < 0 {
			s.limbs[i] = -s.limbs[i]
		}
	}
}
