package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
	"github.com/devcraft-studio/brunt/results/stats"
)

const (
	// gateResolution is the standard deviation that a pair's change has at least: the buckets of a histogram are 0.2 % wide, and two
	// readings off that scale differ by a tenth of a per cent for no other reason.
	gateResolution = 0.001
	// fewestCorrelatedPairs is from how many pairs on their autocorrelation says something.
	fewestCorrelatedPairs = 8
)

// JudgeGate says what the pairs that were read so far come to. It is a pure function, and looks at the pairs one after another, in
// the order in which they are given, as the gate did: a pair that comes after the look that decided changes nothing. Accepted are the
// acceptances in force, see results.Run.AcceptedTimes.
func JudgeGate(plan results.Gate, readings []results.GateReading, accepted ...results.Acceptance) GateJudgement {
	g, seen := lookAt(plan, readings, accepted...)
	return g.judgement(readings[:seen])
}

// GateStanding is what a campaign has to know of JudgeGate, in a fraction of the time: whether the pairs decide, how many of them
// count, and for how many the bounds are made.
func GateStanding(plan results.Gate, readings []results.GateReading, accepted ...results.Acceptance) (decided bool, used, most int) {
	g, _ := lookAt(plan, readings, accepted...)
	return g.decided, len(g.used), g.most
}

// lookAt looks after each pair until they decide, and says how many were seen.
func lookAt(plan results.Gate, readings []results.GateReading, accepted ...results.Acceptance) (g *gate, seen int) {
	g = &gate{plan: plan.WithDefaults(), accepted: accepted}
	g.most = mostPairs(g.plan, readings)
	for seen < len(readings) && !g.decided && len(g.used) < g.most {
		r := readings[seen]
		seen++
		if len(r.Unfit) > 0 {
			continue
		}
		g.used = append(g.used, r)
		if len(g.used) >= g.plan.LeastPairs {
			g.look(readings[:seen])
		}
	}
	return g, seen
}

// mostPairs is for how many pairs the bounds are made: as many as the budget allows if all take as long as those before the first
// look did. How long a pair takes says nothing of what it shows, so that the bounds hold.
func mostPairs(plan results.Gate, readings []results.GateReading) int {
	each := plan.PairSeconds
	if first := readings[:min(len(readings), plan.LeastPairs)]; len(first) > 0 {
		total := 0.0
		for _, r := range first {
			total += r.Seconds
		}
		if total > 0 {
			each = total / float64(len(first))
		}
	}
	return max(plan.LeastPairs, int(min((plan.Budget-plan.Spent)/each, float64(plan.MostPairs))))
}

// gate is one that is being judged.
type gate struct {
	plan     results.Gate
	accepted []results.Acceptance // that are in force
	most     int
	used     []results.GateReading

	looks    int
	lastLook int // the number of a pair
	metrics  []gateMetric
	unfit    []string
	decided  bool
	outcome  results.Outcome
}

// gateMetric is a primary metric at a look.
type gateMetric struct {
	results.GateEstimate
	metric results.GateMetric
	errors bool
	// least and most are the ends of the interval that a fail and a pass go by, and own is the estimate without what lateness changed:
	// those of the estimate itself, but where lateness changed it.
	least, own, most float64
	// lateApart says that lateness alone decides what the metric comes to; "": it does not.
	lateApart string
}

// small says whether the estimate is below what is worth a fail.
func (m gateMetric) small() bool {
	floor := change(m.metric.Floor)
	if m.Accepted != nil {
		floor = max(floor, m.Accepted.MostChange())
	}
	return m.errors || m.Estimate == nil || max(*m.Estimate, m.own) < floor
}

// look judges the pairs that are used so far.
func (g *gate) look(conducted []results.GateReading) {
	g.looks++
	g.lastLook = g.used[len(g.used)-1].Pair
	g.metrics = g.metrics[:0]
	for i, m := range g.plan.Primary {
		g.metrics = append(g.metrics, g.measure(i, m))
	}
	g.unfit = g.misfits(conducted)
	g.outcome = results.Inconclusive
	if len(g.unfit) > 0 {
		return
	}
	gated, open, small := false, false, true
	for _, m := range g.metrics {
		switch m.State() {
		case results.GateUngated:
			continue
		case results.GateWorse:
			g.outcome, g.decided = results.Fail, true
			return
		case results.GateOpen:
			open = true
		}
		gated = true
		small = small && m.small()
	}
	// What may be worth a fail is looked at as long as there is time: else half of the changes between the floor and the limit would
	// pass by the first look that happens to be narrow enough.
	if gated && !open {
		g.outcome, g.decided = results.Pass, small || len(g.used) == g.most
	}
}

// judgement is what the last look said, with what is worked out for that one alone.
func (g *gate) judgement(seen []results.GateReading) GateJudgement {
	if g.unfit = g.misfits(seen); len(g.unfit) > 0 || g.looks == 0 {
		g.outcome = results.Inconclusive
	}
	j := GateJudgement{Outcome: g.outcome, Decided: g.decided, Comparisons: []results.Comparison{}, Findings: results.GateFindings{
		Pairs: len(seen), Used: len(g.used), Most: g.most, Looks: g.looks, Decided: g.decided, LastLook: g.lastLook,
		Metrics: []results.GateEstimate{}, Unfit: g.unfit, Readings: append([]results.GateReading{}, seen...),
	}}
	for _, m := range g.metrics {
		g.foresee(&m)
		j.Findings.Metrics = append(j.Findings.Metrics, m.GateEstimate)
		j.Evidence = append(j.Evidence, g.row(m))
		if c, ok := g.comparison(m); ok {
			j.Comparisons = append(j.Comparisons, c)
		}
	}
	if g.looks == 0 {
		j.Evidence = append(j.Evidence, results.Evidence{What: "gate", Outcome: results.Inconclusive, Reason: fmt.Sprintf(
			"%s of %d that the first look needs", plural(int64(len(g.used)), "pair"), g.plan.LeastPairs)})
	}
	for _, reason := range g.unfit {
		j.Evidence = append(j.Evidence, results.Evidence{What: "fitness", Outcome: results.Inconclusive, Reason: reason})
	}
	return j
}

// measure is a metric at this look, and what it comes to.
func (g *gate) measure(at int, m results.GateMetric) gateMetric {
	e := g.estimate(at, m)
	g.settle(&e)
	if e.lateApart == "" {
		return e
	}
	seen := e
	seen.least, seen.own, seen.most = *e.Low, *e.Estimate, *e.High
	if g.settle(&seen); seen.State() == e.State() {
		e.lateApart = ""
	}
	return e
}

// estimate is how a metric changed by the pairs that are used so far.
func (g *gate) estimate(at int, m results.GateMetric) gateMetric {
	e := gateMetric{metric: m, errors: m.Name == results.GateErrors}
	e.Metric, e.Unit = m.Name, slo.UnitTime
	n := len(g.used)
	fail := stats.Bounds(g.failAlpha(), g.plan.LeastPairs, g.most)
	pass := stats.Bounds(g.plan.PassAlpha, g.plan.LeastPairs, g.most)
	e.FailSpent, e.PassSpent = g.failAlpha()*stats.Spent(n, g.most), g.plan.PassAlpha*stats.Spent(n, g.most)
	var changes, baselines, candidates []float64
	if n-g.plan.LeastPairs >= min(len(fail), len(pass)) {
		e.Reason = "there are no bounds for such errors of a fail and a pass"
		return e
	}
	for _, r := range g.used {
		v := valueOf(r, at)
		if v.Change == nil || v.Baseline == nil || v.Candidate == nil {
			e.Reason = tooLittle(m, r.Pair, v, g.plan.Limits)
			return e
		}
		changes, baselines, candidates = append(changes, *v.Change), append(baselines, *v.Baseline), append(candidates, *v.Candidate)
	}
	e.Gated = true
	e.Autocorrelation = known(stats.Successive(changes))
	if e.errors {
		g.measureErrors(&e, at)
		return e
	}
	if m.Name == results.GateThroughput {
		e.Unit = slo.UnitPerSecond
	}
	e.Baseline, e.Candidate = known(middle(baselines)), known(middle(candidates))
	moments := stats.MomentsOf(changes, gateResolution)
	failBound, passBound := fail[n-g.plan.LeastPairs], pass[n-g.plan.LeastPairs]
	low, high := moments.Mean-failBound*moments.Error(), moments.Mean+passBound*moments.Error()
	e.Estimate, e.SD, e.Low, e.High = known(moments.Mean), known(moments.SD), known(low), known(high)
	e.FailBound, e.PassBound = known(failBound), known(passBound)
	e.least, e.own, e.most = low, moments.Mean, high
	if _, ok := m.Quantile(); ok {
		g.heedLateness(&e, at, failBound, passBound)
	}
	return e
}

// settle says what a metric is by the ends of its interval, and by what is accepted of it.
func (g *gate) settle(m *gateMetric) {
	if m.Gated && !m.errors {
		m.Worse, m.Within = m.least > 0 && min(*m.Estimate, m.own) >= change(m.metric.Floor), m.most < m.passLimit()
	}
	g.heed(m)
}

// valueOf is the value of a primary metric in a pair; of a pair that was read for fewer, one that is not known.
func valueOf(r results.GateReading, at int) results.GateValue {
	if at >= len(r.Values) {
		return results.GateValue{}
	}
	return r.Values[at]
}

// failAlpha is each primary metric's part of the error of a fail.
func (g *gate) failAlpha() float64 { return g.plan.Alpha / float64(len(g.plan.Primary)) }

// change is the logarithm that a share for the worse is.
func change(share float64) float64 { return math.Log1p(share) }

// tooLittle says why a metric is not gated.
func tooLittle(m results.GateMetric, pair int, v results.GateValue, limits results.GateLimits) string {
	if _, ok := m.Quantile(); ok {
		return fmt.Sprintf("pair %d has %d values of the baseline and %d of the candidate beyond it, fewer than %d: a longer trial or a higher rate has more",
			pair, v.BaselineCount, v.CandidateCount, limits.FewestExtremes)
	}
	return fmt.Sprintf("pair %d has nothing to compare", pair)
}

// measureErrors tests the failures. What may be spent at a look is what is added since the look before, so that the errors of all looks
// add up to no more than alpha whatever they have in common.
func (g *gate) measureErrors(e *gateMetric, at int) {
	added := spentAt(len(g.used), g.plan.LeastPairs, g.most)
	e.Unit = slo.UnitShare
	test, ok := stats.CompareFailures(g.failures(at), g.failAlpha()*added, g.plan.PassAlpha*added)
	if !ok {
		e.Gated, e.Reason = false, "a build was offered nothing"
		return
	}
	e.Baseline, e.Candidate = known(test.Baseline), known(test.Candidate)
	e.Estimate, e.Low, e.High = known(test.Candidate-test.Baseline), known(test.Low), known(test.High)
	e.least, e.most = test.Low, test.High
	e.Worse = test.P <= g.failAlpha()*added && test.Candidate-test.Baseline >= e.metric.Floor
	e.Within = test.High < e.metric.PassLimit
	e.MDE = known(max(test.SmallestFailures(g.failAlpha()*added), e.metric.Floor))
}

// spentAt is the share of an error that the look after n pairs adds, where the first is after the least of them and the last after the most.
func spentAt(n, least, most int) float64 {
	if n <= least {
		return stats.Spent(n, most)
	}
	return stats.Spent(n, most) - stats.Spent(n-1, most)
}

func (g *gate) failures(at int) []stats.FailurePair {
	var pairs []stats.FailurePair
	for _, r := range g.used {
		v := valueOf(r, at)
		pairs = append(pairs, stats.FailurePair{
			Baseline:  stats.Failures{Failed: float64(v.BaselineCount), Offered: float64(v.BaselineOffered)},
			Candidate: stats.Failures{Failed: float64(v.CandidateCount), Offered: float64(v.CandidateOffered)},
		})
	}
	return pairs
}

// foresee says what the look could have found, and how many pairs a gate needs that finds what must not pass.
func (g *gate) foresee(e *gateMetric) {
	if !e.Gated || e.errors || e.SD == nil {
		return
	}
	floor := change(e.metric.Floor)
	e.MDE = known(stats.SmallestFound(*e.SD, len(g.used), *e.FailBound, floor))
	if n, ok := stats.NeededValues(e.passLimit(), *e.SD, floor, g.failAlpha(), g.plan.LeastPairs); ok {
		e.PairsNeeded = &n
	}
}

// misfits are the reasons why what the pairs say can't be believed.
func (g *gate) misfits(conducted []results.GateReading) []string {
	reasons := []string{}
	if out := len(conducted) - len(g.used); float64(out) > g.plan.Limits.Excluded*float64(len(conducted)) {
		reasons = append(reasons, fmt.Sprintf("%d of %d pairs do not count, more than %s: %s",
			out, len(conducted), percent(g.plan.Limits.Excluded), commonest(conducted)))
	}
	if reason := g.failingBaseline(); reason != "" {
		reasons = append(reasons, reason)
	}
	times, compared, worse := false, false, false
	var late []string
	for _, m := range g.metrics {
		times = times || !m.errors
		if !m.Gated {
			continue
		}
		worse = worse || m.State() == results.GateWorse
		if m.errors { // whose bursts are in their dispersion
			continue
		}
		compared = true
		if m.lateApart != "" {
			late = append(late, m.lateApart)
		}
		if most := g.plan.Limits.Autocorrelation; len(g.used) >= fewestCorrelatedPairs && m.Autocorrelation != nil && *m.Autocorrelation > most {
			reasons = append(reasons, fmt.Sprintf("%s of one pair resembles that of the next (autocorrelation %.2f, more than %.2f): something that changes slowly is in it; "+
				"let the machine come to rest, or try a gate of whole trials", m.Metric, *m.Autocorrelation, most))
		}
	}
	if !worse { // what another metric fails by is not the lateness's
		reasons = append(reasons, late...)
		reasons = append(reasons, againstPass(conducted)...)
	}
	// Where hardly any answer came, there are failures, and no times.
	if times && !compared && !worse {
		reasons = append(reasons, "no time could be compared: "+g.metrics[0].Reason)
	}
	return reasons
}

// failingBaseline says that the baseline fails too often to be compared with, or is "".
func (g *gate) failingBaseline() string {
	at := slices.IndexFunc(g.plan.Primary, func(m results.GateMetric) bool { return m.Name == results.GateErrors })
	if at < 0 {
		return ""
	}
	failed, offered := int64(0), int64(0)
	for _, r := range g.used {
		v := valueOf(r, at)
		failed, offered = failed+v.BaselineCount, offered+v.BaselineOffered
	}
	share := float64(failed) / float64(max(offered, 1))
	if share <= g.plan.Limits.BaselineErrors {
		return ""
	}
	return fmt.Sprintf("the baseline itself fails %s of what it is offered, more than %s: compare with a build that works",
		percent(share), percent(g.plan.Limits.BaselineErrors))
}

// commonest is the reason that most of the pairs have that do not count, up to its first number, with the last text of it.
func commonest(conducted []results.GateReading) string {
	counts, text, best := map[string]int{}, map[string]string{}, ""
	for _, r := range conducted {
		seen := map[string]bool{} // both builds may have the same reason with other figures
		for _, reason := range r.Unfit {
			kind := reason
			if digit := strings.IndexAny(reason, "0123456789"); digit > 0 {
				kind = reason[:digit]
			}
			text[kind] = reason
			if seen[kind] {
				continue
			}
			seen[kind] = true
			counts[kind]++
			if best == "" || counts[kind] > counts[best] {
				best = kind
			}
		}
	}
	return text[best]
}
