package report

import (
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

// limiting is a run that found limits: of the rate, of one link, and of another only in part.
func limiting() results.Run {
	r := searching()
	const limit = "p95(latency) < 300ms in steady"
	r.Command = []string{"brunt", "limits", "scenarios/restapi", "--seed", "42"}
	r.Warnings = []string{"limits injects faults of its own; left out: redis-slow"}
	step := func(at, strength float64, outcome results.Outcome) results.FaultOutcome {
		o := results.FaultOutcome{Link: "api->cache", Strength: strength, StepOutcome: results.StepOutcome{
			Step: results.Step{Rate: 50, Start: at, From: at + 0.6, End: at + 3}, Offered: 120, Served: 120, Outcome: outcome,
		}}
		if outcome == results.Fail {
			o.SLO, o.Value, o.Unit = limit, ptr(402), "ms"
		}
		return o
	}
	r.Verdict.Tolerances = []results.Tolerance{
		{Trial: 2, Link: "api->cache", Kind: "latency", Unit: "ms", Rate: 50, Held: ptr(235), Broke: ptr(256), SLO: limit, Value: ptr(402), ValueUnit: "ms",
			Outcome: results.Pass, Answer: "tolerates a latency of 235ms, breaks at 256ms by " + limit + " (402ms)",
			Steps: []results.FaultOutcome{step(0, 0, results.Pass), step(5, 235, results.Pass), step(11, 256, results.Fail)}},
		{Trial: 3, Link: "api->orders-db", Kind: "bandwidth", Unit: "B/s", Rate: 50, Held: ptr(4_000_000), Outcome: results.Inconclusive,
			Answer: "tolerates a bandwidth of 4000000 B/s; the time was over before it was closer; raise --budget", Steps: []results.FaultOutcome{}},
	}
	r.Verdict.RoundTrips = []results.RoundTrips{
		{Trial: 4, Link: "api->orders-db", Name: "GET /items/{id}", Rate: 10, Count: ptr(2.98), Low: ptr(2.91), High: ptr(3.06),
			Points: []results.RoundTripPoint{{Asked: 0, Trip: 0.4, Duration: 2.2, Samples: 32}}},
		{Trial: 4, Link: "api->orders-db", Name: "GET /items", Rate: 10, Reason: "not a line: the medians lie up to 12% of the rise beside one, as where requests wait for each other",
			Points: []results.RoundTripPoint{}},
	}
	r.Verdict.Outcome = results.Inconclusive
	for _, t := range r.Verdict.Tolerances {
		r.Verdict.Evidence = append(r.Verdict.Evidence, results.Evidence{What: toleranceRow(t), Trial: t.Trial, Phase: "at 50/s", Value: t.Held, Unit: t.Unit,
			Low: t.Held, High: t.Broke, Outcome: t.Outcome, Reason: t.Answer})
	}
	return r
}

func TestLimitsAreTheAnswer(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*results.Run)
		want   string
	}{
		{"one is not found", func(*results.Run) {},
			"INCONCLUSIVE restapi (fixed) @ 1a2b3c4: holds 420 /s; tolerates 235 ms of latency on api->cache; api->orders-db: tolerates a bandwidth of 4000000 B/s; the time was over before it was closer; raise --budget; 1 of 2 round trips read"},
		{"all are", func(r *results.Run) {
			r.Verdict.Outcome, r.Verdict.Tolerances = results.Pass, r.Verdict.Tolerances[:1]
		}, "PASS restapi (fixed) @ 1a2b3c4: holds 420 /s; tolerates 235 ms of latency on api->cache; 1 of 2 round trips read"},
		{"nothing is tolerated", func(r *results.Run) {
			r.Verdict.Outcome, r.Verdict.Tolerances = results.Pass, r.Verdict.Tolerances[:1]
			r.Verdict.Tolerances[0].Held = ptr(0)
		}, "tolerates no latency on api->cache"},
		{"what stays the same of the faults", func(r *results.Run) {
			r.Verdict.Outcome, r.Verdict.Tolerances = results.Pass, r.Verdict.Tolerances[:1]
			r.Verdict.Tolerances[0].Kind, r.Verdict.Tolerances[0].With, r.Verdict.Tolerances[0].Unit, r.Verdict.Tolerances[0].Held = "stall", "by 500ms", "%", ptr(12)
		}, "tolerates 12 % of stall by 500ms on api->cache"},
		{"what else decided comes first", func(r *results.Run) {
			r.Verdict.Outcome = results.Fail
			r.Verdict.Evidence = append(r.Verdict.Evidence, results.Evidence{What: "script exceptions", Outcome: results.Fail, Reason: "the script threw"})
		}, "FAIL restapi (fixed) @ 1a2b3c4: script exceptions: the script threw"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := limiting()
			row.change(&r)
			if got := New(r).Answer.String(); !strings.Contains(got, row.want) {
				t.Errorf("%s\nwant %s", got, row.want)
			}
		})
	}
}
