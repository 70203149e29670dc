package verdict

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/stats"
)

// planted are readings in whose candidate something is planted that makes quantiles longer by so much, numbered from a pair on.
func planted(from int, p results.Planted, c turn) []results.GateReading {
	all := c.readings(results.PlantedPairs)
	for i := range all {
		all[i].Pair, all[i].Planted = from+i, &p
	}
	return all
}

func TestTheCardSaysWhatAGateWouldState(t *testing.T) {
	plan := results.Gate{Budget: 1200}
	own := turn{apart: 0.1}.readings(12)
	card := Noise(plan, own)
	if card.Pairs != 12 || card.Used != 12 || card.PairSeconds != 60 || card.Affordable != 20 || card.FalseAlarms != nil {
		t.Errorf("%+v", card)
	}
	// The last look of a gate that is given these pairs states the same of the same number of pairs.
	short, _ := Foresee(results.Gate{Budget: 12 * 60}, own)
	judged := JudgeGate(results.Gate{Budget: 12 * 60}, own).Findings
	if judged.Used != 12 || judged.Decided {
		t.Fatalf("the gate looked at %d pairs, decided %v", judged.Used, judged.Decided)
	}
	for i, m := range judged.Metrics {
		if m.Metric == results.GateErrors {
			continue
		}
		if diff := cmp.Diff([]*float64{m.SD, m.MDE, m.Autocorrelation, m.Estimate}, []*float64{short[i].SD, short[i].MDE, short[i].Autocorrelation, short[i].Offset}); diff != "" {
			t.Errorf("%s (-gate +card)\n%s", m.Metric, diff)
		}
		if *card.Metrics[i].MDE >= *short[i].MDE {
			t.Errorf("%s: twenty pairs see %v, and twelve %v", m.Metric, *card.Metrics[i].MDE, *short[i].MDE)
		}
		if low, high := *short[i].OffsetLow, *short[i].OffsetHigh; low >= 0 || high <= 0 || math.Abs(low+high-2**short[i].Offset) > 1e-12 {
			t.Errorf("%s: the offset lies in %v to %v", m.Metric, low, high)
		}
	}
}

func TestWhatOnePairOrTooFewValuesSay(t *testing.T) {
	one := Noise(results.Gate{}, turn{}.readings(1))
	few := turn{apart: 0.03}.readings(6)
	for i := range few[3].Values {
		if few[3].Values[i].Metric == "p99" {
			few[3].Values[i].Change, few[3].Values[i].BaselineCount = nil, 3
		}
	}
	scarce := Noise(results.Gate{}, few)
	for _, row := range []struct {
		name   string
		metric results.NoiseMetric
		known  bool
		reason string
	}{
		{"of one pair nothing is known", one.Metrics[0], false, "1 pair, and it takes two to lie apart"},
		{"what is there in every pair", scarce.Metrics[1], true, ""},
		{"what is missing in one", scarce.Metrics[2], false, "pair 4 has 3 values of the baseline and 100 of the candidate beyond it, fewer than 20: a longer trial or a higher rate has more"},
	} {
		if (row.metric.SD != nil) != row.known || (row.metric.MDE != nil) != row.known || row.metric.Reason != row.reason {
			t.Errorf("%s: %+v", row.name, row.metric)
		}
	}
}

func TestPairsThatDoNotCountAreOnTheCardAndNotInItsFigures(t *testing.T) {
	own := turn{apart: 0.03}.readings(8)
	wild := turn{p50: 9, p95: 9, p99: 9}.readings(1)[0]
	wild.Pair, wild.Unfit = 9, []string{"one core was stolen"}
	with := Noise(results.Gate{}, append(slices.Clone(own), wild))
	without := Noise(results.Gate{}, own)
	if with.Pairs != 9 || with.Used != 8 {
		t.Errorf("%d of %d", with.Used, with.Pairs)
	}
	if diff := cmp.Diff(without.Metrics, with.Metrics); diff != "" {
		t.Error(diff)
	}
}

func TestTheSmallestShareOfFailuresThatIsSeen(t *testing.T) {
	smallest := func(failed int64, budget float64) float64 {
		metrics, _ := Foresee(results.Gate{Budget: budget}, turn{failed: [2]int64{failed, failed}}.readings(8))
		return *metrics[3].MDE
	}
	if none, some := smallest(0, 1200), smallest(9, 1200); !(none > 0 && none < some) {
		t.Errorf("beside no failures %v is seen, and beside some %v", none, some)
	}
	if short, long := smallest(9, 300), smallest(9, 1200); long >= short {
		t.Errorf("five pairs see %v, and twenty %v", short, long)
	}
	// Of the same pairs, as many as the gate has, it is what the gate itself states.
	for _, n := range []int{5, 12} {
		own := turn{apart: 0.3, failed: [2]int64{9, 9}}.readings(n)
		plan := results.Gate{Budget: 60 * float64(n)}
		judged := JudgeGate(plan, own).Findings
		metrics, _ := Foresee(plan, own)
		if judged.Used != n || math.Abs(*judged.Metrics[3].MDE-*metrics[3].MDE) > 1e-12 {
			t.Errorf("after %d pairs the gate states %v and the card %v", judged.Used, *judged.Metrics[3].MDE, *metrics[3].MDE)
		}
	}
}

func TestAPlantedDelayIsReadBack(t *testing.T) {
	delay := results.Planted{Kind: results.PlantedDelay, On: "load->api", Delay: 10}
	for _, test := range []struct {
		name   string
		turn   turn // of a baseline of 10 ms
		mode   results.GateMode
		share  float64
		want   results.Outcome
		reason string
		refuse bool
	}{
		{"all of it", turn{p50: 1, apart: 0.02}, results.GateMirror, 1, results.Pass, "", false},
		{"nearly too little", turn{p50: 0.82}, results.GateMirror, 0.82, results.Pass, "", false},
		{"too little", turn{p50: 0.7}, results.GateMirror, 0.7, results.Fail, "of a delay of 10ms on load->api 70% was read back, less than 80%", true},
		{"too little of whole trials", turn{p50: 0.7}, results.GateTrials, 0.7, results.Fail, "of a delay of 10ms on load->api 70% was read back, less than 80%", false},
		{"too much", turn{p50: 1.5}, results.GateMirror, 1.5, results.Inconclusive,
			"of a delay of 10ms on load->api 150% was read back, more than 120%: the load waits for something beside it, so lower --rate", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			card := Noise(results.Gate{Mode: test.mode}, append(turn{apart: 0.02}.readings(8), planted(9, delay, test.turn)...))
			if len(card.Planted) != 1 || card.Used != 8 {
				t.Fatalf("%+v", card)
			}
			p := card.Planted[0]
			if p.Planted != delay || p.Pairs != 3 || p.Used != 3 || p.Metric != "p50" || p.Outcome != test.want || p.Reason != test.reason || math.Abs(*p.Share-test.share) > 0.02 {
				t.Errorf("%+v: %v was read back", p, *p.Share)
			}
			if math.Abs(*p.Ratio-1-test.turn.p50) > 0.02 || *p.Low > *p.Ratio || *p.High < *p.Ratio || *p.ShareLow > *p.Share || *p.ShareHigh < *p.Share {
				t.Errorf("ratio %v in %v to %v, share %v in %v to %v", *p.Ratio, *p.Low, *p.High, *p.Share, *p.ShareLow, *p.ShareHigh)
			}
			if (card.MirrorRefused != "") != test.refuse {
				t.Errorf("refused: %q", card.MirrorRefused)
			}
			row := plantedRow(results.PlantedDelay, card)
			if row.Outcome != test.want || row.Value != p.Share || row.Bound != "80% to 120%" {
				t.Errorf("%+v", row)
			}
		})
	}
}

func TestAPlantedQuotaIsSeenInAnyQuantile(t *testing.T) {
	quota := results.Planted{Kind: results.PlantedCPU, On: "api", Cores: 0.12, Uses: 0.1}
	for _, test := range []struct {
		name   string
		turn   turn
		metric string
		want   results.Outcome
		reason string
	}{
		{"in p99 alone", turn{p99: 0.4, apart: 0.01}, "p99", results.Pass, ""},
		{"where it is surest", turn{p50: 0.1, p95: 0.4, p99: 0.2, apart: 0.01}, "p95", results.Pass, ""},
		{"nowhere", turn{apart: 0.2}, "p50", results.Fail, "a quota of 0.12 cores on api, which uses 0.1 cores, made nothing longer for sure"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := Noise(results.Gate{}, planted(1, quota, test.turn)).Planted[0]
			if p.Metric != test.metric || p.Outcome != test.want || p.Reason != test.reason || p.Share != nil {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestAPlantedChangeThatWasNotInForceSaysNothing(t *testing.T) {
	readings := planted(1, results.Planted{Kind: results.PlantedDelay, On: "load->api", Delay: 10}, turn{p50: 1})
	for i := range 2 {
		readings[i].Unfit = []string{"in one of its trials the fault planted-delay was not applied"}
	}
	p := Noise(results.Gate{}, readings).Planted[0]
	if p.Outcome != results.Inconclusive || p.Used != 1 || p.Reason != "1 of 3 pairs can be read: in one of its trials the fault planted-delay was not applied" {
		t.Errorf("%+v", p)
	}
	for i := range readings {
		readings[i].Unfit, readings[i].Values[0].Change = nil, nil
	}
	if few := Noise(results.Gate{}, readings).Planted[0]; few.Outcome != results.Inconclusive || few.Reason != "0 of 3 pairs can be read: there are too few values in them" {
		t.Errorf("%+v", few)
	}
	if row := plantedRow(results.PlantedCPU, results.NoiseCard{}); row.Outcome != results.Inconclusive || row.Reason != "it was not measured" {
		t.Errorf("%+v", row)
	}
}

func TestABuildAgainstItself(t *testing.T) {
	for _, test := range []struct {
		name   string
		own    []results.GateReading
		want   results.Outcome
		reason string
	}{
		{"as it should be", turn{apart: 0.03}.readings(8), results.Pass, ""},
		{"noise that hides much is no fault of the calibration", turn{apart: 0.3}.readings(8), results.Pass, ""},
		{"too few pairs", turn{apart: 0.03}.readings(3), results.Inconclusive, "3 of 3 pairs count, fewer than the 5 after which a gate looks first"},
		{"a false alarm", turn{p95: 0.2, apart: 0.01}.readings(8), results.Fail, "a gate would have found it worse than itself in p95: a false alarm, which one gate in 100 may be"},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := results.Gate{}.WithDefaults()
			row := againstItself(plan, Noise(plan, test.own))[0]
			if row.Outcome != test.want || row.Reason != test.reason {
				t.Errorf("%+v", row)
			}
		})
	}
}

// TestGatesAreDrawnFromEnoughPairs: the same ones each time; hardly any fails when pairs are but noise; and which place is better has no part
// in it.
func TestGatesAreDrawnFromEnoughPairs(t *testing.T) {
	plan := results.Gate{}.WithDefaults()
	if few := drawGates(plan, turn{apart: 0.03}.readings(19), 1); few != nil {
		t.Errorf("%+v of 19 pairs", few)
	}
	own := turn{apart: 0.03}.readings(24)
	alarms := drawGates(plan, own, 1)
	if alarms == nil || alarms.Gates != 300 || alarms.Failed+alarms.Passed+alarms.Inconclusive != 300 {
		t.Fatalf("%+v", alarms)
	}
	if alarms.Failed > 9 || alarms.Passed < 200 {
		t.Errorf("%+v", alarms)
	}
	if again := drawGates(plan, own, 1); *again != *alarms {
		t.Errorf("%+v, and then %+v", alarms, again)
	}
	own[0].Values[0].LateApart = known(0.02)
	twice := exchanged(exchanged(own[0]))
	if diff := cmp.Diff(own[0], twice); diff != "" {
		t.Error(diff)
	}
	if once := exchanged(own[0]); *once.Values[0].LateApart != -0.02 || *once.Values[0].Change != -*own[0].Values[0].Change || once.Values[0].Baseline != own[0].Values[0].Candidate {
		t.Errorf("%+v", once.Values[0])
	}
}

func TestWhatTheMachineWasLike(t *testing.T) {
	foreign := func(v float64) *float64 { return &v }
	late := histogram.New()
	for range 99 {
		late.Record(1)
	}
	pair := func(steal, others float64) GatePair {
		side := GateSide{Lateness: late, Fitness: results.Fitness{Machine: &results.Machine{Steal: steal, Foreign: foreign(others)}}}
		return GatePair{Baseline: side, Candidate: side}
	}
	m := noiseOfMachine([]GatePair{pair(0.01, 0.02), pair(0.2, 0.3), pair(0.02, 0.04), pair(0.11, 0.01)})
	if *m.Stolen != 0.5 || *m.Steal != 0.02 || *m.Foreign != 0.02 || math.Abs(*m.LatenessP99-1) > 0.01 {
		t.Errorf("stolen %v, steal %v, foreign %v, lateness %v", *m.Stolen, *m.Steal, *m.Foreign, *m.LatenessP99)
	}
	if none := noiseOfMachine([]GatePair{{}}); none != (results.NoiseMachine{}) {
		t.Errorf("%+v", none)
	}
	if none := noiseOfMachine(nil); none != (results.NoiseMachine{}) {
		t.Errorf("%+v", none)
	}
}

// TestTheBoundIsThatOfTheLastAffordableLook: a larger budget has another bound for the same number of pairs.
func TestTheBoundIsThatOfTheLastAffordableLook(t *testing.T) {
	own := turn{apart: 0.06}.readings(8)
	for _, pairs := range []int{5, 9, 20} {
		metrics, affordable := Foresee(results.Gate{Budget: float64(60 * pairs)}, own)
		bounds := stats.Bounds(0.01/4, 5, pairs)
		want := stats.SmallestFound(*metrics[1].SD, pairs, bounds[pairs-5], math.Log1p(0.02))
		if affordable != pairs || *metrics[1].MDE != want {
			t.Errorf("%d pairs: %d are affordable and see %v, want %v", pairs, affordable, *metrics[1].MDE, want)
		}
	}
}

// TestWhatIsPlantedIsInForceToTheEndOfTheLoad: whether its removal was confirmed then says nothing of the pair.
func TestWhatIsPlantedIsInForceToTheEndOfTheLoad(t *testing.T) {
	fault := results.Fault{Name: "planted-delay", Applied: true, Error: "the removal is not confirmed", Effect: &results.Effect{Seen: true}}
	run := results.Run{Trials: []results.Trial{{Pair: 1, Faults: []results.Fault{fault}, Planted: &results.Planted{}}, {Pair: 2, Faults: []results.Fault{fault}}}}
	if reasons := faultsAmiss(run, 1); len(reasons) > 0 {
		t.Errorf("%q", reasons)
	}
	if reasons := faultsAmiss(run, 2); len(reasons) != 1 {
		t.Errorf("of a fault that was not planted: %q", reasons)
	}
	run.Trials[0].Faults[0].Effect.Seen = false
	if reasons := faultsAmiss(run, 1); len(reasons) != 1 {
		t.Errorf("of one without an effect: %q", reasons)
	}
}

// TestWhatTheMachineDidCountsOfAPlantedPairToo, where lateness and drops are what was planted.
func TestWhatTheMachineDidCountsOfAPlantedPairToo(t *testing.T) {
	p := pairOf(400, ten(10), ten(10))
	p.Candidate.Windows[2].Dropped, p.Candidate.Fitness.Exceptions = 300, 1
	if reasons := disturbed(p); len(reasons) > 0 {
		t.Errorf("%q", reasons)
	}
	others := 0.5
	p.Candidate.Fitness.Machine = &results.Machine{Foreign: &others, Steal: 0.5}
	p.Baseline.Fitness.Machine = p.Candidate.Fitness.Machine
	if reasons := disturbed(p); len(reasons) != 2 {
		t.Errorf("%q", reasons)
	}
}
