package verdict

import (
	"fmt"
	"math"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// Work per request is a count, and does not depend on how fast a machine is; what was under way at the edges of a phase blurs it. It
// has changed when it is half a unit and a quarter of itself more, after a fault began half of itself, and further apart than wide
// times what the trials of one side differ by; it is the same within a fiftieth.
const (
	workLeast   = 0.5
	workShare   = 0.25
	workInFault = 0.5
	workSame    = 0.02
)

// work compares what a request cost behind the service, phase by phase and node by node.
func (k *contrast) work() {
	if k.kind != "" && k.kind != kindMatrix {
		return
	}
	type place struct{ phase, node, count string }
	var order []place
	inFault := map[string]bool{}
	var values [2]map[place][]float64
	for _, s := range []int{1, 0} {
		values[s] = map[place][]float64{}
		for _, e := range k.sides[s] {
			sums, weights := map[place]float64{}, map[place]float64{}
			var seen []place
			for _, u := range e.run.Verdict.Uses {
				if u.Trial != e.trial.Number || u.Phase == string(results.PhaseWarmup) || u.Requests <= 0 {
					continue
				}
				phase := k.called(e, u.Phase)
				inFault[phase] = phase != string(results.PhaseSteady)
				for _, c := range countsOf(u) {
					at := place{phase, u.Node, c.name}
					if weights[at] == 0 {
						seen = append(seen, at)
					}
					sums[at] += c.value * u.Requests
					weights[at] += u.Requests
				}
			}
			for _, at := range seen {
				values[s][at] = append(values[s][at], sums[at]/weights[at])
				if !slices.Contains(order, at) {
					order = append(order, at)
				}
			}
		}
	}
	for _, at := range order {
		r := results.ComparedRow{Kind: results.KindWork, Metric: at.count + "{node:" + at.node + "}", Statistic: "per_request", Phase: at.phase}
		if k.countRow(&r, values[0][at], values[1][at], inFault[at.phase]) {
			k.out.Rows = append(k.out.Rows, r)
		}
	}
}

// namedCount is one count of a node.
type namedCount struct {
	name  string
	value float64
}

// countsOf are the counts of a node that depend on nothing but what it was asked.
func countsOf(u results.Use) (all []namedCount) {
	for _, c := range []struct {
		name  string
		value *float64
	}{
		{"postgres.queries", u.Queries}, {"postgres.rows", u.Rows}, {"redis.commands", u.Commands}, {"link.exchanges", u.Exchanges},
	} {
		if c.value != nil {
			all = append(all, namedCount{c.name, *c.value})
		}
	}
	return all
}

// countRow decides about a count of which less is better; false where a side has none, or neither has anything to tell.
func (k *contrast) countRow(r *results.ComparedRow, b, c []float64, inFault bool) bool {
	if len(b) == 0 || len(c) == 0 || slices.Max(b) == 0 && slices.Max(c) == 0 {
		return false
	}
	r.Outcome, r.BaselineTrials, r.CandidateTrials = results.Unclear, len(b), len(c)
	baseline, candidate := mean(b), mean(c)
	r.Baseline, r.Candidate = finite(baseline), finite(candidate)
	if baseline > 0 {
		r.Ratio = finite(candidate / baseline)
	}
	share := workShare
	if inFault {
		share = workInFault
	}
	spread := max(slices.Max(b)-slices.Min(b), slices.Max(c)-slices.Min(c))
	least := max(workLeast, share*min(baseline, candidate), wide*spread)
	r.MDE = finite(least / max(baseline, 1e-9))
	switch {
	case k.effect[results.EffectUnclear]:
		r.Reason = "what was asked is not the same"
	case slices.Min(c)-slices.Max(b) >= least:
		r.Outcome = results.Worse
	case slices.Min(b)-slices.Max(c) >= least:
		r.Outcome = results.Better
	case math.Abs(candidate-baseline) <= workSame*max(baseline, 1) && spread <= workSame*max(baseline, 1):
		r.Outcome = results.Same
	}
	return true
}

// questions sets the SLOs of both sides side by side, and compares the counts of ledgers.
func (k *contrast) questions() {
	if k.kind != "" {
		return
	}
	var values [2]map[string][]results.Evidence
	var order []string
	for _, s := range []int{1, 0} {
		values[s] = map[string][]results.Evidence{}
		for _, e := range k.sides[s] {
			for _, q := range e.run.Question.SLOs {
				for _, row := range e.run.Verdict.Evidence {
					if row.What == q.Text && row.Trial == e.trial.Number {
						values[s][q.Text] = append(values[s][q.Text], row)
					}
				}
				if !slices.Contains(order, q.Text) {
					order = append(order, q.Text)
				}
			}
		}
	}
	for _, text := range order {
		b, c := values[0][text], values[1][text]
		if len(b) == 0 || len(c) == 0 {
			continue
		}
		was, is := worstOf(b), worstOf(c)
		k.out.SLOs = append(k.out.SLOs, results.ComparedSLO{
			What: text, Unit: is.Unit, Baseline: was.Value, Candidate: is.Value, Was: was.Outcome, Is: is.Outcome,
		})
		if parsed, err := slo.Parse(text); err == nil && parsed.Exact() {
			k.out.Rows = append(k.out.Rows, k.ledgerRow(parsed.Func, text, b, c))
		}
	}
}

// worstOf is the first row that fails, else the first that is not decided, else the first.
func worstOf(rows []results.Evidence) results.Evidence {
	for _, outcome := range []results.Outcome{results.Fail, results.Inconclusive} {
		if i := slices.IndexFunc(rows, func(e results.Evidence) bool { return e.Outcome == outcome }); i >= 0 {
			return rows[i]
		}
	}
	return rows[0]
}

// ledgerRow compares an invariant, whose counts are exact: it is worse where it held and holds no more. How many were lost in two
// runs that both lost some depends on chance.
func (k *contrast) ledgerRow(function, text string, b, c []results.Evidence) results.ComparedRow {
	r := results.ComparedRow{
		Kind: results.KindInvariant, Metric: text, Statistic: function, Unit: c[0].Unit, Outcome: results.Unclear,
		BaselineTrials: len(b), CandidateTrials: len(c),
	}
	most := func(rows []results.Evidence) *float64 {
		var m *float64
		for _, e := range rows {
			if e.Value != nil && (m == nil || *e.Value > *m) {
				m = e.Value
			}
		}
		return m
	}
	r.Baseline, r.Candidate = most(b), most(c)
	was, is := worstOf(b).Outcome, worstOf(c).Outcome
	switch {
	case k.effect[results.EffectUnclear]:
		r.Reason = "what was asked is not the same"
	case was == results.Pass && is == results.Fail:
		r.Outcome = results.Worse
	case was == results.Fail && is == results.Pass:
		r.Outcome = results.Better
	case was == results.Pass && is == results.Pass:
		r.Outcome = results.Same
	case was == results.Fail && is == results.Fail:
		r.Reason = "it held in neither; how often depends on chance"
	default:
		r.Reason = fmt.Sprintf("it was %s, and is %s", was, is)
	}
	return r
}
