package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

// gated is a run of a gate that compared these counts.
func gated(outcome results.Outcome, costs ...results.CostComparison) results.Run {
	return results.Run{
		Experiment: "shop", Status: results.StatusComplete, Question: results.Question{Asker: results.AskerGate}, Builds: make([]results.Build, 2),
		Verdict: results.Verdict{Outcome: outcome, Costs: costs, CostChanges: []results.CostChange{{
			Endpoint: "POST /orders", Kind: "statement", Text: "SELECT 1 | 2", Candidate: results.CostUse{Calls: 1, Rows: 1},
		}}},
	}
}

func cost(endpoint, count, unit string, baseline, candidate float64, outcome results.ComparisonOutcome, exact bool) results.CostComparison {
	return results.CostComparison{Endpoint: endpoint, Count: count, Unit: unit, Baseline: baseline, Candidate: candidate, Outcome: outcome, Exact: exact}
}

func TestTheFirstSentenceSaysWhatCostsMore(t *testing.T) {
	query := cost("POST /orders", "queries", "", 2, 3, results.Worse, true)
	wal := cost("POST /orders", "WAL", "B", 1000, 4174.4, results.Worse, true)
	calm := cost("GET /", "queries", "", 1, 1, results.Same, true)
	less := cost("GET /", "buffers", "", 9, 4, results.Better, true)
	vague := cost("all", "allocations", "", 100, 110, results.Unclear, false)
	for _, row := range []struct {
		name string
		run  results.Run
		want string
	}{
		{"two counts at one endpoint", gated(results.Fail, calm, query, wal, vague), "FAIL shop: +1 query and +3.1 KiB WAL per POST /orders"},
		{"two endpoints, the one with a query first", gated(results.Fail, cost("GET /a", "rows", "", 1, 9, results.Worse, true), query),
			"FAIL shop: +1 query per POST /orders; +8 rows per GET /a"},
		{"two endpoints, the one that changed most first", gated(results.Fail, query, cost("GET /a", "queries", "", 1, 9, results.Worse, true)),
			"FAIL shop: +8 queries per GET /a; +1 query per POST /orders"},
		{"one more of what not every request asks", gated(results.Fail, cost("GET /a", "queries", "", 1.2, 2.2, results.Worse, true)), "FAIL shop: +1 query per GET /a"},
		{"a query and its round trip", gated(results.Fail, query, cost("POST /orders", "round trips", "", 2, 3, results.Worse, true), wal), "FAIL shop: +1 query and +3.1 KiB WAL per POST /orders"},
		{"a transaction around the same queries", gated(results.Fail, cost("POST /orders", "round trips", "", 2, 4, results.Worse, true)), "FAIL shop: +2 round trips per POST /orders"},
		{"allocations", gated(results.Fail, calm, cost("all", "allocations", "", 100, 1578, results.Worse, false)), "FAIL shop: +1478 allocations per request"},
		{"nothing", gated(results.Pass, calm, vague), "PASS shop: nothing costs more at 1 endpoint"},
		{"what is accepted", gated(results.Pass, calm, accepted(query)), "PASS shop: nothing costs more but what is accepted: +1 query per POST /orders"},
		{"what is accepted beside what is not", gated(results.Fail, accepted(query), wal), "FAIL shop: +3.1 KiB WAL per POST /orders"},
		{"less", gated(results.Pass, less), "PASS shop: nothing costs more; -5 buffers per GET /"},
	} {
		if got := New(row.run).Answer.String(); got != row.want {
			t.Errorf("%s: %q, not %q", row.name, got, row.want)
		}
	}
}

// TestAnInconclusiveGateOfCostsSaysWhy though the generator was not fit, on which counts do not depend.
func TestAnInconclusiveGateOfCostsSaysWhy(t *testing.T) {
	run := gated(results.Inconclusive)
	run.Question.FitnessBlocks = true
	run.Trials = []results.Trial{{Fitness: results.Fitness{Reasons: []string{"the generator was busy"}}}}
	run.Verdict.Evidence = []results.Evidence{{What: "costs of GET /", Outcome: results.Inconclusive, Reason: "404 in the candidate"}}
	if got, want := New(run).Answer.String(), "INCONCLUSIVE shop: costs of GET /: 404 in the candidate"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestCostsAreShownInEveryFormat(t *testing.T) {
	d := New(gated(results.Fail, cost("POST /orders", "queries", "", 2, 3, results.Worse, true)))
	for _, f := range Formats {
		var out bytes.Buffer
		if err := f.Write(&out, d, Options{}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"+1 query per POST /orders", "SELECT 1"} {
			if f.Name == "junit" && want == "SELECT 1" {
				continue // it holds what passes and what fails
			}
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s does not say %q:\n%s", f.Name, want, out.String())
			}
		}
	}
}

func accepted(c results.CostComparison) results.CostComparison {
	c.Accepted, c.AcceptedUntil = "a price is looked up", "2030-01-31"
	return c
}

// TestWhatIsAcceptedIsAlwaysSaid also where it expired, and where nothing rose.
func TestWhatIsAcceptedIsAlwaysSaid(t *testing.T) {
	run := gated(results.Pass, accepted(cost("POST /orders", "queries", "", 2, 3, results.Worse, true)))
	of := results.Acceptance{Metric: "queries", Endpoint: "POST /orders", Reason: "a price is looked up", Expires: "2030-01-31", Origin: "shop.yaml:7"}
	old := results.Acceptance{Metric: "WAL", Reason: "an audit log", Expires: "2020-01-31", Origin: "shop.yaml:8"}
	run.Verdict.Accepted = []results.Accepted{{Acceptance: of, Rises: []string{"queries 2 to 3 per POST /orders"}}, {Acceptance: old, Expired: true}}
	var out bytes.Buffer
	if err := Terminal(&out, New(run), Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Accepted until 2030-01-31: more queries per POST /orders: a price is looked up (shop.yaml:7)\n  - queries 2 to 3 per POST /orders\n",
		"Accepted no longer than 2020-01-31: more WAL: an audit log (shop.yaml:8); nothing of it rose\n",
		"accepted until 2030-01-31: a price is looked up\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
}
