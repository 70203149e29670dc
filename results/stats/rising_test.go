package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// bent is a line of slope 1, from which the series leaves by what is given of its length, 0 to 1.
func bent(n int, by func(share float64) float64) []Sample {
	all := line(n, 1)
	for i := range all {
		all[i].Value += by(float64(i) / float64(n))
	}
	return all
}

// TestASeriesThatRisesAtEveryStepIsKnownToRise: what leaves a line slowly looks like noise that hardly forgets, of which ranks bound
// nothing.
func TestASeriesThatRisesAtEveryStepIsKnownToRise(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]func(n int) []Sample{
		"a line": func(n int) []Sample { return line(n, 1) },
		"a line that bends": func(n int) []Sample {
			return bent(n, func(share float64) float64 { return 0.05 * float64(n) * share * share })
		},
		"a line with a kink": func(n int) []Sample { return bent(n, func(share float64) float64 { return -0.3 * math.Round(share) }) },
		"a wave on a line": func(n int) []Sample {
			return bent(n, func(share float64) float64 { return 0.1 * float64(n) * math.Sin(2*math.Pi*share) })
		},
		"a root": func(n int) []Sample {
			return bent(n, func(share float64) float64 { return math.Sqrt(share*float64(n)) - share*float64(n) })
		},
		"a walk that only climbs": func(n int) []Sample {
			rng, height := rand.New(rand.NewPCG(7, 1)), 0.0
			return bent(n, func(share float64) float64 { height += rng.Float64(); return height - share*float64(n) })
		},
	} {
		for _, n := range []int{5, 11, 23, 24, 40, 240, 600} {
			s, ok := TheilSen(of(n))
			if !ok || s.Low <= 0 || s.Low > s.Value || s.High < s.Value || math.IsInf(s.High, 1) {
				t.Errorf("%s of %d points: %v in [%v, %v], %v", name, n, s.Value, s.Low, s.High, ok)
			}
			falling := of(n)
			for i := range falling {
				falling[i].Value *= -1
			}
			if f, _ := TheilSen(falling); f.Low != -s.High || f.High != -s.Low {
				t.Errorf("%s of %d points, upside down: [%v, %v], want [%v, %v]", name, n, f.Low, f.High, -s.High, -s.Low)
			}
		}
	}
}

// TestTiesDoNotPassForCertainty: a level that is held for most of a series holds Sen's interval for independent points, too.
func TestTiesDoNotPassForCertainty(t *testing.T) {
	t.Parallel()
	step := line(24, 0)
	for i := range step[20:] {
		step[20+i].Value = 1
	}
	if s, ok := TheilSen(step); !ok || s.Value != 0 || s.Low != 0 || s.High != 1 {
		t.Errorf("%v in [%v, %v], want 0 in [0, 1]", s.Value, s.Low, s.High)
	}
}

// TestTheIntervalOfShortSlowSeriesCoversTheTruth: where ranks bound nothing, what is stretched has to cover the truth as often as where
// they do. Half of these series are such.
func TestTheIntervalOfShortSlowSeriesCoversTheTruth(t *testing.T) {
	t.Parallel()
	const runs, slope = 400, 0.01
	for _, test := range []struct {
		n    int
		phi  float64
		want float64 // the least coverage of the stretched
	}{
		{24, 0.8, 0.95}, {24, 0.9, 0.95}, {24, 0.98, 0.95}, {60, 0.9, 0.95}, {60, 0.98, 0.95}, {240, 0.98, 0.95},
	} {
		rng := rand.New(rand.NewPCG(8, uint64(test.n)))
		covered, stretches := 0, 0
		for range runs {
			points := noisy(rng, test.n, test.phi, 1, slope)
			s, ok := TheilSen(points)
			if !ok || math.IsInf(s.Low, 0) || math.IsInf(s.High, 0) {
				t.Fatalf("no limits: [%v, %v], %v", s.Low, s.High, ok)
			}
			if boundedByRanks(points) {
				continue
			}
			stretches++
			if s.Low <= slope && slope <= s.High {
				covered++
			}
		}
		share := float64(covered) / float64(stretches)
		t.Logf("%d points, %.2f left after a second: %d of %d series stretched, which covered %.1f %%", test.n, test.phi, stretches, runs, 100*share)
		if stretches < runs/20 || share < test.want {
			t.Errorf("%d points, %.2f left after a second: covered %.1f %% of %d, want %.1f %%", test.n, test.phi, 100*share, stretches, 100*test.want)
		}
	}
}

// boundedByRanks says whether ranks alone bound the slope.
func boundedByRanks(points []Sample) bool {
	slopes := pairSlopes(points)
	factor := inflation(points, middle(slopes))
	_, _, ok := ends(slopes, critical(len(points), float64(len(points))/factor)*math.Sqrt(kendallVariance(points)*factor))
	return ok
}

// TestASawtoothIsNeitherGrowthNorDecline: the raw heap of a process that collects garbage, whose teeth are long against the series.
func TestASawtoothIsNeitherGrowthNorDecline(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(9, 1))
	stretches := 0
	for _, n := range []int{24, 60, 240} {
		for _, teeth := range []float64{1.4, 1.7, 2, 2.5, 3.3, 5, 8, 15} {
			for range 20 {
				begin, points := rng.Float64(), line(n, 0)
				for i := range points {
					at := begin + teeth*float64(i)/float64(n)
					points[i].Value = at - math.Floor(at) + 0.02*rng.NormFloat64()
				}
				if s, ok := TheilSen(points); !ok || s.Low > 0 || s.High < 0 {
					t.Errorf("%.1f teeth in %d points, from %.2f on: %v in [%v, %v], %v", teeth, n, begin, s.Value, s.Low, s.High, ok)
				}
				if !boundedByRanks(points) {
					stretches++
				}
			}
		}
	}
	if stretches == 0 {
		t.Error("ranks bound all of them: the test tells nothing of the stretched")
	}
}

// TestALeakIsSeenByFewCollections: each keeps 1.5 MiB a second for five minutes, and nothing for five seconds in the middle; how often it
// collects follows from its garbage.
func TestALeakIsSeenByFewCollections(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(10, 1))
	for _, garbage := range []float64{0, 0.5, 1, 1.5, 2, 2.5, 3, 5, 10, 30} {
		points := Collections(leaking(rng, 1.5*mib, garbage*mib))
		s, ok := TheilSen(points)
		low, high := s.Low*60/mib, s.High*60/mib
		t.Logf("%.1f MiB of garbage a second, %d collections: %.1f (%.1f to %.1f) MiB/min", garbage, len(points), s.Value*60/mib, low, high)
		if !ok || low < 45 || low > 92 || high < 88 || high > 180 {
			t.Errorf("%.1f MiB of garbage a second, %d collections: between %v and %v MiB/min, %v", garbage, len(points), low, high, ok)
		}
	}
}

// leaking is the live heap of five minutes as Go tells it under GOGC=50: so many bytes a second stay, and so many do not.
func leaking(rng *rand.Rand, kept, garbage float64) (all []Scraped) {
	const moments = 100 // in a second
	live, heap, told := 4.0*mib, 4.0*mib, 4.0*mib
	for s := range 300 {
		collected := false
		for range moments {
			if s >= 150 && s < 155 {
				continue // nobody comes
			}
			stays := kept / moments * (0.8 + 0.4*rng.Float64())
			live, heap = live+stays, heap+stays+garbage/moments
			if heap > 1.5*told {
				heap, told, collected = live, live, true
			}
		}
		all = append(all, Scraped{Sample{float64(s), told}, collected})
	}
	return all
}
