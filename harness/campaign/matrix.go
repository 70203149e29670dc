package campaign

import (
	"math/rand/v2"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// The two strengths of a scorecard.
const (
	mild   = "mild"
	strong = "strong"
)

// linkStrengths are the two strengths of the kinds that act on links; of a fault that is or is not, two lengths. The mild one is
// what a good day brings and the strong one what a bad day does, each away from what SLOs usually bound, so that the same build
// gets the same outcome again: a share of 2 % is neither a p95, a p99 nor an error budget of 1 %.
//
// Those that count bytes are made for answers as Postgres and Redis give them. On the link to Postgres of scenarios/restapi (50/s,
// a pool, pages of 4 KB, bounds of 300 ms and 0.1 %), strong slicer, stall and latency gave a p95 of 541, 504 and 808 ms, and
// limit-data 62 % of errors; the mild ones a p95 of 17 and 33 ms. 10KB/s gave 352 ms and a limit of 64KiB one error in a hundred
// requests, which are near such bounds: hence 5KB/s and 16KiB. slow-close, connect-delay and connect-blackhole reach only those who
// open and close connections, which a pool does not.
func linkStrengths() map[string][2]string {
	return map[string][2]string{
		"latency":           {"50ms", "500ms"},
		"bandwidth":         {"1MB/s", "5KB/s"},
		"timeout":           {"for 1s", "for 5s"},
		"reset":             {"for 1s", "for 5s"},
		"down":              {"for 1s", "for 5s"},
		"connect-delay":     {"200ms", "1s"},
		"connect-blackhole": {"for 2s", "for 5s"},
		"loss":              {"1%", "20%"},
		"stall":             {"2% by 500ms", "50% by 500ms"},
		"slicer":            {"256B by 1ms", "64B by 10ms"},
		"limit-data":        {"16KiB", "1KiB"},
		"slow-close":        {"200ms", "1s"},
		"http-error":        {"2%", "100%"},
		"http-abort":        {"2%", "100%"},
		"http-slow":         {"2% by 500ms", "50% by 500ms"},
	}
}

// nodeStrengths are the same of the kinds that act on nodes.
func nodeStrengths() map[string][2]string {
	return map[string][2]string{
		"pause":      {"for 1s", "for 5s"},
		"kill":       {"for 1s", "for 5s"},
		"restart":    {"for 1s", "for 5s"},
		"disconnect": {"for 1s", "for 5s"},
		"cpu-limit":  {"0.1 cores", "0.01 cores"}, // the strong one is the least that can be made
	}
}

// CellsOf are the cells of a link and a kind: two strengths. There are none of a kind that a scorecard does not try on links.
func CellsOf(link, kind string) []results.Cell {
	return two(results.Cell{Link: link, Kind: kind}, linkStrengths()[kind])
}

// NodeCellsOf are the cells of a node and a kind.
func NodeCellsOf(node, kind string) []results.Cell {
	return two(results.Cell{Node: node, Kind: kind}, nodeStrengths()[kind])
}

func two(c results.Cell, strengths [2]string) []results.Cell {
	if strengths[0] == "" {
		return nil
	}
	weak, hard := c, c
	weak.Strength, weak.What = mild, strengths[0]
	hard.Strength, hard.What = strong, strengths[1]
	return []results.Cell{weak, hard}
}

// Order is the order in which a scorecard tries its cells, a function of them, of those that failed before, and of the seed. Those
// come first that failed; then such as are on a link or node, or of a kind, that no earlier one was, so that the fewest cover
// all; then the strong ones, and last the mild ones. Between equals the seed decides.
func Order(cells, failed []results.Cell, seed int64) []results.Cell {
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	left := slices.Clone(cells)
	random.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
	covered := map[string]bool{}
	order := make([]results.Cell, 0, len(left))
	for len(left) > 0 {
		best, most := 0, -1
		for i, c := range left {
			if w := weight(c, covered, slices.Contains(failed, c)); w > most {
				best, most = i, w
			}
		}
		c := left[best]
		covered[c.On()], covered[kindOf(c)] = true, true
		order, left = append(order, c), slices.Delete(left, best, best+1)
	}
	return order
}

// weight says how much is to be learnt of a cell.
func weight(c results.Cell, covered map[string]bool, failed bool) int {
	w := 0
	if failed {
		w += 100
	}
	for _, part := range []string{c.On(), kindOf(c)} {
		if !covered[part] {
			w += 10
		}
	}
	if c.Strength == strong {
		w++
	}
	return w
}

// kindOf is a cell's kind as no link or node is named.
func kindOf(c results.Cell) string { return "kind " + c.Kind }

// Matrix tries cells in their order, each once.
type Matrix struct{ Cells []results.Cell }

// Next is the cell that comes after those that were tried; not ok when none is left.
func (m Matrix) Next(tried []results.Cell) (results.Cell, bool) {
	for _, c := range m.Cells {
		if !slices.Contains(tried, c) {
			return c, true
		}
	}
	return results.Cell{}, false
}

// Cover are the cells that are still to be tried after some until every link, node and kind was.
func (m Matrix) Cover(tried []results.Cell) []results.Cell {
	var more []results.Cell
	for {
		on, kinds := verdict.Untried(m.Cells, tried)
		next, ok := m.Next(tried)
		if len(on)+len(kinds) == 0 || !ok {
			return more
		}
		tried, more = append(slices.Clip(tried), next), append(more, next)
	}
}
