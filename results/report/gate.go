package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// timingSentence says what a timing gate found.
func timingSentence(run results.Run) string {
	g := run.Verdict.Gate
	if g == nil {
		return ""
	}
	by := map[results.GateState][]string{}
	for _, m := range g.Metrics {
		text := estimateText(m)
		state := m.State()
		if m.Accepted != nil && (state == results.GateWorse || state == results.GateOpen) {
			text += ", of which " + m.Accepted.Most() + " is accepted,"
		}
		by[state] = append(by[state], text)
	}
	worse, open := by[results.GateWorse], by[results.GateOpen]
	after := fmt.Sprintf(" after %s", counted(g.Used, "pair"))
	switch {
	case run.Verdict.Outcome == results.Fail && len(worse) > 0:
		return "worse than the baseline: " + strings.Join(worse, "; ") + after + besideText(g)
	case run.Verdict.Outcome == results.Pass:
		return passText(g, by[results.GateWithin], after)
	case len(g.Unfit) > 0:
		return "not fit to compare: " + strings.Join(g.Unfit, "; ")
	case g.LastLook == 0:
		return tooFewText(g)
	case len(open) > 0:
		return "neither worse nor the same for sure: " + strings.Join(open, "; ") + after + "; " + moreText(run) + besideText(g)
	}
	return ""
}

// tooFewText says that there was no look, and why pairs do not count.
func tooFewText(g *results.GateFindings) string {
	text := fmt.Sprintf("%s measured, too few to look at", counted(g.Pairs, "pair"))
	if g.Used == g.Pairs {
		return text
	}
	text = fmt.Sprintf("%d of %s count, too few to look at", g.Used, counted(g.Pairs, "pair"))
	for _, r := range g.Readings {
		if len(r.Unfit) > 0 {
			return fmt.Sprintf("%s: pair %d does not, because %s", text, r.Pair, r.Unfit[0])
		}
	}
	return text
}

// estimateText is a metric with its change and interval: p95 +3.1 % [-0.4 %, +6.6 %].
func estimateText(m results.GateEstimate) string {
	if m.Estimate == nil {
		return m.Metric + " not known"
	}
	text := m.Metric + " " + changed(m, *m.Estimate)
	if m.Low != nil && m.High != nil {
		text += fmt.Sprintf(" [%s, %s]", changed(m, *m.Low), changed(m, *m.High))
	}
	return text
}

// changed writes a change of a metric: of errors a difference, of all else the logarithm of a ratio.
func changed(m results.GateEstimate, v float64) string {
	unit := "%"
	if m.Metric == results.GateErrors {
		v, unit = 100*v, "points"
	} else {
		v = 100 * math.Expm1(v)
	}
	if math.Abs(v) < 1e4 {
		v = math.Round(v*100) / 100
	}
	text := digits(v) + " " + unit
	if v > 0 {
		text = "+" + text
	}
	return text
}

// moreText says what it would take to know.
func moreText(run results.Run) string {
	needed, seen := 0, 0.0
	for _, m := range run.Verdict.Gate.Metrics {
		if m.State() != results.GateOpen {
			continue
		}
		if m.PairsNeeded != nil {
			needed = max(needed, *m.PairsNeeded)
		}
		if m.MDE != nil && m.Metric != results.GateErrors {
			seen = max(seen, math.Expm1(*m.MDE))
		}
	}
	var parts []string
	if seen > 0 {
		parts = append(parts, fmt.Sprintf("a change of %s would have been seen four times out of five", quantity(seen, "share")))
	}
	if g := run.Question.Gate; g != nil && needed > run.Verdict.Gate.Used && needed <= g.MostPairs {
		took := meanPair(run.Verdict.Gate.Readings) * float64(needed)
		parts = append(parts, fmt.Sprintf("give it %s (--budget %s), or a machine that does nothing else", counted(needed, "pair"), minutesText(took)))
	} else {
		parts = append(parts, "give it a machine that does nothing else, or a higher --rate")
	}
	return strings.Join(parts, "; ")
}

// meanPair is how long a pair took, in seconds.
func meanPair(readings []results.GateReading) float64 {
	if len(readings) == 0 {
		return 0
	}
	all := 0.0
	for _, r := range readings {
		all += r.Seconds
	}
	return all / float64(len(readings))
}

// minutesText is a budget that holds so many seconds, in whole minutes.
func minutesText(s float64) string {
	return fmt.Sprintf("%dm", int(math.Ceil((time.Duration(s*1.1)*time.Second).Minutes()))+1)
}

// gateNote says how a timing gate measured.
func gateNote(run results.Run) []Note {
	g := run.Question.Gate
	if g == nil {
		return nil
	}
	how := map[results.GateMode]string{
		results.GateMirror: "both builds at once", results.GateSlices: "the builds in turn", results.GateTrials: "a whole trial of each build",
	}[g.Mode]
	if c := run.Question.Calibration; c != nil {
		text := fmt.Sprintf("%s (%s), measured for %s in each of %s", g.Mode, how, seconds(g.Measured), counted(c.Pairs, "pair"))
		if len(c.Planted) > 0 {
			text += fmt.Sprintf(", and in %d more of each planted change", results.PlantedPairs)
		}
		return []Note{{Label: "Calibration", Text: text}}
	}
	return []Note{{Label: "Gate", Text: fmt.Sprintf("%s (%s), measured for %s in each pair; at most %d pairs in %s",
		g.Mode, how, seconds(g.Measured), g.MostPairs, time.Duration(g.Budget*float64(time.Second)))}}
}

// estimates is the table of a timing gate's primary metrics.
func estimates(run results.Run) Table {
	t := Table{Title: "Baseline and candidate", Columns: []Column{
		{Name: "outcome"}, {Name: "metric", Code: true}, {Name: "baseline", Right: true}, {Name: "candidate", Right: true}, {Name: "change", Right: true},
		{Name: "interval", Right: true}, {Name: "smallest change seen", Right: true}, {Name: "pairs needed", Right: true}, {Name: "note"},
	}}
	g := run.Verdict.Gate
	if g == nil {
		return t
	}
	for _, m := range g.Metrics {
		row := []Cell{{Text: "open", Outcome: results.Inconclusive}, {Text: m.Metric}, {Text: gateQuantity(m.Baseline, m.Unit)}, {Text: gateQuantity(m.Candidate, m.Unit)}}
		switch state := m.State(); state {
		case results.GateWorse:
			row[0] = Cell{Text: string(state), Outcome: results.Fail}
		case results.GateWithin:
			row[0] = Cell{Text: string(state), Outcome: results.Pass}
		case results.GateAccepted, results.GateUngated:
			row[0] = Cell{Text: string(state)}
		}
		var cells [4]string
		if m.Estimate != nil {
			cells[0] = changed(m, *m.Estimate)
		}
		if m.Low != nil && m.High != nil {
			cells[1] = changed(m, *m.Low) + " to " + changed(m, *m.High)
		}
		if m.MDE != nil {
			cells[2] = strings.TrimPrefix(changed(m, *m.MDE), "+")
		}
		if m.PairsNeeded != nil {
			cells[3] = fmt.Sprint(*m.PairsNeeded)
		}
		for _, text := range cells {
			row = append(row, Cell{Text: text})
		}
		t.Rows = append(t.Rows, append(row, Cell{Text: orElse(m.Reason, acceptedNote(m))}))
	}
	return t
}

func gateQuantity(v *float64, unit string) string {
	if v == nil {
		return "-"
	}
	return quantity(*v, unit)
}

// pairs is the table of what each pair of a timing gate came to.
func pairs(run results.Run) Table {
	t := Table{Title: "Pairs: change from the baseline to the candidate", Columns: []Column{{Name: "pair", Right: true}, {Name: "first"}, {Name: "took", Right: true}}}
	readings := readingsOf(run.Verdict)
	if len(readings) == 0 {
		return t
	}
	for _, v := range readings[0].Values {
		t.Columns = append(t.Columns, Column{Name: v.Metric, Right: true})
	}
	t.Columns = append(t.Columns, Column{Name: "planted"}, Column{Name: "does not count"})
	for _, r := range readings {
		row := []Cell{{Text: fmt.Sprint(r.Pair)}, {Text: string(r.First)}, {Text: seconds(r.Seconds)}}
		for i := range readings[0].Values {
			text := "-"
			if i < len(r.Values) && r.Values[i].Change != nil {
				text = changed(results.GateEstimate{Metric: r.Values[i].Metric}, *r.Values[i].Change)
			}
			row = append(row, Cell{Text: text})
		}
		planted := ""
		if r.Planted != nil {
			planted = plantedText(*r.Planted)
		}
		t.Rows = append(t.Rows, append(row, Cell{Text: planted}, Cell{Text: strings.Join(r.Unfit, "; ")}))
	}
	return t
}

// readingsOf are the pairs of a timing gate or of a calibration.
func readingsOf(v results.Verdict) []results.GateReading {
	switch {
	case v.Gate != nil:
		return v.Gate.Readings
	case v.Noise != nil:
		return v.Noise.Readings
	}
	return nil
}
