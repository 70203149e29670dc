package campaign

import (
	"math/rand/v2"
	"slices"

	"github.com/devcraft-studio/brunt/results"
)

// The two strengths of a scorecard.
const (
	mild   = "mild"
	strong = "strong"
)

// CellsOf are the cells of a link and a kind: two strengths, of which a fault that is or is not has two lengths. There are none of
// a kind that acts on no link, nor of one whose strength only the protocol on the link could name (slicer, limit-data, slow-close).
func CellsOf(link, kind string) []results.Cell {
	two := map[string][2]string{
		"latency": {"50ms", "500ms"}, "bandwidth": {"1MB/s", "50KB/s"}, "timeout": {"for 1s", "for 5s"}, "reset": {"for 1s", "for 5s"},
		"down": {"for 1s", "for 5s"}, "connect-delay": {"200ms", "2s"}, "connect-blackhole": {"for 2s", "for 5s"},
		"stall": {"5% by 500ms", "50% by 500ms"}, "loss": {"1%", "20%"}, "http-error": {"5%", "100%"}, "http-abort": {"5%", "100%"},
	}[kind]
	if two[0] == "" {
		return nil
	}
	return []results.Cell{{Link: link, Kind: kind, Strength: mild, What: two[0]}, {Link: link, Kind: kind, Strength: strong, What: two[1]}}
}

// Matrix tries every cell once, in an order of its seed: first those that failed before, then each that covers most of what no
// earlier one did: a link, a kind, a strength, and each two of them. So what a budget leaves out is spread over all.
type Matrix struct {
	Cells  []results.Cell
	Failed []results.Cell // in an earlier run
	Seed   int64
}

// Next is the cell that comes after those that were tried; not ok when none is left.
func (m Matrix) Next(tried []results.Cell) (results.Cell, bool) {
	random := rand.New(rand.NewPCG(uint64(m.Seed), 0))
	cells := slices.Clone(m.Cells)
	random.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
	covered := map[[3]string]bool{}
	for _, c := range tried {
		for _, part := range partsOf(c) {
			covered[part] = true
		}
	}
	best, most := -1, -1
	for i, c := range cells {
		if slices.Contains(tried, c) {
			continue
		}
		fresh := 0
		for _, part := range partsOf(c) {
			if !covered[part] {
				fresh++
			}
		}
		if slices.Contains(m.Failed, c) {
			fresh += len(partsOf(c)) + 1
		}
		if fresh > most {
			best, most = i, fresh
		}
	}
	if best < 0 {
		return results.Cell{}, false
	}
	return cells[best], true
}

// partsOf is what a cell covers.
func partsOf(c results.Cell) [][3]string {
	return [][3]string{
		{c.Link}, {"", c.Kind}, {"", "", c.Strength}, {c.Link, c.Kind}, {c.Link, "", c.Strength}, {"", c.Kind, c.Strength},
	}
}
