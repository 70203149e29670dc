package verdict

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// crossings is a trial that measured round trips in three rounds of 0, 2, 5 and 10 ms; an answer takes what of says, in
// milliseconds, when a crossing takes that long.
func crossings(t *testing.T, of func(trip float64) float64, change func(i int, s *second)) (results.Trial, []byte) {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 6))
	trial := completeTrial()
	trial.Faults, trial.Phases = nil, nil
	trial.Probing = &results.Probing{Aim: results.AimRoundTrips, Kind: "latency", Unit: "ms", Rate: 10, Ended: results.SearchDone}
	var recorded []*recording.Frame
	for i := range 12 {
		added, start := []float64{0, 2, 5, 10}[i%4], float64(i)*5
		trip := 0.4 + 1.05*added + 0.02*random.NormFloat64()
		trial.Probing.Steps = append(trial.Probing.Steps, results.FaultStep{
			Step: results.Step{Rate: 10, Start: start, From: start + 1, End: start + 4}, Link: "api->db", Strength: added,
			Effect: &results.Effect{Seen: true, What: "round trip", Unit: "ms", During: trip},
		})
		for s := range 5 {
			// The synthetic second takes half its latency as http_req_duration.
			sec := second{served: 10, requests: 1, latency: 2 * (3 + of(trip)) * (1 + 0.005*random.NormFloat64())}
			if s < 1 || s >= 4 {
				sec.latency = 5000
			} else if change != nil {
				change(i, &sec)
			}
			recorded = append(recorded, sec.frame(start+float64(s), time.Second))
		}
	}
	return trial, record(t, recorded)
}

func times(n float64) func(float64) float64 { return func(trip float64) float64 { return n * trip } }

func TestRoundTripsAreTheSlopeOfLatencyOverACrossing(t *testing.T) {
	for _, row := range []struct {
		name   string
		of     func(trip float64) float64
		change func(i int, s *second)
		want   float64 // NaN: unclear
		reason string
	}{
		{"one", times(1), nil, 1, ""},
		{"three", times(3), nil, 3, ""},
		{"twenty", times(20), nil, 20, ""},
		{"none: it is not on the way to the answer", times(0), nil, 0, ""},
		{"one of twenty steps was disturbed", times(3), func(i int, s *second) {
			if i == 4 {
				s.latency *= 1.5
			}
		}, 3, ""},
		{"a pool that saturates", func(trip float64) float64 { return trip / (1 - trip/12) }, nil, math.NaN(), "not a line"},
		{"requests that fail", times(3), func(i int, s *second) {
			if i == 2 {
				s.served, s.failed = 5, 5
			}
		}, math.NaN(), "% of the requests failed"},
		{"too few requests", times(3), func(i int, s *second) {
			if i%4 > 1 {
				s.served = 0
			}
		}, math.NaN(), "too few requests: 6 steps of 2 different delays could be used"},
	} {
		t.Run(row.name, func(t *testing.T) {
			trial, recorded := crossings(t, row.of, row.change)
			v, err := Judgement(askRun(trial, asked("p95(latency) < 300ms")...), opening(recorded))
			if err != nil {
				t.Fatal(err)
			}
			outcome := results.Pass
			if math.IsNaN(row.want) {
				outcome = results.Inconclusive // nothing else was asked
			}
			if len(v.RoundTrips) != 1 || v.Outcome != outcome {
				t.Fatalf("%s %+v", v.Outcome, v)
			}
			a := v.RoundTrips[0]
			if a.Link != "api->db" || a.Name != "list" || (a.Count == nil) != math.IsNaN(row.want) || !strings.Contains(a.Reason, row.reason) {
				t.Fatalf("%+v", a)
			}
			if a.Count != nil && (math.Abs(*a.Count-row.want) > 0.1*math.Max(row.want, 0.5) || *a.Low > *a.Count || *a.High < *a.Count) {
				t.Errorf("%v [%v, %v], want %v", *a.Count, *a.Low, *a.High, row.want)
			}
		})
	}
}

// TestRoundTripsGoOnWithThePointsOfATrialThatWasCutOff: the steps of both make the line, of endpoints that either has seen.
func TestRoundTripsGoOnWithThePointsOfATrialThatWasCutOff(t *testing.T) {
	trial, recorded := crossings(t, times(3), nil)
	all := trial.Probing.Steps
	judged := func(steps []results.FaultStep, earlier []results.RoundTrips) []results.RoundTrips {
		probing := *trial.Probing
		probing.Steps, probing.EarlierTrips = steps, earlier
		trial.Probing = &probing
		v, err := Judgement(askRun(trial, asked("p95(latency) < 300ms")...), opening(recorded))
		if err != nil {
			t.Fatal(err)
		}
		return v.RoundTrips
	}
	first := judged(all[:5], nil)
	if len(first) != 1 || first[0].Count != nil || len(first[0].Points) != 5 {
		t.Fatalf("%+v", first)
	}
	both := judged(all[5:], first)
	if len(both) != 1 || both[0].Count == nil || math.Abs(*both[0].Count-3) > 0.3 || len(both[0].Points) != 12 {
		t.Errorf("%+v", both)
	}
	if kept := judged([]results.FaultStep{}, both); len(kept) != 1 || len(kept[0].Points) != 12 {
		t.Errorf("%+v", kept)
	}
}
