package campaign

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

// cellsOfATopology are on two links and three nodes, of five kinds and three.
func cellsOfATopology() (all []results.Cell) {
	for _, link := range []string{"api->cache", "api->db"} {
		for _, kind := range []string{"latency", "timeout", "reset", "down", "slicer"} {
			all = append(all, CellsOf(link, kind)...)
		}
	}
	for _, node := range []string{"api", "cache", "db"} {
		for _, kind := range []string{"pause", "kill", "cpu-limit"} {
			all = append(all, NodeCellsOf(node, kind)...)
		}
	}
	return all
}

func TestAMatrixTriesEveryCellOnceInAnOrderOfItsSeed(t *testing.T) {
	cells := cellsOfATopology()
	order := Order(cells, nil, 7)
	if len(order) != 38 {
		t.Fatalf("%d cells", len(order))
	}
	for _, c := range cells {
		if !slices.Contains(order, c) {
			t.Errorf("%v is not tried", c)
		}
	}
	if diff := cmp.Diff(order, Order(cells, nil, 7)); diff != "" {
		t.Errorf("the same seed gave another order:\n%s", diff)
	}
	if slices.Equal(order, Order(cells, nil, 8)) {
		t.Error("another seed gave the same order")
	}
	// Whatever was tried before, the rest follows: an interrupted matrix goes on where it stopped.
	m := Matrix{Cells: order}
	for n := range order {
		if next, ok := m.Next(order[:n]); !ok || next != order[n] {
			t.Errorf("after %d cells comes %v, want %v", n, next, order[n])
		}
	}
	if next, ok := m.Next(order); ok {
		t.Errorf("after all comes %v", next)
	}
}

func TestTheFirstCellsOfAMatrixCoverEveryLinkNodeAndKindWithStrongFaults(t *testing.T) {
	for seed := range int64(20) {
		order := Order(cellsOfATopology(), nil, seed)
		seen := map[string]bool{}
		for i, c := range order[:8] { // as many as there are kinds
			seen[c.On()], seen[c.Kind] = true, true
			if c.Strength != strong {
				t.Errorf("seed %d: number %d is %v", seed, i+1, c)
			}
		}
		if len(seen) != 13 {
			t.Errorf("seed %d: the first eight cover %v", seed, seen)
		}
		m := Matrix{Cells: order}
		if cover := m.Cover(nil); !slices.Equal(cover, order[:8]) {
			t.Errorf("seed %d: it takes %d cells to cover all", seed, len(cover))
		}
		if cover := m.Cover(order[:3]); !slices.Equal(cover, order[3:8]) {
			t.Errorf("seed %d: after three it takes %d cells more", seed, len(cover))
		}
		if i := slices.IndexFunc(order, func(c results.Cell) bool { return c.Strength == mild }); i != 19 {
			t.Errorf("seed %d: the first mild one is number %d", seed, i+1)
		}
	}
}

func TestAMatrixTriesWhatFailedBeforeFirst(t *testing.T) {
	cells := cellsOfATopology()
	failed := []results.Cell{cells[13], cells[2], {Link: "gone->db", Kind: "latency"}}
	order := Order(cells, failed, 7)
	if !slices.Contains(failed, order[0]) || !slices.Contains(failed, order[1]) || len(order) != 38 {
		t.Errorf("%v", order[:3])
	}
}

func TestCellsAreOfKindsThatActOnWhatTheyName(t *testing.T) {
	for _, row := range []struct {
		name  string
		cells []results.Cell
		want  []results.Cell
	}{
		{"a kind of links on a link", CellsOf("api->cache", "latency"), []results.Cell{
			{Link: "api->cache", Kind: "latency", Strength: mild, What: "50ms"}, {Link: "api->cache", Kind: "latency", Strength: strong, What: "500ms"},
		}},
		{"a kind of nodes on a node", NodeCellsOf("cache", "pause"), []results.Cell{
			{Node: "cache", Kind: "pause", Strength: mild, What: "for 1s"}, {Node: "cache", Kind: "pause", Strength: strong, What: "for 5s"},
		}},
		{"a kind of nodes on a link", CellsOf("api->cache", "pause"), nil},
		{"a kind of links on a node", NodeCellsOf("cache", "latency"), nil},
		{"a limit that no two strengths fit every node", NodeCellsOf("cache", "memory-limit"), nil},
		{"a command", NodeCellsOf("cache", "command"), nil},
	} {
		if diff := cmp.Diff(row.want, row.cells); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}
