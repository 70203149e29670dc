package simulation

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/results"
)

// TestASmallTable is the full table with fewer gates. The seeds are fixed, and the bounds leave room for arithmetic that rounds
// otherwise elsewhere: by the full table none of them is reached once in a thousand times.
func TestASmallTable(t *testing.T) {
	const gates = 30
	for _, test := range []struct {
		noise          Noise
		mode           results.GateMode
		effect         Effect
		fails, passes  [2]int // least and most
		longestMinutes float64
	}{
		{Noisy(), results.GateMirror, Effect{Name: "A/A"}, [2]int{0, 3}, [2]int{24, gates}, 14},
		{Noisy(), results.GateMirror, Effect{Name: "p95 +5 %", P95: 0.05}, [2]int{22, gates}, [2]int{0, 5}, 20},
		{Noisy(), results.GateMirror, Effect{Name: "all +10 %", All: 0.10}, [2]int{28, gates}, [2]int{0, 0}, 9},
		{Noisy(), results.GateMirror, Effect{Name: "errors +0.2 points", Failed: 0.002}, [2]int{28, gates}, [2]int{0, 0}, 8},
		{Hostile(), results.GateMirror, Effect{Name: "A/A"}, [2]int{0, 3}, [2]int{0, gates}, 20},
		{Noisy(), results.GateTrials, Effect{Name: "A/A"}, [2]int{0, 3}, [2]int{0, gates}, 20},
		{Noisy(), results.GateSlices, Effect{Name: "A/A"}, [2]int{0, 3}, [2]int{0, gates}, 20},
	} {
		c := Cell{Noise: test.noise, Mode: test.mode, Effect: test.effect}
		t.Run(c.Name(), func(t *testing.T) {
			t.Parallel()
			row := RowOf(c.Name(), playCell(t, c, 0, gates))
			t.Logf("%+v", row)
			if row.Gates != gates || row.Fail+row.Pass+row.Open != gates {
				t.Fatal("not every gate has an outcome")
			}
			if row.Fail < test.fails[0] || row.Fail > test.fails[1] {
				t.Errorf("%d of %d fail, want %d to %d", row.Fail, gates, test.fails[0], test.fails[1])
			}
			if row.Pass < test.passes[0] || row.Pass > test.passes[1] {
				t.Errorf("%d of %d pass, want %d to %d", row.Pass, gates, test.passes[0], test.passes[1])
			}
			if row.Minutes > test.longestMinutes {
				t.Errorf("the median takes %.1f minutes, want at most %.1f", row.Minutes, test.longestMinutes)
			}
		})
	}
}

// TestAGateIsAFunctionOfItsSeed in every mode, and keeps its budget but for what a pair takes longer than those before it.
func TestAGateIsAFunctionOfItsSeed(t *testing.T) {
	for _, mode := range []results.GateMode{results.GateMirror, results.GateSlices, results.GateTrials} {
		s := Cell{Noise: Hostile(), Mode: mode, Effect: Effect{All: 0.02}}.Simulation()
		one, err := s.Play(7)
		if err != nil {
			t.Fatal(err)
		}
		same, err := s.Play(7)
		if err != nil {
			t.Fatal(err)
		}
		other, err := s.Play(8)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(one, same); diff != "" {
			t.Errorf("%s: %s", mode, diff)
		}
		if cmp.Equal(one, other) {
			t.Errorf("%s: another seed makes no difference", mode)
		}
		if one.Seconds > 1230 || one.Judgement.Findings.Pairs < 5 {
			t.Errorf("%s: %d pairs took %.0f s", mode, one.Judgement.Findings.Pairs, one.Seconds)
		}
	}
}

func TestAGateWithoutTimeIsNotPlayed(t *testing.T) {
	s := Simulation{Plan: results.Gate{Budget: 100}, Noise: Quiet()}
	if _, err := s.Play(1); !errors.Is(err, campaign.ErrTooFewPairs) {
		t.Errorf("%v", err)
	}
}

// TestEffectsAreWhatTheySay: measured over many pairs of a quiet machine.
func TestEffectsAreWhatTheySay(t *testing.T) {
	for _, test := range []struct {
		effect Effect
		want   [3]float64 // p50, p95, p99
	}{
		{Effect{Name: "all", All: 0.05}, [3]float64{1.05, 1.05, 1.05}},
		{Effect{Name: "p95", P95: 0.05}, [3]float64{1, 1.05, 1}},
		{Effect{Name: "none"}, [3]float64{1, 1, 1}},
	} {
		// No differences but the effect and chance within a process.
		s := Simulation{Plan: results.Gate{PairSeconds: 10, MostPairs: 5}, Noise: Noise{Name: "still"}, Effect: test.effect}
		var sums [3]float64
		const gates = 12
		for seed := range uint64(gates) {
			p, err := s.Play(seed)
			if err != nil {
				t.Fatal(err)
			}
			for i := range sums {
				sums[i] += *p.Judgement.Findings.Metrics[i].Estimate / gates
			}
		}
		for i, want := range test.want {
			if within := []float64{0.005, 0.02, 0.03}[i]; math.Abs(math.Exp(sums[i])-want) > within {
				t.Errorf("%s: quantile %d changes by %.4f, want %.2f ± %.3f", test.effect.Name, i, math.Exp(sums[i]), want, within)
			}
		}
	}
}

// TestAMachineIsAsItsNoiseSays: standard deviation and memory of its drifts, and how much of the time there are bursts.
func TestAMachineIsAsItsNoiseSays(t *testing.T) {
	const seconds = 400_000
	random := rand.New(rand.NewPCG(1, 1))
	m := newMachine(Noise{Fast: Drift{0.05, 60}}, random)
	var squares, products, before float64
	for range seconds {
		v := m.second()
		squares, products = squares+v*v, products+v*before
		before = v
	}
	if sd := math.Sqrt(squares / seconds); math.Abs(sd-0.05) > 0.003 {
		t.Errorf("the drift has a standard deviation of %.4f, want 0.05", sd)
	}
	if kept := products / squares; math.Abs(kept-math.Exp(-1.0/60)) > 0.003 {
		t.Errorf("a second leaves %.4f of the drift, want %.4f", kept, math.Exp(-1.0/60))
	}
	m = newMachine(Noise{Bursts: Bursts{Every: 90, Length: 6, Size: 0.35, Spread: 0}}, random)
	sum := 0.0
	for range seconds {
		sum += m.second()
	}
	// Bursts overlap and add up. One that begins and ends within a second is not seen: seconds are looked at by their ends.
	if mean := sum / seconds; math.Abs(mean-0.35*6/90) > 0.003 {
		t.Errorf("bursts are %.4f on average, want %.4f", mean, 0.35*6/90)
	}
}

func BenchmarkPlay(b *testing.B) {
	s := Cell{Noise: Hostile(), Mode: results.GateMirror, Effect: Effect{P95: 0.03}}.Simulation()
	for i := range b.N {
		if _, err := s.Play(uint64(i)); err != nil {
			b.Fatal(err)
		}
	}
}
