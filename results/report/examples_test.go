package report

import (
	"math"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

func ptr(v float64) *float64 { return &v }

// passing is a run of an experiment with two faults in which all is well.
func passing() results.Run {
	created := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	return results.Run{
		Schema: 1, ID: "20260304-050607-abcd", Experiment: "restapi", Created: created, Ended: created.Add(75 * time.Second),
		Status: results.StatusComplete, Seed: 42, TimeScale: 1, Provider: "docker",
		Command: []string{"brunt", "run", "scenarios/restapi", "--seed", "42", "--set", "load.rate=50/s peak"},
		Builds:  []results.Build{{SHA: "1a2b3c4d5e6f708192a3b4c5d6e7f80912345678", Ref: "main", Variant: "fixed"}},
		Host: results.Host{Fingerprint: "f00d", Name: "ci-1", OS: "linux", Kernel: "6.1.0", Arch: "amd64", CPU: "Some CPU", Cores: 2,
			MemoryBytes: 8 << 30, Tools: map[string]string{"k6": "v1.8.1", "go": "go1.26", "brunt": "dev"}},
		CI:     &results.CI{Name: "github", Pipeline: "77", Event: "pull_request", PullRequest: 12},
		Trials: []results.Trial{passingTrial(created)},
		Question: results.Question{SLOs: []results.SLO{
			{Text: "p95(latency) < 300ms in steady", Origin: "experiment.yaml:31"},
			{Text: "rate(http_req_failed) < 0.1% in steady", Origin: "experiment.yaml:32"},
			{Text: "rate(data_received) < 64MiB/min", Origin: "experiment.yaml:33"},
		}},
		Verdict: results.Verdict{
			Outcome: results.Pass, Judge: 1,
			Phases: []results.PhaseSummary{
				{Trial: 1, Phase: "warmup", Start: -10, End: 0, Rate: 98.2, Requests: 982, P50: 3.214, P95: 9.87, P99: 22.1},
				{Trial: 1, Phase: "steady", Start: 0, End: 40.1, Rate: 99.8, Requests: 4003, ErrorRate: 0.00025, P50: 2.9, P95: 7.31, P99: 14.6},
				{Trial: 1, Phase: "redis-slow", Start: 40.1, End: 60.2, Rate: 99.7, Requests: 2004, ErrorRate: 0.0125, P50: 203.4, P95: 212, P99: 12_345},
				{Trial: 1, Phase: "recovery", Start: 60.2, End: 60.9},
			},
			Evidence: []results.Evidence{
				{What: "p95(latency) < 300ms in steady", Trial: 1, Phase: "steady", Value: ptr(7.31), Unit: "ms", Bound: "< 300ms", Low: ptr(7.31), High: ptr(7.4), Samples: 4003, Outcome: results.Pass},
				{What: "rate(http_req_failed) < 0.1% in steady", Trial: 1, Phase: "steady", Value: ptr(0.00025), Unit: "share", Bound: "< 0.1%", Low: ptr(0.00025), High: ptr(0.00025), Samples: 4003, Outcome: results.Pass},
				{What: "rate(data_received) < 64MiB/min", Trial: 1, Value: ptr(3_456_789), Unit: "B/s", Bound: "< 64MiB/min", Samples: 70, Outcome: results.Pass},
			},
		},
		Artifacts: []results.Artifact{
			{Name: "recording-1.brunt", Path: "recording-1.brunt", Size: 2_345_678, What: "recording of trial 1"},
			{Name: "api.log", Path: "logs/api.log", Size: 812, What: "log of api"},
		},
	}
}

func passingTrial(created time.Time) results.Trial {
	return results.Trial{
		Number: 1, Status: results.StatusComplete, Began: created, Zero: created.Add(12 * time.Second), Ended: created.Add(74 * time.Second),
		Phases: []results.Phase{
			{Name: results.PhaseWarmup, Start: -10, End: 0}, {Name: results.PhaseSteady, Start: 0, End: 40.1},
			{Name: results.PhaseFault, Faults: []string{"redis-slow"}, Start: 40.1, End: 60.2},
			{Name: results.PhaseRecovery, Faults: []string{"redis-slow"}, Start: 60.2, End: 60.9},
		},
		Faults: []results.Fault{
			{Name: "redis-slow", Link: "api->cache", Kind: "latency", PlannedStart: 40, PlannedEnd: 60, Start: 40.1, End: 60.2, Applied: true, Removed: true,
				Effect: &results.Effect{Seen: true, What: "round trip", Unit: "ms", Before: 0.214, During: 201.3, After: 0.22, Added: 201.086, Probes: 30}},
			{Name: "hot-key-expires", Node: "cache", Kind: "command", PlannedStart: 50, PlannedEnd: 50, Start: 50.02, End: 50.02, Applied: true, Removed: true},
		},
		Fitness:   results.Fitness{Fit: true, CPUPercent: 34.21, Cores: 2, Offered: 6002, Served: 5976, Failed: 26, LatenessP99: 1.234},
		Nodes:     []results.Node{{Name: "api", Role: "service", Kind: "reference", Address: "127.64.1.1:8080"}},
		Links:     []results.Link{{Name: "api->cache", Address: "127.64.2.1:6379", Proxied: true, Connections: 8}},
		OpenModel: true, ConstantRate: true, Recording: "recording-1.brunt",
	}
}

// failing breaks two SLOs on a dirty tree, with a fault that had to be forced out.
func failing() results.Run {
	r := passing()
	r.Builds[0].Dirty, r.Builds[0].DiffDigest, r.Builds[0].Variant = true, "d1ff", "naive"
	r.Verdict.Outcome = results.Fail
	e := r.Verdict.Evidence
	e[0].Value, e[0].Low, e[0].High, e[0].Outcome = ptr(412), ptr(398), nil, results.Fail
	e[0].Reason = "holds with every unserved iteration counted as perfect"
	e[1].Value, e[1].Outcome = ptr(0.0213), results.Fail
	f := r.Trials[0].Faults
	f[0].Ladder = []string{"disable", "delete"}
	f[1].Applied, f[1].Removed, f[1].Error = false, false, "DEL: connection refused"
	r.Warnings = []string{"postgres 17 could not be had; 15 was used"}
	r.Verdict.Warnings = []string{"one trial is a sample of one", "postgres 17 could not be had; 15 was used"}
	return r
}

// inconclusive had a generator that could not keep up.
func inconclusive() results.Run {
	r := passing()
	r.Verdict.Outcome = results.Inconclusive
	e := r.Verdict.Evidence
	e[0].Outcome, e[0].Reason = results.Inconclusive, "the generator was not fit"
	e[1].Outcome, e[1].Reason, e[1].Value, e[1].Samples = results.Inconclusive, "no samples", nil, 0
	x := &r.Trials[0].Fitness
	x.Fit, x.Reasons, x.CPUPercent = false, []string{"generator used 193 % CPU, the limit is 160 %", "iterations waited for a VU"}, 193
	x.Saturated, x.Late, x.CPUSeconds, x.CPUNeeded, x.QuotaCores, x.Throttled = true, true, 61.2, 1.7, 1.5, 0.123
	x.SchedulerP99, x.GCPauseP99, x.GCShare, x.Due = 41.7, 0.31, 0.043, 6010
	x.LatenessOwnP99, x.Waited, x.MostVUs, x.AllowedVUs, x.NeededVUs = 0.4, 77, 20, 20, 17.5
	others := 0.63
	x.Machine = &results.Machine{Steal: 0.021, Foreign: &others, Pressure: &results.Pressure{CPU: 0.87, Memory: 0.001, IO: 0.02}}
	return r
}

// broken never came to load.
func broken() results.Run {
	created := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	reason := "start topology: service api: not ready after 60 s"
	return results.Run{
		ID: "20260304-050607-dead", Experiment: "restapi", Created: created, Ended: created.Add(61 * time.Second),
		Status: results.StatusBroken, Reason: reason, Seed: 7, TimeScale: 1,
		Command: []string{"brunt", "run", "scenarios/restapi"},
		Builds:  []results.Build{{Note: "not in a git repository"}},
		Trials:  []results.Trial{{Number: 1, Status: results.StatusBroken, Reason: reason, Began: created, Ended: created.Add(time.Minute)}},
	}
}

// aborted was interrupted inside a fault, and judged as far as it came.
func aborted() results.Run {
	r := passing()
	r.Status, r.Reason = results.StatusAborted, "interrupted"
	r.Trials[0].Status, r.Trials[0].Reason = results.StatusAborted, "interrupted at 45.0 s"
	r.Trials[0].Faults[0].Removed = false
	x := &r.Trials[0].Fitness
	x.ExitCode, x.Signal, x.OOMKilled = -1, "killed", true
	r.Verdict.Phases = nil
	r.Trials[0].Phases[2].Faults = []string{"redis-slow", "db-slow"}
	r.Verdict.Evidence = r.Verdict.Evidence[:1]
	r.Verdict.Evidence[0].Outcome, r.Verdict.Evidence[0].Reason = results.Inconclusive, "would be pass; the trial is aborted: interrupted"
	r.Verdict.Outcome = results.Inconclusive
	return r
}

// several has two trials and a comparison.
func several() results.Run {
	r := passing()
	second := passingTrial(r.Created.Add(2 * time.Minute))
	second.Number, second.Build, second.OpenModel = 2, 1, false
	second.Fitness.Exceptions, second.Fitness.FirstException = 3, "TypeError: Cannot read property 'id' of undefined\n\tat file:///script.js:12:3"
	r.Trials = append(r.Trials, second)
	r.Question.Generator = "brunt-native, without a script: no cookies, redirects, compression or JavaScript"
	r.Builds = append(r.Builds, results.Build{SHA: "ffffffffffffffffffffffffffffffffffffffff", Ref: "pull/12/merge", HeadSHA: "eeee"})
	r.Question.SLOs = append(r.Question.SLOs, results.SLO{Text: "lost(orders) == 0"})
	again := r.Verdict.Evidence[0]
	again.Trial = 2
	total := results.Evidence{What: "lost(orders) == 0", Value: ptr(0), Bound: "== 0", Samples: 12_000, Outcome: results.Pass}
	r.Verdict.Evidence = append(r.Verdict.Evidence, again, total)
	r.Verdict.Comparisons = []results.Comparison{
		{Metric: "latency", Statistic: "p95", Phase: "steady", Ratio: 1.052, Low: 1.031, High: 1.074, Outcome: results.Worse, MDE: 0.03},
		{Metric: "latency", Statistic: "p50", Phase: "steady", Ratio: 0.998, Low: 0.99, High: 1.004, Outcome: results.Same, MDE: 0.012},
	}
	return r
}

// hostile has texts that would steer a terminal, break a table, close an element or notify somebody.
func hostile() results.Run {
	r := failing()
	r.Experiment = "a|b `c` <script>alert(1)</script> @team #1 \x1b[2J\u202e"
	r.Verdict.Evidence[0].What = "p95(latency{name:a|b``c]]>}) < 300ms"
	r.Verdict.Evidence[0].Reason = "line one\nline two \xff\x00 & 50 * 2 $x$"
	r.Verdict.Evidence[0].Value = ptr(math.Inf(1))
	r.Verdict.Phases[0].P50 = math.NaN()
	r.Trials[0].Faults[0].Effect.During = math.NaN()
	r.Command = []string{"brunt", "run", "it's here", "`rm`", "$HOME", ""}
	r.Artifacts[0].Path = "a`b.log"
	x := &r.Trials[0].Fitness
	x.Exceptions, x.FirstException = 2, "Error: *boom* (/a/script.js:4:30)"
	x.FirstStack = "Error: *boom*\n\tat order (/a/lib_`x`.js:2:9(3))\n\tat \x1b[31mdefault (/a/script.js:4:30(12))"
	return r
}

var examples = []struct {
	name string
	run  func() results.Run
}{
	{"pass", passing}, {"fail", failing}, {"inconclusive", inconclusive}, {"broken", broken},
	{"aborted", aborted}, {"several", several}, {"hostile", hostile}, {"breakpoint", searching}, {"resilience", disturbed}, {"limits", limiting}, {"matrix", carded},
	{"declared", declared},
}
