package report

import "github.com/devcraft-studio/brunt/results"

// declaredNote says whether a run showed what was declared of its variant.
func declaredNote(run results.Run) []Note {
	x := run.Verdict.Expected
	if x == nil {
		return nil
	}
	text := "as declared: " + x.Reason
	if !x.Met {
		text = "NOT as declared (" + declaration(*x) + "): " + x.Reason
	}
	note := Note{Label: "Declared of " + x.Variant, Text: text}
	if x.Cause != "" {
		note.Lines = []string{x.Cause}
	}
	return []Note{note}
}

// declaration is what was declared.
func declaration(x results.Expected) string {
	if x.Verdict == results.Fail {
		return "it fails by " + x.Because
	}
	return "it passes"
}

// measurements is the table of what was measured and binds nothing.
func measurements(run results.Run) Table {
	t := Table{Title: "Measurements", Columns: []Column{
		{Name: "trial"}, {Name: "what", Code: true}, {Name: "phase"}, {Name: "value", Right: true}, {Name: "range", Right: true}, {Name: "reason"},
	}}
	for _, e := range run.Verdict.Measurements {
		t.Rows = append(t.Rows, []Cell{trialCell(run, e.Trial), {Text: e.What}, {Text: e.Phase}, {Text: valueText(&e)}, {Text: spread(e)}, {Text: e.Reason}})
	}
	return t
}

// valueText is the value of a row, or a dash.
func valueText(e *results.Evidence) string {
	if e == nil || e.Value == nil {
		return "-"
	}
	return quantity(*e.Value, e.Unit)
}
