package campaign

import (
	"math"
	"slices"
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

func TestBuildsTakeTurnsInBlocks(t *testing.T) {
	plan := results.Gate{Mode: results.GateSlices}
	orders := map[string]int{}
	for number := range 50 {
		pair := Gate{Plan: plan, Seed: 3}.pair(number + 1)
		baseline, candidate := pair.Slices(plan)
		if len(baseline) != 16 || len(candidate) != 16 {
			t.Fatalf("%d and %d slices, want 16: 8 blocks of 6 s for each make 45 s", len(baseline), len(candidate))
		}
		all := slices.Concat(baseline, candidate)
		slices.SortFunc(all, func(a, b results.GateSlice) int { return int(math.Round(a.Start - b.Start)) })
		for i, s := range all {
			if s.Start != float64(4*i) || s.From != s.Start+1 || s.End != s.Start+4 || s.Block != i/4 {
				t.Fatalf("slice %d: %+v", i, s)
			}
		}
		for block := range 8 {
			order := ""
			for _, s := range all[4*block : 4*block+4] {
				order += map[bool]string{true: "A", false: "B"}[slices.Contains(baseline, s)]
			}
			orders[order]++
		}
	}
	if len(orders) != 2 || orders["ABBA"] < 140 || orders["BAAB"] < 140 {
		t.Errorf("400 blocks: %v", orders)
	}
}

func TestHowManySlicesThereAre(t *testing.T) {
	for _, row := range []struct {
		name             string
		measured, window float64
		blocks           int
		last             float64
	}{
		{"as planned", 0, 0, 8, 128},
		{"no more than whole blocks", 48, 0, 8, 128},
		{"a scale of a tenth", 4.5, 0.5, 8, 12.8},
		{"one", 1, 0, 1, 16},
	} {
		plan := results.Gate{Measured: row.measured, Window: row.window}
		if blocks, last := SliceBlocks(plan), SlicesLast(plan); blocks != row.blocks || math.Abs(last-row.last) > 1e-9 {
			t.Errorf("%s: %d blocks of %v s, want %d of %v", row.name, blocks, last, row.blocks, row.last)
		}
	}
}
