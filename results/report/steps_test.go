package report

import (
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

// searching is a run that found its breakpoint, after an unlucky step and a broken one.
func searching() results.Run {
	r := passing()
	const limit = "p95(latency) < 300ms in steady"
	r.Warnings = []string{"breakpoint injects no faults; left out: redis-slow"}
	r.Question.SLOs = r.Question.SLOs[:1]
	t := &r.Trials[0]
	t.Faults, t.Phases, t.ConstantRate = nil, t.Phases[:2], false
	r.Verdict.Phases = r.Verdict.Phases[:2]
	step := func(at, rate float64, again bool) results.Step {
		return results.Step{Rate: rate, Start: at, From: at + 4, End: at + 20, Again: again, CPUPercent: 40}
	}
	t.Search = &results.Search{From: 280, Most: 1000, VUs: 200, Ended: results.SearchFound}
	b := results.Breakpoint{
		Trial: 1, Held: ptr(420), Broke: ptr(466), Unit: "/s", SLO: limit, Value: ptr(812), ValueUnit: "ms",
		Answer: "held 420/s (last rate that kept every SLO), broke at 466/s by " + limit + " (812ms); the limit lies in [420, 466]/s",
		Steps: []results.StepOutcome{
			{Step: step(0, 280, false), Offered: 4480, Served: 4480, Outcome: results.Pass},
			{Step: step(22, 420, false), Offered: 6720, Served: 6700, Failed: 20, Outcome: results.Fail, SLO: limit, Value: ptr(333), Unit: "ms"},
			{Step: step(50, 420, true), Offered: 6720, Served: 6720, Outcome: results.Pass},
			{Step: step(72, 466, false), Offered: 7456, Served: 4000, Outcome: results.Fail, SLO: limit, Value: ptr(790), Unit: "ms"},
			{Step: step(100, 466, true), Offered: 7456, Served: 4100, Outcome: results.Fail, SLO: limit, Value: ptr(812), Unit: "ms"},
		},
	}
	for _, s := range b.Steps {
		t.Search.Steps = append(t.Search.Steps, s.Step)
	}
	r.Verdict.Breakpoints = []results.Breakpoint{b}
	r.Verdict.Evidence = []results.Evidence{
		{What: "breakpoint", Trial: 1, Value: ptr(420), Unit: "/s", Bound: ">= 280/s", Low: ptr(420), High: ptr(466), Samples: 6720, Outcome: results.Pass, Reason: b.Answer},
		{What: limit, Trial: 1, Phase: "at 420/s", Value: ptr(210), Unit: "ms", Bound: "< 300ms", Low: ptr(210), High: ptr(210), Samples: 6720, Outcome: results.Pass},
	}
	return r
}

func TestASearchAnswersWithItsBreakpoint(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*results.Run)
		want   string
	}{
		{"found", func(*results.Run) {}, "PASS restapi (fixed) @ 1a2b3c4: held 420/s"},
		{"the first rate broke", func(r *results.Run) {
			r.Verdict.Outcome, r.Verdict.Evidence[0].Outcome = results.Fail, results.Fail
			r.Verdict.Breakpoints[0].Answer = "held nothing"
		}, "FAIL restapi (fixed) @ 1a2b3c4: held nothing"},
		{"the generator was at its limit from the start", func(r *results.Run) {
			r.Verdict.Outcome, r.Verdict.Evidence[0].Outcome = results.Inconclusive, results.Inconclusive
			r.Verdict.Breakpoints[0].Answer = "held nothing; at 280/s the generator reached its own limit"
		}, "INCONCLUSIVE restapi (fixed) @ 1a2b3c4: held nothing; at 280/s the generator"},
		{"what else decided comes first", func(r *results.Run) {
			r.Verdict.Outcome = results.Fail
			r.Verdict.Evidence = append(r.Verdict.Evidence, results.Evidence{What: "script exceptions", Outcome: results.Fail, Reason: "the script threw"})
		}, "FAIL restapi (fixed) @ 1a2b3c4: script exceptions: the script threw"},
		{"of several trials each", func(r *results.Run) {
			r.Trials = append(r.Trials, r.Trials[0])
			second := r.Verdict.Breakpoints[0]
			second.Trial, second.Answer = 2, "held 400/s"
			r.Verdict.Breakpoints = append(r.Verdict.Breakpoints, second)
		}, "lies in [420, 466]/s; trial 2 held 400/s"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := searching()
			row.change(&r)
			if got := New(r).Answer.String(); !strings.Contains(got, row.want) {
				t.Errorf("%s\nwant %s", got, row.want)
			}
		})
	}
}
