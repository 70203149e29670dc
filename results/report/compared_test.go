package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// twoBuilds are two builds, months apart on two machines, of which one p95 is far worse and one query was added.
func twoBuilds() results.Compared {
	run := func(id string, month time.Month, host, brunt string) []results.ComparedRun {
		return []results.ComparedRun{{ID: id, Created: time.Date(2026, month, 4, 5, 6, 7, 0, time.UTC), Provider: "local", Host: host, HostName: host, CPU: "Some CPU",
			Cores: 2, Trials: 1, Tools: map[string]string{"brunt": brunt, "k6": "v1.8.1"}}}
	}
	return results.Compared{
		Experiment: "restapi", Outcome: results.Worse,
		Baseline:  results.ComparedSide{Reference: "release:v1.2", Build: results.Build{SHA: "1a2b3c4d5e6f708192a3b4c5d6e7f80912345678", Ref: "main", Variant: "fixed"}, Runs: run("r-1", 1, "ci-1", "0.1.0")},
		Candidate: results.ComparedSide{Reference: "abcd", Build: results.Build{SHA: "abcd3c4d5e6f708192a3b4c5d6e7f80912345678", Dirty: true, Ref: "feature|x", Variant: "fixed"}, Runs: run("r-2", 6, "ci-2", "0.2.0")},
		Differences: []results.Difference{
			{Field: "host", Baseline: "ci-1", Candidate: "ci-2", Effect: results.EffectLarge}, {Field: "seed", Baseline: "1", Candidate: "2", Effect: results.EffectNone},
		},
		Rows: []results.ComparedRow{
			{Kind: results.KindTime, Metric: "latency", Statistic: "p95", Phase: "steady", Unit: "ms", Baseline: ptr(12), Candidate: ptr(61.2), BaselineTrials: 1, CandidateTrials: 1,
				Ratio: ptr(5.1), Low: ptr(1.275), High: ptr(20.4), MDE: ptr(3), Outcome: results.Worse},
			{Kind: results.KindShare, Metric: "http_req_failed", Statistic: "rate", Phase: "steady", Unit: "share", Baseline: ptr(0.001), Candidate: ptr(0.0005), BaselineTrials: 1, CandidateTrials: 1,
				Difference: ptr(-0.0005), Low: ptr(-0.0105), High: ptr(0.0095), MDE: ptr(0.01), Outcome: results.Unclear},
			{Kind: results.KindWork, Metric: "postgres.queries{node:orders-db}", Statistic: "per_request", Phase: "steady", Baseline: ptr(3), Candidate: ptr(4), BaselineTrials: 1, CandidateTrials: 1,
				Ratio: ptr(4.0 / 3), Outcome: results.Worse},
			{Kind: results.KindResilience, Metric: "recovery(cut)", Statistic: "longest", Phase: "cut", Unit: "s", Baseline: ptr(2), BaselineTrials: 1, CandidateTrials: 1,
				Outcome: results.Unclear, Reason: "the candidate was not seen to recover"},
			{Kind: results.KindTime, Metric: "latency", Statistic: "p50", Phase: "gate", Unit: "ms", Baseline: ptr(2.5), Candidate: ptr(2.51), BaselineTrials: 9, CandidateTrials: 9, Pairs: 9,
				Ratio: ptr(1.004), Low: ptr(0.99), High: ptr(1.018), MDE: ptr(0.02), Outcome: results.Same},
			{Kind: results.KindResilience, Metric: "latency 500ms on api->cache", Statistic: "tolerated", Unit: "ms", BaselineTrials: 1, CandidateTrials: 1, Outcome: results.Same},
			{Kind: results.KindInvariant, Metric: "lost(orders) == 0", Statistic: "lost", Baseline: ptr(0), Candidate: ptr(0), BaselineTrials: 1, CandidateTrials: 1, Outcome: results.Same},
		},
		SLOs:  []results.ComparedSLO{{What: "p95(latency) < 50ms", Unit: "ms", Baseline: ptr(12), Candidate: ptr(61.2), Was: results.Pass, Is: results.Fail}},
		Costs: []results.CostComparison{{Endpoint: "POST /orders", Count: "queries", Baseline: 3, Candidate: 4, Outcome: results.Worse, Exact: true}},
		Notes: []string{"machine, provider or dependencies are not the same, so that only times that are 4 times as long are named"},
	}
}

func TestComparedBuildsAreAsInTheirGoldenFiles(t *testing.T) {
	for _, format := range Formats {
		if format.Name == "junit" { // compare writes none
			continue
		}
		t.Run(format.Name, func(t *testing.T) {
			var out bytes.Buffer
			if err := format.Write(&out, NewCompared(twoBuilds()), Options{Store: "sqlite:brunt.db"}); err != nil {
				t.Fatal(err)
			}
			asInItsGoldenFile(t, "compared."+format.Name, out.String())
		})
	}
}

func TestTheSentenceOfAComparisonNamesWhatChanged(t *testing.T) {
	rows := []struct {
		name   string
		change func(c *results.Compared)
		want   string
	}{
		{"worse", func(*results.Compared) {}, "WORSE restapi, abcd3c4+dirty (fixed) against release:v1.2 = 1a2b3c4 (fixed): worse: p95(latency) in steady x 5.1, " +
			"per_request(postgres.queries{node:orders-db}) in steady x 1.33, +1 query per POST /orders; 2 of 8 comparisons unclear"},
		{"nothing", func(c *results.Compared) { c.Outcome, c.Rows, c.Costs = results.Unclear, nil, nil },
			"UNCLEAR restapi, abcd3c4+dirty (fixed) against release:v1.2 = 1a2b3c4 (fixed): nothing can be compared"},
		{"all the same", func(c *results.Compared) { c.Outcome, c.Rows, c.Costs = results.Same, c.Rows[4:], nil },
			"SAME restapi, abcd3c4+dirty (fixed) against release:v1.2 = 1a2b3c4 (fixed): all of 3 comparisons are the same"},
		{"a build without a commit", func(c *results.Compared) {
			c.Outcome, c.Rows, c.Costs, c.Candidate = results.Same, c.Rows[4:], nil, results.ComparedSide{Reference: "latest"}
		}, "SAME restapi, latest against release:v1.2 = 1a2b3c4 (fixed): all of 3 comparisons are the same"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := twoBuilds()
			row.change(&c)
			if got := NewCompared(c).Answer.String(); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

func TestAComparisonOfManyRunsNamesTheFirstAndTheLast(t *testing.T) {
	c := twoBuilds()
	for _, id := range []string{"r-3", "r-4", "r-5"} {
		c.Candidate.Runs = append(c.Candidate.Runs, results.ComparedRun{ID: id, Created: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), Trials: 2})
	}
	var out bytes.Buffer
	if err := Terminal(&out, NewCompared(c), Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"4 runs, 7 trials: r-2, ..., r-5", "2026-06-04 05:06:07 to 2026-07-01 00:00:00 UTC"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}
