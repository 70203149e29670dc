package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// trialCell names a trial, where there are several to tell apart.
func trialCell(run results.Run, number int) Cell {
	switch {
	case len(run.Trials) < 2:
		return Cell{}
	case number == 0:
		return Cell{Text: "all"}
	}
	return Cell{Text: strconv.Itoa(number)}
}

// phases is the table of phases at a glance. Before a verdict it knows their times only.
func phases(run results.Run) Table {
	t := Table{Title: "Phases", Columns: []Column{
		{Name: "trial"}, {Name: "phase"}, {Name: "from", Right: true}, {Name: "to", Right: true},
		{Name: "rate", Right: true}, {Name: "goodput", Right: true}, {Name: "p50", Right: true}, {Name: "p95", Right: true}, {Name: "p99", Right: true},
		{Name: "errors", Right: true},
	}}
	for _, p := range run.Verdict.Phases {
		row := []Cell{trialCell(run, p.Trial), {Text: p.Phase}, {Text: seconds(p.Start)}, {Text: seconds(p.End)},
			{Text: quantity(p.Rate, "/s")}, {Text: shareText(p.Goodput)}}
		for _, latency := range []float64{p.P50, p.P95, p.P99} {
			row = append(row, measured(p, quantity(latency, "ms")))
		}
		t.Rows = append(t.Rows, append(row, measured(p, quantity(p.ErrorRate, "share"))))
	}
	if len(t.Rows) > 0 {
		return t
	}
	for _, trial := range run.Trials {
		if trial.Probing != nil || trial.Costs != nil || trial.Pair > 0 {
			continue // a phase of a few seconds for each of its steps, or one without a meaning
		}
		for _, p := range trial.Phases {
			t.Rows = append(t.Rows, []Cell{trialCell(run, trial.Number), {Text: phaseLabel(p)},
				{Text: seconds(p.Start)}, {Text: seconds(p.End)}, {}, {}, {}, {}, {}, {}})
		}
	}
	return t
}

// measured is a cell of a phase, or a dash where it had no requests.
func measured(p results.PhaseSummary, text string) Cell {
	if p.Requests == 0 {
		return Cell{Text: "-"}
	}
	return Cell{Text: text}
}

// phaseLabel names a phase: a fault's by its faults, a recovery by what it is from.
func phaseLabel(p results.Phase) string {
	names := strings.Join(p.Faults, "+")
	switch {
	case names == "":
		return string(p.Name)
	case p.Name == results.PhaseFault:
		return names
	}
	return string(p.Name) + " from " + names
}

// faults is the table of what was planned and what became of it.
func faults(run results.Run) Table {
	t := Table{Title: "Faults", Columns: []Column{
		{Name: "trial"}, {Name: "fault"}, {Name: "on"}, {Name: "kind"}, {Name: "planned", Right: true},
		{Name: "actual", Right: true}, {Name: "measured effect"}, {Name: "removed"}, {Name: "note"},
	}}
	for _, trial := range run.Trials {
		for _, f := range trial.Faults {
			t.Rows = append(t.Rows, []Cell{
				trialCell(run, trial.Number), {Text: f.Label()}, {Text: orElse(f.Link, f.Node)}, {Text: f.Kind},
				{Text: span(f.PlannedStart, f.PlannedEnd)}, {Text: actual(f)}, {Text: effect(f.Effect)}, removed(f), {Text: faultNote(f)},
			})
		}
	}
	return t
}

// span writes an interval, or the moment of an instantaneous fault.
func span(from, to float64) string {
	if from == to {
		return seconds(from)
	}
	return interval(from, to)
}

func actual(f results.Fault) string {
	switch {
	case !f.Applied:
		return "-"
	case !f.Removed:
		return "from " + seconds(f.Start)
	}
	return span(f.Start, f.End)
}

func effect(e *results.Effect) string {
	switch {
	case e == nil:
		return "not measured"
	case !e.Seen:
		return "none seen"
	}
	text := fmt.Sprintf("%s %s -> %s", e.What, quantity(e.Before, e.Unit), quantity(e.During, e.Unit))
	if e.Unit != "share" {
		text += fmt.Sprintf(" (added %s)", quantity(e.Added, e.Unit))
	}
	return text
}

func removed(f results.Fault) Cell {
	switch {
	case !f.Applied:
		return Cell{Text: "never applied", Outcome: results.Fail}
	case !f.Removed:
		return Cell{Text: "NO", Outcome: results.Fail}
	case len(f.Ladder) > 0:
		return Cell{Text: "yes, by " + strings.Join(f.Ladder, ", ")}
	}
	return Cell{Text: "yes"}
}

func faultNote(f results.Fault) string {
	var parts []string
	if f.Error != "" {
		parts = append(parts, f.Error)
	}
	if f.Effect != nil && f.Effect.Note != "" {
		parts = append(parts, f.Effect.Note)
	}
	return strings.Join(parts, "; ")
}

// evidence is the table of what was asked and answered.
func evidence(run results.Run) Table {
	t := Table{Title: "Evidence", Columns: []Column{
		{Name: "outcome"}, {Name: "trial"}, {Name: "what", Code: true}, {Name: "phase"}, {Name: "value", Right: true},
		{Name: "range", Right: true}, {Name: "bound", Right: true}, {Name: "reason"},
	}}
	for _, e := range run.Verdict.Evidence {
		value := "-"
		if e.Value != nil {
			value = quantity(*e.Value, e.Unit)
		}
		t.Rows = append(t.Rows, []Cell{
			{Text: orElse(string(e.Outcome), "not judged"), Outcome: e.Outcome}, trialCell(run, e.Trial), {Text: e.What},
			{Text: e.Phase}, {Text: value}, {Text: spread(e)}, {Text: e.Bound}, {Text: e.Reason},
		})
	}
	return t
}

// spread says what the value would be with every unserved iteration perfect, and with every one bad, where that matters.
func spread(e results.Evidence) string {
	switch {
	case e.Low == nil && e.High == nil:
		return ""
	case e.High == nil:
		return quantity(*e.Low, e.Unit) + " or more"
	case e.Low == nil:
		return "up to " + quantity(*e.High, e.Unit)
	}
	low, high := quantity(*e.Low, e.Unit), quantity(*e.High, e.Unit)
	if low == high {
		return ""
	}
	return low + " to " + high
}

// comparisons is the table of candidate against baseline.
func comparisons(run results.Run) Table {
	t := Table{Title: "Comparisons", Columns: []Column{
		{Name: "outcome"}, {Name: "metric", Code: true}, {Name: "statistic"}, {Name: "phase"}, {Name: "change", Right: true},
		{Name: "interval", Right: true}, {Name: "smallest change seen", Right: true},
	}}
	for _, c := range run.Verdict.Comparisons {
		outcome := Cell{Text: string(c.Outcome)}
		switch {
		case c.Outcome == results.Worse && !isAccepted(run, c):
			outcome.Outcome = results.Fail
		case c.Outcome == results.Unclear:
			outcome.Outcome = results.Inconclusive
		}
		t.Rows = append(t.Rows, []Cell{outcome, {Text: c.Metric}, {Text: c.Statistic}, {Text: c.Phase},
			{Text: change(c.Ratio)}, {Text: change(c.Low) + " to " + change(c.High)}, {Text: percent(c.MDE * 100)}})
	}
	return t
}

// change writes a ratio as a signed change in per cent.
func change(ratio float64) string {
	text := percent((ratio - 1) * 100)
	if ratio > 1 {
		return "+" + text
	}
	return text
}
