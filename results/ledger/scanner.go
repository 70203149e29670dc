package ledger

import (
	"encoding/binary"
	"math"

	"github.com/devcraft-studio/brunt/results/scan"
)

// scanner reads the parts of a block.
type scanner struct{ scan.Scanner }

// number reads one of at most so much.
func (s *scanner) number(most uint64) uint64 {
	v := s.Uvarint()
	if v > most {
		s.Fail("bad number")
		return 0
	}
	return v
}

func (s *scanner) chunk() *chunk {
	c := &chunk{}
	switch form := s.Take(1)[0]; form {
	case formBits:
		bits := s.Take(chunkIDs / 8)
		c.bits = &[chunkWords]uint64{}
		for i := range c.bits {
			c.bits[i] = binary.LittleEndian.Uint64(bits[8*i:])
		}
	case formRuns:
		at := uint64(0)
		for range s.number(chunkIDs) {
			at += s.number(chunkIDs)
			n := s.number(chunkIDs) + 1
			if at+n > chunkIDs {
				s.Fail("ids beyond their chunk")
				return c
			}
			for ; n > 0; n-- {
				c.add(uint16(at))
				at++
			}
		}
		if c.n == 0 {
			s.Fail("a chunk without ids")
		}
	default:
		s.Fail("unknown form %q", form)
	}
	return c
}

func (s *scanner) counts(b *block) {
	b.arrivals, b.ordered, b.reordered = s.number(math.MaxInt64), s.number(math.MaxInt64), s.number(math.MaxInt64)
	for range s.number(mostExamples) {
		b.first = append(b.first, s.number(MaxID))
	}
	if b.ordered > b.arrivals || b.reordered > b.ordered || uint64(len(b.first)) > b.reordered {
		s.Fail("counts that don't fit")
	}
}

func (s *scanner) moment() int64 {
	v := s.Varint()
	if v > 2*farthest || v < -2*farthest {
		s.Fail("bad number")
		return 0
	}
	return v
}

func (s *scanner) times() times {
	var t times
	n := s.number(mostTimes)
	if n == 0 {
		s.Fail("no times")
	}
	for at := int64(0); t.n < n && s.Err() == nil; {
		if at += s.moment(); at > farthest || at < -farthest {
			s.Fail("a time out of bounds")
		}
		t.add(at)
	}
	return t
}
