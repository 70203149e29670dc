package campaign

import (
	"math"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// Calibration measures a build against itself in the shape of a gate, and then with changes planted in the candidate.
type Calibration struct {
	Gate  Gate // whose plan says how a pair is measured, and whose seed what is left to chance
	Asked results.Calibration
}

// Next is the pair to run after those that were read, or that there is none. What pairs say, and how long all may take, ends nothing.
func (c Calibration) Next(done []results.GateReading, _ time.Duration) (GatePair, GateEnd) {
	pair := c.Gate.After(done)
	left := c.left(done)
	if len(left) == 0 {
		return GatePair{}, GatePairs
	}
	if kind := left[0]; kind != "" {
		pair.Planted = &results.Planted{Kind: kind}
		if kind == results.PlantedDelay {
			pair.Planted.Delay = plantedDelay(done)
		}
		for _, r := range done { // all pairs of a kind have the same
			if r.Planted != nil && r.Planted.Kind == kind {
				again := *r.Planted
				pair.Planted = &again
				break
			}
		}
	}
	return pair, ""
}

// Remaining is how long the pairs that are left take, if they take as long as those before.
func (c Calibration) Remaining(done []results.GateReading, _ time.Duration) time.Duration {
	each := expected(c.Gate.Plan.WithDefaults(), done)
	return time.Duration(float64(len(c.left(done))) * each * float64(time.Second))
}

// Pairs is how many there are in all.
func (c Calibration) Pairs() int { return len(c.left(nil)) }

// left are the pairs that are still to be run, by the kind of what is planted in them.
func (c Calibration) left(done []results.GateReading) []results.PlantedKind {
	all := make([]results.PlantedKind, c.Asked.Pairs)
	for _, kind := range c.Asked.Planted {
		for range results.PlantedPairs {
			all = append(all, kind)
		}
	}
	for _, r := range done {
		kind := results.PlantedKind("")
		if r.Planted != nil {
			kind = r.Planted.Kind
		}
		if i := slices.Index(all, kind); i >= 0 {
			all = slices.Delete(all, i, i+1)
		}
	}
	return all
}

// leastDelay is the shortest delay that is planted, in milliseconds: a timer of the proxy is late by some tenths of one.
const leastDelay = 10

// plantedDelay is as long as the median answer takes without it, in whole milliseconds.
func plantedDelay(done []results.GateReading) float64 {
	var levels []float64
	for _, r := range done {
		for _, v := range r.Values {
			if r.Planted == nil && v.Metric == "p50" && v.Baseline != nil {
				levels = append(levels, *v.Baseline)
			}
		}
	}
	if len(levels) == 0 {
		return leastDelay
	}
	slices.Sort(levels)
	return max(leastDelay, math.Ceil(levels[len(levels)/2]))
}
