package cli

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/results"
)

func TestOnlyWholePairsAreGoneOnWith(t *testing.T) {
	trial := func(pair int, status results.Status) results.Trial {
		return results.Trial{Pair: pair, Status: status, PairSeconds: 60}
	}
	done, cut := results.StatusComplete, results.StatusAborted
	whole := wholePairs([]results.Trial{
		trial(1, done), trial(1, done), trial(2, done), trial(2, cut), trial(0, results.StatusBroken), trial(3, done), trial(4, done), trial(4, done),
	})
	var pairs []int
	for _, t := range whole {
		pairs = append(pairs, t.Pair)
	}
	if diff := cmp.Diff([]int{1, 1, 4, 4}, pairs); diff != "" {
		t.Error(diff)
	}
	if took := spent(whole); took != 2*time.Minute {
		t.Errorf("two pairs of a minute took %v", took)
	}
}

func TestWhatPeopleAreToldBetweenPairs(t *testing.T) {
	of := func(metric string, percent ...float64) results.GateEstimate {
		m := results.GateEstimate{Metric: metric}
		for i, to := range []**float64{&m.Estimate, &m.Low, &m.High} {
			if i < len(percent) {
				v := math.Log1p(percent[i] / 100)
				*to = &v
			}
		}
		return m
	}
	for _, row := range []struct {
		name    string
		metrics []results.GateEstimate
		want    string
	}{
		{"p95 where it is known", []results.GateEstimate{of("p50", 1, 0, 2), of("p95", 3.1, -0.4, 6.6)}, "p95 +3.1 % [−0.4, +6.6]"},
		{"else the first", []results.GateEstimate{of("errors", 1, 1, 1), of("p50", -1, -2, -0.1), of("p95")}, "p50 −1.0 % [−2.0, −0.1]"},
		{"nothing before a look", []results.GateEstimate{of("p95", 1)}, ""},
	} {
		if got := estimateText(row.metrics); got != row.want {
			t.Errorf("%s: %q, not %q", row.name, got, row.want)
		}
	}
	if got := minutes(6*time.Minute+10*time.Second) + ", " + minutes(75*time.Second); got != "6 min, 75 s" {
		t.Error(got)
	}
}

func TestTheBuildThatIsDrawnStartsFirst(t *testing.T) {
	for first, want := range map[results.Side][]int{results.SideBaseline: {0, 1}, results.SideCandidate: {1, 0}} {
		if diff := cmp.Diff(want, firstOf(campaign.GatePair{First: first})); diff != "" {
			t.Error(diff)
		}
	}
}

// TestThePlanOfAGate: what a pair is expected to take, and what of it depends on the mode.
func TestThePlanOfAGate(t *testing.T) {
	q := &question{duration: 45 * time.Second, inspection: load.Inspection{OpenModel: true}}
	q.experiment.Warmup, q.experiment.TimeScale = 15*time.Second, 1
	options := timingOptions{budget: 20 * time.Minute, pairs: 20}
	mirror := planOf(q, results.GateMirror, options)
	if mirror.PairSeconds != 71 || mirror.LeastPairs != 5 || mirror.Measured != 45 || mirror.Window != 5 || mirror.Metric != "" {
		t.Errorf("%+v", mirror)
	}
	if trials := planOf(q, results.GateTrials, options); trials.PairSeconds != 134 {
		t.Errorf("%+v", trials)
	}
	q.inspection.OpenModel, q.experiment.TimeScale, options.pairs = false, 0.1, 3
	if quick := planOf(q, results.GateTrials, options); quick.Metric != "http_req_duration" || quick.LeastPairs != 3 || quick.MostPairs != 3 || quick.Window != 0.5 {
		t.Errorf("%+v", quick)
	}
}

func TestTheSiteOfEachPairAndBuildHasANameOfItsOwn(t *testing.T) {
	inv := &invocation{run: results.Run{Seed: 7}}
	if inv.beside() != "" || inv.loadSeed() != 7 {
		t.Errorf("without a pair: %q, seed %d", inv.beside(), inv.loadSeed())
	}
	inv.pair = &campaign.GatePair{Number: 3, Seed: math.MaxInt64}
	names := map[string]bool{}
	for i := range 2 {
		inv.side = &side{number: i}
		names[inv.beside()] = true
	}
	if diff := cmp.Diff(map[string]bool{"b3": true, "c3": true}, names); diff != "" || inv.loadSeed() > 1<<53 {
		t.Errorf("%s seed %d", diff, inv.loadSeed())
	}
}
