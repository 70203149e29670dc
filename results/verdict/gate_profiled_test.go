package verdict

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// TestAProfiledPairChangesNoVerdict: what follows a fail is evidence, and whoever judges again comes to the same with it and without.
func TestAProfiledPairChangesNoVerdict(t *testing.T) {
	b := record(t, framesOf(-2, 11, func(int) []recording.Point {
		return append(offeredTo("baseline", 200, 0, 10), offeredTo("candidate", 200, 0, 20)...)
	}))
	run := pairRun(nil)
	run.Question.Gate.Limits = results.GateLimits{LatenessShare: 10, LatenessApart: 10} // these are as late as they are slow
	for pair := 2; pair <= 5; pair++ {
		for _, trial := range run.Trials[:2] {
			trial.Number, trial.Pair = trial.Number+2*(pair-1), pair
			run.Trials = append(run.Trials, trial)
		}
	}
	run.Status = results.StatusComplete
	without, err := Judgement(run, opening(b))
	if err != nil || without.Outcome != results.Fail {
		t.Fatalf("%s, %v: %+v", without.Outcome, err, without.Evidence)
	}
	run.Profiled = &results.Profiled{
		Status: results.StatusComplete, Pair: 6, Costs: []results.CostComparison{{Endpoint: "GET /", Count: "queries", Baseline: 1, Candidate: 9, Outcome: results.Worse}},
		Warnings: []string{"something is not known"},
	}
	with, err := Judgement(run, opening(b))
	if diff := cmp.Diff(without, with); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestCostsAreComparedWithoutAJudgement(t *testing.T) {
	costs, changes, doubt := CompareCosts([]results.Costs{list(1, 100), list(1, 100)}, []results.Costs{list(2, 100), list(2, 100)})
	var worse []string
	for _, c := range costs {
		if c.Outcome == results.Worse && c.Exact {
			worse = append(worse, c.Count+" of "+c.Endpoint)
		}
	}
	if diff := cmp.Diff([]string{"queries of POST /orders", "rows of POST /orders", "buffers of POST /orders"}, worse); diff != "" || doubt != "" || len(changes) != 1 {
		t.Errorf("%s%q %+v", diff, doubt, changes)
	}
	refused := changed(list(1, 100), func(l *results.Costs) { l.Requests[1].Status = 404 })
	if costs, _, doubt := CompareCosts([]results.Costs{list(2, 100), list(2, 100)}, []results.Costs{refused, refused}); len(costs) == 0 || !strings.Contains(doubt, "costs of GET /orders/{id}: 1 of 1 request answered otherwise") {
		t.Errorf("answers of another kind: %+v, %q", costs, doubt)
	}
	other := list(1, 100)
	other.Requests = other.Requests[1:]
	if costs, _, doubt := CompareCosts([]results.Costs{list(1, 100)}, []results.Costs{other}); len(costs) > 0 || doubt == "" {
		t.Errorf("other requests were compared: %+v, %q", costs, doubt)
	}
}
