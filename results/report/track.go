package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// NewTrack makes the document of reference targets, naive and fixed of each side by side. Where there are several, only what is not
// as it was declared is shown row by row.
func NewTrack(record results.TrackRecord) Document {
	d := Document{Track: &record, Answer: trackAnswer(record), Repeat: shellCommand(record.Command)}
	d.Run = results.Run{
		Experiment: "demo", Created: record.Created, Ended: record.Ended, Status: record.Status, Reason: record.Reason,
		Seed: record.Seed, TimeScale: record.TimeScale, Command: record.Command,
	}
	d.Tables = append(d.Tables, trackTable(record))
	var warnings [][]string
	for _, t := range record.Targets {
		if len(record.Targets) == 1 || !t.Met() {
			if table := sideBySide(t); len(table.Rows) > 0 {
				d.Tables = append(d.Tables, withoutEmptyColumns(table))
			}
			d.Notes = append(d.Notes, targetNotes(t)...)
		}
		for _, run := range variants(t) {
			warnings = append(warnings, run.Warnings)
		}
	}
	d.Warnings = distinct(warnings...)
	return d
}

// half is one variant of a target; its run is nil where there is none.
type half struct {
	variant string
	run     *results.Run
}

func both(t results.TargetRecord) []half { return []half{{"naive", t.Naive}, {"fixed", t.Fixed}} }

// variants are the runs of a target that there are.
func variants(t results.TargetRecord) []*results.Run {
	return slices.DeleteFunc([]*results.Run{t.Naive, t.Fixed}, func(r *results.Run) bool { return r == nil })
}

// trackAnswer says how many verdicts are as declared, and which are not.
func trackAnswer(record results.TrackRecord) Answer {
	met, all := 0, 0
	var names, not []string
	outcome := results.Pass
	for _, t := range record.Targets {
		names = append(names, t.Target)
		for _, side := range both(t) {
			all++
			if side.run != nil && side.run.AsDeclared() {
				met++
				continue
			}
			outcome = worse(outcome, RunOutcome(side.run))
			not = append(not, t.Target+" ("+side.variant+")")
		}
	}
	a := Answer{Subject: "demo of " + strings.Join(names, ", "), Outcome: outcome, Text: fmt.Sprintf("%d of %d verdicts are as declared", met, all)}
	if len(not) > 0 {
		a.Text += "; not: " + strings.Join(not, ", ")
	}
	switch {
	case record.Status == results.StatusAborted:
		a.Word, a.Outcome = "ABORTED", results.Inconclusive
	case record.Status != results.StatusComplete:
		a.Word, a.Outcome = "BROKEN", results.Inconclusive
	default:
		a.Word = strings.ToUpper(string(outcome))
	}
	if record.Reason != "" && record.Status != results.StatusComplete {
		a.Text += "; " + record.Reason
	}
	return a
}

// RunOutcome is what a run says of what was declared of its variant: pass when it is so, inconclusive when that can't be told, else
// fail. nil is a run that did not take place.
func RunOutcome(run *results.Run) results.Outcome {
	switch {
	case run == nil || run.Status != results.StatusComplete || run.Verdict.Outcome == results.Inconclusive:
		return results.Inconclusive
	case run.AsDeclared():
		return results.Pass
	case run.Verdict.Outcome == results.Fail && run.Verdict.Expected != nil:
		if row := rowOf(run, run.Verdict.Expected.Because); row != nil && row.Outcome == results.Inconclusive {
			return results.Inconclusive // it fails, and whether for the declared reason can't be told
		}
	}
	return results.Fail
}

// trackTable has a line for each target.
func trackTable(record results.TrackRecord) Table {
	t := Table{Title: "Naive and fixed", Columns: []Column{
		{Name: "target"}, {Name: "naive"}, {Name: "failed on", Code: true}, {Name: "with", Right: true}, {Name: "fixed"}, {Name: "with", Right: true},
		{Name: "as declared"}, {Name: "cause"},
	}}
	for _, target := range record.Targets {
		because := becauseOf(target)
		naive, fixed := rowOf(target.Naive, because), rowOf(target.Fixed, because)
		declared := Cell{Text: "yes", Outcome: results.Pass}
		switch outcome := worse(RunOutcome(target.Naive), RunOutcome(target.Fixed)); {
		case outcome == results.Fail:
			declared = Cell{Text: "NO", Outcome: outcome}
		case !target.Met():
			declared = Cell{Text: string(outcome), Outcome: outcome}
		}
		t.Rows = append(t.Rows, []Cell{
			{Text: target.Target}, verdictCell(target.Naive), {Text: because}, {Text: valueText(naive)}, verdictCell(target.Fixed), {Text: valueText(fixed)},
			declared, {Text: target.Cause},
		})
	}
	return t
}

// becauseOf is the SLO that naive fails by, as it was declared.
func becauseOf(t results.TargetRecord) string {
	if t.Naive == nil || t.Naive.Question.Expect == nil {
		return ""
	}
	return t.Naive.Question.Expect.Because
}

// verdictCell is the verdict of a run, or its status where it is not complete.
func verdictCell(run *results.Run) Cell {
	switch {
	case run == nil:
		return Cell{Text: "not run"}
	case run.Status != results.StatusComplete:
		return Cell{Text: orElse(string(run.Status), "broken"), Outcome: results.Inconclusive}
	}
	return Cell{Text: string(run.Verdict.Outcome), Outcome: run.Verdict.Outcome}
}

// rowOf finds the row of an SLO or of a measurement in a run.
func rowOf(run *results.Run, what string) *results.Evidence {
	if run == nil {
		return nil
	}
	for _, rows := range [][]results.Evidence{run.Verdict.Evidence, run.Verdict.Measurements} {
		if i := slices.IndexFunc(rows, func(e results.Evidence) bool { return e.What == what }); i >= 0 {
			return &rows[i]
		}
	}
	return nil
}

// sideBySide is the table of a target: each SLO, what else a verdict rests on, and each measurement, in naive and in fixed.
func sideBySide(target results.TargetRecord) Table {
	t := Table{Title: target.Target, Columns: []Column{
		{Name: "what", Code: true}, {Name: "bound", Right: true}, {Name: "naive", Right: true}, {Name: "outcome"}, {Name: "fixed", Right: true}, {Name: "outcome"},
		{Name: "note"},
	}}
	for _, what := range asked(target) {
		naive, fixed := rowOf(target.Naive, what), rowOf(target.Fixed, what)
		t.Rows = append(t.Rows, []Cell{
			{Text: what}, {Text: boundOf(naive, fixed)}, {Text: valueText(naive)}, outcomeCell(naive), {Text: valueText(fixed)}, outcomeCell(fixed),
			{Text: sideNote(target, what, naive, fixed)},
		})
	}
	return t
}

// asked are the rows of both variants by what they are about, each once: evidence first, measurements last.
func asked(target results.TargetRecord) []string {
	var evidence, measured []string
	for _, run := range variants(target) {
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
func sideNote(target results.TargetRecord, what string, naive, fixed *results.Evidence) string {
	var said []string
	if what == becauseOf(target) {
		said = append(said, "declared")
	}
	for _, side := range []struct {
		variant string
		row     *results.Evidence
	}{{"naive", naive}, {"fixed", fixed}} {
		if e := side.row; e != nil && e.Reason != "" && (e.Value == nil || e.Outcome == results.Inconclusive) {
			said = append(said, side.variant+": "+e.Reason)
		}
	}
	return strings.Join(said, "; ")
}

// targetNotes tell the cause, and what each variant did.
func targetNotes(t results.TargetRecord) []Note {
	var out []Note
	if t.Cause != "" {
		out = append(out, Note{Label: "Cause", Text: t.Cause})
	}
	for _, half := range both(t) {
		if half.run == nil {
			continue
		}
		note := Note{Label: t.Target + " (" + half.variant + ")", Text: shown(*half.run)}
		for _, trial := range half.run.Trials {
			if !trial.Fitness.Fit {
				note.Lines = append(note.Lines, trial.Fitness.Reasons...)
			}
		}
		out = append(out, note)
	}
	return out
}

// shown is what a variant did, in one sentence.
func shown(run results.Run) string {
	if run.Status == results.StatusComplete && run.Verdict.Expected != nil {
		return declaredNote(run)[0].Text
	}
	return answer(run).String()
}
