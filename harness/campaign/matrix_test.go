package campaign

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

func cellsOfTwoLinks() (all []results.Cell) {
	for _, link := range []string{"api->cache", "api->db"} {
		for _, kind := range []string{"latency", "timeout", "reset", "down", "bandwidth"} {
			all = append(all, CellsOf(link, kind)...)
		}
	}
	return all
}

// all is the order in which a matrix tries its cells.
func (m Matrix) all() (tried []results.Cell) {
	for {
		c, ok := m.Next(tried)
		if !ok {
			return tried
		}
		tried = append(tried, c)
	}
}

func TestAMatrixTriesEveryCellOnceInAnOrderOfItsSeed(t *testing.T) {
	m := Matrix{Cells: cellsOfTwoLinks(), Seed: 7}
	order := m.all()
	if len(order) != 20 {
		t.Fatalf("%d cells", len(order))
	}
	for _, c := range m.Cells {
		if !slices.Contains(order, c) {
			t.Errorf("%v was not tried", c)
		}
	}
	if diff := cmp.Diff(order, m.all()); diff != "" {
		t.Errorf("the same seed gave another order:\n%s", diff)
	}
	if other := (Matrix{Cells: m.Cells, Seed: 8}).all(); slices.Equal(order, other) {
		t.Error("another seed gave the same order")
	}
	// The first five cover every kind, both links and both strengths.
	seen := map[string]bool{}
	for _, c := range order[:5] {
		seen[c.Kind], seen[c.Link], seen[c.Strength] = true, true, true
	}
	if len(seen) != 9 {
		t.Errorf("the first five cover %v", seen)
	}
	// Whatever was tried before, the rest follows: an interrupted matrix goes on where it stopped.
	for n := range order {
		if next, ok := m.Next(order[:n]); !ok || next != order[n] {
			t.Errorf("after %d cells comes %v, want %v", n, next, order[n])
		}
	}
}

func TestAMatrixTriesWhatFailedBeforeFirst(t *testing.T) {
	m := Matrix{Cells: cellsOfTwoLinks(), Seed: 7}
	m.Failed = []results.Cell{m.Cells[13], m.Cells[2], {Link: "gone->db", Kind: "latency"}}
	order := m.all()
	if !slices.Contains(m.Failed, order[0]) || !slices.Contains(m.Failed, order[1]) || len(order) != 20 {
		t.Errorf("%v", order[:3])
	}
}

func TestAKindOfNodesHasNoCells(t *testing.T) {
	if c := CellsOf("api->cache", "pause"); c != nil {
		t.Errorf("%v", c)
	}
}
