package ledger

import (
	"iter"
	"math/bits"
	"slices"
)

// MaxID is the largest id: JavaScript knows all whole numbers up to it.
const MaxID = 1<<53 - 1

const (
	chunkBits  = 16
	chunkIDs   = 1 << chunkBits
	chunkWords = chunkIDs / 64
	fewest     = chunkIDs / 16 // ids up to which a list is smaller than bits
	chunkCost  = 100           // bytes that a chunk takes beside its ids, with its place in the map
)

// Set is a set of ids. Its zero value is empty.
type Set struct {
	chunks map[uint64]*chunk // by the id without its lowest 16 bits
	last   *chunk            // the one that was used last, which is mostly the next
	lastAt uint64
	count  uint64
	bytes  int64 // about what it takes
}

// chunk holds ids that have all but their lowest 16 bits in common.
type chunk struct {
	few  []uint16            // sorted; nil where there are bits
	bits *[chunkWords]uint64 // nil where there are few
	n    int
}

// Len is how many ids the set holds.
func (s *Set) Len() uint64 { return s.count }

// Add adds an id and reports whether it is new.
func (s *Set) Add(id uint64) bool {
	c := s.chunk(id >> chunkBits)
	if c == nil {
		c = s.open(id >> chunkBits)
	}
	before := c.bytes()
	added := c.add(uint16(id))
	if added {
		s.count++
		s.bytes += c.bytes() - before
	}
	return added
}

// Has reports whether the set holds an id.
func (s *Set) Has(id uint64) bool {
	c := s.chunk(id >> chunkBits)
	return c != nil && c.has(uint16(id))
}

// All yields the ids, the smallest first.
func (s *Set) All() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for _, at := range s.sorted() {
			for low := range s.chunks[at].all() {
				if !yield(at<<chunkBits | uint64(low)) {
					return
				}
			}
		}
	}
}

func (s *Set) chunk(at uint64) *chunk {
	if s.last == nil || s.lastAt != at {
		if found := s.chunks[at]; found != nil {
			s.last, s.lastAt = found, at
		} else {
			return nil
		}
	}
	return s.last
}

func (s *Set) open(at uint64) *chunk {
	if s.chunks == nil {
		s.chunks = map[uint64]*chunk{}
	}
	s.last, s.lastAt = &chunk{}, at
	s.chunks[at] = s.last
	s.bytes += chunkCost
	return s.last
}

// sorted are the places of the chunks.
func (s *Set) sorted() []uint64 {
	places := make([]uint64, 0, len(s.chunks))
	for at := range s.chunks {
		places = append(places, at)
	}
	slices.Sort(places)
	return places
}

func (c *chunk) bytes() int64 {
	if c.bits != nil {
		return chunkIDs / 8
	}
	return 2 * int64(cap(c.few))
}

func (c *chunk) has(low uint16) bool {
	if c.bits != nil {
		return c.bits[low/64]&(1<<(low%64)) != 0
	}
	_, found := slices.BinarySearch(c.few, low)
	return found
}

func (c *chunk) add(low uint16) bool {
	if c.bits == nil {
		at, found := len(c.few), false
		if c.n > 0 && low <= c.few[c.n-1] { // else it goes to the end, as most do
			at, found = slices.BinarySearch(c.few, low)
		}
		if found {
			return false
		}
		if c.n < fewest {
			c.few = slices.Insert(c.few, at, low)
			c.n++
			return true
		}
		c.widen()
	}
	word, bit := &c.bits[low/64], uint64(1)<<(low%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	c.n++
	return true
}

// widen turns the list into bits.
func (c *chunk) widen() {
	c.bits = &[chunkWords]uint64{}
	for _, low := range c.few {
		c.bits[low/64] |= 1 << (low % 64)
	}
	c.few = nil
}

// all yields what the chunk holds, the smallest first.
func (c *chunk) all() iter.Seq[uint16] {
	return func(yield func(uint16) bool) {
		for _, low := range c.few {
			if !yield(low) {
				return
			}
		}
		if c.bits == nil {
			return
		}
		for i, word := range c.bits {
			for ; word != 0; word &= word - 1 {
				if !yield(uint16(i*64 + bits.TrailingZeros64(word))) {
					return
				}
			}
		}
	}
}

// missing yields the ids of s that none of the others hold, the smallest first.
func (s *Set) missing(others ...*Set) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for _, at := range s.sorted() {
			for low := range s.chunks[at].all() {
				id := at<<chunkBits | uint64(low)
				if !slices.ContainsFunc(others, func(o *Set) bool { return o.Has(id) }) && !yield(id) {
					return
				}
			}
		}
	}
}
