package verdict

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// tried is a step of 10 s, of which the last 8 are judged.
type tried struct {
	rate  float64
	again bool
	cpu   float64
	does  func(*second)
}

// searching is a trial that looked for its breakpoint, and its recording: step i begins at i × 10 s.
func searching(t *testing.T, ended results.SearchEnd, all ...tried) (results.Trial, []byte) {
	t.Helper()
	trial := completeTrial()
	trial.Faults = nil
	trial.Phases = []results.Phase{{Name: results.PhaseSteady, Start: 0, End: float64(len(all)) * 10}}
	trial.Search = &results.Search{From: 10, Most: 100, VUs: 200, Ended: ended, Steps: []results.Step{}}
	trial.Fitness = results.Fitness{Fit: true, Cores: 2}
	var recorded []*recording.Frame
	for i, step := range all {
		start := float64(i) * 10
		trial.Search.Steps = append(trial.Search.Steps, results.Step{
			Rate: step.rate, Start: start, From: start + 2, End: start + 10, Again: step.again, CPUPercent: step.cpu,
		})
		for s := range 10 {
			of := second{served: int(step.rate), latency: 100, requests: 1}
			of.points = append(of.points, trend("iteration_duration", tags{"scenario": "main"}, 100))
			switch {
			case s < 2: // what the step before left behind does not count
				of.latency = 5000
			case step.does != nil:
				step.does(&of)
			}
			recorded = append(recorded, of.frame(start+float64(s), time.Second))
		}
	}
	return trial, record(t, recorded)
}

func failing(n int) func(*second) {
	return func(s *second) { s.served, s.failed = s.served-n, n }
}

// TestASearchNamesTheFlagsOfTheCommandThatAsked: --rate is the first rate of limits, and the largest of run.
func TestASearchNamesTheFlagsOfTheCommandThatAsked(t *testing.T) {
	for _, row := range []struct {
		name  string
		ended results.SearchEnd
		steps []tried
		want  string
	}{
		{"the most held", results.SearchMost, []tried{{rate: 10}}, "raise --up-to to find it"},
		{"out of time", results.SearchTime, []tried{{rate: 10}}, "the budget was over before anything broke: the limit lies above it; raise --budget to find it"},
		{"the first broke", results.SearchFirst, []tried{{rate: 10, does: slow(400)}, {rate: 10, again: true, does: slow(400)}}, "lower --rate to find it"},
	} {
		t.Run(row.name, func(t *testing.T) {
			trial, recorded := searching(t, row.ended, row.steps...)
			run := askRun(trial, asked("p95(latency) < 300ms")...)
			run.Question.Asker = "limits"
			v, err := Judgement(run, opening(recorded))
			if err != nil {
				t.Fatal(err)
			}
			if got := v.Breakpoints[0].Answer; !strings.HasSuffix(got, row.want) {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

func TestTheBreakpointLiesBetweenWhatHeldAndWhatBrokeTwice(t *testing.T) {
	const limit = "p95(latency) < 300ms in steady"
	hold := func(rate float64) tried { return tried{rate: rate} }
	broken := func(rate float64, again bool) tried { return tried{rate: rate, again: again, does: slow(400)} }
	dead := func(s *second) { *s = second{interrupted: 40} }
	half := func(s *second) { s.served, s.interrupted = s.served/2, s.served/2 }
	for _, row := range []struct {
		name        string
		ended       results.SearchEnd
		steps       []tried
		outcome     results.Outcome
		held, broke float64
		answer      string
	}{
		{"a step that broke twice is the breakpoint", results.SearchFound, []tried{hold(10), hold(20), broken(40, false), broken(40, true)},
			results.Pass, 20, 40, "held 20/s (last rate that kept every SLO), broke at 40/s by p95(latency) < 300ms in steady (400ms); the limit lies in [20, 40]/s"},
		{"an unlucky step that holds when it is repeated held", results.SearchMost, []tried{hold(10), broken(20, false), {rate: 20, again: true}, hold(100)},
			results.Pass, 100, 0, "held 100/s, the most that was to be tried: the limit lies above it; raise --rate to find it"},
		{"refined, the closest pair counts", results.SearchFound, []tried{hold(10), hold(40), broken(60, false), broken(60, true), hold(50), broken(55, false), broken(55, true)},
			results.Pass, 50, 55, "held 50/s (last rate that kept every SLO), broke at 55/s"},
		{"a first rate that broke twice fails", results.SearchFirst, []tried{broken(10, false), broken(10, true)},
			results.Fail, 0, 10, "held nothing: the first rate, 10/s, broke by p95(latency) < 300ms in steady (400ms); the limit lies below it; lower load.from"},
		{"a first rate that broke once is not decided", results.SearchTime, []tried{broken(10, false)},
			results.Inconclusive, 0, 0, "held nothing; 10/s broke once, by p95(latency) < 300ms in steady (400ms), and the duration was over"},
		{"out of time, the limit lies above", results.SearchTime, []tried{hold(10), hold(20)},
			results.Pass, 20, 0, "held 20/s; the duration was over before anything broke: the limit lies above it; raise --duration"},
		{"a generator without CPU ends the search, and what held stands", results.SearchUnfit,
			[]tried{hold(10), {rate: 20, cpu: 190, does: slow(400)}, {rate: 20, again: true, cpu: 190}},
			results.Pass, 10, 0, "held 10/s; at 20/s the generator reached its own limit, not the target's: the load generator used 95% of the CPU that it may use, more than 80%; let the script do less, or use a machine with more cores than 2"},
		{"a generator without CPU from the start says nothing", results.SearchUnfit, []tried{{rate: 10, cpu: 190}, {rate: 10, cpu: 190, again: true}},
			results.Inconclusive, 0, 0, "held nothing; at 10/s the generator reached its own limit"},
		{"a target that serves nothing broke", results.SearchFound, []tried{hold(10), {rate: 40, does: dead}, {rate: 40, again: true, does: dead}},
			results.Pass, 10, 40, "broke at 40/s by none of the 320 iterations offered was served"},
		{"a target that never answers again need not be tried twice", results.SearchDown, []tried{hold(10), {rate: 40, does: dead}},
			results.Pass, 10, 40, "broke at 40/s by none of the 320 iterations offered was served, and brought the target down, which answered nothing in a rest; the limit lies in [10, 40]/s"},
		{"a target that is brought down breaks the rate, whatever was measured before", results.SearchDown, []tried{hold(10), {rate: 40, does: half}},
			results.Pass, 10, 40, "broke at 40/s by bringing the target down, which answered nothing in a rest; the limit lies in [10, 40]/s"},
		{"a first rate that brings the target down fails", results.SearchDown, []tried{{rate: 10, does: half}},
			results.Fail, 0, 10, "held nothing: the first rate, 10/s, broke by bringing the target down"},
		{"a step that can't be told and a repetition that breaks", results.SearchFound, []tried{hold(10), {rate: 40, does: half}, broken(40, true)},
			results.Pass, 10, 40, "broke at 40/s by p95"},
		{"what can't be told twice stays open", results.SearchFound, []tried{hold(10), {rate: 40, does: half}, {rate: 40, again: true, does: half}},
			results.Pass, 10, 0, "held 10/s; whether 40/s holds can't be told: p95(latency) < 300ms in steady (100ms)"},
		{"no step", results.SearchTime, nil, results.Inconclusive, 0, 0, "no step was completed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			trial, recorded := searching(t, row.ended, row.steps...)
			v, err := Judgement(askRun(trial, asked(limit)...), opening(recorded))
			if err != nil {
				t.Fatal(err)
			}
			if v.Outcome != row.outcome {
				t.Errorf("%s, want %s: %+v", v.Outcome, row.outcome, v.Evidence)
			}
			b := v.Breakpoints[0]
			number := func(p *float64) float64 {
				if p == nil {
					return 0
				}
				return *p
			}
			if number(b.Held) != row.held || number(b.Broke) != row.broke || !strings.Contains(b.Answer, row.answer) {
				t.Errorf("held %v, broke %v: %s\nwant %v, %v: %s", number(b.Held), number(b.Broke), b.Answer, row.held, row.broke, row.answer)
			}
			if e := v.Evidence[0]; e.What != "breakpoint" || e.Reason != b.Answer || e.Bound != ">= 10/s" {
				t.Errorf("the first row is %+v", e)
			}
		})
	}
}

func TestABrokenBoundOnLatencyIsTheGeneratorsWhereItHadTooFewVUs(t *testing.T) {
	// Of a latency of 400 ms the service takes half, which keeps the bound.
	trial, recorded := searching(t, results.SearchUnfit, tried{rate: 10}, tried{rate: 40, does: slow(400)}, tried{rate: 40, again: true, does: slow(400)})
	trial.Search.VUs = 3 // at 100 ms an iteration they carry 30/s
	judged := func() results.Breakpoint {
		v, err := Judgement(askRun(trial, asked("p95(latency) < 300ms")...), opening(recorded))
		if err != nil {
			t.Fatal(err)
		}
		return v.Breakpoints[0]
	}
	if want := "held 10/s; at 40/s the generator reached its own limit, not the target's: 3 VUs are too few for 40/s, at 100ms for an iteration: raise load.vus"; judged().Answer != want {
		t.Errorf("%s\nwant %s", judged().Answer, want)
	}
	trial.Search.VUs = 5
	if b := judged(); b.Broke == nil || *b.Broke != 40 {
		t.Errorf("5 VUs carry 50/s, so that it is the target that made them wait: %s", b.Answer)
	}
	slower := slow(700) // 350 ms of service
	trial, recorded = searching(t, results.SearchFound, tried{rate: 10}, tried{rate: 40, does: slower}, tried{rate: 40, again: true, does: slower})
	trial.Search.VUs = 3
	if b := judged(); b.Broke == nil || *b.Broke != 40 {
		t.Errorf("the service time alone breaks the bound: %s", b.Answer)
	}
}

func TestAnSLOThatMeasuredNothingEndsNoSearchButLeavesTheVerdictOpen(t *testing.T) {
	seldom := with(rate("checks", tags{"scenario": "main", "check": "seldom"}, 1, 1))
	trial, recorded := searching(t, results.SearchMost, tried{rate: 10, does: seldom}, tried{rate: 100})
	v, err := Judgement(askRun(trial, asked("p95(latency) < 300ms", "rate(checks) > 99%")...), opening(recorded))
	if err != nil {
		t.Fatal(err)
	}
	if *v.Breakpoints[0].Held != 100 || v.Outcome != results.Inconclusive || v.Evidence[2].Reason != "no samples of checks" {
		t.Errorf("%s: %+v", v.Outcome, v.Evidence)
	}
	trial, recorded = searching(t, results.SearchMost, tried{rate: 100, does: seldom})
	run := askRun(trial, asked("rate(checks) > 99%", "p95(http_req_duration) < 1ms in warmup", "max(heap) < 1MiB")...)
	run.Question.Scraped = []string{"heap"}
	if v, err = Judgement(run, opening(recorded)); err != nil {
		t.Fatal(err)
	}
	if v.Outcome != results.Pass || len(v.Evidence) != 2 {
		t.Errorf("%s: %+v", v.Outcome, v.Evidence)
	}
}

func TestTheRowsOfASearchAreOfTheRateThatHeld(t *testing.T) {
	trial, recorded := searching(t, results.SearchFound, tried{rate: 10}, tried{rate: 40, does: failing(10)}, tried{rate: 40, again: true, does: failing(10)})
	v, err := Judgement(askRun(trial, asked("rate(http_req_failed) < 1%", "p95(latency) < 300ms in steady")...), opening(recorded))
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, e := range v.Evidence {
		rows = append(rows, string(e.Outcome)+" "+e.What+" "+e.Phase)
	}
	want := []string{"pass breakpoint ", "pass rate(http_req_failed) < 1% at 10/s", "pass p95(latency) < 300ms in steady at 10/s"}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	last := v.Breakpoints[0].Steps[2]
	if last.Offered != 320 || last.Served != 240 || last.Failed != 80 || last.SLO != "rate(http_req_failed) < 1%" || *last.Value != 0.25 {
		t.Errorf("%+v", last)
	}
}

func TestASearchThatWasCutOffDoesNotPass(t *testing.T) {
	trial, recorded := searching(t, "", tried{rate: 10}, tried{rate: 20})
	trial.Status, trial.Reason = results.StatusAborted, "interrupted"
	v, err := Judgement(askRun(trial, asked("p95(latency) < 300ms")...), opening(recorded))
	if err != nil {
		t.Fatal(err)
	}
	if v.Outcome != results.Inconclusive || !strings.HasPrefix(v.Evidence[0].Reason, "would be pass; the trial is aborted: interrupted; held 20/s") {
		t.Errorf("%s: %+v", v.Outcome, v.Evidence[0])
	}
}

// TestWhatBrokeWhileTheGeneratorWasHeldUpIsNoFail: the target need not have been the cause. What held did so all the same.
func TestWhatBrokeWhileTheGeneratorWasHeldUpIsNoFail(t *testing.T) {
	broken := func(again bool) tried { return tried{rate: 40, again: again, does: slow(400)} }
	for _, row := range []struct {
		name    string
		steps   []tried
		outcome results.Outcome
		warned  bool
	}{
		{"the first rate broke", []tried{broken(false), broken(true)}, results.Inconclusive, false},
		{"a rate held before", []tried{{rate: 10}, broken(false), broken(true)}, results.Pass, true},
		{"nothing broke", []tried{{rate: 10}, {rate: 100}}, results.Pass, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			trial, recorded := searching(t, results.SearchFound, row.steps...)
			trial.Fitness.SchedulerP99 = 50
			v, err := Judgement(askRun(trial, asked("p95(latency) < 300ms")...), opening(recorded))
			if err != nil {
				t.Fatal(err)
			}
			warned := strings.Contains(strings.Join(v.Warnings, ""), "the limit may lie above 40/s: the load generator got to run late")
			if v.Outcome != row.outcome || warned != row.warned {
				t.Errorf("%s, warnings %q: %+v", v.Outcome, v.Warnings, v.Evidence)
			}
			if e := v.Evidence[0]; row.outcome == results.Inconclusive && !strings.HasPrefix(e.Reason, "would be fail; not fit to measure: ") {
				t.Errorf("the reason is %s", e.Reason)
			}
		})
	}
}

// TestWhatIsSaidOfAStepBeforeItsEndStands: nothing that can come may turn it.
func TestWhatIsSaidOfAStepBeforeItsEndStands(t *testing.T) {
	judge, err := NewSteps(results.Question{SLOs: asked("p90(latency) < 300ms", "rate(http_req_failed) < 1% in steady", "p95(latency) < 1ms in recovery")}, results.Fitness{Cores: 2}, 200)
	if err != nil {
		t.Fatal(err)
	}
	step := results.Step{Rate: 10, From: 2, End: 10}
	for _, row := range []struct {
		name    string
		seconds int // that have passed
		of      second
		outcome results.Outcome
		ended   bool
	}{
		{"nothing is known", 0, quiet(), results.Inconclusive, false},
		{"half of it is fine", 4, quiet(), results.Inconclusive, false},
		{"all but one in a hundred is fine", 8, second{served: 10, latency: 100, requests: 1}, results.Pass, true},
		{"one slow second may be made up for", 1, second{served: 8, latency: 400, requests: 1}, results.Inconclusive, false},
		{"two slow seconds may not", 2, second{served: 10, latency: 400, requests: 1}, results.Fail, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			var known []*recording.Frame
			for s := range row.seconds {
				known = append(known, row.of.frame(float64(2+s), time.Second))
			}
			o, _, ended := judge.Outcome(zero, step, known, 80, 0.1)
			if o.Outcome != row.outcome || ended != row.ended {
				t.Errorf("%s (%s), ended %v; want %s, %v", o.Outcome, o.Reason, ended, row.outcome, row.ended)
			}
		})
	}
}
