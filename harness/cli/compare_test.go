package cli_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/store"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// gateRun is a stored timing gate of two commits, whose candidate takes a tenth longer in each of six pairs, of which five decide.
func gateRun(baseline, candidate string) results.Run {
	at := time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC)
	plan := results.Gate{PairSeconds: 60}.WithDefaults()
	run := results.Run{
		Schema: results.Schema, ID: "20261102-gate", Experiment: "shop", Created: at, Ended: at.Add(time.Hour), Status: results.StatusComplete,
		Provider: "local", TimeScale: 1, Question: results.Question{Asker: results.AskerGate, Gate: &plan},
		Builds: []results.Build{{SHA: baseline, Ref: "main"}, {SHA: candidate}},
	}
	number := func(v float64) *float64 { return &v }
	var readings []results.GateReading
	for pair := 1; pair <= 6; pair++ {
		r := results.GateReading{Pair: pair, First: results.SideBaseline, Seconds: 60}
		for _, m := range plan.Primary {
			change := 0.1 + 0.001*float64(pair%3)
			v := results.GateValue{Metric: m.Name, Change: number(change), Baseline: number(10), Candidate: number(10 * math.Exp(change)), BaselineCount: 100, CandidateCount: 100}
			if m.Name == results.GateErrors {
				v = results.GateValue{Metric: m.Name, Change: number(0), Baseline: number(0), Candidate: number(0), BaselineOffered: 9000, CandidateOffered: 9000}
			}
			r.Values = append(r.Values, v)
		}
		readings = append(readings, r)
		for build := range 2 {
			run.Trials = append(run.Trials, results.Trial{Number: 2*pair - 1 + build, Build: build, Pair: pair, Status: results.StatusComplete, Began: at, Ended: at})
		}
	}
	judged := verdict.JudgeGate(plan, readings)
	run.Verdict = results.Verdict{Outcome: judged.Outcome, Gate: &judged.Findings}
	return run
}

// TestABaselineThatOnlyGatesMeasuredIsCompared: of a gate the store finds the candidate alone, and both are named all the same.
func TestABaselineThatOnlyGatesMeasuredIsCompared(t *testing.T) {
	t.Parallel()
	p := newPlace(t, topology.ProviderLocal)
	baseline, candidate := strings.Repeat("a1", 20), strings.Repeat("b2", 20)
	s, err := store.Open(t.Context(), p.dsn())
	if err != nil {
		t.Fatal(err)
	}
	run := gateRun(baseline, candidate)
	if err := s.Save(t.Context(), &run); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{baseline[:7], candidate[:7]}, {"main", candidate}, {baseline, "latest"}, {baseline, run.ID, "--experiment", "shop"}} {
		v := p.run(1, append([]string{"compare", "--fail-on", "worse"}, args...)...)
		for _, want := range []string{"WORSE shop", "p95(latency) in gate +10", "5 pairs", "the gate " + run.ID + " of 2026-11-02"} {
			if !strings.Contains(v.stdout.String(), want) {
				t.Errorf("compare %v does not say %q:\n%s", args, want, v.stdout.String())
			}
		}
	}
	for _, args := range [][]string{{"a1a", candidate}, {"c3c3c3c", candidate}, {candidate, "c3c3c3c"}} {
		if v := p.run(2, append([]string{"compare"}, args...)...); !strings.Contains(v.stderr(), "no such run") {
			t.Errorf("compare %v: %s", args, v.stderr())
		}
	}
	if v := p.run(0, "compare", candidate, baseline); !strings.Contains(v.stdout.String(), "BETTER shop") {
		t.Errorf("the other way round:\n%s", v.stdout.String())
	}
	// By itself the baseline is measured with uncommitted changes alone.
	dirty := gateRun(candidate, baseline)
	dirty.ID, dirty.Builds[1].Dirty, dirty.Builds[1].DiffDigest = "20261103-gate", true, "d"
	if s, err = store.Open(t.Context(), p.dsn()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Save(t.Context(), &dirty), s.Close()); err != nil {
		t.Fatal(err)
	}
	v := p.run(1, "compare", "--fail-on", "worse", baseline, run.ID)
	if said := v.stdout.String(); !strings.Contains(said, "WORSE shop") || !strings.Contains(said, "only with uncommitted changes") {
		t.Errorf("of a baseline that was measured clean in gates alone:\n%s", said)
	}
}
