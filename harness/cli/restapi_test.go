package cli_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
)

// TestProofTheMainJobHolds runs the main job on both providers ten times each: every run has to pass, and to be judged so
// again from its recording.
func TestProofTheMainJobHolds(t *testing.T) {
	file := proof.File(t)
	for _, provider := range providers() {
		t.Run(provider, func(t *testing.T) {
			p := newPlace(t, provider)
			for seed := 1; seed <= 10; seed++ {
				row := proof.Row{File: file, What: fmt.Sprintf("restapi fixed, seed %d", seed), Provider: provider}
				if row.There(t) {
					continue
				}
				run := p.restapi(0, "--seed", fmt.Sprint(seed))
				p.run(0, "rejudge", run.ID)
				row.Add(t, "pass: "+summarised(run))
			}
		})
	}
}

// TestProofPlantedRegressionsFail plants each regression that an SLO can see: it has to fail by the SLO that is declared
// for it in targets/README.md, and to be judged so again.
func TestProofPlantedRegressionsFail(t *testing.T) {
	file := proof.File(t)
	p := newPlace(t, topology.ProviderLocal)
	for _, planted := range []struct{ regression, slo string }{
		{"noredistimeout", "p95(latency) < 300ms in redis-slow"},
		{"pool2", "p95(latency) < 300ms in postgres-slow"},
		{"dial", "p95(latency) < 300ms in postgres-slow"},
		{"lock", "p95(latency) < 300ms in steady"},
	} {
		row := proof.Row{File: file, What: "restapi naive, " + planted.regression, Provider: topology.ProviderLocal}
		if row.There(t) {
			continue
		}
		run := p.restapi(1, "--variant", "naive", "--set", "target.env.REGRESSION="+planted.regression)
		failed := slices.ContainsFunc(run.Verdict.Evidence, func(e results.Evidence) bool {
			return e.What == planted.slo && e.Outcome == results.Fail
		})
		if !failed {
			t.Errorf("%s did not fail by %s: %+v", planted.regression, planted.slo, run.Verdict.Evidence)
			continue
		}
		p.run(1, "rejudge", run.ID)
		row.Add(t, "fail: "+summarised(run))
	}
}

// restapi runs the main job of this checkout, and returns its record.
func (p *place) restapi(code int, more ...string) results.Run {
	p.Helper()
	scenario, err := filepath.Abs("../../scenarios/restapi")
	if err != nil {
		p.Fatal(err)
	}
	p.run(code, append([]string{"run", scenario, "--provider", p.provider}, more...)...)
	return p.runs()[0]
}

// summarised is p95 of each phase, and how late the generator was.
func summarised(run results.Run) string {
	var parts []string
	for _, phase := range run.Verdict.Phases {
		parts = append(parts, fmt.Sprintf("%s %.0f", phase.Phase, phase.P95))
	}
	return fmt.Sprintf("p95 (ms) %s; lateness p99 %.1f ms", strings.Join(parts, ", "), run.Trials[0].Fitness.LatenessP99)
}
