package report

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// calibrated is a run of a calibration: two pairs of the build against itself, and one of a delay.
func calibrated() results.Run {
	created := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	plan := results.Gate{}.WithDefaults()
	needed := 7
	metric := func(name string, level, sd, offset, mde float64) results.NoiseMetric {
		m := results.NoiseMetric{Metric: name, Unit: "ms", Level: &level, SD: ptr(math.Log1p(sd)), Offset: ptr(math.Log1p(offset)),
			OffsetLow: ptr(math.Log1p(offset - sd)), OffsetHigh: ptr(math.Log1p(offset + sd)), Autocorrelation: ptr(-0.104), MDE: ptr(math.Log1p(mde)), PairsNeeded: &needed}
		return m
	}
	errors := results.NoiseMetric{Metric: "errors", Unit: "share", Level: ptr(0), SD: ptr(0), Offset: ptr(0), OffsetLow: ptr(0), OffsetHigh: ptr(0), Autocorrelation: ptr(0), MDE: ptr(0.000213)}
	delay := results.Planted{Kind: results.PlantedDelay, On: "load->api", Delay: 10}
	reading := func(pair int, first results.Side, change float64, planted *results.Planted) results.GateReading {
		return results.GateReading{Pair: pair, First: first, Seconds: 66.1, Planted: planted, Values: []results.GateValue{
			{Metric: "p50", Change: ptr(math.Log1p(change)), Baseline: ptr(5.02), Candidate: ptr(5.02 * (1 + change))}, {Metric: "errors", Change: ptr(0)},
		}}
	}
	stolen := reading(2, results.SideCandidate, 0.2, nil)
	stolen.Unfit = []string{"one core was stolen"}
	card := results.NoiseCard{
		Pairs: 8, Used: 7, PairSeconds: 66.1, Affordable: 18, MirrorRefused: "",
		Metrics: []results.NoiseMetric{
			metric("p50", 5.02, 0.021, 0.002, 0.0236), metric("p95", 9.31, 0.029, -0.004, 0.0325),
			{Metric: "p99", Unit: "ms", Reason: "pair 2 has 3 values of the baseline beyond it"}, errors,
		},
		Machine:     results.NoiseMachine{LatenessP99: ptr(0.31), Steal: ptr(0.004), Stolen: ptr(0.125), Foreign: ptr(0.021)},
		FalseAlarms: &results.FalseAlarms{Gates: 300, Failed: 1, Passed: 290, Inconclusive: 9},
		Planted: []results.PlantedReading{
			{Planted: delay, Pairs: 3, Used: 3, Metric: "p50", Level: ptr(5.02), Ratio: ptr(2.931), Low: ptr(2.8), High: ptr(3.07),
				Share: ptr(0.969), ShareLow: ptr(0.93), ShareHigh: ptr(1.01), Outcome: results.Pass},
			{Planted: results.Planted{Kind: results.PlantedCPU, On: "api", Cores: 0.121, Uses: 0.1008}, Pairs: 3, Used: 3, Metric: "p99", Level: ptr(14.2),
				Ratio: ptr(1.01), Low: ptr(0.9), High: ptr(1.13), Outcome: results.Fail, Reason: "it made nothing longer for sure"},
		},
		Readings: []results.GateReading{reading(1, results.SideBaseline, -0.012, nil), stolen, reading(9, results.SideBaseline, 1.931, &delay)},
	}
	return results.Run{
		Schema: 1, ID: "20260304t050607-restapi-abcdef", Experiment: "restapi", Created: created, Ended: created.Add(16 * time.Minute), Status: results.StatusComplete,
		Seed: 42, TimeScale: 1, Provider: "local", Command: []string{"brunt", "calibrate", "scenarios/restapi", "--seed=42"},
		Builds:   []results.Build{{SHA: "1a2b3c4d5e6f708192a3b4c5d6e7f80912345678", Variant: "fixed"}, {SHA: "1a2b3c4d5e6f708192a3b4c5d6e7f80912345678", Variant: "fixed"}},
		Question: results.Question{Asker: results.AskerCalibrate, Gate: &plan, Calibration: &results.Calibration{Pairs: 8, Planted: []results.PlantedKind{results.PlantedDelay, results.PlantedCPU}}},
		Verdict: results.Verdict{Outcome: results.Fail, Judge: 2, Noise: &card, Evidence: []results.Evidence{
			{What: "the build against itself", Outcome: results.Pass, Samples: 7},
			{What: "planted delay", Outcome: results.Pass, Value: ptr(0.969), Low: ptr(0.93), High: ptr(1.01), Unit: "share", Bound: "80% to 120%", Samples: 3},
			{What: "planted cpu", Outcome: results.Fail, Value: ptr(0.01), Low: ptr(-0.1), High: ptr(0.13), Unit: "share", Bound: "longer for sure", Samples: 3, Reason: "it made nothing longer for sure"},
		}},
	}
}

func TestACalibrationIsShownInEveryFormat(t *testing.T) {
	for _, format := range Formats {
		t.Run(format.Name, func(t *testing.T) {
			asInItsGoldenFile(t, "calibration."+format.Name, write(t, format, calibrated(), Options{Store: "results/data/brunt.db"}))
		})
	}
}

func TestTheFirstSentenceOfACalibration(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*results.Run)
		want   string
	}{
		{"what it sees", func(r *results.Run) { r.Verdict.Outcome = results.Pass },
			"PASS restapi (fixed) @ 1a2b3c4: within 20m a gate of this build sees p50 +2.36 %, p95 +3.25 %, errors +0.02 points here, four times out of five"},
		{"what was planted and not seen", func(*results.Run) {}, "FAIL restapi (fixed) @ 1a2b3c4: planted cpu: it made nothing longer for sure"},
		{"too few pairs", func(r *results.Run) {
			r.Verdict.Outcome, r.Verdict.Noise.Metrics = results.Inconclusive, nil
			r.Verdict.Evidence = []results.Evidence{{What: "the build against itself", Outcome: results.Inconclusive, Reason: "1 of 3 pairs count"}}
		}, "INCONCLUSIVE restapi (fixed) @ 1a2b3c4: the build against itself: 1 of 3 pairs count; nothing is known of what a gate sees here"},
	} {
		run := calibrated()
		row.change(&run)
		if got := New(run).Answer.String(); got != row.want {
			t.Errorf("%s:\n%q, not\n%q", row.name, got, row.want)
		}
	}
}

func TestWhatAGateIsToldInAdvance(t *testing.T) {
	card := calibrated()
	foresight := results.Foresight{Run: card.ID, Created: card.Created, Pairs: 18, Metrics: card.Verdict.Noise.Metrics}
	const calibration = "calibrated on 2026-03-04, run 20260304t050607-restapi-abcdef"
	if got, want := ForesightText(foresight, 1200), "this machine can see p50 +2.36 %, p95 +3.25 %, errors +0.02 points within 20m (18 pairs), four times out of five; "+calibration; got != want {
		t.Errorf("%q, not\n%q", got, want)
	}
	if got := ForesightText(results.Foresight{Run: card.ID, Created: card.Created}, 90); !strings.HasSuffix(got, calibration) || strings.Contains(got, "can see p") {
		t.Error(got)
	}
	run := timed(results.Pass, nil)
	run.Foresight = &foresight
	if notes := New(run).Notes; len(notes) < 2 || notes[1].Label != "Foreseen" {
		t.Errorf("%+v", notes)
	}
	for s, want := range map[float64]string{1200: "20m", 3600: "1h", 90: "1m30s", 30: "30s", 600: "10m", 5400: "1h30m", 0: "0s"} {
		if got := shortSpan(s); got != want {
			t.Errorf("%v s is written %q, not %q", s, got, want)
		}
	}
}

func TestAMachineWhoseMirrorIsRefusedSaysSo(t *testing.T) {
	run := calibrated()
	run.Verdict.Noise.MirrorRefused = "of a delay of 10ms on load->api 70% was read back, less than 80%"
	var out strings.Builder
	if err := Terminal(&out, New(run), Options{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "70% was read back, less than 80%; gates here take turns (--mode slices)") {
		t.Error(out.String())
	}
}
