package report

import (
	"fmt"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// resilience is the table of what each fault phase did to the target, and what became of it. Goodput is of the time before, of
// the fault phase, and of the last that was seen.
func resilience(run results.Run) Table {
	t := Table{Title: "Resilience", Columns: []Column{
		{Name: "trial"}, {Name: "fault"}, {Name: "goodput", Right: true}, {Name: "during", Right: true}, {Name: "at the end", Right: true},
		{Name: "depth", Right: true}, {Name: "loss", Right: true}, {Name: "lost", Right: true}, {Name: "detected", Right: true},
		{Name: "recovery", Right: true}, {Name: "metastable"}, {Name: "came back at", Right: true}, {Name: "note"},
	}}
	for _, r := range run.Verdict.Resilience {
		t.Rows = append(t.Rows, []Cell{
			trialCell(run, r.Trial), {Text: strings.Join(r.Faults, "+")}, {Text: shareText(r.Before)}, {Text: shareText(r.During)},
			{Text: shareText(r.After)}, {Text: shareText(r.Depth)}, {Text: lossText(r, r.Loss, "s")}, {Text: lossText(r, r.Lost, "")},
			{Text: detected(r)}, {Text: recovery(r.Recovery)}, metastable(r), {Text: escaped(r)}, {Text: r.Note},
		})
	}
	for _, r := range run.Verdict.Recoveries {
		t.Rows = append(t.Rows, []Cell{
			trialCell(run, 0), {Text: strings.Join(r.Faults, "+")}, {}, {}, {}, {}, {}, {}, {}, {Text: recoveries(r)}, {}, {}, {},
		})
	}
	return t
}

// shareText is a share in per cent, or nothing where it is not known.
func shareText(v *float64) string {
	if v == nil {
		return ""
	}
	return quantity(*v, "share")
}

// lossText is what was lost: at least that, where the target did not recover while it was seen.
func lossText(r results.Resilience, v *float64, unit string) string {
	switch {
	case v == nil:
		return ""
	case r.Recovery.Seconds == nil:
		return "> " + quantity(*v, unit)
	}
	return quantity(*v, unit)
}

func detected(r results.Resilience) string {
	switch {
	case r.Detect != nil:
		return "after " + quantity(*r.Detect, "s")
	case r.Recovery.Low != nil:
		return "never"
	}
	return ""
}

// recovery is the time, the interval that what was not served leaves, or what was seen at least.
func recovery(r results.Recovery) string {
	switch {
	case r.Seconds == nil && r.Censor == nil:
		return "-"
	case r.Never:
		return "never (> " + quantity(*r.Censor, "s") + ")"
	case r.Seconds == nil:
		return "> " + quantity(*r.Censor, "s")
	case r.High == nil:
		return fmt.Sprintf("%s (%s or more)", quantity(*r.Seconds, "s"), quantity(*r.Low, "s"))
	case *r.Low != *r.High:
		return fmt.Sprintf("%s (%s to %s)", quantity(*r.Seconds, "s"), digits(*r.Low), quantity(*r.High, "s"))
	}
	return quantity(*r.Seconds, "s")
}

func metastable(r results.Resilience) Cell {
	switch {
	case r.Recovery.Low == nil:
		return Cell{}
	case r.Metastable == nil:
		return Cell{Text: "unclear", Outcome: results.Inconclusive}
	case *r.Metastable:
		return Cell{Text: "YES", Outcome: results.Fail}
	}
	return Cell{Text: "no"}
}

// escaped is the rate at which the target came back when the load was stepped down.
func escaped(r results.Resilience) string {
	switch {
	case r.EscapeRate != nil:
		return quantity(*r.EscapeRate, "/s")
	case len(r.EscapeTried) > 0:
		return "none"
	}
	return ""
}

func recoveries(r results.Recoveries) string {
	length := func(v *float64) string {
		if v == nil {
			return "not seen"
		}
		return quantity(*v, "s")
	}
	return fmt.Sprintf("median %s, longest %s (trial %d)", length(r.Median), length(r.Longest), r.Of)
}
