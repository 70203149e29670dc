package verdict

import (
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

// TestAScenarioThatDrivesFaultsIsNoLoad: its iteration is none that was due, and if it sends anything after all, the rate is not known to
// be constant.
func TestAScenarioThatDrivesFaultsIsNoLoad(t *testing.T) {
	of := tags{"scenario": "trouble"}
	for _, row := range []struct {
		name    string
		change  func(*second)
		outcome results.Outcome
		value   float64
		reason  string
	}{
		{"it drives faults", with(counter("iterations", of, 1), counter("data_sent", of, 0)), results.Pass, 0, "as before"},
		{"it sends a request, too", with(counter("http_reqs", of, 1)), results.Inconclusive, none, "the scenario trouble of one iteration, taken to drive faults alone, sent requests"},
		{"it sends over another protocol", with(counter("data_sent", of, 70)), results.Inconclusive, none, "sent requests"},
		{"another sends, as a load does", with(counter("data_sent", tags{"scenario": "main"}, 70)), results.Pass, 0, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			trial := disturbedTrial(120)
			trial.Drivers = []string{"trouble"}
			v, err := Judgement(askRun(trial, asked("recovery(redis-slow) < 10s")...), opening(record(t, framesTo(120, during(62, 63, row.change)))))
			if err != nil {
				t.Fatal(err)
			}
			check(t, v, row.outcome, row.value, row.reason)
			if warned := strings.Contains(strings.Join(v.Warnings, " "), "no part in latency"); warned != (row.outcome == results.Inconclusive) {
				t.Errorf("warnings %q", v.Warnings)
			}
		})
	}
}
