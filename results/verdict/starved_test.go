package verdict

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/ledger"
)

// countedRun asks a quiet trial whose service has a queue of five and whose script lost every order.
func countedRun(t *testing.T, slo string) (results.Run, Opener) {
	t.Helper()
	trial := completeTrial()
	trial.Metrics = "metrics-1.brunt"
	trial.Ledgers = &results.Ledgers{Path: "ledgers-1.brunt", Script: []string{"orders"}}
	run := askRun(trial, asked(slo)...)
	run.Question.Scraped = []string{"queue"}
	lost := func(b *ledger.Book) {
		orders := page(t, b, "orders")
		orders.Ack(orders.Next())
	}
	files := map[string][]byte{
		"recording-1.brunt": record(t, frames(func(int) second { return quiet() })),
		"metrics-1.brunt":   scrapes(t, 120, map[string]scraped{"api": func(int) map[string]float64 { return map[string]float64{"queue": 5} }}),
		"ledgers-1.brunt":   told(t, map[string]func(*ledger.Book){results.ScriptSource: lost}),
	}
	return run, func(t results.Trial) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files[t.Recording])), nil
	}
}

// TestAStarvedTargetFailsNobody: a fail that other programs may have made is in doubt, one on what was counted is not; where the
// target itself used up the machine, or nobody knows who did, it stands.
func TestAStarvedTargetFailsNobody(t *testing.T) {
	share := func(of float64) *float64 { return &of }
	const crowded, pressed = "would be fail; not fit to measure", "the machine was under pressure: something waited for a CPU 98% of the time"
	tests := []struct {
		name    string
		slo     string
		foreign *float64
		outcome results.Outcome
		reason  string
		warning string
	}{
		{"other programs had the CPU", foul, share(0.63), results.Inconclusive, crowded, ""},
		{"they had it while it passed", fair, share(0.63), results.Inconclusive, "would be pass; not fit to measure", ""},
		{"what a service counted stands", "max(queue) < 3", share(0.63), results.Fail, "", pressed},
		{"what a ledger counted stands", "lost(orders) == 0", share(0.63), results.Fail, "", pressed},
		{"the target had it", foul, share(0.03), results.Fail, "", pressed + "; other programs took 3% of its CPU"},
		{"nobody knows who had it", foul, nil, results.Fail, "", pressed + "; unless"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			run, open := countedRun(t, test.slo)
			raw := run.Trials[0].Fitness
			raw.Machine = &results.Machine{Foreign: test.foreign, Pressure: &results.Pressure{CPU: 0.98}}
			run.Trials[0].Fitness = Fitness(raw, Limits(run.Question))
			v, err := Judgement(run, open)
			if err != nil {
				t.Fatal(err)
			}
			if e := v.Evidence[0]; v.Outcome != test.outcome || e.Outcome != test.outcome || !strings.Contains(e.Reason, test.reason) {
				t.Errorf("%s: %+v; want %s: …%s…", v.Outcome, e, test.outcome, test.reason)
			}
			if warned := strings.Join(v.Warnings, "\n"); !strings.Contains(warned, test.warning) || test.warning == "" && warned != "" {
				t.Errorf("warned %q, want …%s…", warned, test.warning)
			}
		})
	}
}
