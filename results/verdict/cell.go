package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// cells is the outcome of a trial's cell, given the rows so far; none where the trial is for no scorecard.
func cells(t results.Trial, rows []results.Evidence) []results.CellOutcome {
	if t.Cell == nil {
		return nil
	}
	var own []results.Evidence
	for _, r := range rows {
		if r.Trial == t.Number {
			own = append(own, r)
		}
	}
	o := results.CellOutcome{Cell: *t.Cell, Trial: t.Number, Outcome: overall(own)}
	for _, r := range own {
		if o.Outcome != results.Pass && r.Outcome == o.Outcome {
			o.SLO, o.Value, o.Unit, o.Reason = r.What, r.Value, r.Unit, r.Reason
			break
		}
	}
	for _, f := range t.Faults {
		if o.Outcome == results.Pass && f.Effect != nil && f.Effect.Idle {
			o.Reason = f.Effect.Note
		}
	}
	return []results.CellOutcome{o}
}

// Disturbed is an SLO as a scorecard asks it: of the phase of its fault. It is not ok for one that asks of another phase already.
func Disturbed(s slo.SLO, scraped func(metric string) bool) (string, bool) {
	if !Searchable(s, scraped) || s.Of.In != "" {
		return "", false
	}
	s.In = string(results.PhaseFault)
	return s.String(), true
}

// Untried are the links and nodes, and the kinds, of some cells of which none was tried, sorted.
func Untried(asked, tried []results.Cell) (on, kinds []string) {
	for _, c := range asked {
		if !slices.ContainsFunc(tried, func(t results.Cell) bool { return t.On() == c.On() }) {
			on = append(on, c.On())
		}
		if !slices.ContainsFunc(tried, func(t results.Cell) bool { return t.Kind == c.Kind }) {
			kinds = append(kinds, c.Kind)
		}
	}
	slices.Sort(on)
	slices.Sort(kinds)
	return slices.Compact(on), slices.Compact(kinds)
}

// coverage adds the row that says whether enough of a scorecard was tried, where it is known which cells were asked for.
func coverage(v *results.Verdict, run results.Run) {
	asked := run.Question.Cells
	if len(asked) == 0 {
		return
	}
	var tried []results.Cell
	for _, t := range run.Trials {
		if t.Cell != nil && t.Status == results.StatusComplete {
			tried = append(tried, *t.Cell)
		}
	}
	row := results.Evidence{What: results.ScorecardRow, Outcome: results.Pass, Reason: fmt.Sprintf("all of its %s were tried", plural(int64(len(asked)), "fault"))}
	if len(tried) < len(asked) {
		row.Reason = fmt.Sprintf("%d of %d faults were tried, and each kind, link and node at least once; `--resume %s` goes on", len(tried), len(asked), run.ID)
	}
	if on, kinds := Untried(asked, tried); len(on)+len(kinds) > 0 {
		ofOn, ofKinds := Untried(asked, nil)
		row.Outcome = results.Inconclusive
		row.Reason = fmt.Sprintf("%d of %d faults were tried; not tried at all: %s; `--resume %s` goes on", len(tried), len(asked),
			strings.Join(append(missed(kinds, len(ofKinds), "kinds"), missed(on, len(ofOn), "links and nodes")...), ", "), run.ID)
	}
	v.Evidence = append(v.Evidence, row)
}

// missed names some of all things of a sort; nothing where there are none.
func missed(names []string, of int, sort string) []string {
	if len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d of %d %s (%s)", len(names), of, sort, strings.Join(names, ", "))}
}
