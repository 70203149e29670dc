package proof

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

func number(v float64) *float64 { return &v }

// keptGate is a gate of two pairs, of which the second does not count.
func keptGate() Gate {
	return Gate{
		Version: gateVersion, Gate: 3, Commit: "1a2b3c4", Run: "r-1", Began: time.Date(2026, 11, 27, 1, 2, 3, 0, time.UTC), Outcome: results.Inconclusive,
		Plan: results.Gate{Mode: results.GateMirror, Metric: "latency", Budget: 1200, Primary: []results.GateMetric{{Name: "p95", Floor: 0.02, PassLimit: 0.05}, {Name: results.GateErrors}}},
		Pairs: []results.GateReading{
			{Pair: 1, First: results.SideBaseline, Seconds: 66.5, Values: []results.GateValue{
				{Metric: "p95", Change: number(-0.0125), Baseline: number(4.5), Candidate: number(4.25), Windows: 9, BaselineCount: 225, CandidateCount: 224},
				{Metric: results.GateErrors, Change: number(0), Baseline: number(0), Candidate: number(0), Windows: 9, BaselineOffered: 4500, CandidateOffered: 4499},
			}},
			{Pair: 2, First: results.SideCandidate, Seconds: 71, Unfit: []string{"other programs took 30 % of the CPU"}, Values: []results.GateValue{{Metric: "p95"}, {Metric: results.GateErrors}}},
		},
	}
}

// TestKeptGatesAreReadForEver reads a line as the first version wrote it. It is never written anew.
func TestKeptGatesAreReadForEver(t *testing.T) {
	got := KeptGates(t, filepath.Join("testdata", "gates.jsonl"))
	if diff := cmp.Diff([]Gate{keptGate()}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestKeptGatesOutliveAKill: what was cut off is no gate, and spoils neither those before it nor those after it.
func TestKeptGatesOutliveAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gates.jsonl")
	if got := KeptGates(t, path); got != nil {
		t.Errorf("%d gates are in no file", len(got))
	}
	first, second := keptGate(), keptGate()
	second.Gate, second.Run = 4, "r-2"
	KeepGate(t, path, first)
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"version":1,"gate":9,"pai`); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	KeepGate(t, path, second)
	first.Run = "r-3"
	KeepGate(t, path, first)
	var got []string
	for _, g := range KeptGates(t, path) {
		got = append(got, g.Run)
		if g.Commit == "" || g.Commit == "1a2b3c4" {
			t.Errorf("gate %d is of the commit %q", g.Gate, g.Commit)
		}
	}
	if diff := cmp.Diff([]string{"r-3", "r-2"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestKeptGatesOfANewerVersionAreRefused(t *testing.T) {
	if _, err := readGates([]byte(`{"version":2}` + "\n")); err == nil {
		t.Error("a line of version 2 is read as one of version 1")
	}
}
