package report

import (
	"fmt"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// profileName is what the times of a profile are of.
func profileName(kind results.ProfileKind) string {
	if kind == results.ProfileMutex {
		return "waiting for locks"
	}
	return "CPU"
}

// whereTimeWent is the table of the functions that grew, in the pair with profiles that follows a fail.
func whereTimeWent(run results.Run) Table {
	t := Table{Title: "Where the time went, per iteration served (one more pair, not part of the test)", Columns: []Column{
		{Name: "service"}, {Name: "time"}, {Name: "function", Code: true}, {Name: "change with calls", Right: true}, {Name: "with calls (cum)", Right: true}, {Name: "own (flat)", Right: true},
	}}
	if run.Profiled == nil {
		return t
	}
	for _, c := range run.Profiled.Profiles {
		if c.Baseline == 0 && c.Candidate == 0 {
			continue
		}
		of := []Cell{{Text: c.Service}, {Text: profileName(c.Kind)}}
		all := "all"
		if c.Sparse() {
			all = "all (too few samples to tell functions apart)"
		}
		t.Rows = append(t.Rows, append(of, Cell{Text: all}, Cell{Text: signed(c.Candidate-c.Baseline, "ms")}, Cell{Text: becomes(c.Baseline, c.Candidate)}, Cell{}))
		for _, f := range c.Grew {
			t.Rows = append(t.Rows, []Cell{{Text: c.Service}, {Text: profileName(c.Kind)}, {Text: f.Short()}, {Text: signed(f.CandidateCum-f.BaselineCum, "ms")},
				{Text: becomes(f.BaselineCum, f.CandidateCum)}, {Text: becomes(f.BaselineFlat, f.CandidateFlat)}})
		}
	}
	return t
}

// becomes is a time in the baseline and in the candidate.
func becomes(baseline, candidate float64) string {
	return quantity(baseline, "ms") + " -> " + quantity(candidate, "ms")
}

// profiledCosts is the table of the counts that differ, in the starts that follow a fail.
func profiledCosts(run results.Run) Table {
	t := Table{}
	if run.Profiled != nil {
		t = costTable(changedCosts(run.Profiled.Costs), false)
	}
	t.Title = "What requests cost otherwise (two more starts of each build, not part of the test)"
	return t
}

// profiledChanges is the table of the statements and commands that make that difference.
func profiledChanges(run results.Run) Table {
	if run.Profiled == nil {
		return Table{}
	}
	return changeTable(run.Profiled.CostChanges)
}

func changedCosts(all []results.CostComparison) (changed []results.CostComparison) {
	for _, c := range all {
		if c.Outcome == results.Worse || c.Outcome == results.Better {
			changed = append(changed, c)
		}
	}
	return changed
}

// profiledNotes say in short where the time went.
func profiledNotes(run results.Run) []Note {
	p := run.Profiled
	if p == nil {
		return nil
	}
	text := fmt.Sprintf("one more pair, %d, was run with profiles; it is not part of the test", p.Pair)
	if p.BeyondBudget > 0 {
		text += ", and went beyond the budget by " + seconds(p.BeyondBudget)
	}
	note := Note{Label: "Where the time went", Text: text}
	for _, c := range p.Profiles {
		note.Lines = append(note.Lines, profileLine(c))
	}
	for _, w := range p.Without {
		note.Lines = append(note.Lines, "no profiles of "+w)
	}
	if changed := changedCosts(p.Costs); len(changed) > 0 {
		note.Lines = append(note.Lines, "what requests cost: "+perEndpoint(changed))
	} else if len(p.Costs) > 0 {
		note.Lines = append(note.Lines, "what requests cost: nothing that is counted changed for sure")
	}
	return []Note{note}
}

// profileLine is one profile in a sentence.
func profileLine(c results.ProfileComparison) string {
	text := fmt.Sprintf("%s in %s: ", profileName(c.Kind), c.Service)
	if c.Baseline == 0 && c.Candidate == 0 {
		return text + "none was seen"
	}
	text += becomes(c.Baseline, c.Candidate) + " per iteration"
	if c.Sparse() {
		return text + fmt.Sprintf(", by %d and %d samples; fewer than %d say little of how much, and nothing of where", c.BaselineSamples, c.CandidateSamples, results.FewestSamples)
	}
	if len(c.Grew) == 0 {
		return text + "; no function grew by more than chance does"
	}
	var most []string
	for _, f := range c.Grew[:min(len(c.Grew), mostInLine)] {
		most = append(most, fmt.Sprintf("%s %s", f.Short(), signed(f.CandidateCum-f.BaselineCum, "ms")))
	}
	return text + "; most in " + strings.Join(most, ", ")
}

// mostInLine functions stand in a sentence; the table has more.
const mostInLine = 2

// profiledWarnings say what of the profiled pair is not there.
func profiledWarnings(run results.Run) []string {
	if run.Profiled == nil {
		return nil
	}
	return run.Profiled.Warnings
}
