package verdict

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/stats"
)

// The bounds of comparisons of times. The simulation beside them holds them to at most 1 % of false alarms.
const (
	// fewestPairs are as many as the timing gate takes before its first look.
	fewestPairs = 5
	// apart is how long after the end of one trial of a pair the other may begin.
	apart = 30 * time.Minute
	// falseAlarms is the share of comparisons of a build with itself in which any row may be worse by chance. Each row of an
	// interleaved comparison gets an equal part of it.
	falseAlarms = 0.01
	// sameTail is what the interval leaves out on each side that has to lie within the bounds of what is the same.
	sameTail = 0.05
	// overlooked is the share of effects of the size of the MDE that are not named.
	overlooked = 0.05
	// factorElsewhere is how many times as long a time has to be when the builds ran on other machines or in another way. shortFactor is
	// by how much more in phases of less than shortPhase seconds, which one burst of something else can fill.
	factorElsewhere = 4.0
	shortFactor     = 1.2
	shortPhase      = 30.0
	// floorOfTimes is the least by which a time has to differ then, in milliseconds: some slices of a scheduler's.
	floorOfTimes = 5.0
	// fewestFailures is how many requests have to make a difference of shares then.
	fewestFailures = 10.0
	// resolution is that of the histograms, by which two equal times may differ.
	resolution = 0.002
)

// pairsOf are the trials of both builds, baseline first, that ran on one machine one right after the other; a trial is in one pair at
// most. mixed says that each build ran first in a quarter of them or more: what grows with time would count for the second. Where the
// builds ran strictly in turn, one trial is left out in the middle, so that the order of the pairs behind it is the other one.
func pairsOf(sides [2][]execution) (pairs [][2]*results.Trial, mixed bool) {
	var all []placed
	for s, executions := range sides {
		for _, e := range executions {
			if !e.unfit {
				all = append(all, placed{e, s})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int { return a.trial.Began.Compare(b.trial.Began) })
	pairs, balance := matched(all, -1)
	most := len(pairs)
	for skip := range all {
		other, turned := matched(all, skip)
		if len(other) >= most-1 && (turned > balance || turned == balance && len(other) > len(pairs)) {
			pairs, balance = other, turned
		}
	}
	return pairs, len(pairs) > 0 && 4*balance >= len(pairs)
}

// placed is an execution with its side.
type placed struct {
	execution
	side int
}

// matched makes pairs of neighbours from the first on, but for one. balance is how often the build ran first that did so less often.
func matched(all []placed, skip int) (pairs [][2]*results.Trial, balance int) {
	first := [2]int{}
	for i := 0; i+1 < len(all); i++ {
		a, b := all[i], all[i+1]
		if i == skip || i+1 == skip || a.side == b.side || a.run.Host.Fingerprint != b.run.Host.Fingerprint || b.trial.Began.Sub(a.trial.Ended) > apart {
			continue
		}
		pair := [2]*results.Trial{}
		pair[a.side], pair[b.side] = a.trial, b.trial
		pairs = append(pairs, pair)
		first[a.side]++
		i++
	}
	return pairs, min(first[0], first[1])
}

// decide finishes a row, one of so many.
func (k *contrast) decide(r *timedRow, pairs [][2]*results.Trial, rows int) {
	if r.BaselineTrials == 0 || r.CandidateTrials == 0 {
		r.Reason = "too few requests"
		return
	}
	b, c := middle(slices.Collect(maps.Values(r.values[0]))), middle(slices.Collect(maps.Values(r.values[1])))
	r.Baseline, r.Candidate = r.shown(b), r.shown(c)
	var differences []float64
	for _, p := range pairs {
		baseline, ok := r.values[0][p[0]]
		candidate, too := r.values[1][p[1]]
		if ok && too {
			differences = append(differences, candidate-baseline)
		}
	}
	if k.out.Interleaved && len(differences) >= fewestPairs {
		r.interleaved(differences, falseAlarms/float64(rows))
	} else {
		r.apart(c-b, k.half(r, b, c))
	}
	k.restrain(r)
}

// interleaved decides by the interval over pairs.
func (r *timedRow) interleaved(differences []float64, tail float64) {
	m := stats.MeanOf(differences)
	low, high := m.Interval(tail)
	least, most := m.Interval(sameTail)
	mde, blur := m.Detectable(tail, overlooked), 0.0
	if !r.what.share {
		mde, blur = math.Expm1(mde), resolution
	}
	low, high = low-blur, high+blur
	r.set(m.Value, low, high, max(mde, r.what.least))
	bound := func(v float64) float64 { // of the estimate, as a ratio's logarithm or a difference
		if r.what.share {
			return v
		}
		return math.Log1p(v)
	}
	switch {
	case low > 0 && m.Value >= bound(r.what.least):
		r.Outcome = r.direction(1)
	case high < 0 && m.Value <= -bound(r.what.least):
		r.Outcome = r.direction(-1)
	case least >= -bound(r.what.within) && most <= bound(r.what.within):
		r.Outcome = results.Same
	}
}

// apart decides where the builds did not run in turn: only what chance can't make in any of the simulated machines is named, and
// nothing is the same.
func (r *timedRow) apart(difference, half float64) {
	mde := half
	if !r.what.share {
		mde = math.Expm1(half)
	}
	r.set(difference, difference-half, difference+half, mde)
	if r.what.floor > 0 && !r.what.share && math.Abs(*r.Candidate-*r.Baseline) < r.what.floor {
		return
	}
	switch {
	case difference > half:
		r.Outcome = r.direction(1)
	case difference < -half:
		r.Outcome = r.direction(-1)
	}
}

// half is half of the interval where the builds did not run in turn: a factor's logarithm or a difference, and no less than what the
// trials of either side differ by.
func (k *contrast) half(r *timedRow, b, c float64) float64 {
	spread := max(spreadOf(r.values[0]), spreadOf(r.values[1]))
	if r.what.share {
		least := min(b, c)
		if r.what.more {
			least = min(1-b, 1-c)
		}
		return max(r.what.floor, least, spread, fewestFailures/r.sent)
	}
	factor := factorApart(min(r.BaselineTrials, r.CandidateTrials))
	if k.effect[results.EffectLarge] || k.effect[results.EffectUnclear] {
		factor = factorElsewhere
	}
	if r.shorter < shortPhase {
		factor *= shortFactor
	}
	return max(math.Log(factor), spread)
}

// factorApart is how many times as long a time has to be, on the same machine, when the builds did not run in turn, by the trials of
// the side with fewer.
func factorApart(trials int) float64 {
	switch {
	case trials < 2:
		return 3.5
	case trials < fewestPairs:
		return 3
	}
	return 2.5
}

// restrain takes back what a row may not say: by what was not the same, or by what the generator did.
func (k *contrast) restrain(r *timedRow) {
	why := ""
	switch {
	case k.effect[results.EffectUnclear]:
		why = "what was asked is not the same"
	case r.Metric == "goodput" && k.effect[results.EffectAsked]:
		why = "the SLOs are not the same, and with them what counts as good"
	case r.Outcome == results.Unclear || r.Metric == "goodput" || r.Metric == "served":
		return
	default:
		why = k.generators(r.Outcome)
	}
	if why != "" {
		r.Outcome, r.Reason = results.Unclear, why
	}
}

// generators is why the load generator's own trouble may have made an outcome. Iterations that ran late make times longer than they
// were; iterations that never ran, as others before them took too long, make them shorter.
func (k *contrast) generators(outcome results.ComparisonOutcome) string {
	var late, short [2]bool
	for s, executions := range k.sides {
		for _, e := range executions {
			late[s] = late[s] || !e.unfit && e.trial.Fitness.Late
			short[s] = short[s] || !e.unfit && !e.trial.Fitness.Fit && !e.trial.Fitness.Late
		}
	}
	doubtful := []struct {
		applies bool
		why     string
	}{
		{late[1] && outcome != results.Better, "in trials of the candidate the load generator ran late"},
		{late[0] && outcome != results.Worse, "in trials of the baseline the load generator ran late"},
		{short[0] && outcome != results.Better, "in trials of the baseline a part of the load was never served: how long it would have taken is not known"},
		{short[1] && outcome != results.Worse, "in trials of the candidate a part of the load was never served: how long it would have taken is not known"},
	}
	for _, d := range doubtful {
		if d.applies {
			return d.why
		}
	}
	return ""
}

// set writes the estimate and its interval, which are logarithms of ratios, or differences of shares.
func (r *timedRow) set(value, low, high, mde float64) {
	r.MDE = finite(mde)
	if r.what.share {
		r.Difference, r.Low, r.High = finite(value), finite(max(low, -1)), finite(min(high, 1))
		return
	}
	r.Ratio, r.Low, r.High = finite(math.Exp(value)), finite(math.Exp(low)), finite(math.Exp(high))
}

// shown is a value as people know it.
func (r *timedRow) shown(v float64) *float64 {
	if r.what.share {
		return finite(v)
	}
	return finite(math.Exp(v))
}

// direction is what a change upwards (1) or downwards (-1) means.
func (r *timedRow) direction(sign int) results.ComparisonOutcome {
	if (sign > 0) == r.what.more {
		return results.Better
	}
	return results.Worse
}

// spreadOf is how far values lie apart.
func spreadOf(values map[*results.Trial]float64) float64 {
	sorted := slices.Sorted(maps.Values(values))
	return sorted[len(sorted)-1] - sorted[0]
}
