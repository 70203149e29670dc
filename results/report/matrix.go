package report

import (
	"fmt"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// score counts the cells of a scorecard, and names those that fail.
func score(run results.Run) string {
	count := map[results.Outcome]int{}
	var failed []string
	for _, c := range run.Verdict.Cells {
		count[c.Outcome]++
		if c.Outcome == results.Fail {
			failed = append(failed, fmt.Sprintf("%s %s %s", c.On(), c.Kind, c.What))
		}
	}
	text := fmt.Sprintf("%d of %d faults are tolerated", count[results.Pass], len(run.Verdict.Cells))
	if len(failed) > 0 {
		text += "; not: " + strings.Join(failed, ", ")
	}
	if n := count[results.Inconclusive]; n > 0 {
		text += fmt.Sprintf("; %d inconclusive", n)
	}
	for _, e := range run.Verdict.Evidence {
		if e.What == results.ScorecardRow && e.Outcome == results.Inconclusive {
			text += "; " + e.Reason
		}
	}
	return text
}

// scorecard is the table of every fault that was tried by itself, with what it cost.
func scorecard(run results.Run) Table {
	t := Table{Title: "Scorecard", Columns: []Column{
		{Name: "outcome"}, {Name: "trial", Right: true}, {Name: "on"}, {Name: "kind"}, {Name: "strength", Right: true}, {Name: "loss", Right: true},
		{Name: "recovery", Right: true}, {Name: "broke", Code: true}, {Name: "value", Right: true}, {Name: "note"},
	}}
	for _, c := range run.Verdict.Cells {
		value, loss, recovered := "", "", ""
		if c.Value != nil {
			value = quantity(*c.Value, c.Unit)
		}
		for _, r := range run.Verdict.Resilience {
			if r.Trial == c.Trial {
				loss, recovered = lossText(r, r.Loss, "s"), recovery(r.Recovery)
			}
		}
		t.Rows = append(t.Rows, []Cell{{Text: string(c.Outcome), Outcome: c.Outcome}, {Text: fmt.Sprint(c.Trial)}, {Text: c.On()}, {Text: c.Kind},
			{Text: c.What}, {Text: loss}, {Text: recovered}, {Text: c.SLO}, {Text: value}, {Text: c.Reason}})
	}
	return t
}
