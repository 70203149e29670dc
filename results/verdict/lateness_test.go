package verdict

import (
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// TestLatenessSparesTheTarget: where VUs were too few, a fail on a time has to be one on the service time too, less the
// generator's delay of 40 ms. The service time is half of the latency here.
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
			"would be fail; the load generator made times longer, and what the target took does not break the bound for sure without that: it is at least 410ms"},
		{"a fail stands that the service time alone is", "p95(latency) < 300ms", ever(slow(900)), results.Fail,
			"the load generator made times longer, but what the target took breaks the bound without that: it is at least 410ms"},
		{"the service time is that of the same phase", "p95(latency) < 300ms in redis-slow", during(40, 60, slow(900)), results.Fail, "it is at least 410ms"},
		{"and not that of another", "p95(latency) < 300ms in redis-slow",
			func(s int) second {
				q := quiet()
				if s >= 40 && s < 60 {
					q.latency = 500
				} else {
					q.latency = 2000
				}
				return q
			}, results.Inconclusive, "it is at least 210ms"},
		{"unserved iterations are perfect for it", "p50(latency) < 300ms", ever(func(s *second) { s.latency, s.dropped = 900, 30 }), results.Inconclusive, "went unserved could decide it"},
		{"a bound that follows another measurement", "p95(latency) < 3 * p50(latency) + 5ms", during(0, 20, slow(310)), results.Inconclusive, "it is at least 114.9ms"},
		{"such a bound on the service time", "p95(http_req_duration) < 0.4 * p50(latency)", nil, results.Inconclusive, "it is at least 10ms"},
		{"a bound that the delay alone may have broken", "p95(http_req_duration) < 30ms", nil, results.Inconclusive, "it is at least 10ms"},
		{"a time that the script measured", "p95(login) < 30ms", ever(with(trend("login", tags{"scenario": "main"}, 60))), results.Inconclusive, "it is at least 20ms"},
		{"what the script measured and is no time", "p95(basket) < 30", ever(with(trend("basket", tags{"scenario": "main"}, 60))), results.Fail, ""},
		{"a gauge with the unit of a time", "max(lag) < 30ms", ever(with(gaugePoint("lag", nil, 60, 60, 60))), results.Fail, ""},
		{"lateness itself", "p95(lateness) < 1ms", ever(with(trend("lateness", tags{"scenario": "main"}, 40))), results.Inconclusive, "would be fail; the load generator made times longer"},
		{"a selector without a service time", "p95(latency{name:create}) < 1ms", ever(with(trend("latency", tags{"name": "create", "selector": "1"}, 40))), results.Inconclusive,
			"what the target took is not known (no samples of http_req_duration{name:create})"},
		{"a fail on the service time by more than the delay stands", "p95(http_req_duration) < 3ms", nil, results.Fail, ""},
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
			f.Fit, f.Late, f.SchedulerP99, f.Reasons = false, true, 40, []string{"it was late"}
			f.MostVUs, f.AllowedVUs, f.NeededVUs = 2, 2, 5
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

// TestWaitingForATargetThatStallsIsItsOwn: where the VUs would have done, or it is not known, a fail on latency has to be one
// less the generator's own delays, of 40 ms and of 60 ms before an iteration.
func TestWaitingForATargetThatStallsIsItsOwn(t *testing.T) {
	recorded := opening(record(t, frames(ever(func(s *second) {
		s.latency, s.points = 900, []recording.Point{trend("lateness", tags{"scenario": "main"}, 400)}
	}))))
	tests := []struct {
		name    string
		slo     string
		outcome results.Outcome
		reason  string
	}{
		{"a fail by more than its own delays stands", "p95(latency) < 750ms", results.Fail,
			"the load generator made times longer, but what the target took breaks the bound without that: it is at least 800ms"},
		{"a fail by less is in doubt", "p95(latency) < 850ms", results.Inconclusive,
			"would be fail; the load generator made times longer, and what the target took does not break the bound for sure without that: it is at least 800ms"},
		{"so is lateness less its own", "p95(lateness) < 200ms", results.Fail, "it is at least 300ms"},
		{"the service time has one delay in it", "p95(http_req_duration) < 405ms", results.Fail, "it is at least 410ms"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			run := askRun(completeTrial(), asked(test.slo)...)
			f := &run.Trials[0].Fitness
			f.Fit, f.Late, f.SchedulerP99, f.LatenessOwnP99, f.Reasons = false, true, 40, 60, []string{"it was late"}
			f.MostVUs, f.AllowedVUs, f.NeededVUs = 20, 20, 1
			v, err := Judgement(run, recorded)
			if err != nil {
				t.Fatal(err)
			}
			if e := v.Evidence[0]; v.Outcome != test.outcome || !strings.Contains(e.Reason, test.reason) {
				t.Errorf("%s: %s; want %s: …%s…", v.Outcome, e.Reason, test.outcome, test.reason)
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
