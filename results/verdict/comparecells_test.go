package verdict

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

// scored is a scorecard of one fault on each of two links, of the same name: what p95 is in each, of a bound of 300 ms, how long it took to
// recover, and how many queries a request needed.
func scored(side int, p95, recovery, queries [2]float64) results.Run {
	run := quietly(side, side, 1)
	run.Question.Asker = "matrix"
	trial := run.Trials[0]
	run.Trials, run.Verdict = nil, results.Verdict{}
	for i, link := range []string{"api->cache", "api->db"} {
		one := trial
		one.Number, one.Cell = i+1, &results.Cell{Link: link, Kind: "latency", Strength: "strong", What: "500ms"}
		run.Trials = append(run.Trials, one)
		row := results.Evidence{What: "p95(latency) < 300ms in fault", Trial: i + 1, Unit: "ms", Value: pointer(p95[i]), Outcome: results.Pass}
		if p95[i] >= 300 {
			row.Outcome = results.Fail
		}
		run.Verdict.Evidence = append(run.Verdict.Evidence, row)
		run.Verdict.Cells = append(run.Verdict.Cells, cells(one, run.Verdict.Evidence)...)
		run.Verdict.Resilience = append(run.Verdict.Resilience, results.Resilience{
			Trial: i + 1, Faults: []string{"latency-strong"}, Recovery: results.Recovery{Seconds: pointer(recovery[i])},
		})
		for _, phase := range []string{"steady", "latency-strong", "recovery"} {
			run.Verdict.Uses = append(run.Verdict.Uses, results.Use{Trial: i + 1, Phase: phase, Node: "db", Kind: "postgres", Requests: 1000, Queries: pointer(queries[i])})
		}
	}
	return run
}

func TestScorecardsAreComparedFaultByFault(t *testing.T) {
	two := func(a, b float64) [2]float64 { return [2]float64{a, b} }
	base := scored(0, two(20, 20), two(1, 1), two(3, 3))
	const same = "latency 500ms on api->cache: same|latency 500ms on api->db: same"
	const counts = "postgres.queries{node:db} latency 500ms on api->cache: same|postgres.queries{node:db} latency 500ms on api->db: same|" +
		"postgres.queries{node:db} recovery from latency 500ms on api->cache: same|postgres.queries{node:db} recovery from latency 500ms on api->db: same|" +
		"postgres.queries{node:db} steady: same"
	rows := []struct {
		name string
		base results.Run
		cand results.Run
		want string // rows that are not unclear, sorted as they come
	}{
		{"the same", base, scored(1, two(25, 22), two(1, 2), two(3, 3)), counts + "|" + same},
		{"one is tolerated no more", base, scored(1, two(25, 800), two(1, 2), two(3, 3)), counts + "|latency 500ms on api->cache: same|latency 500ms on api->db: worse"},
		{"one is tolerated now", scored(0, two(800, 20), two(1, 1), two(3, 3)), scored(1, two(25, 20), two(1, 2), two(3, 3)),
			counts + "|latency 500ms on api->cache: better|latency 500ms on api->db: same"},
		{"just beyond its bound", scored(0, two(20, 290), two(1, 1), two(3, 3)), scored(1, two(25, 310), two(1, 2), two(3, 3)), counts + "|latency 500ms on api->cache: same"},
		{"neither tolerates it", scored(0, two(20, 500), two(1, 1), two(3, 3)), scored(1, two(25, 900), two(1, 2), two(3, 3)), counts + "|latency 500ms on api->cache: same"},
		{"slow to recover from one", base, scored(1, two(20, 20), two(1, 40), two(3, 3)), counts + "|recovery(latency 500ms on api->db) latency 500ms on api->db: worse|" + same},
		{"retries under one", base, scored(1, two(20, 20), two(1, 1), two(3, 9)), ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := Compare(Stored{"base", sideBuild(0), []results.Run{row.base}}, Stored{"cand", sideBuild(1), []results.Run{row.cand}})
			got := map[string]bool{}
			var lines []string
			for _, r := range c.Rows {
				if r.Outcome != results.Unclear {
					line := strings.TrimSpace(r.Metric+" "+r.Phase) + ": " + string(r.Outcome)
					lines, got[line] = append(lines, line), true
				}
			}
			if row.want == "" {
				if !got["postgres.queries{node:db} latency 500ms on api->db: worse"] || got["postgres.queries{node:db} latency 500ms on api->cache: worse"] {
					t.Errorf("%v", lines)
				}
				return
			}
			want := strings.Split(row.want, "|")
			if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(lines))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestAFaultThatOneSideTriedAloneIsSaid, and SLOs that are not the same make all of it unclear.
func TestAFaultThatOneSideTriedAloneIsSaid(t *testing.T) {
	base, cand := scored(0, [2]float64{20, 20}, [2]float64{1, 1}, [2]float64{3, 3}), scored(1, [2]float64{20, 900}, [2]float64{1, 1}, [2]float64{3, 3})
	base.Verdict.Cells = base.Verdict.Cells[:1]
	c := Compare(Stored{"base", sideBuild(0), []results.Run{base}}, Stored{"cand", sideBuild(1), []results.Run{cand}})
	if notes := strings.Join(c.Notes, "\n"); !strings.Contains(notes, "1 fault of the scorecard of the candidate was not tried on the other side") {
		t.Errorf("%s", notes)
	}
	base = scored(0, [2]float64{20, 20}, [2]float64{1, 1}, [2]float64{3, 3})
	base.Question.Source = strings.Replace(comparedSource, "300ms", "100ms", 1)
	c = Compare(Stored{"base", sideBuild(0), []results.Run{base}}, Stored{"cand", sideBuild(1), []results.Run{cand}})
	for _, r := range c.Rows {
		if r.Statistic == "tolerated" && (r.Outcome != results.Unclear || r.Reason != "what was asked is not the same") {
			t.Errorf("%s: %s, %s", r.Metric, r.Outcome, r.Reason)
		}
	}
}
