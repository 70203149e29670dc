package ledger

import (
	"encoding/binary"
	"fmt"
	"math"
)

// scanner takes values off the front of rest; after the first error it yields zeroes.
type scanner struct {
	rest []byte
	err  error
}

func (s *scanner) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("%w: %s", ErrBlock, fmt.Sprintf(format, args...))
	}
	s.rest = nil
}

// take returns the next n bytes, n being small where there are not as many.
func (s *scanner) take(n int) []byte {
	if len(s.rest) < n {
		s.fail("cut short")
		return make([]byte, n)
	}
	b := s.rest[:n]
	s.rest = s.rest[n:]
	return b
}

// number reads one of at most so much.
func (s *scanner) number(most uint64) uint64 {
	v, n := binary.Uvarint(s.rest)
	if n <= 0 || v > most {
		s.fail("bad number")
		return 0
	}
	s.rest = s.rest[n:]
	return v
}

func (s *scanner) text(most int) string {
	n := s.number(uint64(most))
	if n > uint64(len(s.rest)) {
		s.fail("cut short")
		return ""
	}
	return string(s.take(int(n)))
}

func (s *scanner) chunk() *chunk {
	c := &chunk{}
	switch form := s.take(1)[0]; form {
	case formBits:
		bits := s.take(chunkIDs / 8)
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
				s.fail("ids beyond their chunk")
				return c
			}
			for ; n > 0; n-- {
				c.add(uint16(at))
				at++
			}
		}
		if c.n == 0 {
			s.fail("a chunk without ids")
		}
	default:
		s.fail("unknown form %q", form)
	}
	return c
}

func (s *scanner) counts(b *block) {
	b.arrivals, b.ordered, b.reordered = s.number(math.MaxInt64), s.number(math.MaxInt64), s.number(math.MaxInt64)
	for range s.number(mostExamples) {
		b.first = append(b.first, s.number(MaxID))
	}
	if b.ordered > b.arrivals || b.reordered > b.ordered || uint64(len(b.first)) > b.reordered {
		s.fail("counts that don't fit")
	}
}

func (s *scanner) moment() int64 {
	v, n := binary.Varint(s.rest)
	if n <= 0 || v > 2*farthest || v < -2*farthest {
		s.fail("bad number")
		return 0
	}
	s.rest = s.rest[n:]
	return v
}

func (s *scanner) times() times {
	var t times
	n := s.number(mostTimes)
	if n == 0 {
		s.fail("no times")
	}
	for at := int64(0); t.n < n && s.err == nil; {
		if at += s.moment(); at > farthest || at < -farthest {
			s.fail("a time out of bounds")
		}
		t.add(at)
	}
	return t
}
