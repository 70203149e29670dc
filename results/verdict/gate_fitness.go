package verdict

import (
	"fmt"
	"math"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/slo"
	"github.com/devcraft-studio/brunt/results/stats"
)

// gateFitness are the limits for one side of a pair. Other programs count even where the run waited for no CPU: the clock rate and the
// caches that they take come and go between pairs, and a gate looks for a few percent.
func gateFitness() FitnessLimits {
	return FitnessLimits{ContendedShare: -1}.withDefaults()
}

// unfitPair says why a pair does not count. Every rule is the same for both builds.
func unfitPair(plan results.Gate, p GatePair, windows []bothWindow, values []results.GateValue) []string {
	var reasons []string
	add := func(format string, args ...any) {
		if text := fmt.Sprintf(format, args...); !slices.Contains(reasons, text) {
			reasons = append(reasons, text)
		}
	}
	if len(windows) == 0 {
		if p.Nothing != "" {
			add("%s", p.Nothing)
		} else {
			add("nothing was measured")
		}
		return reasons
	}
	limits := gateFitness()
	for _, side := range []GateSide{p.Baseline, p.Candidate} {
		found := Fitness(side.Fitness, limits).Reasons
		if _, ended := endedByScript(side.Fitness); ended != "" {
			found = append(found, ended)
		}
		for _, reason := range found {
			add("%s", reason)
		}
		if len(found) > 0 {
			continue
		}
		var offered, dropped int64
		for _, w := range side.Windows {
			offered, dropped = offered+w.Offered, dropped+w.Dropped
		}
		if share := float64(dropped) / float64(max(offered, 1)); share > limits.DroppedShare {
			add("dropped %s of the iterations, more than %s", percent(share), percent(limits.DroppedShare))
		}
	}
	closed := p.Baseline.Closed && p.Candidate.Closed
	if apart, ok := offeredApart(windows); !ok || apart > plan.Limits.OfferedApart && !closed {
		add("the builds were offered rates that differ by %s, more than %s", percent(apart), percent(plan.Limits.OfferedApart))
	}
	for i, m := range plan.Primary {
		if q, ok := m.Quantile(); ok {
			if reason := lateStarts(plan, p, q, values[i]); reason != "" {
				add("%s", reason)
			}
		}
	}
	return reasons
}

// disturbed are the reasons why a pair does not count which lie in the machine alone.
func disturbed(p GatePair) []string {
	var reasons []string
	for _, side := range []GateSide{p.Baseline, p.Candidate} {
		e := examination{side.Fitness, gateFitness()}
		for _, reason := range []string{e.stolen(), e.crowded()} {
			if reason != "" && !slices.Contains(reasons, reason) {
				reasons = append(reasons, reason)
			}
		}
	}
	return reasons
}

// lostAlike is how many standard deviations what two builds lost of the same load may be apart, so that it is alike.
const lostAlike = 3

// against says what a pair that does not count shows against a pass, or is "": that the script ended the load or threw, whichever build it
// was for, or that much more was lost of what the candidate was offered.
func against(p GatePair, windows []bothWindow) string {
	for _, side := range []GateSide{p.Candidate, p.Baseline} {
		if _, ended := endedByScript(side.Fitness); ended != "" {
			return ended
		}
		if side.Fitness.Exceptions > 0 {
			return exceptionReason(side.Fitness)
		}
	}
	var lost, offered [2]float64
	for _, w := range windows {
		for i, one := range []GateWindow{w.baseline, w.candidate} {
			lost[i] += float64(one.Failed + one.Dropped)
			offered[i] += float64(one.Offered)
		}
	}
	baseline, candidate := lost[0]/max(offered[0], 1), lost[1]/max(offered[1], 1)
	if candidate-baseline <= (FitnessLimits{}).withDefaults().DroppedShare || lost[1]-lost[0] <= lostAlike*math.Sqrt(lost[0]+lost[1]) {
		return ""
	}
	return fmt.Sprintf("the candidate lost %s of what it was offered, the baseline %s", percent(candidate), percent(baseline))
}

// againstPass are the reasons of pairs that do not count, and in which something befell the candidate, or the script, that a pass would hide.
// They never stand against a fail by the pairs that do count.
func againstPass(conducted []results.GateReading) []string {
	var reasons []string
	for _, r := range conducted {
		if r.Against != "" {
			reasons = append(reasons, fmt.Sprintf("pair %d does not count, and speaks against a pass: %s", r.Pair, r.Against))
		}
	}
	return reasons
}

// edgeIterations are how many iterations fall on another side of the edges of whole seconds when both builds are offered the same.
const edgeIterations = 2

// offeredApart is by which share the rates that the builds were offered differ, but for what falls beyond an edge. It is not ok where
// one was offered nothing.
func offeredApart(windows []bothWindow) (float64, bool) {
	var baseline, candidate, baselineSeconds, candidateSeconds float64
	for _, w := range windows {
		baseline, candidate = baseline+float64(w.baseline.Offered), candidate+float64(w.candidate.Offered)
		baselineSeconds, candidateSeconds = baselineSeconds+w.baseline.Seconds, candidateSeconds+w.candidate.Seconds
	}
	if min(baseline, candidate, baselineSeconds, candidateSeconds) <= 0 {
		return 1, false
	}
	if math.Abs(candidate-baseline*candidateSeconds/baselineSeconds) <= edgeIterations+1e-6 {
		return 0, true
	}
	ratio := (candidate / candidateSeconds) / (baseline / baselineSeconds)
	return max(ratio, 1/ratio) - 1, true
}

// lateStarts says that iterations started so late that a quantile of latency is not the target's, or is "". Where it is known what that
// adds to the quantile, this counts: those that start late are seldom those that take long. Else the same quantile of lateness does,
// and where only its p99 is known, that is held against p99 and what is beyond it.
func lateStarts(plan results.Gate, p GatePair, q float64, v results.GateValue) string {
	if v.Baseline == nil || v.Candidate == nil {
		return ""
	}
	latency, limits := min(*v.Baseline, *v.Candidate), plan.Limits
	baseline, candidate := p.Baseline.latenessAt(q), p.Candidate.latenessAt(q)
	name := "p" + display(q*100, slo.UnitNone)
	most, apart := max(baseline, candidate), math.Abs(candidate-baseline)
	switch {
	case v.Late != nil && *v.Late > limits.LatenessAdded && most > limits.LatenessShare*latency:
		return fmt.Sprintf("iterations started late: that is %s of %s of latency, more than %s", percent(*v.Late), name, percent(limits.LatenessAdded))
	case v.Late != nil: // what it changes is judged over all pairs
	case most > limits.LatenessShare*latency:
		return fmt.Sprintf("iterations started late: %s of lateness is %s, more than %s of that of latency",
			name, display(most, slo.UnitTime), percent(limits.LatenessShare))
	case apart > limits.LatenessApart*latency:
		return fmt.Sprintf("iterations of one build started later than those of the other: %s of lateness differs by %s, more than %s of that of latency",
			name, display(apart, slo.UnitTime), percent(limits.LatenessApart))
	}
	return ""
}

// readLateness notes what lateness did to a quantile.
func readLateness(v *results.GateValue, p GatePair, q float64) {
	baseline, ok := p.Baseline.addedByLateness(q)
	candidate, both := p.Candidate.addedByLateness(q)
	if v.Change != nil && ok && both {
		v.Late, v.LateApart = known(-math.Expm1(-max(baseline, candidate))), known(candidate-baseline)
	}
}

// heedLateness notes how much of a quantile is lateness. Where that surely changed one build by more than the other, and more than may be,
// the change counts with it and without it: neither a fail nor a pass may be the lateness's. Its sign is not enough, as the same lateness is
// a greater part of the quicker build: each true rise has some that seems to make it smaller. What chance does to lateness is a part of
// what chance does to the change.
func (g *gate) heedLateness(e *gateMetric, at int, failBound, passBound float64) {
	var late, apart, without []float64
	for _, r := range g.used {
		v := valueOf(r, at)
		if v.Late == nil || v.LateApart == nil {
			return
		}
		late, apart, without = append(late, *v.Late), append(apart, *v.LateApart), append(without, *v.Change-*v.LateApart)
	}
	e.Late = known(stats.TrimmedMean(late, 0))
	moments := stats.MomentsOf(apart, gateResolution)
	if surely := math.Abs(moments.Mean) - passBound*moments.Error(); surely <= math.Log1p(g.plan.Limits.LatenessApart) {
		return
	}
	own := stats.MomentsOf(without, gateResolution)
	e.least = min(e.least, own.Mean-failBound*own.Error())
	e.own = own.Mean
	e.most = max(e.most, own.Mean+passBound*own.Error())
	e.lateApart = fmt.Sprintf("iterations of one build started later than those of the other, which changes %s by %s, more than %s; without that it changed by %s",
		e.Metric, percent(math.Expm1(math.Abs(moments.Mean))), percent(g.plan.Limits.LatenessApart), percent(math.Expm1(own.Mean)))
}

// latenessAt is a quantile of the lateness that the generator itself caused, in milliseconds; 0 where it is not known. Of that only p99
// is kept: what is beyond it waited for a VU, which a target does that takes long, and belongs to its latency.
func (s GateSide) latenessAt(q float64) float64 {
	most := math.Inf(1)
	if s.Fitness.LatenessOwnP99 > 0 {
		most = s.Fitness.LatenessOwnP99
	}
	switch {
	case s.Lateness != nil && s.Lateness.Count() > 0:
		return min(most, s.Lateness.Quantile(q))
	case q >= 0.99:
		return min(most, s.Fitness.LatenessP99)
	}
	return 0
}

// addedByLateness is by how much the logarithm of a quantile of latency is above that of how long the same requests took.
func (s GateSide) addedByLateness(q float64) (added float64, ok bool) {
	if s.Service == nil || s.Service.Count() == 0 {
		return 0, false
	}
	latency := histogram.New()
	for _, w := range s.Windows {
		latency.Merge(w.Latency)
	}
	took, from := s.Service.Quantile(q), latency.Quantile(q)
	if took <= 0 || from <= 0 {
		return 0, false
	}
	return max(0, math.Log(from)-math.Log(took)), true
}
