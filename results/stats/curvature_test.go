package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// repeated are four groups of points, each of n.
func repeated(n int, value func(at float64) float64) (points []Sample, groups []float64) {
	for _, at := range []float64{0, 2, 5, 10} {
		for range n {
			points, groups = append(points, Sample{at + 0.3, value(at)}), append(groups, at)
		}
	}
	return points, groups
}

func TestCurvatureTellsALineFromAQueue(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const runs = 4000
	share := func(value func(at float64) float64) float64 {
		found := 0
		for range runs {
			c, ok := Curvature(repeated(3, value))
			if !ok {
				t.Fatal("not ok")
			}
			if c.P < 0.01 {
				found++
			}
		}
		return float64(found) / runs
	}
	if false1 := share(func(at float64) float64 { return 1 + 3*at + random.NormFloat64() }); math.Abs(false1-0.01) > 0.005 {
		t.Errorf("%.2f %% of straight lines are said to be curved, want 1 %%", 100*false1)
	}
	if power := share(func(at float64) float64 { return 1 + at/(1-at/12) + random.NormFloat64() }); power < 0.99 {
		t.Errorf("%.1f %% of the queues are found", 100*power)
	}
}

func TestCurvatureSaysHowFarBesideALine(t *testing.T) {
	bent, ok := Curvature(repeated(2, func(at float64) float64 { return math.Max(0, at-5) }))
	if !ok || bent.P != 0 || bent.Beside < 0.1 || bent.Beside > 0.5 {
		t.Errorf("%+v, %v", bent, ok)
	}
	straight, ok := Curvature(repeated(2, func(at float64) float64 { return 20 * at }))
	if !ok || straight.Beside > 1e-9 {
		t.Errorf("%+v, %v", straight, ok)
	}
	for name, points := range map[string][]Sample{
		"nothing":       nil,
		"one moment":    {{1, 1}, {1, 2}, {1, 3}},
		"not repeated":  {{1, 1}, {2, 2}, {3, 3}},
		"two groups":    {{1, 1}, {1, 2}, {2, 3}},
		"does not rise": {{1, 1}, {1, 1}, {2, 1}, {3, 1}},
	} {
		groups := make([]float64, len(points))
		for i, p := range points {
			groups[i] = p.At
		}
		if _, ok := Curvature(points, groups); ok {
			t.Errorf("%s: ok", name)
		}
	}
}
