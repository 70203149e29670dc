package recording

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/devcraft-studio/brunt/results/histogram"
)

// scanner takes values off the front of rest; after the first error it yields zeroes.
type scanner struct {
	rest []byte
	err  error
}

func (s *scanner) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("%w: %s", ErrPayload, fmt.Sprintf(format, args...))
	}
	s.rest = nil
}

// take returns the next n bytes, n being small when there are not as many.
func (s *scanner) take(n int) []byte {
	if len(s.rest) < n {
		s.fail("cut short")
		return make([]byte, n)
	}
	b := s.rest[:n]
	s.rest = s.rest[n:]
	return b
}

func (s *scanner) float() float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(s.take(8)))
}

// uvarint refuses a number that is longer than it must be: there is one form of everything.
func (s *scanner) uvarint() uint64 {
	v, n := binary.Uvarint(s.rest)
	if n <= 0 || n > 1 && s.rest[n-1] == 0 {
		s.fail("bad number")
		return 0
	}
	s.rest = s.rest[n:]
	return v
}

func (s *scanner) varint() int64 {
	u := s.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (s *scanner) text() string {
	n := s.uvarint()
	if n > uint64(len(s.rest)) {
		s.fail("cut short")
		return ""
	}
	return string(s.take(int(n)))
}

func (s *scanner) histogram() *histogram.Histogram {
	if s.err != nil {
		return nil
	}
	h, rest, err := histogram.Decode(s.rest)
	if err != nil {
		s.err = fmt.Errorf("%w: %w", ErrPayload, err)
		s.rest = nil
		return nil
	}
	s.rest = rest
	return h
}
