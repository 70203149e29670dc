package store

import (
	"bytes"
	"context"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

var began = time.Date(2026, 3, 4, 5, 6, 7, 891, time.UTC)

// example is a run with a bit of everything.
func example(id string) results.Run {
	value := 12.5
	return results.Run{
		Schema: results.Schema, ID: id, Experiment: "restapi", Created: began, Ended: began.Add(time.Minute),
		Status: results.StatusComplete, Command: []string{"brunt", "run", "scenarios/restapi"}, Seed: math.MinInt64, TimeScale: 0.5,
		Provider: "local",
		Question: results.Question{SLOs: []results.SLO{{Text: "p95(latency) < 300ms in steady", Origin: "experiment.yaml:30"}}, Guard: 1, FitnessBlocks: true, Source: "name: restapi\n# ü \"quoted\" \\ -> <&>\n"},
		Builds: []results.Build{
			{SHA: "aaaa000000000000000000000000000000000000", Ref: "main"},
			{SHA: "bbbb000000000000000000000000000000000000", Ref: "pull/12/merge", HeadSHA: "cccc000000000000000000000000000000000000", Dirty: true, DiffDigest: "d1ff", Variant: "naive"},
		},
		Host:     results.Host{Fingerprint: "f00d", Name: "ci-1", Cores: 2, Tools: map[string]string{"go": "go1.26", "k6": "v1.8.1"}},
		CI:       &results.CI{Name: "github", PullRequest: 12},
		Trials:   []results.Trial{{Number: 1, Status: results.StatusComplete, Began: began, Faults: []results.Fault{{Name: "slow", Link: "api->cache", Effect: &results.Effect{Seen: true, Added: 200.25}}}, Fitness: results.Fitness{Fit: true, Offered: 1000, Served: 1000}}},
		Verdict:  results.Verdict{Outcome: results.Pass, Judge: 1, Evidence: []results.Evidence{{What: "p95(latency) < 300ms in steady", Value: &value, Unit: "ms", Outcome: results.Pass}}},
		Warnings: []string{"a doubt"}, Artifacts: []results.Artifact{{Name: "api.log", Path: "api.log", Size: 12}},
	}
}

func save(t *testing.T, s *Store, run results.Run) {
	t.Helper()
	if err := s.Save(t.Context(), &run); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, s *Store, reference string) results.Run {
	t.Helper()
	run, err := s.Run(t.Context(), reference)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestARunComesBackAsItWasSaved(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "new", "folder", "brunt.db"))
	want := example("run-1")
	save(t, s, want)
	if diff := cmp.Diff(want, load(t, s, "run-1")); diff != "" {
		t.Errorf("(-saved +loaded)\n%s", diff)
	}
	summaries, err := s.List(t.Context(), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	wantList := []Summary{{
		ID: "run-1", Experiment: "restapi", Created: want.Created, Ended: want.Ended, Status: results.StatusComplete,
		Outcome: results.Pass, Provider: "local", Trials: 1, SHA: want.Builds[1].SHA, HeadSHA: want.Builds[1].HeadSHA, Dirty: true,
		Ref: "pull/12/merge", Variant: "naive", Host: "f00d",
	}}
	if diff := cmp.Diff(wantList, summaries); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSavingAgainReplacesTheRunAndLeavesTheOthers(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"))
	other, run := example("other"), example("run")
	run.Status, run.Ended, run.Trials, run.Verdict = results.StatusBroken, time.Time{}, nil, results.Verdict{}
	save(t, s, other)
	save(t, s, run)
	run = example("run")
	save(t, s, run)
	for _, want := range []results.Run{other, run} {
		if diff := cmp.Diff(want, load(t, s, want.ID)); diff != "" {
			t.Errorf("(-saved +loaded)\n%s", diff)
		}
	}
	if list, err := s.List(t.Context(), Filter{}); err != nil || len(list) != 2 {
		t.Errorf("list: %v, %v", list, err)
	}
}

func TestASaveThatFailsLeavesTheStoreAsItWas(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"))
	want := example("run")
	save(t, s, want)
	changed := want
	changed.Experiment = "other"
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Save(ended, &changed); err == nil {
		t.Error("saved under a context that has ended")
	}
	for _, id := range []string{"", "..", "a/b", ".hidden", "latest", strings.Repeat("x", 129), "a\nb"} {
		changed.ID = id
		if err := s.Save(t.Context(), &changed); err == nil {
			t.Errorf("saved a run with the id %q", id)
		}
	}
	if diff := cmp.Diff(want, load(t, s, Latest)); diff != "" {
		t.Errorf("(-saved +loaded)\n%s", diff)
	}
}

func TestFloatsThatJSONCannotExpressCostAWarningNotTheRun(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "brunt.db"))
	run := example("run")
	nan := math.NaN()
	run.Verdict.Evidence[0].Value = &nan
	run.Verdict.Phases = []results.PhaseSummary{{Phase: "steady", P95: math.Inf(1), P50: 3}}
	save(t, s, run)
	got := load(t, s, "run")
	if got.Verdict.Evidence[0].Value != nil || got.Verdict.Phases[0].P95 != 0 || got.Verdict.Phases[0].P50 != 3 {
		t.Errorf("%+v", got.Verdict)
	}
	want := []string{"a doubt", "not finite, and stored as 0 or null: run.Verdict.Evidence[0].Value, run.Verdict.Phases[0].P95"}
	if diff := cmp.Diff(want, got.Warnings); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !math.IsNaN(*run.Verdict.Evidence[0].Value) || len(run.Warnings) != 1 {
		t.Error("the caller's run was changed")
	}
}

func TestRedactionReachesEveryTextAndNoKey(t *testing.T) {
	// A secret that is also a key, a status and a part of an id: only texts change.
	redact := func(text string) string {
		return strings.NewReplacer(`s3"cret`, "[redacted]", "complete", "[redacted]", "reason", "[redacted]", "42", "[redacted]").Replace(text)
	}
	path := filepath.Join(t.TempDir(), "brunt.db")
	s := open(t, path, Redacting(redact))
	run := example("run-42")
	run.Seed = 42
	run.Reason = `cannot reach postgres://u:s3"cret@db`
	run.Command = []string{"brunt", "-e", `TOKEN=s3"cret`}
	run.Builds[1].Ref = `branch-s3"cret`
	run.Trials[0].Nodes = []results.Node{{Version: `s3"cret`}}
	save(t, s, run)
	got := load(t, s, "run-42")
	if got.Status != results.StatusComplete || got.Seed != 42 || got.ID != "run-42" {
		t.Errorf("the identity of the run changed: %+v", got)
	}
	if got.Reason != "cannot reach postgres://u:[redacted]@db" || got.Command[2] != "TOKEN=[redacted]" || got.Trials[0].Nodes[0].Version != "[redacted]" {
		t.Errorf("%q %q", got.Reason, got.Command)
	}
	s.Close()
	eachFile(t, filepath.Dir(path), func(name string, content []byte) {
		if bytes.Contains(content, []byte(`s3"cret`)) || bytes.Contains(content, []byte(`s3\"cret`)) {
			t.Errorf("the secret is in %s", name)
		}
	})
}

func eachFile(t *testing.T, dir string, visit func(name string, content []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		visit(path, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
