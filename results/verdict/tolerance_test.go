package verdict

import (
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// under is a step of 10 s under a fault of that strength on api->cache, of which the last 8 are judged.
type under struct {
	strength float64
	does     func(*second)
	effect   *results.Effect
	err      string
}

func holds(strength float64) under { return under{strength: strength} }

func breaks(strength float64) under { return under{strength: strength, does: slow(400)} }

// probing is a trial that tried faults, and its recording: step i begins at i × 15 s.
func probing(t *testing.T, ended results.SearchEnd, all ...under) (results.Trial, []byte) {
	t.Helper()
	trial := completeTrial()
	trial.Faults, trial.Phases = nil, nil
	trial.Fitness = results.Fitness{Fit: true, Cores: 2}
	trial.Probing = &results.Probing{Aim: results.AimTolerance, Kind: "latency", Unit: "ms", Rate: 10, VUs: 100, Most: 10_000, Ended: ended}
	var recorded []*recording.Frame
	for i, step := range all {
		start := float64(i) * 15
		trial.Probing.Steps = append(trial.Probing.Steps, results.FaultStep{
			Step: results.Step{Rate: 10, Start: start, From: start + 2, End: start + 10}, Link: "api->cache",
			Strength: step.strength, Lifted: start + 12, Effect: step.effect, Error: step.err,
		})
		for s := range 15 {
			of := second{served: 10, latency: 100, requests: 1}
			switch {
			case s < 2 || s >= 10:
				of.latency = 5000
			case step.does != nil:
				step.does(&of)
			}
			recorded = append(recorded, of.frame(start+float64(s), time.Second))
		}
	}
	return trial, record(t, recorded)
}

func TestTheToleranceLiesBetweenWhatHeldAndWhatBroke(t *testing.T) {
	const limit = "p95(latency) < 300ms in steady"
	unseen := &results.Effect{What: "round trip", Unit: "ms", Before: 1, During: 1.2, Added: 0.2, Probes: 9}
	for _, row := range []struct {
		name        string
		ended       results.SearchEnd
		steps       []under
		outcome     results.Outcome
		held, broke float64 // -1: none
		answer      string
	}{
		{"found", results.SearchFound, []under{holds(0), holds(235), breaks(256), breaks(256), holds(235)},
			results.Pass, 235, 256, "tolerates a latency of 235ms, breaks at 256ms by " + limit + " (400ms)"},
		{"two of three decide", results.SearchFound, []under{holds(0), breaks(235), holds(235), holds(235), breaks(256), holds(256), breaks(256)},
			results.Pass, 235, 256, "tolerates a latency of 235ms, breaks at 256ms"},
		{"nothing is tolerated", results.SearchFound, []under{holds(0), breaks(1), breaks(1)},
			results.Pass, 0, 1, "tolerates no latency, breaks at 1ms"},
		{"even the most is", results.SearchMost, []under{holds(0), holds(10_000), holds(10_000)},
			results.Pass, 10_000, -1, "tolerates a latency of 10s, the most that was to be tried"},
		{"not even a sound link holds", results.SearchFirst, []under{breaks(0), breaks(0)},
			results.Fail, -1, -1, "the SLOs do not hold on a sound link at 10/s: " + limit + " (400ms)"},
		{"uneven", results.SearchUneven, []under{holds(0), holds(128), breaks(157), breaks(157), holds(235), holds(235), breaks(256), breaks(256)},
			results.Pass, 128, 256, "breaks at 256ms by " + limit + " (400ms); between them it is uneven: 235ms held where 157ms broke, each in two tries"},
		{"out of time", results.SearchTime, []under{holds(0), holds(8), breaks(512)},
			results.Inconclusive, 8, -1, "tolerates a latency of 8ms; the time was over before it was closer; raise --budget"},
		{"cut off", "", []under{holds(0), holds(8)},
			results.Inconclusive, 8, -1, "tolerates a latency of 8ms; the search was cut off"},
		{"a fault that did nothing says nothing", results.SearchUnclear, []under{holds(0), {strength: 8, effect: unseen}, {strength: 8, effect: unseen}, {strength: 8, effect: unseen}},
			results.Inconclusive, 0, -1, "tolerates no latency; 8ms can't be told: the fault did nothing: round trip was 1ms before and 1.2ms during it, in 9 probes"},
		{"nor does one that ended early", results.SearchUnclear, []under{holds(0), {strength: 8, err: "ended early: the proxy died"}},
			results.Inconclusive, 0, -1, "8ms can't be told: ended early: the proxy died"},
		{"a fault that no probe came through was seen", results.SearchFound,
			[]under{holds(0), holds(7), {strength: 8, does: slow(400), effect: &results.Effect{Before: 1}}, breaks(8)},
			results.Pass, 7, 8, "tolerates a latency of 7ms, breaks at 8ms"},
	} {
		t.Run(row.name, func(t *testing.T) {
			trial, recorded := probing(t, row.ended, row.steps...)
			v, err := Judgement(askRun(trial, asked(limit)...), opening(recorded))
			if err != nil {
				t.Fatal(err)
			}
			if len(v.Tolerances) != 1 || len(v.Phases) != 0 {
				t.Fatalf("%+v", v)
			}
			number := func(p *float64) float64 {
				if p == nil {
					return -1
				}
				return *p
			}
			a := v.Tolerances[0]
			if v.Outcome != row.outcome || a.Outcome != row.outcome {
				t.Errorf("%s and %s, want %s: %+v", v.Outcome, a.Outcome, row.outcome, v.Evidence)
			}
			if number(a.Held) != row.held || number(a.Broke) != row.broke || !strings.Contains(a.Answer, row.answer) {
				t.Errorf("[%v, %v] %s; want [%v, %v] %s", number(a.Held), number(a.Broke), a.Answer, row.held, row.broke, row.answer)
			}
			if len(a.Steps) != len(row.steps) || a.Link != "api->cache" || a.Trial != 1 {
				t.Errorf("%+v", a)
			}
		})
	}
}

// TestAFaultThatMeetsAShareWasSeenWhenItMetAnything: of a few per cent the probes may well meet none, and the load hundreds.
func TestAFaultThatMeetsAShareWasSeenWhenItMetAnything(t *testing.T) {
	for _, row := range []struct {
		name   string
		effect results.Effect
		want   results.Outcome
	}{
		{"no probe met it, but the load did", results.Effect{What: "stalled", Unit: "share", Probes: 40, Seen: true}, results.Pass},
		{"nobody met it", results.Effect{What: "stalled", Unit: "share", Probes: 40}, results.Inconclusive},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := FaultOutcome(results.FaultStep{Strength: 5, Effect: &row.effect}, results.StepOutcome{Outcome: results.Pass})
			if o.Outcome != row.want {
				t.Errorf("%+v", o)
			}
		})
	}
}

func TestWhatStaysTheSameOfAFaultIsSaid(t *testing.T) {
	for _, row := range []struct{ kind, unit, with, want string }{
		{"stall", "%", "by 500ms", "tolerates a stall of 12% (by 500ms), breaks at 16% by "},
		{"http-error", "%", "status 503", "tolerates an http-error of 12% (status 503), breaks at 16% by "},
		{"connect-delay", "ms", "", "tolerates a connect-delay of 12ms, breaks at 16ms by "},
	} {
		t.Run(row.kind, func(t *testing.T) {
			trial, recorded := probing(t, results.SearchFound, holds(0), holds(12), breaks(16), breaks(16))
			trial.Probing.Kind, trial.Probing.Unit, trial.Probing.With = row.kind, row.unit, row.with
			v, err := Judgement(askRun(trial, asked("p95(latency) < 300ms")...), opening(recorded))
			if err != nil {
				t.Fatal(err)
			}
			if a := v.Tolerances[0]; !strings.HasPrefix(a.Answer, row.want) || a.With != row.with {
				t.Errorf("%+v, want %s", a, row.want)
			}
		})
	}
}

// TestATrialGoesOnWithTheStepsOfOneThatWasCutOff: what was judged then counts, and a trial that did not come to a step keeps it.
func TestATrialGoesOnWithTheStepsOfOneThatWasCutOff(t *testing.T) {
	earlier := func(strength float64, outcome results.Outcome) results.FaultOutcome {
		return results.FaultOutcome{Link: "api->cache", Strength: strength, StepOutcome: results.StepOutcome{Outcome: outcome}}
	}
	trial, recorded := probing(t, results.SearchFound, breaks(256), holds(235))
	trial.Probing.Earlier = []results.FaultOutcome{earlier(0, results.Pass), earlier(235, results.Pass), earlier(256, results.Fail)}
	run := askRun(trial, asked("p95(latency) < 300ms")...)
	v, err := Judgement(run, opening(recorded))
	if err != nil {
		t.Fatal(err)
	}
	if a := v.Tolerances[0]; len(v.Tolerances) != 1 || a.Outcome != results.Pass || *a.Held != 235 || *a.Broke != 256 || len(a.Steps) != 5 {
		t.Errorf("%+v", v.Tolerances)
	}
	trial.Probing.Steps, trial.Probing.Ended = []results.FaultStep{}, ""
	trial.Status, trial.Recording = results.StatusAborted, ""
	if v, err = Judgement(askRun(trial, asked("p95(latency) < 300ms")...), opening(nil)); err != nil {
		t.Fatal(err)
	}
	if a := v.Tolerances[0]; v.Outcome != results.Inconclusive || *a.Held != 235 || a.Broke != nil || len(a.Steps) != 3 {
		t.Errorf("%+v", v.Tolerances)
	}
}

func TestOutOfTimeNamesWhatGoesOn(t *testing.T) {
	trial, recorded := probing(t, results.SearchTime, holds(0), holds(8))
	trial.Probing.Links = []string{"api->cache"}
	v, err := Judgement(askRun(trial, asked("p95(latency) < 300ms")...), opening(recorded))
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Tolerances[0].Answer; !strings.HasSuffix(got, "raise --budget, or go on with --resume") {
		t.Error(got)
	}
}

func TestAToleranceThatWasCutOffDoesNotPass(t *testing.T) {
	trial, recorded := probing(t, results.SearchFound, holds(0), holds(235), breaks(256), breaks(256))
	trial.Status, trial.Reason = results.StatusAborted, "interrupted"
	v, err := Judgement(askRun(trial, asked("p95(latency) < 300ms")...), opening(recorded))
	if err != nil {
		t.Fatal(err)
	}
	if v.Outcome != results.Inconclusive || v.Tolerances[0].Outcome != results.Inconclusive || *v.Tolerances[0].Held != 235 {
		t.Errorf("%s: %+v", v.Outcome, v.Tolerances)
	}
}
