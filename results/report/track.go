package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// NewTrack makes the document of reference targets, naive, fixed and alternatives of each side by side. Where there are several, only what is not
// as it was declared is shown row by row.
func NewTrack(record results.TrackRecord) Document {
	d := Document{Track: &record, Answer: trackAnswer(record), Repeat: shellCommand(record.Command)}
	d.Run = results.Run{
		Experiment: "demo", Created: record.Created, Ended: record.Ended, Status: record.Status, Reason: record.Reason,
		Seed: record.Seed, TimeScale: record.TimeScale, Command: record.Command,
	}
	d.Tables = append(d.Tables, trackTable(record))
	if table := alternativesTable(record); len(table.Rows) > 0 {
		d.Tables = append(d.Tables, withoutEmptyColumns(table))
	}
	var warnings [][]string
	for _, t := range record.Targets {
		if len(record.Targets) == 1 || !t.Met() {
			if table := sideBySide(t); len(table.Rows) > 0 {
				d.Tables = append(d.Tables, withoutEmptyColumns(table))
			}
			d.Notes = append(d.Notes, targetNotes(t)...)
		}
		for _, run := range shownRuns(t) {
			warnings = append(warnings, run.Warnings)
		}
	}
	d.Notes = append(d.Notes, unaskedNote(record)...)
	d.Warnings = distinct(warnings...)
	return d
}

// side is a variant of a target, or an alternative to them; its run is nil where there is none.
type side struct {
	name string
	run  *results.Run
}

// sides are all that is compared, in the order in which it is shown.
func sides(t results.TargetRecord) []side {
	all := []side{{"naive", t.Naive}, {"fixed", t.Fixed}}
	for _, a := range t.Alternatives {
		all = append(all, side{a.Name, a.Run})
	}
	return all
}

// shownRuns are the runs of a target that there are.
func shownRuns(t results.TargetRecord) (runs []*results.Run) {
	for _, s := range sides(t) {
		if s.run != nil {
			runs = append(runs, s.run)
		}
	}
	return runs
}

// trackAnswer says how many verdicts are as declared, and which are not.
func trackAnswer(record results.TrackRecord) Answer {
	met, all := 0, 0
	var names, not []string
	outcome := results.Pass
	for _, t := range record.Targets {
		names = append(names, t.Target)
		for _, s := range sides(t) {
			all++
			if s.run != nil && s.run.AsDeclared() {
				met++
				continue
			}
			outcome = worse(outcome, RunOutcome(s.run))
			not = append(not, t.Target+" ("+s.name+")")
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
		because := becauseOf(target.Naive)
		naive, fixed := rowOf(target.Naive, because), rowOf(target.Fixed, because)
		t.Rows = append(t.Rows, []Cell{
			{Text: target.Target}, verdictCell(target.Naive), {Text: because}, {Text: valueText(naive)}, verdictCell(target.Fixed), {Text: valueText(fixed)},
			declaredCell(target.Naive, target.Fixed), {Text: target.Cause},
		})
	}
	return t
}

// alternativesTable has a line for each alternative.
func alternativesTable(record results.TrackRecord) Table {
	t := Table{Title: "Alternatives", Columns: []Column{
		{Name: "target"}, {Name: "alternative"}, {Name: "verdict"}, {Name: "failed on", Code: true}, {Name: "with", Right: true}, {Name: "as declared"}, {Name: "cause"},
	}}
	for _, target := range record.Targets {
		for _, a := range target.Alternatives {
			because, value := becauseOf(a.Run), ""
			if because != "" {
				value = valueText(rowOf(a.Run, because))
			}
			t.Rows = append(t.Rows, []Cell{
				{Text: target.Target}, {Text: a.Name}, verdictCell(a.Run), {Text: because}, {Text: value}, declaredCell(a.Run), {Text: a.Cause},
			})
		}
	}
	return t
}

// declaredCell says whether all of the runs are as declared.
func declaredCell(runs ...*results.Run) Cell {
	outcome := results.Pass
	for _, run := range runs {
		outcome = worse(outcome, RunOutcome(run))
	}
	switch outcome {
	case results.Pass:
		return Cell{Text: "yes", Outcome: outcome}
	case results.Fail:
		return Cell{Text: "NO", Outcome: outcome}
	}
	return Cell{Text: string(outcome), Outcome: outcome}
}

// becauseOf is the SLO that a run has to fail by, as it was declared.
func becauseOf(run *results.Run) string {
	if run == nil || run.Question.Expect == nil {
		return ""
	}
	return run.Question.Expect.Because
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

// targetNotes tell the cause, and what each variant did.
func targetNotes(t results.TargetRecord) []Note {
	var out []Note
	if t.Cause != "" {
		out = append(out, Note{Label: "Cause", Text: t.Cause})
	}
	differs := map[string]string{}
	for _, a := range t.Alternatives {
		differs[a.Name] = a.Variant
		if len(a.Set) > 0 {
			differs[a.Name] += " with " + strings.Join(a.Set, ", ")
		}
	}
	for _, s := range sides(t) {
		if s.run == nil {
			continue
		}
		note := Note{Label: t.Target + " (" + s.name + ")", Text: shown(*s.run)}
		if what := differs[s.name]; what != "" {
			note.Lines = []string{what}
		}
		for _, trial := range s.run.Trials {
			if !trial.Fitness.Fit {
				note.Lines = append(note.Lines, trial.Fitness.Reasons...)
			}
		}
		out = append(out, note)
	}
	return out
}

// unaskedNote names the alternatives that there are beside what was asked for.
func unaskedNote(record results.TrackRecord) []Note {
	var all []string
	for _, t := range record.Targets {
		if len(t.Unasked) > 0 {
			all = append(all, t.Target+" ("+strings.Join(t.Unasked, ", ")+")")
		}
	}
	if len(all) == 0 {
		return nil
	}
	return []Note{{Label: "Alternatives", Text: strings.Join(all, ", ") + ": --alternatives shows them, too"}}
}

// shown is what a variant did, in one sentence.
func shown(run results.Run) string {
	if run.Status == results.StatusComplete && run.Verdict.Expected != nil {
		return declaredNote(run)[0].Text
	}
	return answer(run).String()
}
