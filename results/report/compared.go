package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// mostNamed is how many comparisons the sentence names.
const mostNamed = 3

// NewCompared makes the document of two builds out of the store.
func NewCompared(c results.Compared) Document {
	d := Document{Compared: &c, Warnings: distinct(c.Notes), Run: results.Run{Experiment: c.Experiment}}
	d.Answer = Answer{
		Word: strings.ToUpper(string(c.Outcome)), Outcome: comparedOutcome(c.Outcome), Text: comparedText(c),
		Subject: fmt.Sprintf("%s, %s against %s", orElse(c.Experiment, "runs"), buildText(c.Candidate), buildText(c.Baseline)),
	}
	tables := []Table{comparedSides(c), comparedDifferences(c)}
	for _, kinds := range []struct {
		title string
		of    []string
	}{
		{"Times and failures", []string{results.KindTime, results.KindShare}},
		{"Work per request", []string{results.KindWork, results.KindTrips}},
		{"Resilience", []string{results.KindResilience, results.KindInvariant}},
	} {
		tables = append(tables, comparedRows(c, kinds.title, kinds.of))
	}
	of := results.Run{Verdict: results.Verdict{Costs: c.Costs, CostChanges: c.CostChanges}}
	for _, t := range append(tables, costs(of), costChanges(of), comparedSLOs(c)) {
		if len(t.Rows) > 0 {
			d.Tables = append(d.Tables, withoutEmptyColumns(t))
		}
	}
	return d
}

// comparedOutcome is what colours an outcome.
func comparedOutcome(o results.ComparisonOutcome) results.Outcome {
	switch o {
	case results.Worse:
		return results.Fail
	case results.Better, results.Same:
		return results.Pass
	}
	return results.Inconclusive
}

// buildText names a build by how it was asked for, and by its commit where that says more.
func buildText(s results.ComparedSide) string {
	text := ""
	if s.Build.SHA != "" {
		text = shortCommit(s.Build)
	}
	if called := s.Build.Called(); called != "" {
		text = strings.TrimSpace(text + " (" + called + ")")
	}
	switch {
	case text == "":
		return s.Reference
	case strings.HasPrefix(s.Build.SHA, s.Reference) && s.Reference != "":
		return text
	}
	return s.Reference + " = " + text
}

// comparedText names what changed, what is worse first.
func comparedText(c results.Compared) string {
	found := map[results.ComparisonOutcome][]string{}
	for _, r := range c.Rows {
		found[r.Outcome] = append(found[r.Outcome], whatOf(r)+" "+changeText(r))
	}
	for _, r := range c.Costs {
		found[r.Outcome] = append(found[r.Outcome], difference(r)+" per "+r.Endpoint)
	}
	named := func(o results.ComparisonOutcome) string {
		all := found[o]
		text := strings.Join(all[:min(len(all), mostNamed)], ", ")
		if more := len(all) - mostNamed; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		return string(o) + ": " + text
	}
	unclear := fmt.Sprintf("%d of %s unclear", len(found[results.Unclear]), counted(len(c.Rows)+len(c.Costs), "comparison"))
	var parts []string
	for _, o := range []results.ComparisonOutcome{results.Worse, results.Better} {
		if len(found[o]) > 0 {
			parts = append(parts, named(o))
		}
	}
	switch {
	case len(c.Rows)+len(c.Costs) == 0:
		return "nothing can be compared"
	case len(found[results.Unclear]) > 0:
		parts = append(parts, unclear)
	case len(parts) == 0:
		parts = append(parts, fmt.Sprintf("all of %s are the same", counted(len(c.Rows)+len(c.Costs), "comparison")))
	}
	return strings.Join(parts, "; ")
}

// whatOf is a row's measurement, as an SLO would write it.
func whatOf(r results.ComparedRow) string {
	var text string
	switch {
	case r.Kind == results.KindInvariant || r.Statistic == "longest":
		return r.Metric
	case r.Kind == results.KindTrips:
		return "round trips of " + r.Metric
	case r.Kind == results.KindResilience:
		text = strings.TrimSpace(r.Metric + " " + r.Statistic)
		if r.Phase != "" {
			text += " " + r.Phase
		}
		return text
	case r.Metric == "goodput":
		text = r.Metric
	default:
		text = r.Statistic + "(" + r.Metric + ")"
	}
	return text + " in " + r.Phase
}

// changeText is a row's ratio, or its difference in points.
func changeText(r results.ComparedRow) string {
	switch {
	case r.Difference != nil:
		return points(*r.Difference)
	case r.Ratio != nil && r.Pairs > 0:
		return perCent(*r.Ratio)
	case r.Ratio != nil:
		return times(*r.Ratio)
	case r.Baseline != nil && r.Candidate != nil:
		return quantity(*r.Baseline, r.Unit) + " to " + quantity(*r.Candidate, r.Unit)
	}
	return ""
}

func times(v float64) string { return "x " + digits(v) }

// perCent is a ratio that pairs tell exactly, by how much more it is than 1.
func perCent(ratio float64) string { return changed(results.GateEstimate{}, math.Log(ratio)) }

func points(share float64) string {
	sign := "+"
	if share < 0 {
		sign = "-"
	}
	return sign + digits(math.Abs(share)*100) + " points"
}

// comparedSides has a line for each thing that there is to know of where the numbers are from.
func comparedSides(c results.Compared) Table {
	t := Table{Title: "Where they are from", Columns: []Column{{Name: ""}, {Name: "baseline"}, {Name: "candidate"}}}
	sides := []results.ComparedSide{c.Baseline, c.Candidate}
	for _, line := range []struct {
		name string
		of   func(results.ComparedSide) string
	}{
		{"asked for", func(s results.ComparedSide) string { return s.Reference }},
		{"build", func(s results.ComparedSide) string {
			text := s.Build.SHA
			if s.Build.Dirty {
				text += " with uncommitted changes"
			}
			return strings.TrimSpace(text + " " + s.Build.Called())
		}},
		{"ref", func(s results.ComparedSide) string { return s.Build.Ref }},
		{"measured", func(s results.ComparedSide) string { return period(s.Runs) }},
		{"runs", runsText},
		{"host", func(s results.ComparedSide) string {
			return everyRun(s.Runs, func(r results.ComparedRun) string {
				return strings.TrimPrefix(fmt.Sprintf("%s, %s, %s", r.HostName, orElse(r.CPU, "unknown CPU"), counted(r.Cores, "core")), ", ")
			})
		}},
		{"provider", func(s results.ComparedSide) string {
			return everyRun(s.Runs, func(r results.ComparedRun) string { return r.Provider })
		}},
		{"brunt", func(s results.ComparedSide) string {
			return everyRun(s.Runs, func(r results.ComparedRun) string { return r.Tools["brunt"] })
		}},
		{"k6", func(s results.ComparedSide) string {
			return everyRun(s.Runs, func(r results.ComparedRun) string { return r.Tools["k6"] })
		}},
	} {
		if a, b := line.of(sides[0]), line.of(sides[1]); a != "" || b != "" {
			t.Rows = append(t.Rows, []Cell{{Text: line.name}, {Text: orElse(a, "-")}, {Text: orElse(b, "-")}})
		}
	}
	return t
}

// everyRun is what runs have, each text once.
func everyRun(runs []results.ComparedRun, of func(results.ComparedRun) string) string {
	return strings.Join(slices.DeleteFunc(distinct(each(runs, of)), func(s string) bool { return s == "" }), "; ")
}

// runsText names the runs, of many the first and the last.
func runsText(s results.ComparedSide) string {
	trials := 0
	for _, r := range s.Runs {
		trials += r.Trials
	}
	ids := each(s.Runs, func(r results.ComparedRun) string { return r.ID })
	if len(ids) > 3 {
		ids = []string{ids[0], "...", ids[len(ids)-1]}
	}
	if len(ids) == 0 {
		return ""
	}
	return fmt.Sprintf("%s, %s: %s", counted(len(s.Runs), "run"), counted(trials, "trial"), strings.Join(ids, ", "))
}

// period is when runs, oldest first, were made.
func period(runs []results.ComparedRun) string {
	if len(runs) == 0 {
		return ""
	}
	first, last := runs[0].Created.UTC().Format(time.DateTime), runs[len(runs)-1].Created.UTC().Format(time.DateTime)
	if first == last {
		return first + " UTC"
	}
	return first + " to " + last + " UTC"
}

func comparedDifferences(c results.Compared) Table {
	t := Table{Title: "Not the same beside the build", Columns: []Column{{Name: "what"}, {Name: "baseline", Code: true}, {Name: "candidate", Code: true}, {Name: "so"}}}
	so := map[results.DifferenceEffect]string{
		results.EffectLarge: "only large effects are named", results.EffectUnclear: "times and counts can't be compared",
		results.EffectAsked: "goodput, recovery and limits can't be compared",
	}
	for _, d := range c.Differences {
		t.Rows = append(t.Rows, []Cell{{Text: d.Field}, {Text: orElse(shortened(d.Baseline), "-")}, {Text: orElse(shortened(d.Candidate), "-")}, {Text: so[d.Effect]}})
	}
	return t
}

func shortened(text string) string {
	if r := []rune(text); len(r) > mostText {
		return string(r[:mostText]) + "..."
	}
	return text
}

// comparedRows are the comparisons of some kinds.
func comparedRows(c results.Compared, title string, kinds []string) Table {
	t := Table{Title: title, Columns: []Column{
		{Name: "outcome"}, {Name: "what", Code: true}, {Name: "baseline", Right: true}, {Name: "candidate", Right: true}, {Name: "change", Right: true},
		{Name: "interval"}, {Name: "trials", Right: true}, {Name: "reason"},
	}}
	for _, r := range c.Rows {
		if !slices.Contains(kinds, r.Kind) {
			continue
		}
		change := changeText(r)
		if r.Ratio == nil && r.Difference == nil {
			change = ""
		}
		t.Rows = append(t.Rows, []Cell{
			{Text: string(r.Outcome), Outcome: comparedOutcome(r.Outcome)}, {Text: whatOf(r)}, {Text: optionalQuantity(r.Baseline, r.Unit)},
			{Text: optionalQuantity(r.Candidate, r.Unit)}, {Text: change}, {Text: intervalText(r)},
			{Text: trialsText(r)}, {Text: r.Reason},
		})
	}
	return t
}

// trialsText is what a row rests on.
func trialsText(r results.ComparedRow) string {
	if r.Pairs > 0 {
		return counted(r.Pairs, "pair")
	}
	return fmt.Sprintf("%d, %d", r.BaselineTrials, r.CandidateTrials)
}

func optionalQuantity(v *float64, unit string) string {
	if v == nil {
		return "-"
	}
	return quantity(*v, unit)
}

func intervalText(r results.ComparedRow) string {
	switch {
	case r.Low == nil || r.High == nil:
		return ""
	case r.Difference != nil:
		return strings.TrimSuffix(points(*r.Low), " points") + " to " + points(*r.High)
	case r.Pairs > 0:
		return perCent(*r.Low) + " to " + perCent(*r.High)
	}
	return times(*r.Low) + " to " + digits(*r.High)
}

func comparedSLOs(c results.Compared) Table {
	t := Table{Title: "SLOs", Columns: []Column{
		{Name: "SLO", Code: true}, {Name: "baseline"}, {Name: "with", Right: true}, {Name: "candidate"}, {Name: "with", Right: true},
	}}
	for _, s := range c.SLOs {
		t.Rows = append(t.Rows, []Cell{
			{Text: s.What}, {Text: string(s.Was), Outcome: s.Was}, {Text: optionalQuantity(s.Baseline, s.Unit)}, {Text: string(s.Is), Outcome: s.Is},
			{Text: optionalQuantity(s.Candidate, s.Unit)},
		})
	}
	return t
}

// jsonCompared is the object that --json writes of two builds. As of jsonRun, adding keys is free, renaming and removing is not.
type jsonCompared struct {
	Schema int    `json:"schema"`
	Answer string `json:"answer"`
	results.Compared
}
