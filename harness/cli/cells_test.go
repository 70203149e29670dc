package cli

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/fault"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
)

// TestEveryCellIsAFaultThatCanBeInjected: what a cell says in words is what the mechanism is asked for.
func TestEveryCellIsAFaultThatCanBeInjected(t *testing.T) {
	t.Parallel()
	want := map[string]experiment.Fault{ // beside name, kind, at, and what it acts on
		"latency 500ms":          {Latency: 500 * time.Millisecond},
		"bandwidth 5KB/s":        {Rate: 5_000},
		"timeout for 5s":         {For: 5 * time.Second},
		"connect-delay 1s":       {Delay: time.Second},
		"stall 2% by 500ms":      {Share: 0.02, Delay: 500 * time.Millisecond},
		"slicer 64B by 10ms":     {Bytes: 64, Delay: 10 * time.Millisecond},
		"limit-data 16KiB":       {Bytes: 16 << 10},
		"slow-close 200ms":       {Delay: 200 * time.Millisecond},
		"http-error 100%":        {Share: 1, Status: 503},
		"http-abort 2%":          {Share: 0.02},
		"http-slow 50% by 500ms": {Share: 0.5, Delay: 500 * time.Millisecond},
		"pause for 1s":           {For: time.Second},
		"kill for 5s":            {For: 5 * time.Second},
		"cpu-limit 0.01 cores":   {CPUs: 0.01},
	}
	seen := 0
	for _, kind := range cellKinds() {
		cells := append(campaign.CellsOf("api->cache", kind), campaign.NodeCellsOf("cache", kind)...)
		if len(cells) != 2 || cells[0].Strength == cells[1].Strength || cells[0].What == cells[1].What {
			t.Errorf("%s has the cells %v", kind, cells)
		}
		for _, c := range cells {
			f, err := cellFault(c)
			if err != nil {
				t.Errorf("%v: %v", c, err)
				continue
			}
			if err := fault.Validate(f); err != nil {
				t.Errorf("%v: %v", c, err)
			}
			w, ok := want[kind+" "+c.What]
			if !ok {
				continue
			}
			seen++
			w.Name, w.Kind, w.At, w.Link, w.Node = f.Name, kind, cellBefore, c.Link, c.Node
			if w.For == 0 {
				w.For = cellLasts
			}
			if diff := cmp.Diff(w, f); diff != "" {
				t.Errorf("%v (-want +got):\n%s", c, diff)
			}
		}
	}
	if seen != len(want) {
		t.Errorf("%d of %d were looked at", seen, len(want))
	}
	if f, err := cellFault(results.Cell{Kind: "latency", What: "much"}); err == nil {
		t.Errorf("a strength of much is %+v", f)
	}
}

func TestAnAllowanceHoldsWhatFitsOneAfterAnother(t *testing.T) {
	t.Parallel()
	q := question{experiment: experiment.Experiment{Warmup: 5 * time.Second}}
	short, long := campaign.CellsOf("api->cache", "timeout")[0], campaign.CellsOf("api->cache", "latency")[1]
	if q.cellLength(short) != 36*time.Second || q.cellLength(long) != 45*time.Second {
		t.Errorf("they last %v and %v", q.cellLength(short), q.cellLength(long))
	}
	for _, row := range []struct {
		name  string
		left  time.Duration
		cells []results.Cell
		want  int
	}{
		{"all", 2 * time.Minute, []results.Cell{short, long}, 2},
		{"the first", 60 * time.Second, []results.Cell{short, long, short}, 1},
		{"none", 44 * time.Second, []results.Cell{long, short}, 0},
		{"nothing is left to try", time.Minute, nil, 0},
	} {
		a := allowance{end: time.Now().Add(row.left), overhead: 8 * time.Second}
		if got := a.holds(&q, row.cells); got != row.want {
			t.Errorf("%s: %d, want %d", row.name, got, row.want)
		}
	}
}

func TestAScorecardKnowsEveryKindOfFaults(t *testing.T) {
	t.Parallel()
	without := []string{"command", "memory-limit"} // no two strengths suit any node
	for _, k := range fault.Kinds {
		links, nodes := len(campaign.CellsOf("a->b", k.Name)), len(campaign.NodeCellsOf("b", k.Name))
		want := [2]int{2, 0}
		switch {
		case slices.Contains(without, k.Name):
			want = [2]int{0, 0}
		case k.On == fault.OnNode:
			want = [2]int{0, 2}
		}
		if got := [2]int{links, nodes}; got != want {
			t.Errorf("%s has %d cells on links and %d on nodes, want %v", k.Name, links, nodes, want)
		}
	}
}

func TestAScorecardLeavesOutWhatTheMachineCanNotDo(t *testing.T) {
	t.Parallel()
	inv := &invocation{}
	kept := campaign.NodeCellsOf("api", "pause")
	inv.run.Question.Cells = append(campaign.NodeCellsOf("api", "cpu-limit"), kept...)
	if inv.impossible("cpu-limit", errors.New("the engine went away")) || len(inv.run.Question.Cells) != 4 {
		t.Error("another error took a kind out of the question")
	}
	none := &topology.NoGroupError{Node: "api", Resource: site.CPU, Err: errors.New("permission denied")}
	if !inv.impossible("cpu-limit", broken(fmt.Errorf("start: %w", none))) {
		t.Fatal("it is not told")
	}
	if diff := cmp.Diff(kept, inv.run.Question.Cells); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := []string{"the scorecard leaves out cpu-limit: no control group can be made: permission denied"}
	if diff := cmp.Diff(want, inv.run.Warnings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
