package campaign

import (
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// play runs a calibration whose pairs all come to the same, and returns them in their order.
func play(c Calibration, done []results.GateReading) (pairs []GatePair) {
	for {
		next, end := c.Next(done, time.Hour)
		if end != "" {
			return pairs
		}
		pairs = append(pairs, next)
		r := readings(1, 70, 0.5)[0] // far enough apart to end any gate
		r.Pair, r.Planted = next.Number, next.Planted
		done = append(done, r)
	}
}

func TestACalibrationMeasuresAllThatItWasAskedFor(t *testing.T) {
	c := Calibration{Gate: Gate{Seed: 7}, Asked: results.Calibration{Pairs: 8, Planted: []results.PlantedKind{results.PlantedDelay, results.PlantedCPU}}}
	pairs := play(c, nil)
	if len(pairs) != 14 || c.Pairs() != 14 {
		t.Fatalf("%d pairs, and %d are told", len(pairs), c.Pairs())
	}
	for i, p := range pairs {
		want := results.PlantedKind("")
		if i >= 11 {
			want = results.PlantedCPU
		} else if i >= 8 {
			want = results.PlantedDelay
		}
		kind := results.PlantedKind("")
		if p.Planted != nil {
			kind = p.Planted.Kind
		}
		if p.Number != i+1 || kind != want {
			t.Errorf("pair %d is number %d with %q planted, want %q", i+1, p.Number, kind, want)
		}
	}
	// Pairs are those of the gate, and of nothing but seed and number.
	if first := (Gate{Seed: 7}).pair(1); pairs[0].First != first.First || pairs[0].Seed != first.Seed {
		t.Errorf("%+v is not the gate's first pair %+v", pairs[0], first)
	}
}

func TestACalibrationThatWasCutOffGoesOnWhereItWas(t *testing.T) {
	c := Calibration{Gate: Gate{Seed: 3}, Asked: results.Calibration{Pairs: 3, Planted: []results.PlantedKind{results.PlantedDelay}}}
	whole := play(c, nil)
	var done []results.GateReading
	for i := range 4 {
		r := readings(1, 70, 0)[0]
		r.Pair, r.Planted = i+1, whole[i].Planted
		done = append(done, r)
	}
	if left := c.Remaining(done, 0); left != 140*time.Second {
		t.Errorf("two pairs of 70 s are left, not %v", left)
	}
	rest := play(c, done)
	if len(rest) != 2 || rest[0].Number != 5 || rest[0].First != whole[4].First || *rest[0].Planted != *whole[4].Planted {
		t.Errorf("%d pairs are left, the first %+v, not %+v", len(rest), rest[0], whole[4])
	}
}

func TestADelayIsAsLongAsTheMedianAnswer(t *testing.T) {
	of := func(p50 ...float64) (all []results.GateReading) {
		for _, v := range p50 {
			all = append(all, results.GateReading{Values: []results.GateValue{{Metric: "p50", Baseline: &v}, {Metric: "p95"}}})
		}
		return all
	}
	planted := of(900)
	planted[0].Planted = &results.Planted{Kind: results.PlantedCPU}
	for name, test := range map[string]struct {
		done []results.GateReading
		want float64
	}{
		"nothing is known":                    {nil, 10},
		"answers are quick":                   {of(2, 3, 2.5), 10},
		"answers are slow":                    {of(40.2, 41.5, 39), 41},
		"what is planted says nothing of it":  {append(of(40), planted...), 40},
		"a metric that could not be measured": {[]results.GateReading{{Values: []results.GateValue{{Metric: "p50"}}}}, 10},
	} {
		if got := plantedDelay(test.done); got != test.want {
			t.Errorf("%s: %v ms, not %v", name, got, test.want)
		}
	}
}

func TestThePairsOfAKindHaveTheSamePlanted(t *testing.T) {
	c := Calibration{Asked: results.Calibration{Planted: []results.PlantedKind{results.PlantedCPU}}}
	first := &results.Planted{Kind: results.PlantedCPU, On: "api", Cores: 0.2, Uses: 0.16}
	next, _ := c.Next([]results.GateReading{{Pair: 1, Planted: first}}, 0)
	if next.Planted == first || *next.Planted != *first {
		t.Errorf("%+v, not a copy of %+v", next.Planted, first)
	}
}
