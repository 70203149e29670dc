package verdict

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

func TestACellHasTheOutcomeOfItsTrial(t *testing.T) {
	const limit = "p95(latency) < 300ms in fault"
	cell := results.Cell{Link: "api->cache", Kind: "latency", Strength: "strong", What: "500ms"}
	for _, row := range []struct {
		name string
		at   func(s int) second
		want results.CellOutcome
	}{
		{"holds", func(int) second { return quiet() }, results.CellOutcome{Cell: cell, Trial: 1, Outcome: results.Pass}},
		{"breaks while the fault is in force", func(s int) second {
			of := quiet()
			if s >= 40 && s < 60 {
				of.latency = 400
			}
			return of
		}, results.CellOutcome{Cell: cell, Trial: 1, Outcome: results.Fail, SLO: limit, Unit: "ms"}},
		{"is slow at another time", func(s int) second {
			of := quiet()
			if s < 30 {
				of.latency = 400
			}
			return of
		}, results.CellOutcome{Cell: cell, Trial: 1, Outcome: results.Pass}},
	} {
		t.Run(row.name, func(t *testing.T) {
			trial := completeTrial()
			trial.Cell = &cell
			v, err := Judgement(askRun(trial, asked(limit)...), opening(record(t, frames(row.at))))
			if err != nil {
				t.Fatal(err)
			}
			if len(v.Cells) != 1 {
				t.Fatalf("%+v", v.Cells)
			}
			got := v.Cells[0]
			if row.want.Outcome == results.Fail && (got.Value == nil || *got.Value < 390) {
				t.Errorf("%+v", got)
			}
			if loss := v.Resilience[0].Loss; row.want.Outcome == results.Fail && (loss == nil || *loss < 15 || *loss > 25) {
				t.Errorf("20 s of answers out of bound are a loss of %v", loss)
			}
			got.Value, got.Reason = nil, ""
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAScorecardAsksOfTheFaultPhase(t *testing.T) {
	for text, want := range map[string]string{
		"p95(latency) < 300ms":                        "p95(latency) < 300ms in fault",
		"rate(http_req_failed) < 1% in steady":        "rate(http_req_failed) < 1% in fault",
		"p95(latency) < 300ms in redis-slow":          "",
		"p95(latency) < 300ms in every 1m":            "",
		"p95(latency) < 1.5 * p95(latency in steady)": "",
		"slope(heap) < 1MiB/min":                      "",
	} {
		s, err := slo.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := Disturbed(s, func(string) bool { return false })
		if got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v; want %q", text, got, ok, want)
		}
		if _, err := slo.Parse(got); ok && err != nil {
			t.Errorf("%s: %v", got, err)
		}
	}
}

func TestAScorecardPassesWhenEachLinkNodeAndKindWasTried(t *testing.T) {
	slow := results.Cell{Link: "api->cache", Kind: "latency", Strength: "strong", What: "500ms"}
	little := results.Cell{Link: "api->cache", Kind: "latency", Strength: "mild", What: "50ms"}
	silent := results.Cell{Link: "api->db", Kind: "timeout", Strength: "strong", What: "for 5s"}
	frozen := results.Cell{Node: "cache", Kind: "pause", Strength: "mild", What: "for 1s"}
	all := []results.Cell{slow, silent, frozen, little}
	for _, row := range []struct {
		name   string
		asked  []results.Cell
		tried  []results.Cell
		cut    bool // the last trial was
		want   results.Outcome
		reason string
	}{
		{"nothing is left out", all, all, false, results.Pass, "all of its 4 faults were tried"},
		{"a strength is left out", all, []results.Cell{slow, silent, frozen}, false, results.Pass,
			"3 of 4 faults were tried, and each kind, link and node at least once; `--resume r1` goes on"},
		{"a node and its kind are left out", all, []results.Cell{slow, silent, little}, false, results.Inconclusive,
			"3 of 4 faults were tried; not tried at all: 1 of 3 kinds (pause), 1 of 3 links and nodes (cache); `--resume r1` goes on"},
		{"a trial was cut off", all, []results.Cell{slow, frozen, silent}, true, results.Inconclusive,
			"2 of 4 faults were tried; not tried at all: 1 of 3 kinds (timeout), 1 of 3 links and nodes (api->db); `--resume r1` goes on"},
		{"a record that does not say what was asked", nil, []results.Cell{slow}, false, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			run := askRun(completeTrial(), asked("p95(latency) < 300ms in fault")...)
			run.ID, run.Question.Cells, run.Trials = "r1", row.asked, nil
			for i, cell := range row.tried {
				trial := completeTrial()
				trial.Number, trial.Cell = i+1, &cell
				if row.cut && i == len(row.tried)-1 {
					trial.Status = results.StatusAborted
				}
				run.Trials = append(run.Trials, trial)
			}
			v, err := Judgement(run, opening(record(t, frames(func(int) second { return quiet() }))))
			if err != nil {
				t.Fatal(err)
			}
			var got results.Evidence
			for _, e := range v.Evidence {
				if e.What == results.ScorecardRow {
					got = e
				}
			}
			if got.Outcome != row.want || got.Reason != row.reason {
				t.Errorf("%s: %s, want %s: %s", got.Outcome, got.Reason, row.want, row.reason)
			}
			if want := row.want; want != "" && v.Outcome != want {
				t.Errorf("the run: %s, want %s", v.Outcome, want)
			}
		})
	}
}

func TestALimitThatWasNeverReachedIsToleratedInAScorecardAlone(t *testing.T) {
	cell := results.Cell{Node: "cache", Kind: "cpu-limit", Strength: "mild", What: "0.1 cores"}
	for _, row := range []struct {
		name string
		cell *results.Cell
		want results.Outcome
	}{{"in a scorecard", &cell, results.Pass}, {"elsewhere", nil, results.Inconclusive}} {
		t.Run(row.name, func(t *testing.T) {
			trial := completeTrial()
			trial.Cell = row.cell
			for i := range trial.Faults {
				trial.Faults[i].Effect = &results.Effect{What: "held up", Unit: "share", Probes: 40, Note: "it did not come to the limit", Idle: true}
			}
			v, err := Judgement(askRun(trial, asked("p95(latency) < 300ms in fault")...), opening(record(t, frames(func(int) second { return quiet() }))))
			if err != nil {
				t.Fatal(err)
			}
			if v.Outcome != row.want {
				t.Errorf("%s: %+v", v.Outcome, v.Evidence)
			}
			if row.cell != nil && v.Cells[0].Reason != "it did not come to the limit" {
				t.Errorf("%+v", v.Cells[0])
			}
		})
	}
}
