package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

// called is a run of a gate under a name.
func called(name string, run results.Run) results.Run {
	run.Experiment, run.ID = name, "1-"+name
	return run
}

func unmeasured(reason string) results.Run {
	run := gated("")
	run.Status, run.Reason = results.StatusBroken, reason
	return run
}

func TestSeveralGatesHaveOneSentence(t *testing.T) {
	query := cost("POST /orders", "queries", "", 2, 3, results.Worse, true)
	passes, fails := called("a", gated(results.Pass, cost("GET /", "queries", "", 1, 1, results.Same, true))), called("b", gated(results.Fail, query))
	unclear, cut := called("c", gated(results.Inconclusive)), called("d", unmeasured("no server"))
	stopped := called("e", unmeasured("interrupted"))
	stopped.Status = results.StatusAborted
	for _, row := range []struct {
		runs []results.Run
		want string // how the sentence begins, and a * before what it also says
	}{
		{[]results.Run{passes, passes}, "PASS gate of a, a: all 2 pass"},
		{[]results.Run{passes, fails}, "FAIL gate of a, b: 1 of 2 pass; fail b: +1 query per POST /orders"},
		{[]results.Run{cut, fails, unclear}, "FAIL gate of d, b, c: 0 of 3 pass; broken d: no server; fail b: +1 query per POST /orders; inconclusive c: "},
		{[]results.Run{unclear, cut}, "BROKEN gate of c, d: 0 of 2 pass; inconclusive c: "},
		{[]results.Run{passes, unclear}, "INCONCLUSIVE gate of a, c: 1 of 2 pass; inconclusive c: "},
		{[]results.Run{fails, stopped}, "ABORTED gate of b, e: 0 of 2 pass; fail b: +1 query per POST /orders; aborted e: interrupted"},
	} {
		if got := NewGates(row.runs).Answer.String(); !strings.HasPrefix(got, row.want) {
			t.Errorf("%q does not begin with %q", got, row.want)
		}
	}
}

func TestSeveralGatesStandInEveryFormat(t *testing.T) {
	query := cost("POST /orders", "queries", "", 2, 3, results.Worse, true)
	same := cost("GET /", "queries", "", 1, 1, results.Same, true)
	d := NewGates([]results.Run{called("a", gated(results.Pass, same)), called("b", gated(results.Fail, query, same)), called("c", unmeasured("no server"))})
	written := map[string]string{}
	for _, f := range Formats {
		var out bytes.Buffer
		if err := f.Write(&out, d, Options{Root: "/runs", Store: "sqlite:x"}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"+1 query per POST /orders", "no server"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s does not say %q:\n%s", f.Name, want, out.String())
			}
		}
		written[f.Name] = out.String()
	}
	var object struct {
		Verdict, Status string
		Runs            []struct{ Experiment string }
	}
	if err := json.Unmarshal([]byte(written["json"]), &object); err != nil || object.Verdict != "fail" || object.Status != "broken" || len(object.Runs) != 3 || object.Runs[1].Experiment != "b" {
		t.Errorf("%+v (%v)", object, err)
	}
	var suites junitSuites
	if err := xml.Unmarshal([]byte(written["junit"]), &suites); err != nil || len(suites.Suites) != 3 || suites.Failures != 1 || suites.Errors != 1 {
		t.Errorf("%+v (%v)", suites, err)
	}
	if first, _, _ := strings.Cut(written["markdown"], "\n"); !strings.HasPrefix(first, "**FAIL** gate of a, b, c: 1 of 3 pass; fail b: +1 query per POST /orders") {
		t.Errorf("the first line of the comment is %q", first)
	}
	if open, shut := strings.Count(written["markdown"], "<details>"), strings.Count(written["markdown"], "</details>"); open != shut || open < 3 {
		t.Errorf("%d are folded, %d unfolded:\n%s", open, shut, written["markdown"])
	}
}

// TestACommentIsNotTooLongForOne has more endpoints than a comment on GitHub could hold.
func TestACommentIsNotTooLongForOne(t *testing.T) {
	var costs []results.CostComparison
	for i := range 2000 {
		costs = append(costs, cost(fmt.Sprintf("GET /%d/quite-a-long-path", i), "queries", "", 1, 2, results.Worse, true))
	}
	run := called("many", gated(results.Fail, costs...))
	run.Artifacts = []results.Artifact{{Name: "k6-1.log", Path: "k6-1.log", What: strings.Repeat("x", 9000)}}
	for name, d := range map[string]Document{"one": New(run), "several": NewGates([]results.Run{run, run, called("last", gated(results.Fail, costs[:1]...))})} {
		var out bytes.Buffer
		if err := Markdown(&out, d, Options{}); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if n := len([]rune(text)); n > 65_000 || !strings.Contains(text, " of 2000 rows are left out, for length.") {
			t.Errorf("%s: %d characters", name, n)
		}
		if name == "several" && !strings.Contains(text, "| **worse** | GET /0/quite-a-long-path | queries | 1 | 2 | +1 |\n") {
			t.Errorf("the last of several has no room:\n%.300s", text[max(0, len(text)-2000):])
		}
		if strings.Count(text, "<details>") != strings.Count(text, "</details>") {
			t.Errorf("%s: a fold stays open", name)
		}
	}
}
