package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

// TestProofTheLimiterIsToldApart runs both variants of ratelimit on both providers, at a quarter of the time: naive has to fail by
// the SLO that is declared for it, and fixed to pass. What is judged are counts, so that a busy machine is fit for it.
func TestProofTheLimiterIsToldApart(t *testing.T) {
	proof := os.Getenv("BRUNT_PROOF")
	if proof == "" {
		t.Skip("a long proof: `make proof` runs it")
	}
	scenario, err := filepath.Abs("../../scenarios/ratelimit")
	if err != nil {
		t.Fatal(err)
	}
	for _, provider := range providers() {
		for variant, code := range map[string]int{"naive": 1, "fixed": 0} {
			t.Run(provider+" "+variant, func(t *testing.T) {
				row := figures{proof: proof, what: "ratelimit " + variant + ", time scale 0.25", provider: provider}
				if row.there(t) {
					return
				}
				p := newPlace(t, provider)
				p.run(code, "run", scenario, "--provider", provider, "--variant", variant, "--time-scale", "0.25")
				run := p.runs()[0]
				if code == 1 && !slices.ContainsFunc(run.Verdict.Evidence, func(e results.Evidence) bool {
					return e.What == "rate(rejected{client:steady}) == 0" && e.Outcome == results.Fail
				}) {
					t.Errorf("it failed for another reason: %+v", run.Verdict.Evidence)
				}
				row.add(t, admissions(run))
			})
		}
	}
}

// admissions is what became of requests and counters, SLO by SLO.
func admissions(run results.Run) string {
	var parts []string
	for _, e := range run.Verdict.Evidence {
		if e.Value != nil {
			parts = append(parts, fmt.Sprintf("%s: %.4g%s", e.What, *e.Value, e.Unit))
		}
	}
	return strings.Join(parts, "; ")
}
