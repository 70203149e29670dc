package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// seen lists the smallest changes that a gate finds: p50 +2.4 %, p95 +3.3 %; "" where nothing is known.
func seen(metrics []results.NoiseMetric) string {
	var parts []string
	for _, m := range metrics {
		if m.MDE != nil {
			parts = append(parts, m.Metric+" "+noiseChange(m, m.MDE))
		}
	}
	return strings.Join(parts, ", ")
}

// noiseChange writes a change of a metric, or nothing where it is not known.
func noiseChange(m results.NoiseMetric, v *float64) string {
	if v == nil {
		return ""
	}
	return changed(results.GateEstimate{Metric: m.Metric}, *v)
}

// calibrationSentence says what a calibration found.
func calibrationSentence(run results.Run) string {
	card := run.Verdict.Noise
	if card == nil {
		return ""
	}
	if run.Verdict.Outcome == results.Fail {
		var failed []string
		for _, e := range run.Verdict.Evidence {
			if e.Outcome == results.Fail {
				failed = append(failed, e.What+": "+orElse(e.Reason, "it was not seen"))
			}
		}
		return strings.Join(failed, "; ")
	}
	text := "nothing is known of what a gate sees here"
	if found := seen(card.Metrics); found != "" {
		text = fmt.Sprintf("within %s a gate of this build sees %s here, four times out of five", budgetText(run), found)
	}
	if run.Verdict.Outcome == results.Inconclusive {
		text = firstOf(run.Verdict.Evidence, results.Inconclusive, otherReason(run)) + "; " + text
	}
	return text
}

func budgetText(run results.Run) string {
	if g := run.Question.Gate; g != nil {
		return shortSpan(g.Budget)
	}
	return "its budget"
}

// shortSpan is a span in seconds as a person would give it to --budget: 20m.
func shortSpan(s float64) string {
	text := time.Duration(math.Round(s) * float64(time.Second)).String()
	if whole, ok := strings.CutSuffix(text, "m0s"); ok {
		text = whole + "m"
	}
	if whole, ok := strings.CutSuffix(text, "h0m"); ok {
		text = whole + "h"
	}
	return text
}

// ForesightText says in advance what a gate with a budget in seconds can see, as an earlier calibration of the machine has it.
func ForesightText(f results.Foresight, budget float64) string {
	day := "calibrated on " + f.Created.UTC().Format("2006-01-02") + ", run " + f.Run
	found := seen(f.Metrics)
	if found == "" {
		return "what this machine can see is not known: there was too little to measure when it was " + day
	}
	return fmt.Sprintf("this machine can see %s within %s (%s), four times out of five; %s", found, shortSpan(budget), counted(f.Pairs, "pair"), day)
}

// noiseNotes say how a calibration measured, and what the machine was like; and what a gate was told in advance.
func noiseNotes(run results.Run) (out []Note) {
	if f, g := run.Foresight, run.Question.Gate; f != nil && g != nil {
		out = append(out, Note{Label: "Foreseen", Text: ForesightText(*f, g.Budget)})
	}
	card := run.Verdict.Noise
	if card == nil {
		return out
	}
	m := card.Machine
	var parts []string
	add := func(format string, v *float64, unit string) {
		if v != nil {
			parts = append(parts, fmt.Sprintf(format, quantity(*v, unit)))
		}
	}
	add("p99 of lateness %s", m.LatenessP99, "ms")
	add("%s of the CPU stolen", m.Steal, "share")
	add("too much stolen in %s of the pairs", m.Stolen, "share")
	add("other programs took %s", m.Foreign, "share")
	if len(parts) > 0 {
		out = append(out, Note{Label: "Machine", Text: strings.Join(parts, "; ")})
	}
	if a := card.FalseAlarms; a != nil {
		out = append(out, Note{Label: "False alarms", Text: fmt.Sprintf("of %d gates drawn from these pairs %d failed, %d passed and %d were inconclusive",
			a.Gates, a.Failed, a.Passed, a.Inconclusive)})
	}
	if card.MirrorRefused != "" {
		out = append(out, Note{Label: "Mirror refused", Text: card.MirrorRefused + "; gates here take turns (--mode slices)"})
	}
	return out
}

// noiseCard is the table of what a build against itself shows.
func noiseCard(run results.Run) Table {
	t := Table{Title: "Noise card: the build against itself", Columns: []Column{
		{Name: "metric", Code: true}, {Name: "level", Right: true}, {Name: "sd of a pair", Right: true}, {Name: "offset", Right: true}, {Name: "interval", Right: true},
		{Name: "autocorrelation", Right: true}, {Name: "smallest change seen", Right: true}, {Name: "pairs needed", Right: true}, {Name: "note"},
	}}
	card := run.Verdict.Noise
	if card == nil {
		return t
	}
	for _, m := range card.Metrics {
		var between, correlated, needed string
		if m.OffsetLow != nil && m.OffsetHigh != nil {
			between = noiseChange(m, m.OffsetLow) + " to " + noiseChange(m, m.OffsetHigh)
		}
		if m.Autocorrelation != nil {
			correlated = fmt.Sprintf("%.2f", *m.Autocorrelation)
		}
		if m.PairsNeeded != nil {
			needed = fmt.Sprint(*m.PairsNeeded)
		}
		t.Rows = append(t.Rows, []Cell{
			{Text: m.Metric}, {Text: gateQuantity(m.Level, m.Unit)}, {Text: strings.TrimPrefix(noiseChange(m, m.SD), "+")}, {Text: noiseChange(m, m.Offset)},
			{Text: between}, {Text: correlated}, {Text: strings.TrimPrefix(noiseChange(m, m.MDE), "+")}, {Text: needed}, {Text: m.Reason},
		})
	}
	return t
}

// plantedChanges is the table of what was read back of planted changes.
func plantedChanges(run results.Run) Table {
	t := Table{Title: "Planted changes", Columns: []Column{
		{Name: "outcome"}, {Name: "planted"}, {Name: "pairs", Right: true}, {Name: "metric", Code: true}, {Name: "baseline", Right: true}, {Name: "ratio", Right: true},
		{Name: "interval", Right: true}, {Name: "read back", Right: true}, {Name: "note"},
	}}
	card := run.Verdict.Noise
	if card == nil {
		return t
	}
	for _, p := range card.Planted {
		var between, back string
		if p.Low != nil && p.High != nil {
			between = digits(rounded(*p.Low)) + " to " + digits(rounded(*p.High))
		}
		if p.Share != nil {
			back = quantity(*p.Share, "share")
			if p.ShareLow != nil && p.ShareHigh != nil {
				back += fmt.Sprintf(" [%s, %s]", quantity(*p.ShareLow, "share"), quantity(*p.ShareHigh, "share"))
			}
		}
		ratio := ""
		if p.Ratio != nil {
			ratio = digits(rounded(*p.Ratio))
		}
		word := map[results.Outcome]string{results.Pass: "seen", results.Fail: "not seen"}[p.Outcome]
		t.Rows = append(t.Rows, []Cell{
			{Text: orElse(word, "open"), Outcome: p.Outcome}, {Text: plantedText(p.Planted)}, {Text: fmt.Sprintf("%d of %d", p.Used, p.Pairs)}, {Text: p.Metric},
			{Text: gateQuantity(p.Level, "ms")}, {Text: ratio}, {Text: between}, {Text: back}, {Text: p.Reason},
		})
	}
	return t
}

func rounded(v float64) float64 { return math.Round(v*1000) / 1000 }

// plantedText says what was planted where.
func plantedText(p results.Planted) string {
	if p.Kind == results.PlantedDelay {
		return fmt.Sprintf("delay of %s on %s", quantity(p.Delay, "ms"), p.On)
	}
	return fmt.Sprintf("quota of %s cores on %s, which uses %s", digits(rounded(p.Cores)), p.On, digits(rounded(p.Uses)))
}
