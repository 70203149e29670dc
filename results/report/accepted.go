package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// acceptedNotes say of each regression that is intended what came of it, also where nothing did.
func acceptedNotes(run results.Run) []Note {
	var out []Note
	for _, a := range run.Verdict.Accepted {
		where := ""
		if a.Endpoint != "" {
			where = " per " + a.Endpoint
		}
		if most := a.Most(); most != "" {
			where += ", " + most + " at most"
		}
		note := Note{Label: "Accepted until " + a.Expires, Text: fmt.Sprintf("%s%s: %s (%s)", intended(a.Acceptance), where, a.Reason, a.Origin), Lines: a.Rises}
		if a.Expired {
			note.Label = "Accepted no longer than " + a.Expires
		}
		if len(a.Rises) == 0 {
			note.Text += "; " + unrisen(run.Verdict.Gate, a)
		}
		out = append(out, note)
	}
	return out
}

// intended is the change that is accepted: more queries, a longer p95.
func intended(a results.Acceptance) string {
	_, quantile := results.GateMetric{Name: a.Metric}.Quantile()
	switch {
	case quantile:
		return "a longer " + a.Metric
	case a.Metric == results.GateThroughput:
		return "less " + a.Metric
	}
	return "more " + a.Metric
}

// unrisen says of what is accepted that nothing of it rose, or that a timing gate does not know.
func unrisen(g *results.GateFindings, a results.Accepted) string {
	if g == nil {
		return "nothing of it rose"
	}
	at := slices.IndexFunc(g.Metrics, func(m results.GateEstimate) bool { return m.Gated && a.Covers(m.Metric, "") })
	switch {
	case at < 0 || len(g.Unfit) > 0:
		return "it was not judged"
	case g.Metrics[at].State() == results.GateOpen:
		return "whether it is can't be told"
	}
	return "nothing of it rose"
}

// acceptedTexts are the metrics of a timing gate that are worse, and those that may be and were not waited for, with why that is accepted.
func acceptedTexts(g *results.GateFindings) (worse, unawaited []string) {
	for _, m := range g.Metrics {
		if m.State() != results.GateAccepted {
			continue
		}
		why := fmt.Sprintf("accepted until %s because %s", m.Accepted.Expires, m.Accepted.Reason)
		if m.Worse {
			worse = append(worse, strings.Replace(estimateText(m), m.Metric+" +", m.Metric+" is worse by ", 1)+", "+why)
			continue
		}
		unawaited = append(unawaited, estimateText(m)+" was not waited for, "+why)
	}
	return worse, unawaited
}

// besideText is what a sentence says last of what is accepted.
func besideText(g *results.GateFindings) string {
	worse, unawaited := acceptedTexts(g)
	text := ""
	for _, t := range slices.Concat(worse, unawaited) {
		text += "; " + t
	}
	return text
}

// passText says that a build is no worse than the baseline, and first what is worse and accepted.
func passText(g *results.GateFindings, within []string, after string) string {
	worse, unawaited := acceptedTexts(g)
	var parts []string
	if len(worse) > 0 {
		parts = append(parts, strings.Join(worse, "; "))
	}
	if len(within) > 0 {
		text := strings.Join(within, "; ") + after
		if len(worse) > 0 {
			text = "all else is within its limits: " + text
		}
		parts = append(parts, text)
	}
	text := "no worse than the baseline"
	if len(worse) > 0 {
		text += " but for what is accepted"
	}
	return text + ": " + strings.Join(append(parts, unawaited...), "; ")
}

// acceptedNote says of a metric of a timing gate what of it is accepted; "" where it is within its limit, or nothing is.
func acceptedNote(m results.GateEstimate) string {
	if m.Accepted == nil || m.State() == results.GateWithin {
		return ""
	}
	text := ""
	switch most := m.Accepted.Most(); {
	case m.Accepted.Beyond:
		text = "only " + most + " is "
	case most != "":
		text = most + " at most "
	case !m.Worse:
		text = "not waited for, "
	}
	return text + "accepted until " + m.Accepted.Expires + ": " + m.Accepted.Reason
}

// isAccepted says whether a comparison is of a metric of a timing gate that is worse and accepted.
func isAccepted(run results.Run, c results.Comparison) bool {
	return run.Verdict.Gate != nil && slices.ContainsFunc(run.Verdict.Gate.Metrics, func(m results.GateEstimate) bool {
		return m.State() == results.GateAccepted && (m.Metric == c.Statistic || m.Metric == c.Metric)
	})
}

// acceptedLines are the notes on what is accepted, as lines of a plain text.
func acceptedLines(run results.Run) string {
	text := ""
	for _, n := range acceptedNotes(run) {
		text += "\n" + n.Label + ": " + n.Text
		for _, line := range n.Lines {
			text += "\n  - " + line
		}
	}
	return text
}
