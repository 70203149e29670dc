package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

var update = flag.Bool("update", false, "rewrite the golden files")

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
	x.Machine = &results.Machine{Steal: 0.021, Pressure: &results.Pressure{CPU: 0.87, Memory: 0.001, IO: 0.02}}
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

func write(t *testing.T, format Format, run results.Run, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := format.Write(&out, New(run), o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// asInItsGoldenFile compares what a format writes of a document, or writes the file anew.
func asInItsGoldenFile(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-golden +got)\n%s", diff)
	}
}

func TestEveryFormatOfEveryExampleIsAsInItsGoldenFile(t *testing.T) {
	o := Options{Store: "results/data/brunt.db", Dir: "results/data/artifacts/20260304-050607-abcd"}
	for _, example := range examples {
		for _, format := range Formats {
			t.Run(example.name+" as "+format.Name, func(t *testing.T) {
				got := write(t, format, example.run(), o)
				asInItsGoldenFile(t, example.name+"."+format.Name, got)
				if again := write(t, format, example.run(), o); again != got {
					t.Error("a second writing differs from the first")
				}
			})
		}
	}
}

func TestTheFirstLineIsTheAnswer(t *testing.T) {
	one := func(e ...results.Evidence) func() results.Run {
		return func() results.Run {
			r := passing()
			r.Question.SLOs = r.Question.SLOs[:min(len(e), 1)]
			r.Verdict.Evidence = e
			return r
		}
	}
	row := passing().Verdict.Evidence[0]
	rows := []struct {
		name string
		run  func() results.Run
		want string
	}{
		{"all hold", passing, "PASS restapi (fixed) @ 1a2b3c4: 3 of 3 SLOs hold"},
		{"the only one holds", one(row), "PASS restapi (fixed) @ 1a2b3c4: 1 of 1 SLO holds"},
		{"one SLO in three trials is one SLO", one(row, row, row), "PASS restapi (fixed) @ 1a2b3c4: 1 of 1 SLO holds"},
		{"nothing asked", one(), "PASS restapi (fixed) @ 1a2b3c4: the load completed; nothing else was asked"},
		{"the first of two fails", failing, "FAIL restapi (naive) @ 1a2b3c4+dirty: p95(latency) < 300ms in steady: 412 ms; 1 more fails"},
		{"not fit", inconclusive, "INCONCLUSIVE restapi (fixed) @ 1a2b3c4: p95(latency) < 300ms in steady: the generator was not fit; 1 more inconclusive"},
		{"not fit where that blocks", func() results.Run {
			r := inconclusive()
			r.Question.FitnessBlocks = true
			return r
		}, "INCONCLUSIVE restapi (fixed) @ 1a2b3c4: not fit to measure: generator used 193 % CPU, the limit is 160 % (1 more reason under Fitness)"},
		{"not fit for one reason", func() results.Run {
			r := inconclusive()
			r.Question.FitnessBlocks, r.Trials[0].Fitness.Reasons = true, []string{"too slow"}
			return r
		}, "INCONCLUSIVE restapi (fixed) @ 1a2b3c4: not fit to measure: too slow"},
		{"not fit for many reasons, of several trials", func() results.Run {
			r := inconclusive()
			r.Question.FitnessBlocks, r.Trials[0].Fitness.Reasons = true, []string{"too slow", "too late"}
			other := r.Trials[0]
			other.Number, other.Fitness.Reasons = 2, []string{"too late", "too few"}
			r.Trials = append(r.Trials, other)
			return r
		}, "INCONCLUSIVE restapi (fixed) @ 1a2b3c4: not fit to measure: too slow (2 more reasons under Fitness)"},
		{"thresholds of a bare script", func() results.Run {
			r := one(row)()
			r.Question.SLOs[0].Threshold = true
			return r
		}, "PASS restapi (fixed) @ 1a2b3c4: 1 of 1 threshold holds"},
		{"a row about the trial is no SLO", one(row, results.Evidence{What: "fault slow", Outcome: results.Pass}), "PASS restapi (fixed) @ 1a2b3c4: 1 of 1 SLO holds"},
		{"broken before anything was judged", func() results.Run {
			r := broken()
			r.Verdict = results.Verdict{Outcome: results.Inconclusive, Evidence: []results.Evidence{{What: "run", Outcome: results.Inconclusive, Reason: "no trial was run"}}}
			return r
		}, "BROKEN restapi: start topology: service api: not ready after 60 s"},
		{"status before verdict", broken, "BROKEN restapi: start topology: service api: not ready after 60 s"},
		{"aborted but judged", aborted, "ABORTED restapi (fixed) @ 1a2b3c4: interrupted (what was measured until then: INCONCLUSIVE, p95(latency) < 300ms in steady: would be pass; the trial is aborted: interrupted)"},
		{"a fail that no row explains", func() results.Run {
			r := passing()
			r.Verdict.Outcome = results.Fail
			r.Trials[0].Fitness.FirstException = "ReferenceError: x is not defined"
			return r
		}, "FAIL restapi (fixed) @ 1a2b3c4: ReferenceError: x is not defined"},
		{"a run without status is broken, not passed", func() results.Run { return results.Run{ID: "x"} }, "BROKEN run x: no reason was recorded"},
		{"a complete run without verdict is not passed", func() results.Run {
			return results.Run{ID: "x", Status: results.StatusComplete}
		}, "NOT JUDGED run x: no reason was recorded"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, _, _ := strings.Cut(write(t, Formats[0], row.run(), Options{}), "\n")
			if got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

func TestJSONHasTheKeysThatScriptsRelyOn(t *testing.T) {
	for _, example := range examples {
		var got map[string]any
		if err := json.Unmarshal([]byte(write(t, Formats[1], example.run(), Options{})), &got); err != nil {
			t.Fatalf("%s: %v", example.name, err)
		}
		want := map[string][]string{
			"":            {"schema", "id", "experiment", "status", "verdict", "seed", "builds", "host", "phases", "faults", "fitness", "evidence", "comparisons", "generator", "warnings", "artifacts", "trials", "created", "provider", "reason"},
			"builds":      {"sha", "dirty", "ref", "image_digest", "variant"},
			"phases":      {"name", "fault", "start_s", "end_s"},
			"faults":      {"name", "link", "kind", "planned_start_s", "start_s", "end_s", "effect", "removed"},
			"fitness":     {"fit", "reasons", "cpu_percent", "offered", "served", "failed", "dropped", "interrupted", "lateness_p99_ms"},
			"evidence":    {"what", "phase", "value", "unit", "bound", "low", "high", "outcome", "reason"},
			"comparisons": {"metric", "statistic", "phase", "ratio", "low", "high", "outcome", "mde"},
		}
		for part, keys := range want {
			for _, object := range objects(got, part) {
				for _, key := range keys {
					if _, ok := object[key]; !ok {
						t.Errorf("%s: %s lacks %q", example.name, part, key)
					}
				}
			}
		}
	}
}

// objects returns the object, or the objects of the list, under a key; the whole for "".
func objects(whole map[string]any, key string) []map[string]any {
	if key == "" {
		return []map[string]any{whole}
	}
	switch part := whole[key].(type) {
	case map[string]any:
		return []map[string]any{part}
	case []any:
		var out []map[string]any
		for _, p := range part {
			out = append(out, p.(map[string]any))
		}
		return out
	}
	return nil
}

func TestJUnitCountsWhatItHolds(t *testing.T) {
	rows := []struct {
		name                             string
		run                              func() results.Run
		o                                Options
		tests, failures, errors, skipped int
	}{
		{"a pass is all green", passing, Options{}, 3, 0, 0, 0},
		{"a fail is a failure", failing, Options{}, 3, 2, 0, 0},
		{"inconclusive is an error", inconclusive, Options{}, 3, 0, 2, 0},
		{"inconclusive is skipped when it is to pass", inconclusive, Options{InconclusivePass: true}, 3, 0, 0, 2},
		{"a broken run is an error though it has no rows", broken, Options{}, 1, 0, 1, 0},
		{"a broken run stays an error when inconclusive passes", broken, Options{InconclusivePass: true}, 1, 0, 1, 0},
		{"an aborted run is an error of its own", aborted, Options{}, 2, 0, 2, 0},
		{"an aborted run stays an error when inconclusive passes", aborted, Options{InconclusivePass: true}, 2, 0, 1, 1},
		{"a fail that no row explains is a failure", func() results.Run {
			r := passing()
			r.Verdict.Outcome = results.Fail
			return r
		}, Options{}, 4, 1, 0, 0},
		{"a run that was not judged is an error", func() results.Run {
			r := passing()
			r.Verdict = results.Verdict{}
			return r
		}, Options{}, 1, 0, 1, 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var got junitSuites
			if err := xml.Unmarshal([]byte(write(t, Formats[2], row.run(), row.o)), &got); err != nil {
				t.Fatal(err)
			}
			s := got.Suite
			if s.Tests != row.tests || s.Failures != row.failures || s.Errors != row.errors || s.Skipped != row.skipped || len(s.Cases) != row.tests {
				t.Errorf("tests %d, failures %d, errors %d, skipped %d, cases %d", s.Tests, s.Failures, s.Errors, s.Skipped, len(s.Cases))
			}
			names := map[string]bool{}
			for _, c := range s.Cases {
				if names[c.Name] {
					t.Errorf("two cases are named %q", c.Name)
				}
				names[c.Name] = true
			}
		})
	}
}

func TestColorsAreOnlyWhereAsked(t *testing.T) {
	plain := write(t, Formats[0], failing(), Options{})
	if strings.Contains(plain, "\x1b") {
		t.Error("an escape in plain text")
	}
	colored := write(t, Formats[0], failing(), Options{Color: true})
	if !strings.HasPrefix(colored, "\x1b[31mFAIL\x1b[0m ") {
		t.Errorf("no red FAIL: %q", colored[:40])
	}
	for _, escape := range []string{"\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"} {
		colored = strings.ReplaceAll(colored, escape, "")
	}
	if diff := cmp.Diff(plain, colored); diff != "" {
		t.Errorf("colour moves the text (-plain +coloured)\n%s", diff)
	}
}

func TestQuantitiesReadAsAPersonWouldWriteThem(t *testing.T) {
	rows := []struct {
		value float64
		unit  string
		want  string
	}{
		{412, "ms", "412 ms"}, {7.314, "ms", "7.31 ms"}, {0.21449, "ms", "0.214 ms"}, {412.6, "ms", "413 ms"},
		{12_345, "ms", "12.3 s"}, {9_999, "ms", "9999 ms"}, {0, "ms", "0 ms"}, {99.96, "/s", "100 /s"}, {100, "/s", "100 /s"},
		{0.00025, "share", "0.025 %"}, {1, "share", "100 %"}, {1.0 / 3, "share", "33.3 %"}, {12_345_678, "", "12345678"},
		{1536, "B", "1.5 KiB"}, {-1 << 20, "B/s", "-1 MiB/s"}, {1e-9, "", "1e-09"}, {math.NaN(), "ms", "-"}, {math.Inf(1), "", "-"},
		{-0.5, "ms/s", "-0.5 ms/s"}, {42, "%", "42 %"},
	}
	for _, row := range rows {
		if got := quantity(row.value, row.unit); got != row.want {
			t.Errorf("quantity(%v, %q) = %q, want %q", row.value, row.unit, got, row.want)
		}
	}
}
