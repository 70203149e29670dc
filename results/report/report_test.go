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

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

var update = flag.Bool("update", false, "rewrite the golden files")

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
		{"what does not decide is skipped", func() results.Run {
			r := passing()
			r.Verdict.Evidence[0].Outcome = results.Inconclusive
			return r
		}, Options{}, 3, 0, 0, 1},
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
			s := got.Suites[0]
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
