package verdict

import (
	"fmt"
	"math"
	"slices"

	"github.com/devcraft-studio/brunt/results"
)

// phaseValues are what one trial measured in all phases of one name.
type phaseValues struct {
	seconds, requests, failed float64
	quantiles                 [3]quantileValue // p50, p95, p99
	goodput, goodputSeconds   float64          // seconds-weighted sum, and of how many
	served                    float64          // iterations
}

// quantileValue is a mean over phases of the logarithm of a quantile, weighted by requests.
type quantileValue struct{ log, weight float64 }

// compared is something that phases measure, and what makes a change of it worth naming.
type compared struct {
	kind, metric, statistic, unit string
	share                         bool    // compared by differences, else by ratios
	more                          bool    // more of it is better
	least                         float64 // that an interleaved comparison has to estimate to name it: of a ratio, or a difference
	within                        float64 // of which everything counts as the same, the same way
	floor                         float64 // smallest change that is large, in the unit
	// of is the measured value, of ratios its logarithm. It is not ok where too little was measured.
	of func(p *phaseValues) (v float64, ok bool)
}

// quantilesCompared are those of a phase's latency that there are, and how many requests beyond one are wanted: eight in each phase
// that counts, twenty in all.
var quantilesCompared = [3]float64{0.5, 0.95, 0.99}

const fewestBeyondInAll = 20

// whatPhasesTell lists what is compared of each phase. GATE's bounds: named from 1, 2 and 3 % on, the same within 3, 5 and 8 %.
func whatPhasesTell(latency string) []compared {
	all := []compared{
		{statistic: "p50", least: 0.01, within: 0.03}, {statistic: "p95", least: 0.02, within: 0.05}, {statistic: "p99", least: 0.03, within: 0.08},
	}
	for i := range all {
		all[i].kind, all[i].metric, all[i].unit, all[i].floor = results.KindTime, latency, "ms", floorOfTimes
		all[i].of = func(p *phaseValues) (float64, bool) {
			q := p.quantiles[i]
			return q.log / q.weight, q.weight*(1-quantilesCompared[i]) >= fewestBeyondInAll
		}
	}
	return append(all,
		compared{kind: results.KindShare, metric: "http_req_failed", statistic: "rate", unit: "share", share: true, least: 0.001, within: 0.001, floor: 0.01,
			of: func(p *phaseValues) (float64, bool) { return p.failed / p.requests, p.requests > 0 }},
		compared{kind: results.KindShare, metric: "goodput", statistic: "share", unit: "share", share: true, more: true, least: 0.01, within: 0.01, floor: 0.1,
			of: func(p *phaseValues) (float64, bool) { return p.goodput / p.goodputSeconds, p.goodputSeconds > 0 }},
		compared{kind: results.KindTime, metric: "served", statistic: "rate", unit: "/s", more: true, least: 0.01, within: 0.03,
			of: func(p *phaseValues) (float64, bool) {
				return math.Log(p.served / p.seconds), p.served > 0 && p.seconds > 0
			}})
}

// phasesOf are what an execution measured, by the name of the phase, warm-up apart, in order.
func phasesOf(e execution) (names []string, all map[string]*phaseValues) {
	all = map[string]*phaseValues{}
	for _, s := range e.run.Verdict.Phases {
		if s.Trial != e.trial.Number || s.Phase == string(results.PhaseWarmup) || s.End <= s.Start {
			continue
		}
		p := all[s.Phase]
		if p == nil {
			p = &phaseValues{}
			all[s.Phase] = p
			names = append(names, s.Phase)
		}
		length, requests := s.End-s.Start, float64(s.Requests)
		p.seconds += length
		p.served += s.Rate * length
		p.requests += requests
		p.failed += s.ErrorRate * requests
		if s.Goodput != nil {
			p.goodput += *s.Goodput * length
			p.goodputSeconds += length
		}
		for i, value := range []float64{s.P50, s.P95, s.P99} {
			if requests*(1-quantilesCompared[i]) >= fewestBeyond-1e-9 && value > 0 {
				p.quantiles[i].log += math.Log(value) * requests
				p.quantiles[i].weight += requests
			}
		}
	}
	return names, all
}

// phases compares what each phase measured.
func (k *contrast) phases() {
	if k.kind != "" || len(k.sides[0]) == 0 || len(k.sides[1]) == 0 {
		return
	}
	pairs, mixed := pairsOf(k.sides)
	k.out.Pairs = len(pairs)
	comparable := mixed && !k.effect[results.EffectLarge] && !k.effect[results.EffectUnclear]
	k.out.Interleaved = comparable && len(pairs) >= fewestPairs
	k.explain(mixed)
	var names []string
	var all [2][]map[string]*phaseValues // of each execution
	for _, s := range []int{1, 0} {
		for _, e := range k.sides[s] {
			in, values := phasesOf(e)
			all[s] = append(all[s], values)
			for _, n := range in {
				if !slices.Contains(names, n) {
					names = append(names, n)
				}
			}
		}
	}
	latency := "latency"
	if !k.sides[1][0].trial.OpenModel {
		latency = "http_req_duration"
	}
	var rows []*timedRow
	for _, phase := range names {
		for _, what := range whatPhasesTell(latency) {
			if r := k.rowOf(phase, what, all); r != nil {
				rows = append(rows, r)
			}
		}
	}
	for _, r := range rows {
		k.decide(r, pairs, len(rows))
		k.out.Rows = append(k.out.Rows, r.ComparedRow)
	}
}

// explain says why there is no interval, where there is none.
func (k *contrast) explain(mixed bool) {
	switch {
	case k.out.Interleaved:
		return
	case k.effect[results.EffectUnclear]:
		k.note("what was asked is not the same on both sides, so that times and counts can't be compared")
		return
	case k.effect[results.EffectLarge]:
		k.note(fmt.Sprintf("machine, provider or dependencies are not the same, so that only times that are %g times as long are named", factorElsewhere))
		return
	}
	why := "the builds did not run in turn"
	if n := k.out.Pairs; n > 0 && n < fewestPairs {
		why = fmt.Sprintf("only %s of both builds ran one right after the other, and an interval takes %d", plural(int64(n), "pair of trials"), fewestPairs)
		if n > 1 {
			why = fmt.Sprintf("only %d pairs of trials of both builds ran one right after the other, and an interval takes %d", n, fewestPairs)
		}
	} else if n >= fewestPairs && !mixed {
		why = "one build always ran before the other, so that what grew meanwhile counts for the second"
	}
	k.note(fmt.Sprintf("%s: a machine's mood changes from hour to hour, so that only times that are %g times as long are named; "+
		"runs of both builds in turn see far less", why, factorApart(min(len(k.sides[0]), len(k.sides[1])))))
}

// timedRow is a row with what it rests on.
type timedRow struct {
	results.ComparedRow
	what    compared
	values  [2]map[*results.Trial]float64 // of each trial that tells, logarithms of ratios
	shorter float64                       // seconds of the phase, in the trial with the least
	sent    float64                       // requests, in the side with the least
}

// rowOf is a row that is not decided yet; nil where a side has nothing at all to say.
func (k *contrast) rowOf(phase string, what compared, all [2][]map[string]*phaseValues) *timedRow {
	r := &timedRow{what: what, shorter: math.Inf(1), sent: math.Inf(1), ComparedRow: results.ComparedRow{
		Kind: what.kind, Metric: what.metric, Statistic: what.statistic, Phase: phase, Unit: what.unit, Outcome: results.Unclear,
	}}
	any := [2]bool{}
	for s := range k.sides {
		r.values[s] = map[*results.Trial]float64{}
		sent := 0.0
		for i, e := range k.sides[s] {
			p := all[s][i][phase]
			if p == nil || e.unfit {
				continue
			}
			v, ok := what.of(p)
			any[s] = any[s] || ok || p.requests > 0 && what.metric != "goodput"
			if ok {
				r.values[s][e.trial] = v
				r.shorter = min(r.shorter, p.seconds)
				sent += p.requests
			}
		}
		r.sent = min(r.sent, sent)
	}
	if !any[0] || !any[1] {
		return nil
	}
	r.BaselineTrials, r.CandidateTrials = len(r.values[0]), len(r.values[1])
	return r
}
