package output

import (
	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/histogram"
)

// strain knows how many VUs each scenario needs.
type strain struct {
	peaks     map[string]float64              // highest rate per second, by scenario of the open model
	durations map[string]*histogram.Histogram // of iterations after the warm-up, in milliseconds, by scenario
}

// took notes how long an iteration took.
func (s *strain) took(tags *metrics.TagSet, ms float64) {
	scenario, _ := tags.Get(tagScenario)
	if s.peaks[scenario] == 0 {
		return
	}
	h := s.durations[scenario]
	if h == nil {
		h = histogram.New()
		if s.durations == nil {
			s.durations = map[string]*histogram.Histogram{}
		}
		s.durations[scenario] = h
	}
	h.Record(ms)
}

// needed is how many VUs are busy at once, on average, at the highest rate of a scenario and the median duration of its
// iterations: Little's law (J. D. C. Little, A Proof for the Queuing Formula L = λW, 1961). 0 when no iteration ended.
func (s *strain) needed(tags *metrics.TagSet) float64 {
	scenario, _ := tags.Get(tagScenario)
	h := s.durations[scenario]
	if h == nil {
		return 0
	}
	return s.peaks[scenario] * h.Quantile(0.5) / 1000
}
