package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestTrimmedMean(t *testing.T) {
	for _, test := range []struct {
		name   string
		values []float64
		share  float64
		want   float64
	}{
		{"nothing", nil, 0.2, math.NaN()},
		{"only NaN", []float64{math.NaN()}, 0.2, math.NaN()},
		{"one", []float64{3}, 0.2, 3},
		{"of four nothing is left out", []float64{1, 2, 3, 10}, 0.2, 4},
		{"of five one at each end", []float64{100, 2, 3, 4, -90}, 0.2, 3},
		{"of nine one at each end", []float64{9, 8, 7, 6, 5, 4, 3, 2, 1000}, 0.2, 6},
		{"of ten two at each end", []float64{1, 1, 3, 3, 3, 3, 3, 3, 9, 9}, 0.2, 3},
		{"ties", []float64{2, 2, 2, 2, 2}, 0.2, 2},
		{"NaN is no value", []float64{math.NaN(), 1, 2, 3, 4, 5}, 0.2, 3},
		{"all but the middle", []float64{1, 5, 100}, 0.5, 5},
		{"more than all", []float64{1, 5, 100}, 0.9, 5},
		{"less than nothing", []float64{1, 2}, -1, 1.5},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := append([]float64(nil), test.values...)
			got := TrimmedMean(test.values, test.share)
			if math.IsNaN(got) != math.IsNaN(test.want) || math.Abs(got-test.want) > 1e-12 {
				t.Errorf("%v, want %v", got, test.want)
			}
			for i, v := range before {
				if test.values[i] != v && !math.IsNaN(v) {
					t.Error("the values were changed")
				}
			}
		})
	}
}

func TestMoments(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct {
		name       string
		values     []float64
		resolution float64
		want       Moments
	}{
		{"nothing", nil, 0.1, Moments{0, nan, 0.1}},
		{"one", []float64{4}, 0.1, Moments{1, 4, 0.1}},
		{"the same each time", []float64{4, 4, 4}, 0.1, Moments{3, 4, 0.1}},
		{"the same each time, on no scale", []float64{4, 4, 4}, 0, Moments{3, 4, 0}},
		{"two", []float64{1, 3}, 0, Moments{2, 2, math.Sqrt2}},
		{"NaN is none", []float64{1, nan, 3}, 0, Moments{2, 2, math.Sqrt2}},
	} {
		got := MomentsOf(test.values, test.resolution)
		if got.N != test.want.N || math.Abs(got.Mean-test.want.Mean) > 1e-12 || math.IsNaN(got.Mean) != math.IsNaN(test.want.Mean) || math.Abs(got.SD-test.want.SD) > 1e-12 {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestSuccessive(t *testing.T) {
	for _, test := range []struct {
		values    []float64
		low, high float64
	}{
		{nil, 0, 0}, {[]float64{1, 2}, 0, 0}, {[]float64{1, 1, 1, 1}, 0, 0}, {[]float64{1, math.NaN(), 2, 3}, 0, 0},
		{[]float64{1, -1, 1, -1, 1, -1, 1, -1}, -1, -0.8}, {[]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0.6, 1},
	} {
		if got := Successive(test.values); got < test.low || got > test.high {
			t.Errorf("%v: %v, want %v to %v", test.values, got, test.low, test.high)
		}
	}
}

// TestPowerIsHowOftenATestFinds draws values and tests them.
func TestPowerIsHowOftenATestFinds(t *testing.T) {
	const runs = 40_000
	random := rand.New(rand.NewPCG(1, 9))
	for _, test := range []struct {
		mean, sd     float64
		n            int
		bound, floor float64
	}{{0.05, 0.04, 12, 3.6, 0}, {0.05, 0.08, 20, 2.5, 0.02}, {0.03, 0.01, 5, 11.6, 0}, {0.03, 0.001, 5, 11.6, 0.03}, {0, 1, 3, 4.3, 0}, {0.1, 1, 2, 1, 0}} {
		found := 0
		for range runs {
			values := make([]float64, test.n)
			for i := range values {
				values[i] = test.mean + test.sd*random.NormFloat64()
			}
			if m := MomentsOf(values, 0); m.Mean > test.bound*m.Error() && m.Mean >= test.floor {
				found++
			}
		}
		got, want := Power(test.mean, test.sd, test.n, test.bound, test.floor), float64(found)/runs
		if math.Abs(got-want) > 4*math.Sqrt(want*(1-want)/runs)+1e-3 {
			t.Errorf("%+v: %.4f, drawn %.4f", test, got, want)
		}
	}
}

func TestSmallestFound(t *testing.T) {
	for _, test := range []struct {
		sd           float64
		n            int
		bound, floor float64
	}{{0.04, 12, 3.6, 0}, {0.04, 12, 3.6, 0.3}, {0.2, 5, 11.6, 0.01}, {1e-9, 5, 4, 0.02}} {
		least := SmallestFound(test.sd, test.n, test.bound, test.floor)
		if got := Power(least, test.sd, test.n, test.bound, test.floor); math.Abs(got-0.8) > 1e-6 {
			t.Errorf("%+v: %v has a power of %v", test, least, got)
		}
	}
	for _, least := range []float64{SmallestFound(0, 5, 3, 0), SmallestFound(1, 1, 3, 0), SmallestFound(math.NaN(), 5, 3, 0), SmallestFound(1, 5, math.NaN(), 0)} {
		if !math.IsNaN(least) {
			t.Errorf("of nothing: %v", least)
		}
	}
}

func TestNeededValues(t *testing.T) {
	last := 0
	for _, sd := range []float64{0.001, 0.01, 0.03, 0.045, 0.07, 0.15, 0.3} {
		n, ok := NeededValues(0.05, sd, 0.02, 0.01/4, 5)
		if !ok || n < last {
			t.Errorf("sd %v: %d, %v after %d", sd, n, ok, last)
		}
		if n <= 20 && n > 5 {
			all := Bounds(0.01/4, 5, n-1)
			if p := Power(0.05, sd, n-1, all[len(all)-1], 0.02); p >= 0.8 {
				t.Errorf("sd %v: %d, but one less has a power of %v", sd, n, p)
			}
		}
		last = n
	}
	if last < 100 {
		t.Errorf("with an sd of 30 %% %d values", last)
	}
	for name, ok := range map[string]bool{
		"not above the floor": second(NeededValues(0.02, 0.01, 0.02, 0.01, 5)), "too wild": second(NeededValues(0.05, 100, 0.02, 0.01, 5)),
		"no spread": second(NeededValues(0.05, 0, 0.02, 0.01, 5)), "no alpha": second(NeededValues(0.05, 0.01, 0.02, 0, 5)),
		"NaN": second(NeededValues(math.NaN(), 0.01, 0.02, 0.01, 5)),
	} {
		if ok {
			t.Errorf("%s: ok", name)
		}
	}
}

func second(_ int, ok bool) bool { return ok }

func TestStudentOfNoDegreesIsNoPanic(t *testing.T) {
	for _, nu := range []float64{0, -1, math.NaN()} {
		if !math.IsNaN(studentTail(1, nu)) || !math.IsNaN(studentQuantile(0.01, nu)) {
			t.Errorf("with %v degrees of freedom there is a value", nu)
		}
	}
	if got := studentTail(studentQuantile(0.01, 4), 4); math.Abs(got-0.01) > 1e-9 {
		t.Errorf("%v, want 0.01", got)
	}
}
