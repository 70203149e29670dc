package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// costsTitle is that of the table of costs.
const costsTitle = "Costs per request"

const (
	mostCounts    = 3   // of an endpoint, in the sentence
	mostEndpoints = 3   // in the sentence
	mostChanges   = 30  // rows
	mostText      = 160 // of a statement in a table; all of it stands in the JSON
)

// costSentence says what costs more, or that nothing does; empty where something else decided the verdict.
func costSentence(run results.Run) string {
	v := run.Verdict
	var rose, fell, accepted []results.CostComparison
	endpoints := map[string]bool{}
	for _, c := range v.Costs {
		endpoints[c.Endpoint] = true
		switch {
		case c.Outcome == results.Worse && c.AcceptedUntil != "":
			accepted = append(accepted, c)
		case c.Outcome == results.Worse:
			rose = append(rose, c)
		case c.Outcome == results.Better:
			fell = append(fell, c)
		}
	}
	delete(endpoints, results.AllEndpoints)
	switch {
	case v.Outcome == results.Fail && len(rose) > 0:
		return perEndpoint(rose)
	case v.Outcome == results.Pass && len(accepted) > 0:
		return "nothing costs more but what is accepted: " + perEndpoint(accepted)
	case v.Outcome == results.Pass && len(fell) > 0:
		return "nothing costs more; " + perEndpoint(fell)
	case v.Outcome == results.Pass:
		return fmt.Sprintf("nothing costs more at %s", counted(len(endpoints), "endpoint"))
	}
	return ""
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// perEndpoint tells changes by endpoint, first the one with the most telling, and of those the greatest. Within an endpoint they have the
// order in which they were compared, which is nearly the same.
func perEndpoint(changes []results.CostComparison) string {
	var order []string
	by := map[string][]results.CostComparison{}
	for _, c := range changes {
		if by[c.Endpoint] == nil {
			order = append(order, c.Endpoint)
		}
		by[c.Endpoint] = append(by[c.Endpoint], c)
	}
	size := func(endpoint string) float64 {
		largest := 0.0
		for _, c := range by[endpoint] {
			largest = max(largest, math.Abs(c.Candidate-c.Baseline)/max(c.Baseline, 1))
		}
		return largest
	}
	rank := func(endpoint string) int {
		first := len(results.CostCounts())
		for _, c := range by[endpoint] {
			first = min(first, slices.Index(results.CostCounts(), c.Count))
		}
		return first
	}
	slices.SortStableFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(size(b), size(a)))
	})
	var parts []string
	for _, endpoint := range order[:min(len(order), mostEndpoints)] {
		var texts []string
		told := withoutTheirTrips(by[endpoint])
		for _, c := range told[:min(len(told), mostCounts)] {
			texts = append(texts, difference(c))
		}
		text := texts[len(texts)-1]
		if len(texts) > 1 {
			text = strings.Join(texts[:len(texts)-1], ", ") + " and " + text
		}
		if endpoint == results.AllEndpoints {
			endpoint = "request"
		}
		parts = append(parts, text+" per "+endpoint)
	}
	if more := len(order) - mostEndpoints; more > 0 {
		parts = append(parts, "and more at "+counted(more, "other endpoint"))
	}
	return strings.Join(parts, "; ")
}

// withoutTheirTrips leaves out the round trips of queries and commands that are told themselves: the table has them.
func withoutTheirTrips(changes []results.CostComparison) []results.CostComparison {
	asked := slices.ContainsFunc(changes, func(c results.CostComparison) bool { return c.Count == "queries" || c.Count == "Redis commands" })
	if !asked {
		return changes
	}
	return slices.DeleteFunc(slices.Clone(changes), func(c results.CostComparison) bool { return c.Count == "round trips" })
}

// difference is a change with its sign: +1 query, +3.1 KiB WAL.
func difference(c results.CostComparison) string {
	d := c.Candidate - c.Baseline
	noun := c.Count
	if singular, ok := map[string]string{
		"queries": "query", "Redis commands": "Redis command", "round trips": "round trip", "rows": "row", "buffers": "buffer", "failed answers": "failed answer",
	}[noun]; ok && quantity(math.Abs(d), c.Unit) == "1" { // a mean over requests is 1 but for its last bits
		noun = singular
	}
	return signed(d, c.Unit) + " " + noun
}

func signed(v float64, unit string) string {
	if v > 0 {
		return "+" + quantity(v, unit)
	}
	return quantity(v, unit)
}

// costs is the table of what a request costs in both builds.
func costs(run results.Run) Table { return costTable(run.Verdict.Costs, true) }

// costTable is the table of these counts; judged says that what is worse fails.
func costTable(all []results.CostComparison, judged bool) Table {
	t := Table{Title: costsTitle, Columns: []Column{
		{Name: "outcome"}, {Name: "endpoint"}, {Name: "count"}, {Name: "baseline", Right: true}, {Name: "candidate", Right: true},
		{Name: "change", Right: true}, {Name: "note"},
	}}
	for _, c := range all {
		outcome := Cell{Text: string(c.Outcome)}
		note := ""
		switch {
		case c.AcceptedUntil != "":
			note = "accepted until " + c.AcceptedUntil + ": " + c.Accepted
		case c.Outcome == results.Worse && judged:
			outcome.Outcome = results.Fail
		}
		switch {
		case c.Exact:
		case judged:
			note = join(note, "not the same in every start: only far more counts")
		default:
			note = join(note, "not the same in every start, or not of the same requests, as gates with one --seed make them: only far more counts")
		}
		change := ""
		if c.Outcome == results.Worse || c.Outcome == results.Better {
			change = signed(c.Candidate-c.Baseline, c.Unit)
		}
		t.Rows = append(t.Rows, []Cell{outcome, {Text: c.Endpoint}, {Text: c.Count}, {Text: quantity(c.Baseline, c.Unit)},
			{Text: quantity(c.Candidate, c.Unit)}, {Text: change}, {Text: note}})
	}
	return t
}

// costChanges is the table of the statements and commands that make the difference.
func costChanges(run results.Run) Table { return changeTable(run.Verdict.CostChanges) }

func changeTable(changes []results.CostChange) Table {
	t := Table{Title: "Statements and commands that changed, per request", Columns: []Column{
		{Name: "endpoint"}, {Name: "calls", Right: true}, {Name: "rows", Right: true}, {Name: "buffers", Right: true}, {Name: "WAL", Right: true},
		{Name: "statement or command", Code: true},
	}}
	for _, c := range changes[:min(len(changes), mostChanges)] {
		text := c.Text
		if runes := []rune(text); len(runes) > mostText {
			text = string(runes[:mostText-1]) + "…"
		}
		between := func(of func(results.CostUse) float64, unit string) Cell {
			a, b := of(c.Baseline), of(c.Candidate)
			if a == 0 && b == 0 {
				return Cell{}
			}
			return Cell{Text: quantity(a, unit) + " -> " + quantity(b, unit)}
		}
		t.Rows = append(t.Rows, []Cell{{Text: c.Endpoint},
			between(func(u results.CostUse) float64 { return u.Calls }, ""), between(func(u results.CostUse) float64 { return u.Rows }, ""),
			between(func(u results.CostUse) float64 { return u.Buffers }, ""), between(func(u results.CostUse) float64 { return u.WAL }, "B"),
			{Text: text}})
	}
	return t
}

// join puts two notes into one cell.
func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}
