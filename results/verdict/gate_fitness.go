package verdict

import (
	"fmt"
	"math"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// unfitPair says why a pair does not count. Every rule is the same for both builds.
func unfitPair(plan results.Gate, p GatePair, windows []bothWindow, values []results.GateValue) []string {
	var reasons []string
	add := func(format string, args ...any) {
		if text := fmt.Sprintf(format, args...); !slices.Contains(reasons, text) {
			reasons = append(reasons, text)
		}
	}
	if len(windows) == 0 {
		add("nothing was measured")
		return reasons
	}
	limits := FitnessLimits{}.withDefaults()
	for _, side := range []GateSide{p.Baseline, p.Candidate} {
		found := Fitness(side.Fitness, limits).Reasons
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
	if apart, ok := offeredApart(windows); !ok || apart > plan.Limits.OfferedApart {
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

// lateStarts says that iterations started so late that a quantile of latency is not the target's, or is "". Where only p99 of lateness is
// known, it is held against p99 and what is beyond it.
func lateStarts(plan results.Gate, p GatePair, q float64, v results.GateValue) string {
	if v.Baseline == nil || v.Candidate == nil {
		return ""
	}
	latency := min(*v.Baseline, *v.Candidate)
	lateness := func(side GateSide) float64 {
		switch {
		case side.Lateness != nil && side.Lateness.Count() > 0:
			return side.Lateness.Quantile(q)
		case q >= 0.99:
			return side.Fitness.LatenessP99
		}
		return 0
	}
	baseline, candidate := lateness(p.Baseline), lateness(p.Candidate)
	name := "p" + display(q*100, slo.UnitNone)
	if most := max(baseline, candidate); most > plan.Limits.LatenessShare*latency {
		return fmt.Sprintf("iterations started late: %s of lateness is %s, more than %s of that of latency",
			name, display(most, slo.UnitTime), percent(plan.Limits.LatenessShare))
	}
	if apart := math.Abs(candidate - baseline); apart > plan.Limits.LatenessApart*latency {
		return fmt.Sprintf("iterations of one build started later than those of the other: %s of lateness differs by %s, more than %s of that of latency",
			name, display(apart, slo.UnitTime), percent(plan.Limits.LatenessApart))
	}
	return ""
}
