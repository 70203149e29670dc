package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// findings is what the searches of a run found, in one sentence; empty where it searched for nothing, or where something else
// decided the verdict.
func findings(run results.Run) string {
	v := run.Verdict
	if run.Question.Calibration != nil {
		return calibrationSentence(run)
	}
	if run.Question.Gate != nil {
		return timingSentence(run)
	}
	if run.Question.Asker == results.AskerGate {
		return costSentence(run)
	}
	if len(v.Cells) > 0 {
		return score(run)
	}
	if len(v.Tolerances) == 0 && len(v.RoundTrips) == 0 {
		return breakpoints(run)
	}
	for _, e := range v.Evidence {
		if e.Outcome == v.Outcome && v.Outcome != results.Pass {
			if e.What != "breakpoint" && !slices.ContainsFunc(v.Tolerances, func(t results.Tolerance) bool { return e.What == toleranceRow(t) }) {
				return ""
			}
			break
		}
	}
	var found []string
	for _, b := range v.Breakpoints {
		if b.Held != nil {
			found = append(found, "holds "+quantity(*b.Held, b.Unit))
			continue
		}
		found = append(found, b.Answer)
	}
	for _, t := range v.Tolerances {
		switch {
		case t.Outcome != results.Pass:
			found = append(found, t.Link+": "+t.Answer)
		case *t.Held == 0:
			found = append(found, "tolerates no "+kindOf(t)+" on "+t.Link)
		default:
			found = append(found, fmt.Sprintf("tolerates %s of %s on %s", quantity(*t.Held, t.Unit), kindOf(t), t.Link))
		}
	}
	if n := len(v.RoundTrips); n > 0 {
		unclear := 0
		for _, r := range v.RoundTrips {
			if r.Count == nil {
				unclear++
			}
		}
		text := fmt.Sprintf("%d of %d round trips read", n-unclear, n)
		found = append(found, text)
	}
	return strings.Join(found, "; ")
}

// toleranceRow is the name of a tolerance's row of evidence.
func toleranceRow(t results.Tolerance) string { return t.Kind + " tolerated on " + t.Link }

// kindOf names the kind of the faults, with what of them stays the same.
func kindOf(t results.Tolerance) string { return strings.TrimSuffix(t.Kind+" "+t.With, " ") }

// limits is the table of what was found of a run that looked for limits.
func limits(run results.Run) Table {
	t := Table{Title: "Limits", Columns: []Column{
		{Name: "outcome"}, {Name: "what"}, {Name: "on"}, {Name: "holds", Right: true}, {Name: "breaks", Right: true}, {Name: "at", Right: true},
		{Name: "broke by", Code: true}, {Name: "value", Right: true}, {Name: "note"},
	}}
	v := run.Verdict
	if len(v.Tolerances) == 0 {
		return t
	}
	number := func(p *float64, unit string) Cell {
		if p == nil {
			return Cell{Text: "-"}
		}
		return Cell{Text: quantity(*p, unit)}
	}
	value := func(p *float64, unit string) Cell {
		if p == nil {
			return Cell{}
		}
		return Cell{Text: quantity(*p, unit)}
	}
	for _, b := range v.Breakpoints {
		outcome, note := results.Pass, ""
		if b.Held == nil {
			outcome = results.Inconclusive
		}
		if b.Held == nil || b.Broke == nil {
			note = b.Answer
		}
		t.Rows = append(t.Rows, []Cell{{Text: string(outcome), Outcome: outcome}, {Text: "rate"}, {}, number(b.Held, b.Unit), number(b.Broke, b.Unit), {},
			{Text: b.SLO}, value(b.Value, b.ValueUnit), {Text: note}})
	}
	for _, l := range v.Tolerances {
		note := ""
		if l.Outcome != results.Pass || l.Broke == nil || l.Uneven {
			note = l.Answer
		}
		t.Rows = append(t.Rows, []Cell{{Text: string(l.Outcome), Outcome: l.Outcome}, {Text: kindOf(l)}, {Text: l.Link}, number(l.Held, l.Unit),
			number(l.Broke, l.Unit), {Text: quantity(l.Rate, "/s")}, {Text: l.SLO}, value(l.Value, l.ValueUnit), {Text: note}})
	}
	return t
}

// roundTrips is the table of how often an answer crosses a link, one time after another.
func roundTrips(run results.Run) Table {
	t := Table{Title: "Round trips", Columns: []Column{
		{Name: "requests"}, {Name: "on"}, {Name: "one after another", Right: true}, {Name: "interval", Right: true}, {Name: "at", Right: true}, {Name: "note"},
	}}
	for _, r := range run.Verdict.RoundTrips {
		count, interval := Cell{Text: "unclear", Outcome: results.Inconclusive}, ""
		if r.Count != nil {
			count = Cell{Text: digits(*r.Count)}
			interval = digits(*r.Low) + " to " + digits(*r.High)
		}
		t.Rows = append(t.Rows, []Cell{{Text: r.Name}, {Text: r.Link}, count, {Text: interval}, {Text: quantity(r.Rate, "/s")}, {Text: r.Reason}})
	}
	return t
}
