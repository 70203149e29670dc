package report

import (
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

// profiled is a gate that failed, with what the pair after it told: a slow encoder, and a query more.
func profiled() results.Run {
	worse := func(m *results.GateEstimate) { m.Worse = true }
	run := timed(results.Fail, nil, estimated("p50", 0.5, -0.6, 1.6, nil), estimated("p95", 6.2, 3.1, 9.4, worse))
	run.Schema, run.ID, run.Created = 1, "20260304-050607-shop", passing().Created
	run.Command = []string{"brunt", "gate", "shop", "--baseline", "v1.2", "--seed=7"}
	run.Verdict.Evidence = []results.Evidence{{What: "p95(latency)", Outcome: results.Fail}}
	run.Artifacts = []results.Artifact{{Name: "baseline-api-cpu.pprof", Path: "baseline-api-cpu.pprof", Size: 4321, What: "profile of a build's service"}}
	run.Profiled = &results.Profiled{
		Status: results.StatusComplete, Pair: 8, BeyondBudget: 93, Seconds: 44, BaselineServed: 100, CandidateServed: 99.8,
		Profiles: []results.ProfileComparison{
			{Service: "api", Kind: results.ProfileCPU, Baseline: 0.8, Candidate: 5.3, Grew: []results.FunctionChange{
				{Function: "example.com/shop/orders.encodeSlowly", CandidateCum: 4.4, CandidateFlat: 0.01},
				{Function: "encoding/json.MarshalIndent", BaselineCum: 0.1, CandidateCum: 2.3, BaselineFlat: 0.02, CandidateFlat: 0.3},
				{Function: "runtime.mallocgc", BaselineCum: 0.1, CandidateCum: 0.7, BaselineFlat: 0.04, CandidateFlat: 0.2},
			}},
			{Service: "api", Kind: results.ProfileMutex, Grew: []results.FunctionChange{}},
		},
		Without: []string{"mail: the baseline's cpu profile: read http://127.0.0.1:4711/debug/pprof/profile?seconds=44: status 404 Not Found"},
		Costs: []results.CostComparison{
			cost("GET /items/{id}", "queries", "", 1, 2, results.Worse, true), cost("GET /items/{id}", "rows", "", 1, 1, results.Same, true),
			cost("all", "allocations", "", 100, 110, results.Unclear, false),
		},
		CostChanges: []results.CostChange{{
			Endpoint: "GET /items/{id}", Kind: "statement", Text: "SELECT price FROM prices WHERE id = $1", Candidate: results.CostUse{Calls: 1, Rows: 1},
		}},
		Warnings: []string{},
	}
	return run
}

func TestWhereTheTimeWentStandsInEveryFormat(t *testing.T) {
	for _, format := range Formats {
		asInItsGoldenFile(t, "profiled."+format.Name, write(t, format, profiled(), Options{}))
	}
}

// TestFewSamplesAreSaid in place of functions.
func TestFewSamplesAreSaid(t *testing.T) {
	run := profiled()
	run.Profiled.Profiles = []results.ProfileComparison{{
		Service: "api", Kind: results.ProfileCPU, Baseline: 0.8, Candidate: 1.3, BaselineSamples: 30, CandidateSamples: 49, Grew: []results.FunctionChange{},
	}}
	got := write(t, Formats[0], run, Options{})
	for _, want := range []string{"all (too few samples to tell functions apart)",
		"CPU in api: 0.8 ms -> 1.3 ms per iteration, by 30 and 49 samples; fewer than 50 say little of how much, and nothing of where\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not say %q:\n%s", want, got)
		}
	}
}

// TestAProfiledPairIsNoPartOfTheAnswer: what a report says of the test is the same without it.
func TestAProfiledPairIsNoPartOfTheAnswer(t *testing.T) {
	with, without := profiled(), profiled()
	without.Profiled = nil
	if a, b := New(with).Answer, New(without).Answer; a != b {
		t.Errorf("%v, and without it %v", a, b)
	}
	if junit := Formats[2]; write(t, junit, with, Options{}) != write(t, junit, without, Options{}) {
		t.Errorf("%s counts the profiled pair", junit.Name)
	}
	for _, table := range New(without).Tables {
		if strings.Contains(table.Title, "not part of the test") {
			t.Errorf("there is a table %q without the pair", table.Title)
		}
	}
}

func TestWhatKeptAPairFromBeingProfiledIsAWarning(t *testing.T) {
	run := profiled()
	run.Profiled = &results.Profiled{Status: results.StatusBroken, Pair: 8, Warnings: []string{"where the time went is not known: no room"}}
	d := New(run)
	if len(d.Warnings) != 1 || d.Warnings[0] != run.Profiled.Warnings[0] || d.Answer.Word != "FAIL" {
		t.Errorf("%v: %q", d.Answer, d.Warnings)
	}
}
