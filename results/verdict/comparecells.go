package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// kindMatrix is that of scorecards: a trial for each fault by itself.
const kindMatrix = "matrix"

const (
	// cellFactor is how many times as much an SLO has to have measured where it broke, and cellPoints by how much more where it is a
	// share: the strengths of a scorecard are made to lie away from what SLOs bound, and what is near a bound breaks by chance.
	cellFactor = 1.5
	cellPoints = 0.01
)

// cellText is a cell as people read it.
func cellText(c results.Cell) string { return fmt.Sprintf("%s %s on %s", c.Kind, c.What, c.On()) }

// triedCell is a cell as one trial was judged, with the rows of that trial.
type triedCell struct {
	results.CellOutcome
	rows []results.Evidence
}

// scorecards compares which faults the builds tolerate.
func (k *contrast) scorecards() {
	if k.kind != kindMatrix {
		return
	}
	var order []string
	var tried [2]map[string][]triedCell
	for _, s := range []int{1, 0} {
		tried[s] = map[string][]triedCell{}
		for _, e := range k.sides[s] {
			for _, c := range e.run.Verdict.Cells {
				if c.Trial != e.trial.Number {
					continue
				}
				one := triedCell{CellOutcome: c}
				for _, row := range e.run.Verdict.Evidence {
					if row.Trial == c.Trial {
						one.rows = append(one.rows, row)
					}
				}
				name := cellText(c.Cell)
				tried[s][name] = append(tried[s][name], one)
				if !slices.Contains(order, name) {
					order = append(order, name)
				}
			}
		}
	}
	slices.Sort(order)
	alone := [2]int{}
	for _, name := range order {
		b, c := tried[0][name], tried[1][name]
		switch {
		case len(b) == 0:
			alone[1]++
		case len(c) == 0:
			alone[0]++
		default:
			k.out.Rows = append(k.out.Rows, k.cellRow(name, b, c))
		}
	}
	for s, n := range alone {
		if n > 0 {
			k.note(fmt.Sprintf("%s of the scorecard of the %s was not tried on the other side", plural(int64(n), "fault"), [2]string{"baseline", "candidate"}[s]))
		}
	}
}

// cellRow compares what became of a fault. It is worse where every trial of the baseline tolerated it and every one of the candidate did
// not, by an SLO that measured far more than it did.
func (k *contrast) cellRow(name string, b, c []triedCell) results.ComparedRow {
	r := results.ComparedRow{
		Kind: results.KindResilience, Metric: name, Statistic: "tolerated", Outcome: results.Unclear, BaselineTrials: len(b), CandidateTrials: len(c),
	}
	was, is := outcomeOfAll(b), outcomeOfAll(c)
	switch {
	case k.effect[results.EffectUnclear], k.effect[results.EffectAsked]:
		r.Reason = "what was asked is not the same"
	case was == results.Pass && is == results.Pass:
		r.Outcome = results.Same
	case was == results.Pass && is == results.Fail:
		k.broke(&r, b, c, results.Worse)
	case was == results.Fail && is == results.Pass:
		k.broke(&r, c, b, results.Better)
		r.Baseline, r.Candidate = r.Candidate, r.Baseline
	case was == results.Fail && is == results.Fail:
		r.Reason = "neither tolerates it: " + strings.Join(slices.Compact([]string{b[0].SLO, c[0].SLO}), " and ")
	default:
		r.Reason = fmt.Sprintf("it was %s, and is %s", orSplit(was), orSplit(is))
	}
	return r
}

// outcomeOfAll is the outcome that all trials of a cell have; empty where they differ.
func outcomeOfAll(all []triedCell) results.Outcome {
	for _, c := range all {
		if c.Outcome != all[0].Outcome {
			return ""
		}
	}
	return all[0].Outcome
}

func orSplit(o results.Outcome) string {
	if o == "" {
		return "now this, now that"
	}
	return string(o)
}

// broke decides about a fault that one side tolerates and the other does not: by the first SLO that broke, and what it measured on both
// sides where they are nearest, which become the row's values, those of the side that tolerates it first.
func (k *contrast) broke(r *results.ComparedRow, holds, breaks []triedCell, outcome results.ComparisonOutcome) {
	text := breaks[0].SLO
	r.Unit = breaks[0].Unit
	r.Reason = fmt.Sprintf("the %s breaks %s", map[bool]string{true: "candidate", false: "baseline"}[outcome == results.Worse], text)
	parsed, err := slo.Parse(text)
	if err != nil {
		r.Reason += ", which is no SLO"
		return
	}
	sign := 1.0
	if strings.HasPrefix(parsed.Op, ">") {
		sign = -1
	}
	held, broken := -sign*nearest(holds, text, -sign), sign*nearest(breaks, text, sign)
	r.Baseline, r.Candidate = finite(held), finite(broken)
	apart := sign*(broken-held) > 0 && max(held, broken) >= cellFactor*min(held, broken)
	if r.Unit == slo.UnitShare {
		apart = sign*(broken-held) >= cellPoints
	}
	switch {
	case parsed.Exact(): // a count
		r.Outcome = outcome
	case math.IsNaN(held) || math.IsNaN(broken):
		r.Reason += ", and what it measured on both sides is not known"
	case !apart:
		r.Reason += ", but measures little else: it lies near its bound"
	default:
		r.Outcome = outcome
	}
}

// nearest is the least of what an SLO measured, times sign; NaN where a trial did not measure it.
func nearest(all []triedCell, text string, sign float64) float64 {
	least := math.Inf(1)
	for _, c := range all {
		at := slices.IndexFunc(c.rows, func(e results.Evidence) bool { return e.What == text && e.Value != nil })
		if at < 0 {
			return math.NaN()
		}
		least = min(least, sign**c.rows[at].Value)
	}
	return least
}

// called is the phase as runs of the kind tell it apart: in a scorecard each fault is a trial's own, and several have one name.
func (k *contrast) called(e execution, phase string) string {
	switch {
	case k.kind != kindMatrix || e.trial.Cell == nil || phase == string(results.PhaseSteady):
		return phase
	case phase == string(results.PhaseRecovery):
		return "recovery from " + cellText(*e.trial.Cell)
	}
	return cellText(*e.trial.Cell)
}
