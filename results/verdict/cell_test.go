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
