package report

import (
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

// carded is a scorecard of which a kind and a node were not reached.
func carded() results.Run {
	r := passing()
	const limit = "p95(latency) < 300ms in fault"
	r.Command = []string{"brunt", "matrix", "scenarios/restapi", "--seed", "42"}
	r.Question.SLOs = r.Question.SLOs[:1]
	r.Question.Cells = []results.Cell{
		{Link: "api->cache", Kind: "latency", Strength: "strong", What: "500ms"},
		{Node: "orders-db", Kind: "pause", Strength: "strong", What: "for 5s"},
		{Node: "cache", Kind: "cpu-limit", Strength: "strong", What: "0.01 cores"},
		{Node: "api", Kind: "kill", Strength: "strong", What: "for 5s"},
	}
	first := r.Trials[0]
	r.Trials, r.Verdict.Evidence = nil, nil
	for i := range r.Question.Cells[:3] {
		trial := first
		trial.Number, trial.Cell = i+1, &r.Question.Cells[i]
		r.Trials = append(r.Trials, trial)
	}
	r.Verdict.Cells = []results.CellOutcome{
		{Cell: r.Question.Cells[0], Trial: 1, Outcome: results.Pass},
		{Cell: r.Question.Cells[1], Trial: 2, Outcome: results.Fail, SLO: limit, Value: ptr(4811), Unit: "ms"},
		{Cell: r.Question.Cells[2], Trial: 3, Outcome: results.Pass, Reason: "it did not come to the limit"},
	}
	r.Verdict.Resilience = []results.Resilience{{
		Trial: 2, Faults: []string{"pause-strong"}, Start: 14, End: 19, Loss: ptr(4.9), Lost: ptr(245),
		Recovery: results.Recovery{Seconds: ptr(1), Low: ptr(1), High: ptr(1)},
	}}
	for i, c := range r.Verdict.Cells {
		r.Verdict.Evidence = append(r.Verdict.Evidence, results.Evidence{What: limit, Trial: i + 1, Phase: "fault", Value: ptr(12), Unit: "ms",
			Bound: "< 300ms", Low: ptr(12), High: ptr(12), Samples: 400, Outcome: c.Outcome})
	}
	r.Verdict.Evidence = append(r.Verdict.Evidence, results.Evidence{What: results.ScorecardRow, Outcome: results.Inconclusive,
		Reason: "3 of 4 faults were tried; not tried at all: 1 of 4 kinds (kill), 1 of 4 links and nodes (api); `--resume " + r.ID + "` goes on"})
	r.Verdict.Outcome = results.Fail
	return r
}

func TestAScorecardIsTheAnswer(t *testing.T) {
	const left = "; 3 of 4 faults were tried; not tried at all: 1 of 4 kinds (kill), 1 of 4 links and nodes (api); `--resume "
	for _, row := range []struct {
		name   string
		change func(*results.Run)
		want   string
	}{
		{"one is not tolerated, and not all were tried", func(*results.Run) {},
			"FAIL restapi (fixed) @ 1a2b3c4: 2 of 3 faults are tolerated; not: orders-db pause for 5s" + left},
		{"not all were tried", func(r *results.Run) {
			r.Verdict.Outcome, r.Verdict.Cells = results.Inconclusive, []results.CellOutcome{r.Verdict.Cells[0], r.Verdict.Cells[2]}
		}, "INCONCLUSIVE restapi (fixed) @ 1a2b3c4: 2 of 2 faults are tolerated" + left},
		{"all were tried", func(r *results.Run) {
			r.Verdict.Outcome, r.Verdict.Cells = results.Pass, r.Verdict.Cells[:1]
			r.Verdict.Evidence[len(r.Verdict.Evidence)-1].Outcome = results.Pass
		}, "PASS restapi (fixed) @ 1a2b3c4: 1 of 1 faults are tolerated"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := carded()
			row.change(&r)
			if got := New(r).Answer.String(); !strings.HasPrefix(got, row.want) {
				t.Errorf("%s\nwant %s", got, row.want)
			}
		})
	}
}
