package campaign

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// readings are pairs of so many seconds each, in which everything changes by about a share, give or take 0.3 %.
func readings(n int, seconds, change float64) []results.GateReading {
	return spread(n, seconds, change, 0.003)
}

// unclear are pairs that say neither yes nor no.
func unclear(n int, seconds float64) []results.GateReading { return spread(n, seconds, 0.02, 0.04) }

func spread(n int, seconds, change, by float64) []results.GateReading {
	var all []results.GateReading
	number := func(v float64) *float64 { return &v }
	for i := range n {
		r := results.GateReading{Pair: i + 1, First: results.SideBaseline, Seconds: seconds}
		to := change + by*[]float64{1, -1, 0.3, -0.3}[i%4]
		for _, m := range (results.Gate{}).WithDefaults().Primary {
			v := results.GateValue{Metric: m.Name, Change: number(to), Baseline: number(10), Candidate: number(10 * (1 + to)), BaselineCount: 100, CandidateCount: 100}
			if m.Name == results.GateErrors {
				v = results.GateValue{Metric: m.Name, Change: number(0), Baseline: number(0), Candidate: number(0), BaselineOffered: 9000, CandidateOffered: 9000}
			}
			r.Values = append(r.Values, v)
		}
		all = append(all, r)
	}
	return all
}

func TestAGateThatCanNotBeWonIsRefusedBeforeItStarts(t *testing.T) {
	for _, test := range []struct {
		name string
		plan results.Gate
		want string // in the error; empty: none
	}{
		{"the defaults", results.Gate{}, ""},
		{"five pairs and not a second more", results.Gate{Budget: 375}, ""},
		{"a second too little", results.Gate{Budget: 374}, "enough for 4, and the first look needs 5; give it 7m0s or more"},
		{"long pairs", results.Gate{PairSeconds: 300}, "give it 25m0s or more"},
		{"a later first look", results.Gate{LeastPairs: 17}, "enough for 16"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := Gate{Plan: test.plan}.Check()
			if test.want == "" && err != nil {
				t.Fatal(err)
			}
			if test.want != "" && (!errors.Is(err, ErrTooFewPairs) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%v, want an ErrTooFewPairs with %q", err, test.want)
			}
		})
	}
}

func TestWhatAGateRunsNext(t *testing.T) {
	for _, test := range []struct {
		name    string
		plan    results.Gate
		done    []results.GateReading
		elapsed time.Duration
		number  int
		end     GateEnd
	}{
		{"the first pair", results.Gate{}, nil, 0, 1, ""},
		{"there is no look before the fifth", results.Gate{}, readings(4, 70, 0.5), 280 * time.Second, 5, ""},
		{"what is much worse ends it", results.Gate{}, readings(5, 70, 0.5), 350 * time.Second, 0, GateDecided},
		{"what is the same ends it", results.Gate{}, readings(8, 70, 0), 560 * time.Second, 0, GateDecided},
		{"what is in between goes on", results.Gate{}, unclear(8, 70), 560 * time.Second, 9, ""},
		{"as many pairs as there may be", results.Gate{MostPairs: 6}, unclear(6, 70), 420 * time.Second, 0, GatePairs},
		{"no time for another one", results.Gate{}, unclear(6, 70), 1131 * time.Second, 0, GateBudget},
		{"just enough time", results.Gate{}, unclear(6, 70), 1130 * time.Second, 7, ""},
		{"not by the first one's estimate", results.Gate{PairSeconds: 75}, readings(1, 200, 0), 1010 * time.Second, 0, GateBudget},
		{"a hole in the numbers", results.Gate{}, append(readings(2, 70, 0), results.GateReading{Pair: 7, Seconds: 70}), 300 * time.Second, 8, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			pair, end := Gate{Plan: test.plan, Seed: 3}.Next(test.done, test.elapsed)
			if pair.Number != test.number || end != test.end {
				t.Errorf("pair %d, %q, want %d, %q", pair.Number, end, test.number, test.end)
			}
		})
	}
}

// TestChanceIsAFunctionOfSeedAndNumber: a gate that is resumed goes on as it would have, and neither build is favoured.
func TestChanceIsAFunctionOfSeedAndNumber(t *testing.T) {
	first := map[results.Side]int{}
	seeds := map[int64]bool{}
	for seed := range int64(100) {
		for n := range 10 {
			pair, _ := Gate{Seed: seed}.Next(readings(n, 60, 0.02)[:min(n, 4)], 0)
			again, _ := Gate{Seed: seed}.Next(readings(n, 61, 0.01)[:min(n, 4)], time.Second)
			if pair != again {
				t.Fatalf("%+v, and again %+v", pair, again)
			}
			if n < 5 {
				first[pair.First]++
				seeds[pair.Seed] = true
			}
		}
	}
	if first[results.SideBaseline] < 200 || first[results.SideCandidate] < 200 || len(seeds) != 500 {
		t.Errorf("first were %v, with %d seeds of 500", first, len(seeds))
	}
}

func TestRemaining(t *testing.T) {
	g := Gate{Plan: results.Gate{Budget: 1000, PairSeconds: 100}}
	for _, test := range []struct {
		name    string
		done    []results.GateReading
		elapsed time.Duration
		want    time.Duration
	}{
		{"at first by the estimate", nil, 0, 1000 * time.Second},
		{"then by what pairs took", readings(2, 70, 0), 140 * time.Second, 840 * time.Second},
		{"nothing once it is decided", readings(5, 70, 0.5), 350 * time.Second, 0},
		{"nothing when there is no time left", readings(3, 70, 0), 950 * time.Second, 0},
	} {
		if got := g.Remaining(test.done, test.elapsed); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// TestAGateRunsNoPairForWhatIsAccepted: what is worse for sure and accepted does not decide, and what can't be told of it is not waited for.
func TestAGateRunsNoPairForWhatIsAccepted(t *testing.T) {
	done := readings(5, 60, 0)
	for i, wild := range unclear(5, 60) {
		done[i].Values[1] = wild.Values[1]
	}
	accepted := []results.Acceptance{{Metric: "p95", Reason: "answers are signed", Expires: "2030-01-31"}}
	for _, test := range []struct {
		name string
		gate Gate
		want GateEnd
	}{
		{"nothing is accepted", Gate{}, ""}, {"p95 is", Gate{Accepted: accepted}, GateDecided},
	} {
		if _, end := test.gate.Next(done, 5*time.Minute); end != test.want {
			t.Errorf("%s: it ends with %q, not %q", test.name, end, test.want)
		}
	}
}
