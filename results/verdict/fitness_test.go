package verdict

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

func TestFitness(t *testing.T) {
	const (
		fit       = "" // neither saturated nor late
		saturated = "saturated"
		late      = "late"
	)
	bound := FitnessLimits{LatencyBound: 300}
	share := func(of float64) *float64 { return &of }
	tests := []struct {
		name    string
		change  func(*results.Fitness)
		limits  FitnessLimits
		blocks  string   // what beyond a pass
		reasons []string // none: fit
	}{
		{"within all limits", func(*results.Fitness) {}, bound, fit, nil},
		{"at all limits", func(f *results.Fitness) {
			f.CPUPercent, f.CPUNeeded, f.Throttled, f.GCShare, f.SchedulerP99, f.GCPauseP99 = 160, 1.6, 0.01, 0.25, 30, 30
			f.LatenessP99, f.LatenessOwnP99, f.Dropped, f.Due = 30, 30, 10, 10050
			f.Waited, f.MostVUs, f.AllowedVUs, f.NeededVUs = 100, 10, 10, 20
			f.Machine = &results.Machine{Steal: 0.1, Foreign: share(0.2), Pressure: &results.Pressure{CPU: 1, Memory: 1, IO: 1}}
		}, bound, fit, nil},

		{"the machine's CPU is used up", func(f *results.Fitness) { f.CPUPercent = 172 }, FitnessLimits{}, saturated, []string{
			"the load generator used 86% of the machine's CPU in its busiest 10 s, more than 80%; let the script do less, lower load.rate, or use a machine with more cores than 2"}},
		{"the script burns CPU", func(f *results.Fitness) { f.CPUPercent, f.CPUSeconds = 192, 309.845 }, FitnessLimits{}, saturated, []string{
			"the load generator used 96% of the machine's CPU in its busiest 10 s, more than 80%; an iteration costs it 31ms; let the script do less, lower load.rate, or use a machine with more cores than 2"}},
		{"the script would burn more CPU than others leave it", func(f *results.Fitness) { f.CPUPercent, f.CPUSeconds, f.CPUNeeded = 92, 309.845, 3.1 }, FitnessLimits{}, saturated, []string{
			"the load generator used 46% of the machine's CPU (it would need 155% for the rate that was asked for), more than 80%; an iteration costs it 31ms; let the script do less, lower load.rate, or use a machine with more cores than 2"}},
		{"the CPU of its quota is used up", func(f *results.Fitness) { f.CPUPercent, f.QuotaCores = 45, 0.5 }, FitnessLimits{}, saturated, []string{
			"the load generator used 90% of the CPU that its quota allows in its busiest 10 s, more than 80%; let the script do less, lower load.rate, or raise its CPU quota above 0.5 cores"}},
		{"a quota beyond what there is does not matter", func(f *results.Fitness) { f.CPUPercent, f.QuotaCores = 100, 8 }, FitnessLimits{}, fit, nil},
		{"cores are not known", func(f *results.Fitness) { f.CPUPercent, f.Cores = 900, 0 }, FitnessLimits{}, fit, nil},
		{"a quota stops the generator", func(f *results.Fitness) { f.QuotaCores, f.Throttled, f.CPUPercent = 0.2, 0.973, 10 }, FitnessLimits{}, saturated, []string{
			"a CPU quota of 0.2 cores stopped the load generator in 97.3% of its periods, more than 1%, and what it measured waited with it; raise the quota (docker run --cpus, a CI job's or pod's CPU limit), or lower load.rate"}},
		{"the hypervisor steals", func(f *results.Fitness) { f.Machine = &results.Machine{Steal: 0.14} }, FitnessLimits{}, saturated, []string{
			"the hypervisor gave 14% or more of the machine's CPU to others in a fifth of the load, more than 10%; use a machine that is not shared or not throttled, or try again when its host is quiet"}},
		{"other programs take the CPU", func(f *results.Fitness) {
			f.Machine = &results.Machine{Foreign: share(0.63), Pressure: &results.Pressure{CPU: 0.98}}
		}, FitnessLimits{}, saturated, []string{
			"other programs took 63% or more of this machine's CPU in a fifth of the load, more than 20%; stop them and run again"}},
		{"so they do where the kernel tells nothing of pressure", func(f *results.Fitness) {
			f.Machine = &results.Machine{Foreign: share(0.3)}
		}, FitnessLimits{}, saturated, []string{
			"other programs took 30% or more of this machine's CPU in a fifth of the load, more than 20%; stop them and run again"}},
		{"they take it from nobody", func(f *results.Fitness) {
			f.Machine = &results.Machine{Foreign: share(0.63), Pressure: &results.Pressure{CPU: 0.1}}
		}, FitnessLimits{}, fit, nil},
		{"they make the generator run late", func(f *results.Fitness) {
			f.SchedulerP99, f.Machine = 84, &results.Machine{Foreign: share(0.63), Pressure: &results.Pressure{CPU: 0.98}}
		}, bound, saturated + late, []string{
			"other programs took 63% or more of this machine's CPU in a fifth of the load, more than 20%; stop them and run again",
			"the load generator got to run late, which is in all times that it measured: p99 of the delay is 84ms, more than 10% of the tightest latency bound, 300ms; see to the reasons above first"}},
		{"the generator gets to run late", func(f *results.Fitness) { f.SchedulerP99 = 84 }, bound, late, []string{
			"the load generator got to run late, which is in all times that it measured: p99 of the delay is 84ms, more than 10% of the tightest latency bound, 300ms; let the script do less, lower load.rate, stop what else runs on the machine, or use a machine with more cores than 2"}},
		{"the generator gets to run late where others use the CPU", func(f *results.Fitness) {
			f.SchedulerP99, f.Machine = 84, &results.Machine{Pressure: &results.Pressure{CPU: 0.87}}
		}, bound, late, []string{
			"the load generator got to run late, which is in all times that it measured: p99 of the delay is 84ms, more than 10% of the tightest latency bound, 300ms; let the script do less, lower load.rate, stop what else runs on the machine (something waited for a CPU 87% of the time), or use a machine with more cores than 2"}},
		{"it gets to run late, but no latency is bounded", func(f *results.Fitness) { f.SchedulerP99, f.GCPauseP99 = 84, 84 }, FitnessLimits{}, fit, nil},
		{"garbage takes the CPU", func(f *results.Fitness) { f.GCShare = 0.31 }, FitnessLimits{}, late, []string{
			"garbage collection took 31% of the CPU that the load generator had, more than 25%; let the script keep and read less (discardResponseBodies, SharedArray), or lower load.rate"}},
		{"garbage stops the generator", func(f *results.Fitness) { f.GCPauseP99 = 45 }, bound, late, []string{
			"garbage collection stopped the load generator: p99 of its pauses is 45ms, more than 10% of the tightest latency bound, 300ms; let the script keep less (SharedArray), lower load.rate, or use a machine with more cores than 2"}},

		{"late by itself", func(f *results.Fitness) { f.LatenessP99, f.LatenessOwnP99 = 46, 45 }, bound, late, []string{
			"the load generator started iterations late though a VU was free: p99 of that lateness is 45ms, more than 10% of the tightest latency bound, 300ms; lower load.rate, stop what else runs on the machine, or use a machine with more cores than 2"}},
		{"it gets to run late, iterations start late, and VUs are short", func(f *results.Fitness) {
			f.SchedulerP99, f.LatenessP99, f.LatenessOwnP99, f.Waited, f.MostVUs, f.AllowedVUs, f.NeededVUs = 84, 900, 90, 5000, 9, 9, 2
		}, bound, late, []string{
			"the load generator got to run late, which is in all times that it measured: p99 of the delay is 84ms, more than 10% of the tightest latency bound, 300ms; let the script do less, lower load.rate, stop what else runs on the machine, or use a machine with more cores than 2",
			"the load generator started iterations late though a VU was free: p99 of that lateness is 90ms, more than 10% of the tightest latency bound, 300ms; see to the reasons above first",
			"50% of the iterations waited for a VU, and p99 of lateness is 900ms, more than 10% of the tightest latency bound, 300ms: no VU was free while the load generator lagged behind; see to the reasons above first"}},
		{"it gets to run late, and VUs are too few all the same", func(f *results.Fitness) {
			f.SchedulerP99, f.LatenessP99, f.LatenessOwnP99, f.Waited, f.MostVUs, f.AllowedVUs, f.NeededVUs = 84, 900, 9, 5000, 9, 9, 30
		}, bound, late, []string{
			"the load generator got to run late, which is in all times that it measured: p99 of the delay is 84ms, more than 10% of the tightest latency bound, 300ms; let the script do less, lower load.rate, stop what else runs on the machine, or use a machine with more cores than 2",
			"50% of the iterations waited for a VU, and p99 of lateness is 900ms, more than 10% of the tightest latency bound, 300ms: every VU was in use (9 of 9), and they are too few: the highest rate needs 30 at the usual duration of an iteration; raise load.vus (of a script's own scenarios: maxVUs) to 38 or more if iterations may take that long, or lower load.rate"}},
		{"a quota makes it run late", func(f *results.Fitness) { f.QuotaCores, f.Throttled, f.SchedulerP99 = 0.2, 0.9, 84; f.CPUPercent = 10 }, bound, saturated + late, []string{
			"a CPU quota of 0.2 cores stopped the load generator in 90% of its periods, more than 1%, and what it measured waited with it; raise the quota (docker run --cpus, a CI job's or pod's CPU limit), or lower load.rate",
			"the load generator got to run late, which is in all times that it measured: p99 of the delay is 84ms, more than 10% of the tightest latency bound, 300ms; see to the reasons above first"}},
		{"late by itself on a machine that steals", func(f *results.Fitness) {
			f.LatenessP99, f.LatenessOwnP99, f.Machine = 46, 45, &results.Machine{Steal: 0.5}
		}, bound, saturated + late, []string{
			"the hypervisor gave 50% or more of the machine's CPU to others in a fifth of the load, more than 10%; use a machine that is not shared or not throttled, or try again when its host is quiet",
			"the load generator started iterations late though a VU was free: p99 of that lateness is 45ms, more than 10% of the tightest latency bound, 300ms; see to the reasons above first"}},
		{"late for a reason that is not known", func(f *results.Fitness) { f.LatenessP99 = 31 }, bound, fit, []string{
			"iterations started late: p99 of lateness is 31ms, more than 10% of the tightest latency bound, 300ms; raise load.vus, lower load.rate, or free the machine"}},
		{"late, but no latency is bounded", func(f *results.Fitness) { f.LatenessP99, f.LatenessOwnP99 = 31, 31 }, FitnessLimits{}, fit, nil},

		{"too few VUs", func(f *results.Fitness) {
			f.LatenessP99, f.Waited, f.MostVUs, f.AllowedVUs, f.NeededVUs = 2500, 5000, 2, 2, 5.3
		}, bound, late, []string{
			"50% of the iterations waited for a VU, and p99 of lateness is 2500ms, more than 10% of the tightest latency bound, 300ms: every VU was in use (2 of 2), and they are too few: the highest rate needs 5.3 at the usual duration of an iteration; raise load.vus (of a script's own scenarios: maxVUs) to 7 or more if iterations may take that long, or lower load.rate"}},
		{"too few VUs, and no latency is bounded", func(f *results.Fitness) { f.Waited, f.MostVUs, f.AllowedVUs, f.NeededVUs = 5000, 1, 1, 1 }, FitnessLimits{}, late, []string{
			"50% of the iterations waited for a VU: every VU was in use (1 of 1), and they are too few: the highest rate needs 1 at the usual duration of an iteration; raise load.vus (of a script's own scenarios: maxVUs) to 2 or more if iterations may take that long, or lower load.rate"}},
		{"too few VUs and too small a queue", func(f *results.Fitness) { f.Dropped, f.MostVUs, f.AllowedVUs, f.NeededVUs = 120, 2, 2, 5.3 }, bound, fit, []string{
			"dropped 1.2% of the iterations (120 of 10000), more than 0.1%: every VU was in use (2 of 2), and they are too few: the highest rate needs 5.3 at the usual duration of an iteration; raise load.vus (of a script's own scenarios: maxVUs) to 7 or more if iterations may take that long, or lower load.rate"}},
		{"a target that stalls keeps all VUs", func(f *results.Fitness) {
			f.LatenessP99, f.Waited, f.Dropped, f.MostVUs, f.AllowedVUs, f.NeededVUs = 1800, 900, 120, 20, 20, 1.1
		}, bound, fit, []string{
			"9% of the iterations waited for a VU, and p99 of lateness is 1800ms, more than 10% of the tightest latency bound, 300ms, and dropped 1.2% of the iterations (120 of 10000), more than 0.1%: every VU was in use (20 of 20), though so many would do at the usual duration of an iteration: the target kept them; see why it stalled, raise load.vus (of a script's own scenarios: maxVUs), or lower load.rate"}},
		{"a queue that nobody notices", func(f *results.Fitness) { f.Waited, f.MostVUs, f.AllowedVUs, f.NeededVUs = 900, 20, 20, 1.1 }, FitnessLimits{}, fit, nil},
		{"VUs are short on a generator that is", func(f *results.Fitness) {
			f.Throttled, f.QuotaCores, f.CPUPercent, f.Dropped, f.Waited, f.MostVUs, f.AllowedVUs, f.NeededVUs = 0.5, 1, 70, 120, 900, 20, 20, 1.1
		}, FitnessLimits{}, saturated, []string{
			"a CPU quota of 1 core stopped the load generator in 50% of its periods, more than 1%, and what it measured waited with it; raise the quota (docker run --cpus, a CI job's or pod's CPU limit), or lower load.rate",
			"dropped 1.2% of the iterations (120 of 10000), more than 0.1%: no VU was free while the load generator lagged behind; see to the reasons above first"}},
		{"too many dropped", func(f *results.Fitness) { f.Dropped = 120 }, FitnessLimits{}, fit, []string{
			"dropped 1.2% of the iterations (120 of 10000), more than 0.1%: no VU was free; raise load.vus (of a script's own scenarios: maxVUs), or lower load.rate"}},
		{"as many dropped as allowed", func(f *results.Fitness) { f.Dropped = 10 }, FitnessLimits{}, fit, nil},

		{"less was offered than was due", func(f *results.Fitness) { f.Due = 12500 }, FitnessLimits{}, fit, []string{
			"offered 10000 of the 12500 iterations that were due, 20% too few, more than 0.5%: the load was not the one that was asked for; lower load.rate, or use a machine with more cores than 2"}},
		{"nothing was offered", func(f *results.Fitness) { *f = results.Fitness{Due: 10, Cores: 2} }, FitnessLimits{}, fit, []string{
			"offered 0 of the 10 iterations that were due, 100% too few, more than 0.5%: the load was not the one that was asked for; lower load.rate, or use a machine with more cores than 2"}},
		{"the script threw", func(f *results.Fitness) { f.Exceptions, f.FirstException = 1, "Error: no" }, FitnessLimits{}, fit, []string{
			"the script threw 1 exception: Error: no; mend the script"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			raw := results.Fitness{Cores: 2, CPUPercent: 100, Offered: 10000, Served: 9995, Dropped: 5, LatenessP99: 20, Due: 10000}
			raw.Saturated, raw.Late, raw.Reasons = true, true, []string{"of an earlier judgement"}
			test.change(&raw)
			got := Fitness(raw, test.limits)
			blocks := ""
			if got.Saturated {
				blocks += saturated
			}
			if got.Late {
				blocks += late
			}
			if got.Fit != (len(test.reasons) == 0) || blocks != test.blocks {
				t.Errorf("fit %v, blocks %q beyond a pass, want %q", got.Fit, blocks, test.blocks)
			}
			if diff := cmp.Diff(append([]string{}, test.reasons...), got.Reasons); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestARecordOfAnOlderBruntIsJudgedAsItWas: one without the numbers that tell causes apart, and whose lateness therefore
// blocks a pass only.
func TestARecordOfAnOlderBruntIsJudgedAsItWas(t *testing.T) {
	const stored = `{"fit": false, "reasons": ["iterations started late: p99 of lateness is 2500ms"], "saturated": false, "cpu_percent": 34.2,
		"cores": 2, "offered": 1200, "served": 1200, "failed": 0, "dropped": 0, "interrupted": 0, "lateness_p99_ms": 2500, "exceptions": 0, "exit_code": 0}`
	trial := completeTrial()
	if err := json.Unmarshal([]byte(stored), &trial.Fitness); err != nil {
		t.Fatal(err)
	}
	recorded := opening(record(t, frames(ever(slow(900)))))
	for text, want := range map[string]results.Outcome{
		"p95(latency) < 600ms":           results.Fail, // the service time is 450 ms
		"p95(http_req_duration) < 600ms": results.Inconclusive,
	} {
		v, err := Judgement(askRun(trial, asked(text)...), recorded)
		if err != nil || v.Outcome != want || len(v.Warnings) > 0 {
			t.Errorf("%s: %s, %q, %v; want %s", text, v.Outcome, v.Warnings, err, want)
		}
	}
}

func TestLimitsFollowTheTightestLatencyBound(t *testing.T) {
	q := results.Question{SLOs: append(asked("p95(latency) < 300ms", "p99(latency) <= 0.2s in steady", "max(latency) > 1ms", "sum(latency) < 10ms",
		"p95(latency) < 3 * p50(latency) + 5ms", "p95(http_req_waiting) < 10ms", "rate(http_req_failed) < 1%", "nonsense"),
		results.SLO{Text: "http_req_duration: p(95)<250", Threshold: true})}
	if diff := cmp.Diff(FitnessLimits{LatencyBound: 200}, Limits(q)); diff != "" {
		t.Error(diff)
	}
	if got := Limits(results.Question{}); got.LatencyBound != 0 {
		t.Errorf("no bound, but %v", got)
	}
}

func TestPhaseSummaries(t *testing.T) {
	at := during(40, 60, func(s *second) { s.latency, s.served, s.failed, s.dropped = 250, 6, 2, 2 })
	v, err := Judgement(askRun(completeTrial(), asked(fair)...), opening(record(t, frames(at))))
	if err != nil {
		t.Fatal(err)
	}
	const ms100, ms250 = 100, 250
	all, most := 1.0, 0.6
	want := []results.PhaseSummary{
		{Trial: 1, Phase: "warmup", Start: -10, End: 0, Rate: 10, Requests: 100, P50: ms100, P95: ms100, P99: ms100, Goodput: &all},
		{Trial: 1, Phase: "steady", Start: 0, End: 40, Rate: 10, Requests: 400, P50: ms100, P95: ms100, P99: ms100, Goodput: &all},
		{Trial: 1, Phase: "redis-slow", Start: 40, End: 60, Rate: 6, Requests: 160, ErrorRate: 0.25, P50: ms250, P95: ms250, P99: ms250, Goodput: &most},
		{Trial: 1, Phase: "recovery", Start: 60, End: 90, Rate: 10, Requests: 300, P50: ms100, P95: ms100, P99: ms100, Goodput: &all},
		{Trial: 1, Phase: "steady", Start: 90, End: 120, Rate: 10, Requests: 300, P50: ms100, P95: ms100, P99: ms100, Goodput: &all},
	}
	if diff := cmp.Diff(want, v.Phases); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkJudgement(b *testing.B) {
	recorded := record(b, frames(eventful))
	b.SetBytes(int64(len(recorded)))
	for b.Loop() {
		if _, err := Judgement(eventfulRun(), opening(recorded)); err != nil {
			b.Fatal(err)
		}
	}
}
