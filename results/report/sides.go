package report

import (
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// sideBySide is the table of a target: each SLO, what else a verdict rests on, and each measurement, in all that is compared.
func sideBySide(target results.TargetRecord) Table {
	if len(target.Alternatives) > 0 {
		return valuesBeside(target)
	}
	t := Table{Title: target.Target, Columns: []Column{
		{Name: "what", Code: true}, {Name: "bound", Right: true}, {Name: "naive", Right: true}, {Name: "outcome"}, {Name: "fixed", Right: true}, {Name: "outcome"},
		{Name: "note"},
	}}
	for _, what := range asked(target) {
		naive, fixed := rowOf(target.Naive, what), rowOf(target.Fixed, what)
		t.Rows = append(t.Rows, []Cell{
			{Text: what}, {Text: boundOf(naive, fixed)}, {Text: valueText(naive)}, outcomeCell(naive), {Text: valueText(fixed)}, outcomeCell(fixed),
			{Text: sideNote(target, what)},
		})
	}
	return t
}

// valuesBeside is the same of more than two, in one column each, lest it becomes too wide to be read. An SLO says its bound itself.
func valuesBeside(target results.TargetRecord) Table {
	t := Table{Title: target.Target + " (! fails, ? can't be told)", Columns: []Column{{Name: "what", Code: true}}}
	for _, s := range sides(target) {
		t.Columns = append(t.Columns, Column{Name: s.name, Right: true})
	}
	t.Columns = append(t.Columns, Column{Name: "note"})
	for _, what := range asked(target) {
		row := []Cell{{Text: what}}
		for _, s := range sides(target) {
			row = append(row, markedValue(rowOf(s.run, what)))
		}
		t.Rows = append(t.Rows, append(row, Cell{Text: sideNote(target, what)}))
	}
	return t
}

// markedValue is the value of a row, marked where it is not as it should be.
func markedValue(e *results.Evidence) Cell {
	cell := Cell{Text: valueText(e)}
	switch {
	case e == nil:
	case e.Outcome == results.Fail:
		cell = Cell{Text: "! " + cell.Text, Outcome: e.Outcome}
	case e.Outcome == results.Inconclusive:
		cell = Cell{Text: "? " + cell.Text, Outcome: e.Outcome}
	}
	return cell
}

// asked are the rows of all that is compared by what they are about, each once: evidence first, measurements last.
func asked(target results.TargetRecord) []string {
	var evidence, measured []string
	for _, run := range shownRuns(target) {
		for _, e := range run.Verdict.Evidence {
			evidence = append(evidence, e.What)
		}
		for _, e := range run.Verdict.Measurements {
			measured = append(measured, e.What)
		}
	}
	return distinct(evidence, measured)
}

// boundOf is the bound of a row; where it follows another measurement it differs, and both are said.
func boundOf(naive, fixed *results.Evidence) string {
	var bounds []string
	for _, e := range []*results.Evidence{naive, fixed} {
		if e != nil && e.Bound != "" {
			bounds = append(bounds, e.Bound)
		}
	}
	return strings.Join(distinct(bounds), "; ")
}

func outcomeCell(e *results.Evidence) Cell {
	if e == nil {
		return Cell{}
	}
	return Cell{Text: string(e.Outcome), Outcome: e.Outcome}
}

// sideNote marks the row that was declared, and says why a row has no value or no outcome.
func sideNote(target results.TargetRecord, what string) string {
	var said, declared, reasons []string
	of := map[string][]string{} // who has a reason
	for _, s := range sides(target) {
		if becauseOf(s.run) == what {
			declared = append(declared, s.name)
		}
		if e := rowOf(s.run, what); e != nil && e.Reason != "" && (e.Value == nil || e.Outcome == results.Inconclusive) {
			reasons = append(reasons, e.Reason)
			of[e.Reason] = append(of[e.Reason], s.name)
		}
	}
	for _, reason := range distinct(reasons) {
		said = append(said, strings.Join(of[reason], ", ")+": "+reason)
	}
	if len(declared) > 0 {
		mark := "declared"
		if len(target.Alternatives) > 0 {
			mark += " of " + strings.Join(declared, ", ")
		}
		said = append([]string{mark}, said...)
	}
	return strings.Join(said, "; ")
}
