package cli

import (
	"io"
	"math"
	"slices"
	"strings"
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
	accepted := of("p95", 3.1, -0.4, 6.6)
	accepted.Gated, accepted.Accepted = true, &results.GateAcceptance{Settled: true}
	for _, row := range []struct {
		name    string
		metrics []results.GateEstimate
		want    string
	}{
		{"p95 where it is known", []results.GateEstimate{of("p50", 1, 0, 2), of("p95", 3.1, -0.4, 6.6)}, "p95 +3.1 % [−0.4, +6.6]"},
		{"else the first", []results.GateEstimate{of("errors", 1, 1, 1), of("p50", -1, -2, -0.1), of("p95")}, "p50 −1.0 % [−2.0, −0.1]"},
		{"nothing before a look", []results.GateEstimate{of("p95", 1)}, ""},
		{"what is accepted", []results.GateEstimate{accepted}, "p95 +3.1 % [−0.4, +6.6], which is accepted"},
	} {
		if got := estimateText(row.metrics); got != row.want {
			t.Errorf("%s: %q, not %q", row.name, got, row.want)
		}
	}
	if got := minutes(6*time.Minute+10*time.Second) + ", " + minutes(75*time.Second); got != "6 min, 75 s" {
		t.Error(got)
	}
}

// TestWhatIsAcceptedIsTheSameWhereverItIsWritten, but for another limit, day or reason.
func TestWhatIsAcceptedIsTheSameWhereverItIsWritten(t *testing.T) {
	was := []results.Acceptance{{Metric: "p95", Reason: "answers are signed", Expires: "2030-01-31", UpToShare: 0.1, Origin: "shop.yaml:7"}}
	for name, change := range map[string]func(*results.Acceptance){
		"line": func(a *results.Acceptance) { a.Origin = "shop.yaml:9" }, "limit": func(a *results.Acceptance) { a.UpToShare = 0.2 },
		"day": func(a *results.Acceptance) { a.Expires = "2031-01-31" }, "reason": func(a *results.Acceptance) { a.Reason = "x" },
	} {
		now := slices.Clone(was)
		change(&now[0])
		if got := sameAccepted(now, was); got != (name == "line") {
			t.Errorf("another %s: %v", name, got)
		}
	}
	if sameAccepted(nil, was) {
		t.Error("nothing is the same as something")
	}
}

// TestAGateGoesOnByWhatItsRunAccepts: of times, and as of the day on which it was begun.
func TestAGateGoesOnByWhatItsRunAccepts(t *testing.T) {
	inv := &invocation{run: results.Run{Created: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC), Question: results.Question{
		Gate: &results.Gate{}, Accept: []results.Acceptance{
			{Metric: "p95", Expires: "2026-05-04"}, {Metric: "p99", Expires: "2026-05-03"}, {Metric: "queries", Expires: "2026-05-04"},
		},
	}}}
	g, ok := inv.pairing().(campaign.Gate)
	if !ok || len(g.Accepted) != 1 || g.Accepted[0].Metric != "p95" {
		t.Errorf("%+v", g.Accepted)
	}
}

// TestOneCommitOnBothSidesIsSaid: files that are not committed may be no part of a build.
func TestOneCommitOnBothSidesIsSaid(t *testing.T) {
	for _, row := range []struct {
		candidate results.Build
		says      string
	}{
		{results.Build{SHA: "a"}, "are the same commit: a"},
		{results.Build{SHA: "a", Dirty: true}, "are the same commit but for what is not committed: a"},
		{results.Build{SHA: "b", Dirty: true}, ""},
		{results.Build{SHA: "a", Variant: "naive"}, ""},
	} {
		inv := &invocation{}
		inv.tellSame(&side{build: results.Build{SHA: "a"}}, row.candidate)
		if said := strings.Join(inv.run.Warnings, "; "); !strings.Contains(said, row.says) || (said == "") != (row.says == "") {
			t.Errorf("of %+v it says %q", row.candidate, said)
		}
	}
}

// TestThePairAfterOneThatCannotBeReadHasANumberOfItsOwn: else its recordings would take the place of those, and four trials that of two.
func TestThePairAfterOneThatCannotBeReadHasANumberOfItsOwn(t *testing.T) {
	inv := &invocation{run: results.Run{Question: results.Question{Gate: &results.Gate{}}}}
	for pair := 1; pair <= 3; pair++ {
		inv.run.Trials = append(inv.run.Trials, results.Trial{Pair: pair}, results.Trial{Pair: pair, Build: 1})
	}
	read := []results.GateReading{{Pair: 1, Seconds: 60}, {Pair: 2, Seconds: 60}}
	for _, asked := range []*results.Calibration{nil, {Pairs: 8}} {
		inv.run.Question.Calibration = asked
		if next, end := inv.pairing().Next(read, 0); next.Number != 4 || end != "" {
			t.Errorf("the pair after three, of which one is torn, is %d (%s)", next.Number, end)
		}
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
	if mirror.PairSeconds != 71 || mirror.LeastPairs != 5 || mirror.Measured != 45 || mirror.Window != 5 || mirror.Metric != "" || mirror.Primary != nil {
		t.Errorf("%+v", mirror)
	}
	q.duration = measuredFor(results.GateSlices, 1)
	if turns := planOf(q, results.GateSlices, options); turns.PairSeconds != 154 || turns.Measured != 45 {
		t.Errorf("%+v", turns)
	}
	q.duration = 45 * time.Second
	if trials := planOf(q, results.GateTrials, options); trials.PairSeconds != 134 {
		t.Errorf("%+v", trials)
	}
	q.inspection.OpenModel, q.experiment.TimeScale, options.pairs = false, 0.1, 3
	if quick := planOf(q, results.GateTrials, options); quick.Metric != "http_req_duration" || quick.LeastPairs != 3 || quick.MostPairs != 3 || quick.Window != 0.5 {
		t.Errorf("%+v", quick)
	} else if n := len(quick.Primary); n != 5 || quick.Primary[n-1].Name != results.GateThroughput {
		t.Errorf("of a load whose rate the target sets: %+v", quick.Primary)
	}
}

// TestBuildsThatHaveNoRoomTakeTurns from the second pair on, unless people asked for another mode, or turns would take too long.
func TestBuildsThatHaveNoRoomTakeTurns(t *testing.T) {
	share := func(v float64) []results.Trial {
		machine := &results.Machine{Own: &v}
		return []results.Trial{{Fitness: results.Fitness{Machine: machine}}, {Fitness: results.Fitness{Machine: machine}}}
	}
	before := []results.Trial{{Pair: 1}, {Pair: 1}}
	for _, row := range []struct {
		name    string
		trials  []results.Trial
		done    []results.Trial
		chosen  bool
		budget  float64
		again   bool
		warning string
	}{
		{"room enough", share(0.6), nil, false, 1200, false, ""},
		{"what they use is not known", []results.Trial{{}, {}}, nil, false, 1200, false, ""},
		{"no room in the first pair", share(0.72), nil, false, 1200, true, "in the first pair it was 72 %. That pair does not count, and they are measured in turn"},
		{"no room in a later one", share(0.72), before, false, 1200, false, "lower --rate, or give --mode slices"},
		{"no room, and --mode mirror", share(0.72), nil, true, 1200, false, "lower --rate, or give --mode slices"},
		{"no room, and no time for turns", share(0.72), nil, false, 600, false, "lower --rate; to measure them in turn, the budget is too small"},
	} {
		t.Run(row.name, func(t *testing.T) {
			inv := &invocation{progress: newProgress(io.Discard, false, true)}
			inv.question.experiment.TimeScale, inv.question.duration = 1, 45*time.Second
			planned := results.Gate{Budget: row.budget, Measured: 45, PairSeconds: 71}.WithDefaults()
			inv.question.timing = &timing{plan: planned, chosen: row.chosen}
			inv.run.Trials, inv.run.Question.Gate = row.done, &planned
			was := planned
			if again := inv.makeRoom(row.trials, 70*time.Second); again != row.again {
				t.Fatalf("measured again: %v", again)
			}
			if said := strings.Join(inv.run.Warnings, "; "); !strings.Contains(said, row.warning) || (said == "") != (row.warning == "") {
				t.Errorf("it says %q", said)
			}
			if !row.again {
				if diff := cmp.Diff(was, *inv.run.Question.Gate); diff != "" || inv.question.duration != 45*time.Second {
					t.Errorf("the plan changed: %s", diff)
				}
				return
			}
			plan := *inv.run.Question.Gate
			if plan.Mode != results.GateSlices || plan.PairSeconds != 154 || plan.Spent != 70 || plan.Measured != 45 || inv.question.script.Duration != 128*time.Second {
				t.Errorf("%+v, a load of %v", plan, inv.question.script.Duration)
			}
			resumed := &invocation{question: inv.question}
			resumed.question.timing = &timing{plan: was}
			resumed.question.duration = 45 * time.Second
			if resumed.turnedSince(plan); resumed.question.timing.plan.Mode != results.GateSlices || resumed.question.duration != 128*time.Second {
				t.Errorf("taken up again it is %+v", resumed.question.timing.plan)
			}
		})
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
