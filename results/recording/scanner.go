package recording

import (
	"math"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/scan"
)

// scanner reads the parts of a frame.
type scanner struct{ scan.Scanner }

// text is as long as it says: a payload is bounded as a whole.
func (s *scanner) text() string { return s.Text(math.MaxInt) }

func (s *scanner) histogram() *histogram.Histogram {
	if s.Err() != nil {
		return nil
	}
	h, rest, err := histogram.Decode(s.Rest())
	if err != nil {
		s.Fail("%w", err)
		return nil
	}
	s.Skip(rest)
	return h
}
