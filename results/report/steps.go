package report

import (
	"fmt"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// breakpoints is what the trials that searched for a breakpoint found, in one sentence each; empty where none did, or where
// something else decided the verdict.
func breakpoints(run results.Run) string {
	v := run.Verdict
	if len(v.Breakpoints) == 0 {
		return ""
	}
	for _, e := range v.Evidence {
		if e.Outcome == v.Outcome && v.Outcome != results.Pass {
			if e.What != "breakpoint" {
				return ""
			}
			break
		}
	}
	var found []string
	for _, b := range v.Breakpoints {
		text := b.Answer
		if len(run.Trials) > 1 {
			text = fmt.Sprintf("trial %d %s", b.Trial, text)
		}
		found = append(found, text)
	}
	return strings.Join(found, "; ")
}

// steps is the table of the rates that a search tried.
func steps(run results.Run) Table {
	t := Table{Title: "Steps", Columns: []Column{
		{Name: "outcome"}, {Name: "trial"}, {Name: "rate", Right: true}, {Name: "judged", Right: true}, {Name: "served", Right: true},
		{Name: "failed", Right: true}, {Name: "broke by", Code: true}, {Name: "value", Right: true}, {Name: "note"},
	}}
	for _, b := range run.Verdict.Breakpoints {
		for _, s := range b.Steps {
			value, note := "", s.Reason
			if s.Value != nil {
				value = quantity(*s.Value, s.Unit)
			}
			if s.Again {
				note = strings.TrimSuffix("repeated; "+note, "; ")
			}
			failed := ""
			if s.Failed > 0 {
				failed = quantity(float64(s.Failed), "")
			}
			outcome := Cell{Text: "held", Outcome: s.Outcome}
			switch {
			case s.Unfit:
				outcome.Text = "not fit"
			case s.Outcome == results.Fail:
				outcome.Text = "broke"
			case s.Outcome != results.Pass:
				outcome.Text = "unclear"
			}
			t.Rows = append(t.Rows, []Cell{outcome, trialCell(run, b.Trial), {Text: quantity(s.Rate, b.Unit)}, {Text: interval(s.From, s.End)},
				{Text: fmt.Sprintf("%d of %d", s.Served, s.Offered)}, {Text: failed}, {Text: s.SLO}, {Text: value}, {Text: note}})
		}
	}
	return t
}
