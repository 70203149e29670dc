// Package random holds the random numbers of the load. They are a function of the run's seed, the scenario and the number of
// the iteration, never of the VU, so that payloads are repeated though VUs compete, and are the same whether a script asks
// for them (brunt.rand in k6/x/brunt) or requests of an experiment do.
package random

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/bits"
	"math/rand/v2"
)

// Stream is the random numbers of one scenario.
type Stream struct{ key uint64 }

// StreamOf is the stream of (seed, scenario).
func StreamOf(seed int64, scenario string) Stream {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%s", seed, scenario) // never fails
	return Stream{key: h.Sum64()}
}

// Source is a random source of one iteration. What it gives is part of the contract: the same seed gives the same payloads
// in every version, so only the specified output of PCG is used, and not the methods of package rand above it.
type Source struct {
	pcg rand.PCG
}

// New is the source of (seed, scenario, iteration).
func New(seed int64, scenario string, iteration int64) *Source {
	s := &Source{}
	s.Begin(StreamOf(seed, scenario), iteration)
	return s
}

// Begin makes the source that of an iteration.
func (s *Source) Begin(of Stream, iteration int64) {
	s.pcg.Seed(of.key, uint64(iteration))
	s.pcg.Uint64() // neighbouring iterations begin alike
}

// Bits are 64 random bits.
func (s *Source) Bits() uint64 { return s.pcg.Uint64() }

// Float is a number in [0, 1).
func (s *Source) Float() float64 { return float64(s.pcg.Uint64()>>11) / (1 << 53) }

// Int is a whole number between low and high, both included.
func (s *Source) Int(low, high int64) (int64, error) {
	if high < low {
		return 0, fmt.Errorf("int(%d, %d): the higher end comes second", low, high)
	}
	n := uint64(high) - uint64(low) + 1
	if n == 0 { // all of int64
		return int64(s.pcg.Uint64()), nil
	}
	// Reject what would favour some numbers, as in Lemire, "Fast Random Integer Generation in an Interval", 2019.
	for {
		product, rest := bits.Mul64(s.pcg.Uint64(), n)
		if rest >= -n%n {
			return low + int64(product), nil
		}
	}
}

// Chance is true with probability p.
func (s *Source) Chance(p float64) bool { return s.Float() < p }

// Text is n lower-case letters and digits.
func (s *Source) Text(n int) (string, error) {
	if n < 0 || n > math.MaxInt32 {
		return "", fmt.Errorf("text(%d): the length is out of range", n)
	}
	return string(s.AppendText(make([]byte, 0, n), n)), nil
}

// AppendText appends n lower-case letters and digits.
func (s *Source) AppendText(b []byte, n int) []byte {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	for range n {
		k, _ := s.Int(0, int64(len(letters)-1))
		b = append(b, letters[k])
	}
	return b
}
