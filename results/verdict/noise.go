package verdict

import (
	"fmt"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/slo"
	"github.com/devcraft-studio/brunt/results/stats"
)

// judgeCalibration judges a build against itself by what its pairs recorded.
func judgeCalibration(v *results.Verdict, run results.Run, open Opener) error {
	plan := run.Question.Gate.WithDefaults()
	pairs, doubts, err := GatePairs(run, open)
	if err != nil {
		return err
	}
	v.Warnings = append(v.Warnings, doubts...)
	readings := []results.GateReading{}
	var own []GatePair
	for _, p := range pairs {
		r := ReadPair(plan, p)
		if r.Planted = plantedIn(run, p.Number); r.Planted != nil {
			// A limit makes a load late and drops some of it: that is its effect, and it is for no gate.
			r.Unfit, r.Against = disturbed(p), ""
		} else {
			own = append(own, p)
		}
		r.Unfit = append(r.Unfit, faultsAmiss(run, p.Number)...)
		readings = append(readings, r)
	}
	card := Noise(plan, readings)
	card.Machine = noiseOfMachine(own)
	if run.Status == results.StatusComplete { // it takes seconds, and is not for every pair
		card.FalseAlarms = drawGates(plan, unplanted(readings), run.Seed)
	}
	v.Noise = &card
	v.Evidence = append(v.Evidence, againstItself(plan, card)...)
	for _, kind := range run.Question.Calibration.Planted {
		v.Evidence = append(v.Evidence, plantedRow(kind, card))
	}
	v.Outcome = overall(v.Evidence)
	warnOfPairs(v, run)
	return nil
}

// plantedIn is the change that was planted in the candidate of a pair; nil: none was.
func plantedIn(run results.Run, pair int) *results.Planted {
	for _, t := range run.Trials {
		if t.Pair == pair && t.Planted != nil {
			return t.Planted
		}
	}
	return nil
}

// Noise is the card that readings of a build against itself make, those with a planted change among them, without what no reading
// tells, the machine, and without gates that are drawn from them.
func Noise(plan results.Gate, readings []results.GateReading) results.NoiseCard {
	plan = plan.WithDefaults()
	own := unplanted(readings)
	card := results.NoiseCard{Pairs: len(own), Used: len(fitReadings(own)), Planted: readPlanted(readings), Readings: readings}
	for _, r := range own {
		card.PairSeconds += r.Seconds / float64(len(own))
	}
	card.Metrics, card.Affordable = Foresee(plan, readings)
	for _, p := range card.Planted {
		if plan.Mode == results.GateMirror && p.Kind == results.PlantedDelay && p.Outcome == results.Fail {
			card.MirrorRefused = p.Reason
		}
	}
	return card
}

// unplanted are the readings of a build against itself and nothing else.
func unplanted(readings []results.GateReading) []results.GateReading {
	return slices.DeleteFunc(slices.Clone(readings), func(r results.GateReading) bool { return r.Planted != nil })
}

// fitReadings are those that count.
func fitReadings(readings []results.GateReading) []results.GateReading {
	return slices.DeleteFunc(slices.Clone(readings), func(r results.GateReading) bool { return len(r.Unfit) > 0 })
}

// Foresee says what a gate can see, and how many pairs its budget holds, given readings of a build against itself. Its answer is the
// statement of the last look that the budget allows, as JudgeGate would make it there, if pairs lie as far apart as those did.
func Foresee(plan results.Gate, readings []results.GateReading) (metrics []results.NoiseMetric, pairs int) {
	plan = plan.WithDefaults()
	own := unplanted(readings)
	pairs = mostPairs(plan, own)
	used := fitReadings(own)
	metrics = []results.NoiseMetric{}
	for i, m := range plan.Primary {
		metrics = append(metrics, noiseOf(plan, used, i, m, pairs))
	}
	return metrics, pairs
}

// noiseOf is one primary metric, at the place where readings have it, and what a gate of so many pairs sees of it.
func noiseOf(plan results.Gate, used []results.GateReading, at int, m results.GateMetric, pairs int) results.NoiseMetric {
	n := results.NoiseMetric{Metric: m.Name, Unit: slo.UnitTime}
	switch m.Name {
	case results.GateErrors:
		n.Unit = slo.UnitShare
	case results.GateThroughput:
		n.Unit = slo.UnitPerSecond
	}
	if len(used) < 2 {
		n.Reason = fmt.Sprintf("%s, and it takes two to lie apart", plural(int64(len(used)), "pair"))
		return n
	}
	var changes, levels []float64
	for _, r := range used {
		v := valueOf(r, at)
		if v.Change == nil || v.Baseline == nil {
			n.Reason = tooLittle(m, r.Pair, v, plan.Limits)
			return n
		}
		changes, levels = append(changes, *v.Change), append(levels, *v.Baseline)
	}
	resolution := gateResolution
	if m.Name == results.GateErrors {
		resolution = 0
	}
	moments, mean := stats.MomentsOf(changes, resolution), stats.MeanOf(changes)
	low, high := mean.Interval(beyondInterval)
	n.Level, n.SD, n.Offset, n.OffsetLow, n.OffsetHigh = known(middle(levels)), known(moments.SD), known(moments.Mean), known(low), known(high)
	n.Autocorrelation = known(stats.Successive(changes))
	alpha := plan.Alpha / float64(len(plan.Primary))
	if m.Name == results.GateErrors {
		n.MDE = smallestErrors(plan, used, at, pairs)
		return n
	}
	if bounds := stats.Bounds(alpha, plan.LeastPairs, pairs); len(bounds) > 0 {
		n.MDE = known(stats.SmallestFound(moments.SD, pairs, bounds[len(bounds)-1], change(m.Floor)))
	}
	if needed, ok := stats.NeededValues(change(m.PassLimit), moments.SD, change(m.Floor), alpha, plan.LeastPairs); ok {
		n.PairsNeeded = &needed
	}
	return n
}

// beyondInterval is what intervals for people leave out at each end.
const beyondInterval = 0.025

// smallestErrors is the difference of shares that the last look of a gate of so many pairs finds, if as many fail and as unevenly as in
// the readings.
func smallestErrors(plan results.Gate, used []results.GateReading, at, pairs int) *float64 {
	level := plan.Alpha / float64(len(plan.Primary)) * spentAt(pairs, plan.LeastPairs, pairs)
	test, ok := stats.CompareFailures((&gate{used: used}).failures(at), level, level)
	if !ok {
		return nil
	}
	more := float64(pairs) / float64(len(used))
	test.Baselines, test.Offered = more*test.Baselines, more*test.Offered
	return known(max(test.SmallestFailures(level), plan.Primary[at].Floor))
}

// noiseOfMachine is what generator and machine were like in pairs.
func noiseOfMachine(pairs []GatePair) results.NoiseMachine {
	var m results.NoiseMachine
	var lateness *histogram.Histogram
	var steal, foreign []float64
	stolen, limits := 0.0, FitnessLimits{}.withDefaults()
	for _, p := range pairs {
		for _, side := range []GateSide{p.Baseline, p.Candidate} {
			lateness = merged(lateness, side.Lateness)
		}
		most, others := 0.0, 0.0
		told, toldOthers := false, false
		for _, side := range []GateSide{p.Baseline, p.Candidate} {
			if found := side.Fitness.Machine; found != nil {
				told, most = true, max(most, found.Steal)
				if found.Foreign != nil {
					toldOthers, others = true, max(others, *found.Foreign)
				}
			}
		}
		if told {
			steal = append(steal, most)
			if most > limits.StealShare {
				stolen++
			}
		}
		if toldOthers {
			foreign = append(foreign, others)
		}
	}
	if lateness != nil {
		m.LatenessP99 = known(lateness.Quantile(0.99))
	}
	if len(steal) > 0 {
		m.Stolen, m.Steal = known(stolen/float64(len(steal))), known(middle(steal))
	}
	if len(foreign) > 0 {
		m.Foreign = known(middle(foreign))
	}
	return m
}
