package verdict

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

// limited is a run of `brunt limits`: what it tolerates, holds and counts.
func limited(side int, t results.Tolerance, b results.Breakpoint, r results.RoundTrips) results.Run {
	run := quietly(side, side, 1)
	run.Question.Asker = "limits"
	t.Trial, t.Link, t.Kind, t.Unit, t.Rate = 1, "api->db", "latency", "ms", 100
	b.Trial, b.Unit = 1, "/s"
	r.Trial, r.Link, r.Name = 1, "api->db", "orders"
	run.Verdict = results.Verdict{Tolerances: []results.Tolerance{t}, Breakpoints: []results.Breakpoint{b}, RoundTrips: []results.RoundTrips{r}}
	return run
}

func between(held, broke float64) results.Tolerance {
	return results.Tolerance{Held: pointer(held), Broke: pointer(broke)}
}

func carries(held, broke float64) results.Breakpoint {
	return results.Breakpoint{Held: pointer(held), Broke: pointer(broke)}
}

func crosses(low, count, high float64) results.RoundTrips {
	return results.RoundTrips{Count: pointer(count), Low: pointer(low), High: pointer(high)}
}

func TestLimitsAreComparedByWhereTheyCanNotBe(t *testing.T) {
	base := limited(0, between(200, 220), carries(100, 110), crosses(2.9, 3, 3.1))
	rows := []struct {
		name string
		cand results.Run
		want string
	}{
		{"the same", limited(1, between(200, 220), carries(100, 110), crosses(2.95, 3.02, 3.1)), "unclear unclear same"},
		{"a step less", limited(1, between(160, 180), carries(80, 90), crosses(2.5, 2.7, 3.3)), "unclear unclear same"},
		{"far less", limited(1, between(50, 60), carries(20, 25), crosses(4.9, 5, 5.1)), "worse worse worse"},
		{"far more", limited(1, between(500, 600), carries(300, 320), crosses(0.9, 1, 1.1)), "better better better"},
		{"nothing held", limited(1, between(0, 10), carries(0, 20), results.RoundTrips{Reason: "too few"}), "worse worse unclear"},
		{"the end not found", limited(1, results.Tolerance{Held: pointer(50)}, results.Breakpoint{}, results.RoundTrips{}), "unclear unclear unclear"},
		{"the end of more not found", limited(1, results.Tolerance{Held: pointer(900)}, results.Breakpoint{Held: pointer(900)}, crosses(3.05, 3.4, 4)), "better better same"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := Compare(Stored{"base", sideBuild(0), []results.Run{base}}, Stored{"cand", sideBuild(1), []results.Run{row.cand}})
			var got []string
			for _, r := range c.Rows {
				got = append(got, string(r.Outcome))
			}
			if diff := cmp.Diff(row.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got)\n%s\n%+v", diff, c.Rows)
			}
		})
	}
	// Of a bandwidth a smaller number is the stronger fault.
	falling := limited(0, between(1000, 800), results.Breakpoint{}, results.RoundTrips{})
	less := limited(1, between(4000, 3000), results.Breakpoint{}, results.RoundTrips{})
	if c := Compare(Stored{"base", sideBuild(0), []results.Run{falling}}, Stored{"cand", sideBuild(1), []results.Run{less}}); c.Rows[0].Outcome != results.Worse {
		t.Errorf("a build that needs three times the bandwidth is %s", c.Rows[0].Outcome)
	}
}

// costed is a run of the cost gate: each build in two starts, in which every request makes so many queries.
func costed(id string, seed, baseline, candidate int64) results.Run {
	run := results.Run{ID: id, Experiment: "shop", Status: results.StatusComplete, Seed: seed, Question: results.Question{Asker: results.AskerGate},
		Builds: []results.Build{sideBuild(0), sideBuild(1)}, Verdict: results.Verdict{Outcome: results.Fail}}
	for n, calls := range []int64{baseline, candidate, candidate, baseline} {
		costs := &results.Costs{Postgres: true, Statements: []string{"SELECT 1"}}
		for range 20 {
			costs.Requests = append(costs.Requests, results.RequestCost{Endpoint: "GET /", Status: 200, Statements: []results.StatementCost{{Calls: calls, Rows: calls}}})
		}
		run.Trials = append(run.Trials, results.Trial{Number: n + 1, Build: []int{0, 1, 1, 0}[n], Status: results.StatusComplete, Costs: costs})
	}
	return run
}

func TestCostsOfStoredGatesAreCompared(t *testing.T) {
	rows := []struct {
		name string
		runs [2][]results.Run // found for the baseline, for the candidate
		want string
	}{
		{"one query more, in the candidate's gate", [2][]results.Run{nil, {costed("gate", 1, 4, 5)}}, "queries 4 to 5: worse"},
		{"found from both sides, and counted once", [2][]results.Run{{costed("gate", 1, 4, 4)}, {costed("gate", 1, 4, 4)}}, "queries 4 to 4: same"},
		{"one query more, of other requests", [2][]results.Run{{costed("old", 1, 4, 4)}, {costed("new", 2, 4, 5)}}, "queries 4 to 4.5: unclear"},
		{"twice as many, of other requests", [2][]results.Run{{costed("old", 1, 4, 8)}, {costed("new", 2, 4, 8)}}, "queries 4 to 8: worse"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := Compare(Stored{"base", sideBuild(0), row.runs[0]}, Stored{"cand", sideBuild(1), row.runs[1]})
			if len(c.Costs) == 0 {
				t.Fatalf("nothing is compared: %v", c.Notes)
			}
			first := c.Costs[0]
			if got := first.Count + " " + display(first.Baseline, "") + " to " + display(first.Candidate, "") + ": " + string(first.Outcome); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
			if !strings.Contains(strings.Join(c.Notes, "\n"), "held these two builds against each other in turn: fail") {
				t.Errorf("the gate itself is not named: %v", c.Notes)
			}
		})
	}
}

// TestCostsOfGatesThatAskedOtherwiseAreUnclear holds a gate that counted in the baseline against one that counted in the candidate, beside
// another build each.
func TestCostsOfGatesThatAskedOtherwiseAreUnclear(t *testing.T) {
	const source = "name: shop\nload: {script: s.js, env: {ROWS: \"100\"}}\n"
	gate := func(side int, queries int64) results.Run {
		run := costed([]string{"before", "after"}[side], 1, queries, queries)
		run.Builds[1-side] = results.Build{SHA: "e15e"}
		run.Provider, run.Host, run.Question.Source = "docker", results.Host{Fingerprint: "f00d"}, source
		run.Trials[0].Nodes = []results.Node{{Name: "db", Role: "dependency", Kind: "postgres", Version: "16"}}
		return run
	}
	rows := []struct {
		name        string
		change      func(*results.Run) // of the candidate's gate
		more, twice results.ComparisonOutcome
		differences string
		says        string
	}{
		{"nothing", func(*results.Run) {}, results.Worse, results.Worse, "", ""},
		{"what is accepted", func(r *results.Run) { r.Question.Source += "accept: [{metric: rows}]\n" }, results.Worse, results.Worse, "experiment, accept", ""},
		{"the machine", func(r *results.Run) { r.Host.Fingerprint = "beef" }, results.Unclear, results.Worse, "host", "only counts that differ by half are named"},
		{"the provider", func(r *results.Run) { r.Provider = "local" }, results.Unclear, results.Worse, "provider", "only counts that differ by half are named"},
		{"a dependency", func(r *results.Run) { r.Trials[0].Nodes[0].Version = "17" }, results.Unclear, results.Worse, "dependency db", "only counts that differ by half"},
		{"the flags", func(r *results.Run) { r.Command = []string{"brunt", "gate", "--set", "a=1"} }, results.Unclear, results.Unclear, "flags", "what was asked is not the same"},
		{"all of it", func(r *results.Run) {
			r.Host.Fingerprint, r.Provider, r.Question.Source = "beef", "local", strings.ReplaceAll(source, "100", "100000")
		}, results.Unclear, results.Unclear, "experiment, load, host, provider", "what was asked is not the same"},
	}
	for _, row := range rows {
		for queries, want := range map[int64]results.ComparisonOutcome{5: row.more, 8: row.twice} {
			after := gate(1, queries)
			row.change(&after)
			c := Compare(Stored{"base", sideBuild(0), []results.Run{gate(0, 4)}}, Stored{"cand", sideBuild(1), []results.Run{after}})
			var fields []string
			for _, d := range c.Differences {
				fields = append(fields, d.Field)
			}
			if len(c.Costs) == 0 || c.Costs[0].Outcome != want || c.Outcome != want || strings.Join(fields, ", ") != row.differences {
				t.Errorf("%s, 4 to %d: %s, not %s, of %+v; what differs is %v", row.name, queries, c.Outcome, want, c.Costs, fields)
			}
			if !strings.Contains(strings.Join(c.Notes, "\n"), row.says) || len(c.Baseline.Runs) != 1 || c.Candidate.Runs[0].ID != "after" {
				t.Errorf("%s: it says %q of %+v", row.name, c.Notes, c.Candidate.Runs)
			}
		}
	}
	// A gate that counted in both is better evidence than two that asked otherwise.
	before, both := gate(0, 4), costed("both", 1, 4, 5)
	before.Provider = "local"
	c := Compare(Stored{"base", sideBuild(0), []results.Run{before}}, Stored{"cand", sideBuild(1), []results.Run{both}})
	if c.Outcome != results.Worse || len(c.Differences) > 0 || c.Baseline.Runs[0].ID != "both" {
		t.Errorf("the gate of both builds is not what is compared: %s, %v, %+v", c.Outcome, c.Differences, c.Baseline.Runs)
	}
	both.Status = results.StatusBroken
	if c := Compare(Stored{"base", sideBuild(0), nil}, Stored{"cand", sideBuild(1), []results.Run{both}}); len(c.Costs) > 0 {
		t.Errorf("a gate that is broken is compared: %+v", c.Costs)
	}
}

// TestRealEffectsAreNamed asks what can be seen, on the simulated machines. How often is the figure of the simulation with these seeds.
func TestRealEffectsAreNamed(t *testing.T) {
	for _, row := range []struct {
		machine, order string
		effect         float64 // logarithm
		least, most    int     // of 50 comparisons that say worse
	}{
		{"quiet", "abbabaababbaabbabaab", 0.05, 49, 50},
		{"noisy", "abbabaababbaabbabaab", 0.3, 45, 50},
		{"noisy", "abbabaababbaabbabaab", 0.01, 0, 1},
		{"noisy", "a b", 1.6, 45, 50},
		{"noisy", "a b", 0.4, 0, 1},
	} {
		worse := 0
		for i := range 50 {
			for _, s := range severities {
				if s.name == row.machine && newBench(s, uint64(i)+77, row.effect).compare(row.order).Outcome == results.Worse {
					worse++
				}
			}
		}
		t.Logf("%s, %q: %.2f is worse in %d of 50", row.machine, row.order, row.effect, worse)
		if worse < row.least || worse > row.most {
			t.Errorf("%s, %q: an effect of %.2f is worse in %d of 50", row.machine, row.order, row.effect, worse)
		}
	}
}

func TestPairsAreNeighboursOnOneMachineInBothOrders(t *testing.T) {
	rows := []struct {
		name, order string
		change      func(runs [2][]results.Run)
		pairs       int
		mixed       bool
	}{
		{"in turn", "abababababab", nil, 5, true},
		{"in both orders", "abbaabba", nil, 4, true},
		{"one after the other", "aaaabbbb", nil, 1, false},
		{"other machines", "abababababab", func(runs [2][]results.Run) {
			for i := range runs[1] {
				runs[1][i].Host.Fingerprint = "beef"
			}
		}, 0, false},
		{"a day between", "abababababab", func(runs [2][]results.Run) {
			for i := range runs[1] {
				for s := range runs {
					runs[s][i].Trials[0].Began = runs[s][i].Trials[0].Began.AddDate(0, 0, 2*i+s)
					runs[s][i].Trials[0].Ended = runs[s][i].Trials[0].Ended.AddDate(0, 0, 2*i+s)
				}
			}
		}, 0, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var runs [2][]results.Run
			for i, letter := range row.order {
				side := int(letter - 'a')
				runs[side] = append(runs[side], quietly(side, i, 1))
			}
			if row.change != nil {
				row.change(runs)
			}
			var sides [2][]execution
			for s := range runs {
				for i := range runs[s] {
					sides[s] = append(sides[s], execution{run: &runs[s][i], trial: &runs[s][i].Trials[0]})
				}
			}
			pairs, mixed := pairsOf(sides)
			if len(pairs) != row.pairs || mixed != row.mixed {
				t.Errorf("%d pairs, in both orders: %v", len(pairs), mixed)
			}
		})
	}
}
