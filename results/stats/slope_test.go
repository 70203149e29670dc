package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func series(values ...float64) []Sample {
	var all []Sample
	for i, v := range values {
		all = append(all, Sample{At: float64(i), Value: v})
	}
	return all
}

func line(n int, slope float64) []Sample {
	all := make([]Sample, n)
	for i := range all {
		all[i] = Sample{At: float64(i), Value: slope * float64(i)}
	}
	return all
}

func TestTheilSen(t *testing.T) {
	inf := math.Inf(1)
	outlier := line(11, 2)
	outlier[3].Value = 1e9
	tests := []struct {
		name             string
		samples          []Sample
		value, low, high float64
		ok               bool
	}{
		{"a line is its slope, without doubt", line(30, 3), 3, 3, 3, true},
		{"what never changes has slope 0, without doubt", line(30, 0), 0, 0, 0, true},
		{"four points have no interval", line(4, 3), 0, 0, 0, false},
		{"points of one moment have no slope", []Sample{{1, 1}, {1, 2}, {1, 3}, {1, 4}, {1, 5}}, 0, 0, 0, false},
		// The slopes of the ten pairs in order: 0 ½ 1 1 1 1 1 1 1½ 2, by hand; of five points the interval is all of them.
		{"the median of the slopes of all pairs", series(0, 1, 3, 3, 4), 1, 0, 2, true},
		// The example of Sen 1968, section 6; of the 21 slopes the interval is from the 4th to the 18th.
		{"Sen's own example", []Sample{{1, 9}, {2, 15}, {3, 19}, {4, 20}, {10, 45}, {12, 55}, {18, 78}}, 4, 26.0 / 7, 35.0 / 8, true},
		{"one value that is far off does not move it", outlier, 2, 2, 2, true},
		{"the order of the samples does not matter", []Sample{{3, 3}, {0, 0}, {4, 4}, {1, 1}, {2, 2}}, 1, 1, 1, true},
		{"nothing at all", nil, 0, 0, 0, false},
		{"up and down without end is not bounded", series(0, 9, 0, 9, 0), 0, -9, 9, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, ok := TheilSen(test.samples)
			if ok != test.ok {
				t.Fatalf("ok is %v", ok)
			}
			if !ok {
				return
			}
			if s.Value != test.value || s.Low != test.low || s.High != test.high {
				t.Errorf("%v in [%v, %v], want %v in [%v, %v]", s.Value, s.Low, s.High, test.value, test.low, test.high)
			}
			if s.Low == -inf && s.High == inf {
				t.Error("the interval is all there is")
			}
		})
	}
}

// TestTheilSenFollowsItsUnits: a shift changes nothing, a factor multiplies all three numbers, time divides them.
func TestTheilSenFollowsItsUnits(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	samples := noisy(rng, 100, 0.5, 1, 0.01)
	want, _ := TheilSen(samples)
	changed := make([]Sample, len(samples))
	for i, s := range samples {
		changed[i] = Sample{At: 60*s.At + 1e6, Value: 1024*s.Value - 77}
	}
	got, _ := TheilSen(changed)
	for _, pair := range [][2]float64{{got.Value, want.Value}, {got.Low, want.Low}, {got.High, want.High}} {
		if math.Abs(pair[0]-pair[1]*1024/60) > 1e-6*math.Abs(pair[0]) {
			t.Errorf("%v, want %v", pair[0], pair[1]*1024/60)
		}
	}
}

// TestALongSeriesIsBinned: twelve hours at one sample a second rest on few points, and say what all of them would.
func TestALongSeriesIsBinned(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	s, ok := TheilSen(noisy(rng, 12*3600, 0, 1, 0.001))
	if !ok || s.Points > mostPoints || s.Points < mostPoints*9/10 {
		t.Fatalf("%d points", s.Points)
	}
	if s.Low > 0.001 || s.High < 0.001 || s.High-s.Low > 1e-5 {
		t.Errorf("%v in [%v, %v]", s.Value, s.Low, s.High)
	}
}

// noisy is a line under noise of the first order: phi is what is left of it a second later, 0 for independent noise.
func noisy(rng *rand.Rand, n int, phi, sd, slope float64) []Sample {
	all := make([]Sample, n)
	v := rng.NormFloat64() * sd
	for i := range all {
		v = phi*v + math.Sqrt(1-phi*phi)*sd*rng.NormFloat64()
		all[i] = Sample{At: float64(i), Value: slope*float64(i) + v}
	}
	return all
}

// TestTheIntervalCoversTheTruth simulates series of known slope. The nominal 95 % is to be held where a series is long against
// its memory; how far it falls where it is not is written down, and held as well.
func TestTheIntervalCoversTheTruth(t *testing.T) {
	const runs, slope = 400, 0.01
	tests := []struct {
		name string
		n    int
		phi  float64
		want float64 // the least coverage
	}{
		{"five points, as of five garbage collections", 5, 0, 0.95},
		{"ten points", 10, 0, 0.94},
		{"twenty points", 20, 0, 0.94},
		{"a minute", 60, 0, 0.94},
		{"ten minutes", 600, 0, 0.93},
		{"a minute with a memory of 2 s", 60, 0.5, 0.91},
		{"a minute with a memory of 5 s", 60, 0.8, 0.89},
		{"ten minutes with a memory of 5 s", 600, 0.8, 0.93},
		{"ten minutes with a memory of 10 s", 600, 0.9, 0.93},
		{"ten minutes with a memory of 20 s", 600, 0.95, 0.92},
		{"ten minutes with a memory of 50 s", 600, 0.98, 0.91},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(3, uint64(test.n)))
			covered := 0
			for range runs {
				s, ok := TheilSen(noisy(rng, test.n, test.phi, 1, slope))
				if !ok {
					t.Fatal("no slope")
				}
				if s.Low <= slope && slope <= s.High {
					covered++
				}
			}
			share := float64(covered) / runs
			t.Logf("covered %.1f %%", 100*share)
			if share < test.want {
				t.Errorf("covered %.1f %%, want %.1f %%", 100*share, 100*test.want)
			}
		})
	}
}

// TestTheCorrectionIsNeeded is the control: without a correction for autocorrelation the interval covers the truth in hardly
// one of three series.
func TestTheCorrectionIsNeeded(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	covered := 0
	const runs = 200
	for range runs {
		points := binned(noisy(rng, 600, 0.95, 1, 0))
		slopes := pairSlopes(points)
		half := critical(len(points), float64(len(points))) * math.Sqrt(kendallVariance(points))
		pairs := float64(len(slopes))
		if slopes[int((pairs-half)/2)-1] <= 0 && slopes[int((pairs+half)/2)] >= 0 {
			covered++
		}
	}
	if share := float64(covered) / runs; share > 0.6 {
		t.Errorf("the plain interval covers %.0f %%: the correction has nothing to do", 100*share)
	}
}

// TestSlopesOfSteadyNoiseAreSeldomTakenForGrowth: the share of series without any growth whose interval lies above zero is what
// a bound of zero would fail by mistake.
func TestSlopesOfSteadyNoiseAreSeldomTakenForGrowth(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	const runs = 400
	grown := 0
	for i := range runs {
		s, _ := TheilSen(noisy(rng, 300, []float64{0, 0.5, 0.9}[i%3], 1, 0))
		if s.Low > 0 {
			grown++
		}
	}
	if share := float64(grown) / runs; share > 0.05 {
		t.Errorf("%.1f %% were taken for growth, nominally 2.5 %%", 100*share)
	}
}

func BenchmarkTheilSen(b *testing.B) {
	samples := noisy(rand.New(rand.NewPCG(6, 1)), 600, 0.5, 1, 0)
	for b.Loop() {
		TheilSen(samples)
	}
}
