package campaign

import (
	"math"
	"math/rand/v2"

	"github.com/devcraft-studio/brunt/results"
)

// The lengths of a slice and of what is left out at its beginning, in windows of the plan: 4 s and 1 s of 5 s.
const (
	sliceWindows = 0.8
	sliceLeaves  = 0.2
)

// Slices are when each build of a pair is under load by itself, in seconds from t = 0: in blocks of four slices, ABBA or BAAB by the
// pair's coin, so that what drifts evenly befalls both alike. There are as many blocks as it takes to measure each build for as long
// as is planned.
func (p GatePair) Slices(plan results.Gate) (baseline, candidate []results.GateSlice) {
	plan = plan.WithDefaults()
	length, leaves := plan.Window*sliceWindows, plan.Window*sliceLeaves
	coins := rand.New(rand.NewPCG(uint64(p.Seed), 0))
	sides := [2]*[]results.GateSlice{&baseline, &candidate}
	at := 0.0
	for block := range SliceBlocks(plan) {
		outer := coins.IntN(2)
		for _, side := range []int{outer, 1 - outer, 1 - outer, outer} {
			*sides[side] = append(*sides[side], results.GateSlice{Start: at, From: at + leaves, End: at + length, Block: block})
			at += length
		}
	}
	return baseline, candidate
}

// SliceBlocks is how many blocks of four slices a pair has.
func SliceBlocks(plan results.Gate) int {
	plan = plan.WithDefaults()
	return int(math.Ceil(plan.Measured/(2*plan.Window*(sliceWindows-sliceLeaves)) - 1e-9))
}

// SlicesLast is how long all slices of a pair take, in seconds.
func SlicesLast(plan results.Gate) float64 {
	return float64(SliceBlocks(plan)) * 4 * plan.WithDefaults().Window * sliceWindows
}
