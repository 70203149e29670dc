package runner

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

func TestPhases(t *testing.T) {
	fault := func(name string, start, end float64) results.Fault {
		return results.Fault{Name: name, Applied: true, Start: start, End: end}
	}
	steady := func(from, to float64) results.Phase {
		return results.Phase{Name: results.PhaseSteady, Start: from, End: to}
	}
	during := func(from, to float64, names ...string) results.Phase {
		return results.Phase{Name: results.PhaseFault, Faults: names, Start: from, End: to}
	}
	after := func(from, to float64, names ...string) results.Phase {
		return results.Phase{Name: results.PhaseRecovery, Faults: names, Start: from, End: to}
	}
	for _, row := range []struct {
		name   string
		faults []results.Fault
		warmup time.Duration
		want   []results.Phase
	}{
		{"without faults all is steady", nil, 0, []results.Phase{steady(0, 100)}},
		{
			"the warm-up lies before t = 0", nil, 10 * time.Second,
			[]results.Phase{{Name: results.PhaseWarmup, Start: -10, End: 0}, steady(0, 100)},
		},
		{
			"a fault is followed by recovery for as long as settle says", []results.Fault{fault("slow", 20.1, 40.2)}, 0,
			[]results.Phase{steady(0, 20.1), during(20.1, 40.2, "slow"), after(40.2, 60.2, "slow"), steady(60.2, 100)},
		},
		{
			"faults that overlap form one phase", []results.Fault{fault("b", 30, 50), fault("a", 20, 40)}, 0,
			[]results.Phase{steady(0, 20), during(20, 50, "a", "b"), after(50, 70, "a", "b"), steady(70, 100)},
		},
		{
			"a fault that meets several instances is named once", []results.Fault{fault("a", 20, 40), fault("a", 20.1, 40.1)}, 0,
			[]results.Phase{steady(0, 20), during(20, 40.1, "a"), after(40.1, 60.1, "a"), steady(60.1, 100)},
		},
		{
			"one that strikes several instances strikes once", []results.Fault{
				{Name: "cut", Applied: true, PlannedStart: 50, Start: 50, End: 50, Occurrence: 1},
				{Name: "cut", Applied: true, PlannedStart: 50, Start: 50.01, End: 50.01, Occurrence: 2},
				{Name: "cut", Applied: true, PlannedStart: 60, Start: 60, End: 60, Occurrence: 3},
			}, 0,
			[]results.Phase{
				steady(0, 50), during(50, 50.01, "cut"), after(50.01, 60, "cut"), during(60, 60, "cut"), after(60, 80, "cut"), steady(80, 100),
			},
		},
		{
			"the next fault ends recovery", []results.Fault{fault("a", 20, 40), fault("b", 45, 50)}, 0,
			[]results.Phase{
				steady(0, 20), during(20, 40, "a"), after(40, 45, "a"), during(45, 50, "b"), after(50, 70, "b"), steady(70, 100),
			},
		},
		{
			"a fault that was never in force makes no phase", []results.Fault{{Name: "a", Start: 20, End: 40}}, 0,
			[]results.Phase{steady(0, 100)},
		},
		{
			"the end of the load cuts a fault", []results.Fault{fault("a", 90, 120)}, 0,
			[]results.Phase{steady(0, 90), during(90, 100, "a")},
		},
		{
			"an instantaneous fault still has a recovery", []results.Fault{fault("flush", 50, 50)}, 0,
			[]results.Phase{steady(0, 50), during(50, 50, "flush"), after(50, 70, "flush"), steady(70, 100)},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := Phases(row.faults, row.warmup, 100*time.Second, 20*time.Second)
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestClockStep(t *testing.T) {
	before := time.Now()
	if err := clockStep(before, time.Now()); err != nil {
		t.Errorf("a clock that nobody set: %v", err)
	}
	// Round(0) strips the monotonic reading, so that only the wall clock tells: the difference is all step.
	if err := clockStep(before.Round(0).Add(-time.Hour), before.Round(0)); err != nil {
		t.Errorf("without monotonic readings there is nothing to compare: %v", err)
	}
}
