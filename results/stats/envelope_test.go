package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEnvelope(t *testing.T) {
	// cycle is a sawtooth's tooth of n samples from a collection on.
	cycle := func(at float64, n int, bottom float64) []Scraped {
		var all []Scraped
		for i := range n {
			all = append(all, Scraped{Sample{at + float64(i), bottom + float64(i)}, i == 0})
		}
		return all
	}
	join := func(parts ...[]Scraped) []Scraped {
		var all []Scraped
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	before := cycle(0, 7, 3)
	before[0].Collected = false
	slowest := cycle(0, 12, 5)
	slowest[2].Value = 4 // sweeping goes on for a while after a collection
	tests := []struct {
		name    string
		samples []Scraped
		want    []Sample
	}{
		{"nothing", nil, nil},
		{"what precedes the first collection is left out", join(before, cycle(7, 12, 5)), []Sample{{7, 5}}},
		{"no collection was seen", before, nil},
		{"each long cycle is one point", join(cycle(0, 12, 5), cycle(12, 15, 6)), []Sample{{0, 5}, {12, 6}}},
		{"the smallest value of a cycle need not be its first", slowest, []Sample{{2, 4}}},
		{"a last cycle that has just begun counts", join(cycle(0, 12, 5), cycle(12, 1, 6)), []Sample{{0, 5}, {12, 6}}},
		{"short cycles are taken together", join(cycle(0, 4, 9), cycle(4, 4, 7), cycle(8, 4, 8), cycle(12, 12, 5)), []Sample{{4, 7}, {12, 5}}},
		{"a rest of several short cycles is left out", join(cycle(0, 12, 5), cycle(12, 2, 6), cycle(14, 2, 6)), []Sample{{0, 5}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Envelope(test.samples)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCollections(t *testing.T) {
	samples := []Scraped{{Sample{0, 1}, false}, {Sample{1, 2}, true}, {Sample{2, 2}, false}, {Sample{3, 5}, true}}
	if diff := cmp.Diff([]Sample{{1, 2}, {3, 5}}, Collections(samples)); diff != "" {
		t.Error(diff)
	}
}

const mib = 1 << 20

// heap is the allocated heap of a Go process, scraped once a second: live bytes, to which garbage comes until a collection.
type heap struct {
	live   float64 // bytes at the beginning
	leak   float64 // bytes per second
	period float64 // seconds between two collections
	height float64 // bytes of garbage that each removes
}

// scrape is what n scrapes see, each a little early or late, of a process whose load is uneven.
func (h heap) scrape(rng *rand.Rand, n int) []Scraped {
	var all []Scraped
	phase := rng.Float64()
	cycle := math.Floor(phase)
	for i := range n {
		at := float64(i) + 0.02*rng.Float64()
		position := phase + at/h.period
		inFlight := 0.05 * mib * rng.ExpFloat64()
		value := h.live + h.leak*at + h.height*(position-math.Floor(position)) + inFlight
		all = append(all, Scraped{Sample{at, value}, math.Floor(position) != cycle})
		cycle = math.Floor(position)
	}
	return all
}

// TestALeakIsToldFromASawtooth: within ten minutes a leak of 1 MiB/min is seen under any sawtooth, with its slope, and no
// sawtooth is taken for one. The bound is half of the leak.
func TestALeakIsToldFromASawtooth(t *testing.T) {
	const bound, leak, runs = 0.5 * mib / 60, 1.0 * mib / 60, 40
	for _, period := range []float64{0.2, 0.7, 1, 3, 7, 10, 30, 60, 115} {
		for _, height := range []float64{4 * mib, 64 * mib} {
			t.Run(fmt.Sprintf("a tooth of %.1f s and %d MiB", period, int(height/mib)), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(7, uint64(period*10+height)))
				calm := heap{live: height, period: period, height: height}
				leaky := calm
				leaky.leak = leak
				failed, caught, passed := 0, 0, 0
				for range runs {
					if s, ok := TheilSen(Envelope(calm.scrape(rng, 600))); ok && s.Low >= bound {
						failed++
					} else if ok && s.High < bound {
						passed++
					}
					s, ok := TheilSen(Envelope(leaky.scrape(rng, 600)))
					if ok && s.Low >= bound {
						caught++
					}
					if ok && math.Abs(s.Value-leak) > 0.5*leak {
						t.Errorf("a leak of 1 MiB/min is seen as %.2f MiB/min", s.Value*60/mib)
					}
				}
				t.Logf("%d runs of each: sawtooths called a leak %d, passed %d, leaks caught %d", runs, failed, passed, caught)
				if failed > 0 {
					t.Errorf("%d of %d sawtooths were called a leak", failed, runs)
				}
				if caught < runs {
					t.Errorf("%d of %d leaks were caught", caught, runs)
				}
			})
		}
	}
}

// TestARawSawtoothIsNoLeak: whoever asks for the slope of the heap itself has a wider interval, and still no false alarm.
func TestARawSawtoothIsNoLeak(t *testing.T) {
	const runs = 60
	for _, period := range []float64{1, 7, 30, 60, 115, 200} {
		t.Run(fmt.Sprintf("a tooth of %.0f s", period), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(8, uint64(period)))
			failed := 0
			for range runs {
				var samples []Sample
				for _, s := range (heap{live: 20 * mib, period: period, height: 20 * mib}).scrape(rng, 600) {
					samples = append(samples, s.Sample)
				}
				if s, ok := TheilSen(samples); !ok || s.Low >= 0.5*mib/60 {
					failed++
				}
			}
			if failed > 0 {
				t.Errorf("%d of %d were called a leak", failed, runs)
			}
		})
	}
}
