// Package scan takes the values of a stored binary form off the front of its bytes: what histograms, recordings and ledgers are
// read with. It never reads beyond the end and never panics, whatever the bytes are.
package scan

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Scanner takes values off the front of bytes. After the first error it yields zeroes, so that a reader may ask for Err once, at
// its end. The zero value has no bytes; see New.
type Scanner struct {
	rest    []byte
	invalid error
	err     error
}

// New makes a scanner of src. Every error of it wraps invalid.
func New(src []byte, invalid error) Scanner { return Scanner{rest: src, invalid: invalid} }

// Err is the first error, or nil.
func (s *Scanner) Err() error { return s.err }

// Rest is what has not been taken; nothing after an error.
func (s *Scanner) Rest() []byte { return s.rest }

// Fail notes an error, unless there is one already.
func (s *Scanner) Fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("%w: %w", s.invalid, fmt.Errorf(format, args...))
	}
	s.rest = nil
}

// Take returns the next n bytes, n being small where there may be fewer: then they are zeroes, and an error.
func (s *Scanner) Take(n int) []byte {
	if len(s.rest) < n {
		s.Fail("cut short")
		return make([]byte, n)
	}
	b := s.rest[:n]
	s.rest = s.rest[n:]
	return b
}

// Skip goes on at rest, the end of what is left, which another reader has not taken.
func (s *Scanner) Skip(rest []byte) { s.rest = rest }

// Byte is the next byte.
func (s *Scanner) Byte() byte { return s.Take(1)[0] }

// Float is a number of eight bytes, little end first.
func (s *Scanner) Float() float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(s.Take(8)))
}

// Uvarint refuses a number that is longer than it must be: there is one form of everything.
func (s *Scanner) Uvarint() uint64 {
	v, n := binary.Uvarint(s.rest)
	if n <= 0 || n > 1 && s.rest[n-1] == 0 {
		s.Fail("bad number")
		return 0
	}
	s.rest = s.rest[n:]
	return v
}

// Varint is a number with a sign.
func (s *Scanner) Varint() int64 {
	u := s.Uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// Text is a text behind its length, of at most so many bytes.
func (s *Scanner) Text(most int) string {
	n := s.Uvarint()
	if n > uint64(len(s.rest)) || n > uint64(most) {
		s.Fail("cut short")
		return ""
	}
	return string(s.Take(int(n)))
}
