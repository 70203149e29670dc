package verdict

import (
	"fmt"
	"math"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

const (
	// kindTiming is that of timing gates, which cost gates share their asker with.
	kindTiming = "timing gate"
	// inGate is the phase of what is read off the pairs of a gate.
	inGate = "gate"
)

// compareTimedGates compares what timing gates measured: by the pairs of a gate that held both builds against each other, and where
// there is none by what gates measured of each.
func compareTimedGates(c *results.Compared, sides [2]Stored) {
	if held := heldTogether(sides); len(held) > 0 {
		if more := len(held) - 1; more > 0 {
			c.Notes = append(c.Notes, fmt.Sprintf("of %d timing gates of these two builds the newest is compared, %s", len(held), held[0].run.ID))
		}
		held[0].compare(c)
		return
	}
	k := contrast{out: c, kind: kindTiming, effect: map[results.DifferenceEffect]bool{}}
	if k.choose(sides) {
		k.gates()
	}
}

// heldGate is a timing gate that held the two builds that are compared against each other.
type heldGate struct {
	run    results.Run
	turned bool // its baseline is the candidate here
}

// heldTogether are those gates, the newest first.
func heldTogether(sides [2]Stored) (held []heldGate) {
	seen := map[string]bool{}
	for _, s := range sides {
		for _, run := range s.Runs {
			if kindOf(run) != kindTiming || seen[run.ID] || run.Status != results.StatusComplete || run.Verdict.Gate == nil || len(run.Builds) != 2 {
				continue
			}
			seen[run.ID] = true
			is := func(build, side int) bool { return sides[side].is(run, build) }
			switch {
			case is(0, 0) && is(1, 1):
				held = append(held, heldGate{run: run})
			case is(0, 1) && is(1, 0):
				held = append(held, heldGate{run: run, turned: true})
			}
		}
	}
	slices.SortStableFunc(held, func(a, b heldGate) int { return b.run.Created.Compare(a.run.Created) })
	return held
}

// compare adds a row for each primary metric. Worse is judged as the gate does, and better by the same rule with the sides exchanged,
// so that low and high both have the level of a fail, at all looks together.
func (h heldGate) compare(c *results.Compared) {
	found := h.run.Verdict.Gate
	forward := &gate{plan: h.run.Question.Gate.WithDefaults(), most: found.Most}
	for _, r := range found.Readings {
		if len(r.Unfit) == 0 {
			forward.used = append(forward.used, r)
		}
	}
	backward := &gate{plan: forward.plan, most: forward.most}
	for _, r := range forward.used {
		backward.used = append(backward.used, exchanged(r))
	}
	if h.turned {
		forward, backward = backward, forward
	}
	for i, m := range forward.plan.Primary {
		c.Rows = append(c.Rows, h.row(m, i, [2]*gate{forward, backward}))
	}
	h.list(c)
}

// exchanged is a pair whose baseline is taken for the candidate.
func exchanged(r results.GateReading) results.GateReading {
	r.Values = slices.Clone(r.Values)
	for i := range r.Values {
		v := &r.Values[i]
		if v.Change != nil {
			v.Change = known(-*v.Change)
		}
		if v.LateApart != nil {
			v.LateApart = known(-*v.LateApart)
		}
		v.Baseline, v.Candidate = v.Candidate, v.Baseline
		v.BaselineCount, v.CandidateCount = v.CandidateCount, v.BaselineCount
		v.BaselineOffered, v.CandidateOffered = v.CandidateOffered, v.BaselineOffered
	}
	return r
}

// row is a primary metric over pairs, both ways.
func (h heldGate) row(m results.GateMetric, at int, ways [2]*gate) results.ComparedRow {
	r := emptyGateRow(m, ways[0].plan.Metric)
	n := len(ways[0].used)
	r.Pairs, r.BaselineTrials, r.CandidateTrials = n, n, n
	if n < ways[0].plan.LeastPairs {
		r.Reason = fmt.Sprintf("%s that count, and an interval takes %d", plural(int64(n), "pair"), ways[0].plan.LeastPairs)
		return r
	}
	there, back := ways[0].measure(at, m), ways[1].measure(at, m)
	r.Baseline, r.Candidate = there.Baseline, there.Candidate
	if !there.Gated || !back.Gated || there.Estimate == nil || there.Low == nil || back.Low == nil {
		r.Reason = there.Reason
		return r
	}
	ways[0].foresee(&there)
	low, high := *there.Low, -*back.Low
	switch {
	case there.errors:
		r.Difference, r.Low, r.High, r.MDE = there.Estimate, known(low), known(high), there.MDE
	case m.Name == results.GateThroughput: // a change is by how much less
		r.Ratio, r.Low, r.High = known(math.Exp(-*there.Estimate)), known(math.Exp(-high)), known(math.Exp(-low))
		r.MDE = there.share(there.MDE)
	default:
		r.Ratio, r.Low, r.High = known(math.Exp(*there.Estimate)), known(math.Exp(low)), known(math.Exp(high))
		r.MDE = there.share(there.MDE)
	}
	switch unfit := h.run.Verdict.Gate.Unfit; {
	case len(unfit) > 0:
		r.Reason = "its pairs can't be believed: " + unfit[0]
	case there.Worse:
		r.Outcome = results.Worse
	case back.Worse:
		r.Outcome = results.Better
	case there.Within && back.Within:
		r.Outcome = results.Same
	}
	return r
}

// emptyGateRow is the row of a primary metric before anything is known of it.
func emptyGateRow(m results.GateMetric, metric string) results.ComparedRow {
	r := results.ComparedRow{Kind: results.KindTime, Metric: metric, Statistic: m.Name, Phase: inGate, Unit: slo.UnitTime, Outcome: results.Unclear}
	switch m.Name {
	case results.GateErrors:
		r.Kind, r.Metric, r.Statistic, r.Unit = results.KindShare, "failed", "rate", slo.UnitShare
	case results.GateThroughput:
		r.Metric, r.Statistic, r.Unit = "served", "rate", slo.UnitPerSecond
	}
	return r
}

// list names the gate's run on both sides.
func (h heldGate) list(c *results.Compared) {
	shown := comparedRun(&h.run)
	shown.Trials = len(h.run.Verdict.Gate.Readings)
	for _, of := range []*results.ComparedSide{&c.Baseline, &c.Candidate} {
		if !slices.ContainsFunc(of.Runs, func(r results.ComparedRun) bool { return r.ID == shown.ID }) {
			of.Runs = append(of.Runs, shown)
		}
	}
}

// gates compares what timing gates measured of each build beside others, by the rules for what did not run in turn.
func (k *contrast) gates() {
	if len(k.sides[0]) == 0 || len(k.sides[1]) == 0 {
		return
	}
	k.note(fmt.Sprintf("no timing gate held these two builds against each other, so that only times that are %g times as long are named; "+
		"`brunt gate` sees far less", factorApart(min(len(k.sides[0]), len(k.sides[1])))))
	plan := k.sides[1][0].run.Question.Gate.WithDefaults()
	var rows []*timedRow
	for _, m := range plan.Primary {
		r := &timedRow{what: whatGateTells(m), shorter: plan.Measured, sent: math.Inf(1), ComparedRow: emptyGateRow(m, plan.Metric)}
		for s := range k.sides {
			r.values[s] = map[*results.Trial]float64{}
			sent := 0.0
			for _, e := range k.sides[s] {
				if v, offered, ok := valueInGate(e, m); ok {
					r.values[s][e.trial] = v
					sent += offered
				}
			}
			r.sent = min(r.sent, sent)
		}
		r.BaselineTrials, r.CandidateTrials = len(r.values[0]), len(r.values[1])
		rows = append(rows, r)
	}
	for _, r := range rows {
		k.decide(r, nil, len(rows))
		k.out.Rows = append(k.out.Rows, r.ComparedRow)
	}
}

// whatGateTells is how a primary metric is compared where the builds were not in one gate.
func whatGateTells(m results.GateMetric) compared {
	switch m.Name {
	case results.GateErrors:
		return compared{share: true, floor: 0.01}
	case results.GateThroughput:
		return compared{more: true}
	}
	return compared{floor: floorOfTimes}
}

// valueInGate is what a trial's pair measured of its build: a logarithm, of errors a share.
func valueInGate(e execution, m results.GateMetric) (v, offered float64, ok bool) {
	if e.run.Verdict.Gate == nil {
		return 0, 0, false
	}
	for _, r := range e.run.Verdict.Gate.Readings {
		if r.Pair != e.trial.Pair || len(r.Unfit) > 0 {
			continue
		}
		at := slices.IndexFunc(r.Values, func(v results.GateValue) bool { return v.Metric == m.Name })
		if at < 0 {
			return 0, 0, false
		}
		value, number := r.Values[at].Baseline, r.Values[at].BaselineOffered
		if e.trial.Build == 1 {
			value, number = r.Values[at].Candidate, r.Values[at].CandidateOffered
		}
		switch {
		case value == nil:
			return 0, 0, false
		case m.Name == results.GateErrors:
			return *value, float64(number), true
		case *value <= 0:
			return 0, 0, false
		}
		return math.Log(*value), float64(number), true
	}
	return 0, 0, false
}
