package verdict

import (
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

// TestLatenessSparesTheTarget: where iterations were late by no fault of the target's, a fail on latency has to be one on
// the service time too, which is half of it here.
func TestLatenessSparesTheTarget(t *testing.T) {
	tests := []struct {
		name    string
		slo     string
		seconds func(int) second
		outcome results.Outcome
		reason  string
	}{
		{"it rules out a pass", "p95(latency) < 300ms", nil, results.Inconclusive, "would be pass; not fit to measure"},
		{"it rules out a fail on latency alone", "p95(latency) < 600ms", ever(slow(900)), results.Inconclusive,
			"would be fail; iterations started late by no fault of the target's, and the service time alone does not break the bound for sure: it is 450ms"},
		{"a fail stands that the service time alone is", "p95(latency) < 300ms", ever(slow(900)), results.Fail,
			"iterations started late, but the service time alone breaks the bound: it is 450ms"},
		{"the service time is that of the same phase", "p95(latency) < 300ms in redis-slow", during(40, 60, slow(900)), results.Fail, "it is 450ms"},
		{"and not that of another", "p95(latency) < 300ms in redis-slow",
			func(s int) second {
				q := quiet()
				if s >= 40 && s < 60 {
					q.latency = 500
				} else {
					q.latency = 2000
				}
				return q
			}, results.Inconclusive, "it is 250ms"},
		{"unserved iterations are perfect for it", "p50(latency) < 300ms", ever(func(s *second) { s.latency, s.dropped = 900, 30 }), results.Inconclusive, "went unserved could decide it"},
		{"a bound that follows another measurement", "p95(latency) < 3 * p50(latency) + 5ms", during(0, 20, slow(310)), results.Inconclusive, "it is 155ms"},
		{"such a bound on another metric", "p95(http_req_duration) < 0.5 * p50(latency)", nil, results.Inconclusive, "by no fault of the target's"},
		{"lateness itself", "p95(lateness) < 1ms", ever(with(trend("lateness", tags{"scenario": "main"}, 40))), results.Inconclusive, "by no fault of the target's"},
		{"a selector without a service time", "p95(latency{name:create}) < 1ms", ever(with(trend("latency", tags{"name": "create", "selector": "1"}, 40))), results.Inconclusive,
			"what the service time was is not known (no samples of http_req_duration{name:create})"},
		{"a fail on the service time stands", "p95(http_req_duration) < 3ms", nil, results.Fail, ""},
		{"a fail on errors stands", "rate(http_req_failed) < 1%", ever(func(s *second) { s.served, s.failed = 0, 10 }), results.Fail, ""},
		{"a fail on a count stands", "count(latency) < 3", nil, results.Fail, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.seconds == nil {
				test.seconds = func(int) second { return quiet() }
			}
			recorded := opening(record(t, frames(test.seconds)))
			run := askRun(completeTrial(), asked(test.slo)...)
			f := &run.Trials[0].Fitness
			f.Fit, f.Late, f.Reasons = false, true, []string{"it was late"}
			v, err := Judgement(run, recorded)
			if err != nil {
				t.Fatal(err)
			}
			if e := v.Evidence[0]; v.Outcome != test.outcome || !strings.Contains(e.Reason, test.reason) {
				t.Errorf("%s: %s; want %s: …%s…", v.Outcome, e.Reason, test.outcome, test.reason)
			}

			run.Question.FitnessBlocks = false // a bare script: a warning only
			bare, err := Judgement(run, recorded)
			if err != nil {
				t.Fatal(err)
			}
			run.Trials[0].Fitness = completeTrial().Fitness
			before, err := Judgement(run, recorded)
			if err != nil || bare.Outcome != before.Outcome || len(bare.Warnings) != len(before.Warnings)+1 {
				t.Errorf("where fitness does not block: %s and %q, without lateness %s (%v)", bare.Outcome, bare.Warnings, before.Outcome, err)
			}
		})
	}
}

func TestPressureIsToldBesideAFailAndDecidesNothing(t *testing.T) {
	recorded := opening(record(t, frames(func(int) second { return quiet() })))
	tests := []struct {
		name     string
		slo      string
		pressure *results.Pressure
		outcome  results.Outcome
		warning  string
	}{
		{"beside a fail", foul, &results.Pressure{CPU: 0.87, Memory: 0.2, IO: 0.6}, results.Fail,
			"trial 1: the machine was under pressure: something waited for a CPU 87% of the time; everything waited for memory 20% of the time; " +
				"everything waited for a disk 60% of the time; unless that is the target's own work, stop what else runs there and run again"},
		{"only what was short", foul, &results.Pressure{CPU: 0.5, Memory: 0.11, IO: 0.5}, results.Fail,
			"trial 1: the machine was under pressure: everything waited for memory 11% of the time; unless that is the target's own work, stop what else runs there and run again"},
		{"not beside a pass", fair, &results.Pressure{CPU: 1, Memory: 1, IO: 1}, results.Pass, ""},
		{"not where nothing was short", foul, &results.Pressure{}, results.Fail, ""},
		{"not where the kernel does not tell", foul, nil, results.Fail, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			run := askRun(completeTrial(), asked(test.slo)...)
			run.Trials[0].Fitness.Machine = &results.Machine{Pressure: test.pressure}
			v, err := Judgement(run, recorded)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(v.Warnings, "\n"); v.Outcome != test.outcome || got != test.warning {
				t.Errorf("%s, warnings\n%q, want %s and\n%q", v.Outcome, got, test.outcome, test.warning)
			}
		})
	}
}
