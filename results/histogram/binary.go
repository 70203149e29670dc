package histogram

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/devcraft-studio/brunt/results/scan"
)

// The versions of the binary form, which opens with one of them. Each is that of one precision; version 1 is older.
const (
	versionFormer byte = 1 + iota
	versionFine
	versionCoarse
)

func versionOf(p Precision) byte {
	switch p {
	case Former:
		return versionFormer
	case Coarse:
		return versionCoarse
	}
	return versionFine
}

func precisionOf(version byte) (p Precision, ok bool) {
	for _, p := range []Precision{Fine, Coarse, Former} {
		if versionOf(p) == version {
			return p, true
		}
	}
	return 0, false
}

// ErrInvalid is wrapped by every error of Decode: the bytes are not the binary form of a histogram.
var ErrInvalid = errors.New("not a histogram")

// AppendBinary appends the binary form of h to dst. It is as long as h has buckets in use, about two or three bytes for
// each, and the same content gives the same bytes, however it was recorded, merged or decoded.
//
// The form is: version (1 byte: 1 for Former, 2 for Fine, 3 for Coarse), number of buckets (uvarint), and unless that is 0: minimum and maximum (8 bytes each, bits
// of the float64, little-endian); the sum in units of 2^(32·first−1074): number of limbs × 2 + sign (uvarint), first
// (uvarint), limbs (4 bytes each, lowest first), where the sum 0 has neither limbs nor first; then for each bucket its key
// (the first: varint; others: distance from the one before, less one, uvarint) and its count, less one (uvarint).
func (h *Histogram) AppendBinary(dst []byte) []byte {
	used := uint64(0)
	for range h.buckets() {
		used++
	}
	dst = binary.AppendUvarint(append(dst, versionOf(h.precision)), used)
	if used == 0 {
		return dst
	}
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(h.min))
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(h.max))
	dst = h.sum.appendBinary(dst)
	var previous int32
	first := true
	for key, n := range h.buckets() {
		if first {
			dst = binary.AppendVarint(dst, int64(key))
			first = false
		} else {
			dst = binary.AppendUvarint(dst, uint64(key-previous-1))
		}
		dst = binary.AppendUvarint(dst, n-1)
		previous = key
	}
	return dst
}

func (s *exactSum) appendBinary(dst []byte) []byte {
	negative, first, limbs := s.canonical()
	head := uint64(len(limbs)) << 1
	if negative {
		head |= 1
	}
	dst = binary.AppendUvarint(dst, head)
	if len(limbs) == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(first))
	for _, l := range limbs {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(l))
	}
	return dst
}

// Decode reads the histogram that src begins with and returns what follows it. Only what AppendBinary writes is accepted,
// so that encoding again gives the same bytes; anything else is an error that wraps ErrInvalid. Whatever the bytes,
// Decode allocates no more than a few times their length.
func Decode(src []byte) (h *Histogram, rest []byte, err error) {
	s := scanner{scan.New(src, ErrInvalid)}
	v := s.Byte()
	p, known := precisionOf(v)
	if s.Err() == nil && !known {
		s.Fail("version %d", v)
	}
	h = NewWith(p)
	used := s.Uvarint()
	if s.Err() == nil && used > 0 {
		h.min, h.max = s.Float(), s.Float()
		h.sum = s.sum()
		h.sparse, h.count = s.buckets(used, p.maxKey())
		s.check(h)
	}
	if s.Err() != nil {
		return nil, nil, s.Err()
	}
	return h, s.Rest(), nil
}

// scanner reads the parts of a histogram.
type scanner struct{ scan.Scanner }

func (s *scanner) sum() exactSum {
	head := s.Uvarint()
	n := head >> 1
	if n == 0 {
		if head != 0 {
			s.Fail("a sum of minus zero")
		}
		return exactSum{}
	}
	first := s.Uvarint()
	if n > maxLimbs || first > maxLimbs-n {
		s.Fail("a sum out of range")
		return exactSum{}
	}
	sum := exactSum{first: int(first), limbs: make([]int64, n), adds: 1}
	for i := range sum.limbs {
		sum.limbs[i] = int64(binary.LittleEndian.Uint32(s.Take(4)))
	}
	if sum.limbs[0] == 0 || sum.limbs[n-1] == 0 {
		s.Fail("a sum that is padded")
	}
	if head&1 != 0 {
		for i := range sum.limbs {
			sum.limbs[i] = -sum.limbs[i]
		}
	}
	return sum
}

func (s *scanner) buckets(used uint64, maxKey int32) (all []Bucket, total uint64) {
	if used > uint64(len(s.Rest())/2) { // each takes two bytes or more
		s.Fail("cut short")
		return nil, 0
	}
	all = make([]Bucket, used)
	key := s.Varint()
	for i := range all {
		if i > 0 {
			step := s.Uvarint()
			if step >= 2*uint64(maxKey) {
				s.Fail("a bucket out of range")
			}
			key += int64(step) + 1
		}
		if key < -int64(maxKey) || key > int64(maxKey) {
			s.Fail("a bucket out of range")
		}
		n := s.Uvarint() + 1
		if n == 0 || total+n < total {
			s.Fail("too many values")
		}
		if s.Err() != nil {
			return nil, 0
		}
		total += n
		all[i] = Bucket{int32(key), n}
	}
	return all, total
}

func (s *scanner) check(h *Histogram) {
	if s.Err() != nil {
		return
	}
	if problem := h.problem(); problem != "" {
		s.Fail("%s", problem)
	}
}

// problem holds minimum and maximum of what was decoded against the buckets; the sum is free, as it can't be known better.
func (h *Histogram) problem() string {
	for _, v := range []float64{h.min, h.max} {
		if math.IsNaN(v) || math.Float64bits(finite(v)) != math.Float64bits(v) {
			return "minimum or maximum is not a number in range"
		}
	}
	switch n := len(h.sparse); {
	case h.min > h.max || h.count == 1 && h.min != h.max:
		return "minimum and maximum disagree"
	case h.precision.key(h.min) != h.sparse[0].Key || h.precision.key(h.max) != h.sparse[n-1].Key:
		return "minimum or maximum is not in its bucket"
	}
	return ""
}
