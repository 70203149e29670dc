package verdict

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

func TestFitness(t *testing.T) {
	fit := results.Fitness{Cores: 2, CPUPercent: 100, Offered: 10000, Served: 9995, Dropped: 5, LatenessP99: 20}
	tests := []struct {
		name      string
		change    func(*results.Fitness)
		limits    FitnessLimits
		saturated bool
		says      []string // each in one reason; none: fit
	}{
		{"within all limits", func(*results.Fitness) {}, FitnessLimits{LatencyBound: 300}, false, nil},
		{"too many dropped", func(f *results.Fitness) { f.Dropped = 120 }, FitnessLimits{}, false, []string{"dropped 1.2% of the iterations (120 of 10000), more than 0.1%: no VU was free; raise load.vus"}},
		{"as many dropped as allowed", func(f *results.Fitness) { f.Dropped = 10 }, FitnessLimits{}, false, nil},
		{"late for the tightest bound", func(f *results.Fitness) { f.LatenessP99 = 31 }, FitnessLimits{LatencyBound: 300}, false, []string{"p99 of lateness is 31ms, more than 10% of the tightest latency bound, 300ms"}},
		{"late, but no latency is bounded", func(f *results.Fitness) { f.LatenessP99 = 31 }, FitnessLimits{}, false, nil},
		{"the machine's CPU is used up", func(f *results.Fitness) { f.CPUPercent = 172 }, FitnessLimits{}, true, []string{"the load generator used 86% of the machine's CPU in its busiest 10 s, more than 80%"}},
		{"cores are not known", func(f *results.Fitness) { f.CPUPercent, f.Cores = 900, 0 }, FitnessLimits{}, false, nil},
		{"the script threw", func(f *results.Fitness) { f.Exceptions, f.FirstException = 1, "Error: no" }, FitnessLimits{}, false, []string{"the script threw 1 exception: Error: no; mend the script"}},
		{"several at once", func(f *results.Fitness) { f.Exceptions, f.Dropped, f.CPUPercent = 1, 5000, 200 }, FitnessLimits{}, true, []string{"CPU", "dropped 50%", "threw"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			raw := fit
			raw.Saturated, raw.Reasons = true, []string{"of an earlier judgement"}
			test.change(&raw)
			got := Fitness(raw, test.limits)
			if got.Fit != (len(test.says) == 0) || got.Saturated != test.saturated || len(got.Reasons) != len(test.says) {
				t.Fatalf("%+v", got)
			}
			for i, says := range test.says {
				if !strings.Contains(got.Reasons[i], says) {
					t.Errorf("%q does not say %q", got.Reasons[i], says)
				}
			}
		})
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
	want := []results.PhaseSummary{
		{Trial: 1, Phase: "warmup", Start: -10, End: 0, Rate: 10, Requests: 100, P50: ms100, P95: ms100, P99: ms100},
		{Trial: 1, Phase: "steady", Start: 0, End: 40, Rate: 10, Requests: 400, P50: ms100, P95: ms100, P99: ms100},
		{Trial: 1, Phase: "redis-slow", Start: 40, End: 60, Rate: 6, Requests: 160, ErrorRate: 0.25, P50: ms250, P95: ms250, P99: ms250},
		{Trial: 1, Phase: "recovery", Start: 60, End: 90, Rate: 10, Requests: 300, P50: ms100, P95: ms100, P99: ms100},
		{Trial: 1, Phase: "steady", Start: 90, End: 120, Rate: 10, Requests: 300, P50: ms100, P95: ms100, P99: ms100},
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
