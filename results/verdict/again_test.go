package verdict

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

func TestDifferencesOfTwoVerdicts(t *testing.T) {
	row := func(what string, o results.Outcome, value float64) results.Evidence {
		return results.Evidence{What: what, Phase: "steady", Value: &value, Unit: "ms", Outcome: o}
	}
	before := results.Verdict{Outcome: results.Fail, Judge: 3, Evidence: []results.Evidence{
		row("p95", results.Fail, 20), row("p99", results.Pass, 30), row("p99", results.Pass, 31), row("gone", results.Pass, 1),
	}}
	if lines := Differences(before, before); len(lines) > 0 {
		t.Errorf("of itself: %q", lines)
	}
	again := results.Verdict{Outcome: results.Pass, Judge: 4, Evidence: []results.Evidence{
		row("p95", results.Pass, 20), row("p99", results.Pass, 30), row("p99", results.Pass, 32), {What: "fitness", Trial: 2, Outcome: results.Inconclusive},
	}}
	want := []string{
		"the verdict is pass, and was fail", "p95 in steady is pass with 20ms, and was fail with 20ms", "p99 in steady is pass with 32ms, and was pass with 31ms",
		"gone in steady is no more: it was pass with 1ms", "fitness of trial 2 is new: inconclusive",
	}
	if diff := cmp.Diff(want, Differences(before, again)); diff != "" {
		t.Error(diff)
	}
	other := before
	other.Judge = 4
	if lines := Differences(before, other); len(lines) != 1 {
		t.Errorf("of another judge: %q", lines)
	}
}
