package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// failing draws pairs of 9000 offers to each build, of which a share fails. Each failure takes a burst of others with it.
func failing(random *rand.Rand, n int, baseline, candidate float64, burst int) []FailurePair {
	draw := func(share float64) Failures {
		count := distuv.Poisson{Lambda: 9000 * share / float64(burst), Src: random}.Rand()
		return Failures{count * float64(burst), 9000}
	}
	var pairs []FailurePair
	for range n {
		pairs = append(pairs, FailurePair{draw(baseline), draw(candidate)})
	}
	return pairs
}

func TestFailuresOfEqualBuildsSeldomDiffer(t *testing.T) {
	t.Parallel()
	const runs = 5000
	for _, test := range []struct {
		name  string
		share float64
		burst int
	}{{"a few", 0.0003, 1}, {"hardly any", 0.00003, 1}, {"many", 0.01, 1}, {"bursts of thirty", 0.003, 30}, {"a rare burst of ten", 0.0003, 10}} {
		random := rand.New(rand.NewPCG(1, uint64(test.burst)))
		for _, level := range []float64{0.01, 0.0025} {
			alarms, left := 0, 0
			for range runs {
				f, ok := CompareFailures(failing(random, 10, test.share, test.share, test.burst), level, 0.05)
				if !ok {
					t.Fatal("not ok")
				}
				if f.P <= level {
					alarms++
				}
				if f.High < 0 {
					left++
				}
			}
			t.Logf("%s: %.4f at %.4f, %.4f beyond the upper bound", test.name, float64(alarms)/runs, level, float64(left)/runs)
			if share := float64(alarms) / runs; share > level+4*math.Sqrt(level/runs) {
				t.Errorf("%s: %.4f of the tests at %.4f raise an alarm", test.name, share, level)
			}
			if share := float64(left) / runs; share > 0.055 {
				t.Errorf("%s: the upper bound at 5 %% leaves the truth out in %.3f", test.name, share)
			}
		}
	}
}

// TestTheDispersionIsNeeded is the control: without it, one burst in one pair is taken for a difference.
func TestTheDispersionIsNeeded(t *testing.T) {
	pairs := make([]FailurePair, 5)
	for i := range pairs {
		pairs[i] = FailurePair{Failures{0, 9000}, Failures{0, 9000}}
	}
	pairs[3].Candidate.Failed = 30
	f, _ := CompareFailures(pairs, 0.01, 0.05)
	if f.P < 0.3 || math.Abs(f.Dispersion-30) > 1e-9 {
		t.Errorf("a burst of thirty in one of five pairs has P %.4f and dispersion %.2f", f.P, f.Dispersion)
	}
	if p := binomialTail(30, 30, 0.5); p > 1e-8 {
		t.Errorf("taken as independent it has P %g", p)
	}
	for i := range pairs {
		pairs[i].Candidate.Failed = 6
	}
	if f, _ = CompareFailures(pairs, 0.01, 0.05); f.P > 1e-8 || f.Dispersion != 1 {
		t.Errorf("six in each of five pairs have P %g and dispersion %.2f", f.P, f.Dispersion)
	}
}

func TestCompareFailures(t *testing.T) {
	even := func(baseline, candidate float64) []FailurePair {
		return []FailurePair{{Failures{baseline, 1000}, Failures{candidate, 1000}}}
	}
	for _, test := range []struct {
		name  string
		pairs []FailurePair
		p     float64
	}{
		{"nothing failed", even(0, 0), 1},
		{"none of the candidate's", even(7, 0), 1},
		{"one of one", even(0, 1), 0.5},
		{"all of ten", even(0, 10), math.Pow(0.5, 10)},
		{"nine of ten", even(1, 9), 11 * math.Pow(0.5, 10)},
		{"as many", even(5, 5), 638.0 / 1024},
		{"a third of the offers", []FailurePair{{Failures{0, 2000}, Failures{3, 1000}}}, 1.0 / 27},
		{"pairs without failures say nothing", append(even(0, 10), even(0, 0)[0]), -1},
	} {
		f, ok := CompareFailures(test.pairs, 0.01, 0.05)
		if !ok || test.p >= 0 && math.Abs(f.P-test.p) > 1e-12 {
			t.Errorf("%s: P %g, %v, want %g", test.name, f.P, ok, test.p)
		}
		if !(f.Low <= f.Candidate-f.Baseline && f.Candidate-f.Baseline <= f.High) {
			t.Errorf("%s: %v to %v", test.name, f.Low, f.High)
		}
	}
	if f, _ := CompareFailures(even(0, 0), 0.01, 0.05); math.Abs(f.High+math.Log(0.05)/1000) > 1e-9 { // the rule of three
		t.Errorf("nothing failed: up to %v", f.High)
	}
	for _, pairs := range [][]FailurePair{nil, {{Failures{0, 0}, Failures{0, 10}}}, {{Failures{0, math.NaN()}, Failures{0, 10}}}} {
		if _, ok := CompareFailures(pairs, 0.01, 0.05); ok {
			t.Errorf("%v: ok", pairs)
		}
	}
}

// TestWhatFailuresAreFound holds the smallest difference that is stated against how often it is found.
func TestWhatFailuresAreFound(t *testing.T) {
	t.Parallel()
	const runs = 1500
	for _, share := range []float64{0, 0.0002, 0.004} {
		random := rand.New(rand.NewPCG(3, 4))
		const level = 0.001
		base, _ := CompareFailures(failing(random, 12, share, share, 1), level, 0.05)
		base.Baselines, base.Dispersion = share*9000*12, 1
		found := 0
		for range runs {
			f, _ := CompareFailures(failing(random, 12, share, share+base.SmallestFailures(level), 1), level, 0.05)
			if f.P <= level {
				found++
			}
		}
		if power := float64(found) / runs; power < 0.6 || power > 0.93 {
			t.Errorf("with %.4f failing, %.5f more are found in %.2f, want about 0.8", share, base.SmallestFailures(level), power)
		}
	}
}
