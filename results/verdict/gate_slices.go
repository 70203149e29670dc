package verdict

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/slo"
)

// inTurnWindows are the windows of two builds that took turns: of each block what was measured of a build in its two slices of it. The
// first of each slice is left out, because the target or the machine may be busy with what the other build left: as much as the record
// says (1 s of 4 s), or as twice the p99 of latency of both builds together, in whole steps of that length. Blocks of which one build
// has nothing left are out; why says what became of them where none is left.
func inTurnWindows(sides [2]*gateReader) (baseline, candidate []GateWindow, why string) {
	all := histogram.New()
	for _, r := range sides {
		for _, s := range r.seconds {
			if _, ok := r.sliceOf(s, 0); ok {
				all.Merge(s.latency)
			}
		}
	}
	settled := 0.0
	if all.Count() > 0 {
		settled = 2 * all.Quantile(0.99) / 1000
	}
	var blocks [2]map[int]GateWindow
	for i, r := range sides {
		blocks[i] = r.blocks(settled)
	}
	for _, block := range slices.Sorted(maps.Keys(blocks[0])) {
		if other, ok := blocks[1][block]; ok {
			baseline, candidate = append(baseline, blocks[0][block]), append(candidate, other)
		}
	}
	if len(baseline) == 0 && all.Count() > 0 {
		why = fmt.Sprintf("p99 of latency is %s: after twice as long nothing is left of a slice", display(settled/2*1000, slo.UnitTime))
	}
	return baseline, candidate, why
}

// blocks are the windows of one side by block, without what comes sooner than so many seconds after the begin of a slice.
func (r *gateReader) blocks(settled float64) map[int]GateWindow {
	found := map[int]GateWindow{}
	for _, at := range slices.Sorted(maps.Keys(r.seconds)) {
		s := r.seconds[at]
		slice, ok := r.sliceOf(s, settled)
		if !ok {
			continue
		}
		w := s.window(r.offers)
		w.Seconds = s.to - s.from
		if before, ok := found[slice.Block]; ok {
			w = before.and(w)
		}
		found[slice.Block] = w
		r.count(s)
	}
	return found
}

// sliceOf is the slice of the trial in whose measured part a frame lies. settled is after how many seconds it begins, if that is
// later than in the record.
func (r *gateReader) sliceOf(s *gateSecond, settled float64) (results.GateSlice, bool) {
	const rounding = 1e-6 // seconds
	for _, slice := range r.trial.Slices {
		step := slice.From - slice.Start
		from := slice.From
		if step > 0 && settled > step {
			from = slice.Start + step*math.Ceil(settled/step-rounding)
		}
		if s.from >= from-rounding && s.to <= slice.End+rounding {
			return slice, true
		}
	}
	return results.GateSlice{}, false
}
