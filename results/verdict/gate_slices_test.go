package verdict

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// turnsRun is a run of a gate in slices with one pair of two blocks, ABBA and BAAB, of 4 s each, of which the first second is left out.
func turnsRun() results.Run {
	run := pairRun(func(baseline, candidate *results.Trial) {
		baseline.Fitness, candidate.Fitness = results.Fitness{}, results.Fitness{}
		for i, turn := range "ABBABAAB" {
			of := map[rune]*results.Trial{'A': baseline, 'B': candidate}[turn]
			at := float64(4 * i)
			of.Slices = append(of.Slices, results.GateSlice{Start: at, From: at + 1, End: at + 4, Block: i / 4})
			of.Phases = []results.Phase{{Name: results.PhaseWarmup, Start: -2}, {Name: results.PhaseSteady, End: 32}}
		}
	})
	run.Question.Gate.Mode = results.GateSlices
	return run
}

// turnsFrames are 32 s in which each build is offered 20 iterations in each second of its turns, which take as long as it says of the
// second of the turn; what began in a turn is told of in the other's, too.
func turnsFrames(ms func(build string, second int) float64) []*recording.Frame {
	names := map[byte]string{'A': "baseline", 'B': "candidate"}
	return framesOf(-2, 32, func(s int) []recording.Point {
		if s < 0 {
			return append(offeredTo("baseline", 10, 0, 1000), offeredTo("candidate", 10, 0, 1000)...)
		}
		turn := "ABBABAAB"[s/4]
		points := offeredTo(names[turn], 20, 0, ms(names[turn], s%4))
		other := names['A'+'B'-turn]
		return append(points, trend("latency", tags{"scenario": "main", "build": other, "name": "more", "outcome": "ok"}, 5000))
	})
}

func TestOfBuildsThatTakeTurnsEachBlockIsAWindow(t *testing.T) {
	slow := func(build string, second int) float64 {
		switch {
		case second == 0:
			return 400 // what the other one left
		case build == "candidate":
			return 110
		}
		return 100
	}
	pairs, doubts, err := GatePairs(turnsRun(), opening(record(t, turnsFrames(slow))))
	if err != nil || len(doubts) > 0 || len(pairs) != 1 {
		t.Fatalf("%d pairs, %q, %v", len(pairs), doubts, err)
	}
	p := pairs[0]
	for side, ms := range map[*GateSide]float64{&p.Baseline: 100, &p.Candidate: 110} {
		if len(side.Windows) != 2 || side.Lateness.Count() != 240 {
			t.Fatalf("%d windows, %d of lateness", len(side.Windows), side.Lateness.Count())
		}
		for _, w := range side.Windows {
			if math.Abs(w.Seconds-6) > 1e-9 || w.Offered != 120 || w.Served != 120 || w.Latency.Count() != 120 || math.Abs(w.Latency.Quantile(0.99)-ms) > 1 {
				t.Errorf("%v s, %d offered, %d latencies up to %v", w.Seconds, w.Offered, w.Latency.Count(), w.Latency.Quantile(0.99))
			}
		}
	}
	r := ReadPair(results.Gate{Mode: results.GateSlices, Limits: results.GateLimits{FewestExtremes: 1, LatenessShare: 9, LatenessApart: 9}}, p)
	if len(r.Unfit) > 0 || r.Values[0].Change == nil || math.Abs(*r.Values[0].Change-math.Log(1.1)) > 0.01 || r.Values[0].Windows != 2 {
		t.Errorf("%q, %+v", r.Unfit, r.Values[0])
	}
}

// TestATurnBeginsAfterTwiceTheP99 of both builds, in whole seconds.
func TestATurnBeginsAfterTwiceTheP99(t *testing.T) {
	for _, row := range []struct {
		name    string
		slowest float64 // of one build
		seconds float64 // that are left of a block
		nothing string
	}{
		{"quick", 100, 6, ""},
		{"nearly half a second", 450, 6, ""},
		{"more than that", 600, 4, ""},
		{"1.2 s", 1200, 2, ""},
		{"half a slice", 2100, 0, "p99 of latency is 2100ms"},
	} {
		pairs, _, err := GatePairs(turnsRun(), opening(record(t, turnsFrames(func(build string, _ int) float64 {
			if build == "candidate" {
				return row.slowest
			}
			return 100
		}))))
		if err != nil || len(pairs) != 1 {
			t.Fatalf("%d pairs, %v", len(pairs), err)
		}
		p := pairs[0]
		left := 0.0
		for _, w := range p.Baseline.Windows {
			left = w.Seconds
		}
		if left != row.seconds || len(p.Baseline.Windows) != len(p.Candidate.Windows) || !strings.Contains(p.Nothing, row.nothing) || (p.Nothing == "") != (row.nothing == "") {
			t.Errorf("%s: %v s are left, %d and %d windows, %q", row.name, left, len(p.Baseline.Windows), len(p.Candidate.Windows), p.Nothing)
		}
		if r := ReadPair(results.Gate{Mode: results.GateSlices}, p); row.nothing != "" && !cmp.Equal(r.Unfit, []string{p.Nothing}) {
			t.Errorf("%s: %q", row.name, r.Unfit)
		}
	}
}

func TestAWarmUpThatWasNotLevelIsAWarning(t *testing.T) {
	trial := func(pair int, status results.Status, w *results.Warmup) results.Trial {
		return results.Trial{Pair: pair, Status: status, Warmup: w}
	}
	cut := &results.Warmup{Seconds: 30, Apart: 0.14}
	for _, row := range []struct {
		name   string
		trials []results.Trial
		want   string
	}{
		{"as long as asked", []results.Trial{trial(1, results.StatusComplete, nil)}, ""},
		{"level", []results.Trial{trial(1, results.StatusComplete, &results.Warmup{Seconds: 15.6, Level: true, Apart: 0.05})}, ""},
		{"cut off by the end of its pair", []results.Trial{trial(1, results.StatusAborted, cut)}, ""},
		{"both trials of a pair, and another", []results.Trial{trial(1, results.StatusComplete, cut), trial(1, results.StatusComplete, cut), trial(3, results.StatusComplete, &results.Warmup{Seconds: 29})},
			"the warm-up ended after 30s before times were level, in 2 pairs (1, 3); medians were up to 14% apart"},
		{"of which nothing is known", []results.Trial{trial(2, results.StatusComplete, &results.Warmup{Seconds: 30})}, "the warm-up ended after 30s before times were level, in 1 pair (2)"},
	} {
		if got := warmupDoubt(row.trials); got != row.want {
			t.Errorf("%s: %q", row.name, got)
		}
	}
}
