package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

const comparedSource = `name: shop
slos: ["p95(latency) < 300ms"]
load: {script: s.js, rate: 100/s, duration: 1m} # all day
`

// quietly is a complete plain run of a side with one trial of a minute: latencies of 10, 20 and 40 ms, times factor.
func quietly(side, number int, factor float64) results.Run {
	at := time.Date(2026, 1, 1, 0, number*2, 0, 0, time.UTC)
	good, recovered, low := 1.0, 2.0, 1.0
	queries := 3.0
	return results.Run{
		ID: fmt.Sprintf("run-%d-%d", side, number), Experiment: "shop", Created: at, Status: results.StatusComplete, Provider: "local", TimeScale: 1, Seed: int64(number),
		Question: results.Question{Source: comparedSource, SLOs: []results.SLO{{Text: "p95(latency) < 300ms"}, {Text: "lost(orders) == 0"}}},
		Builds:   []results.Build{sideBuild(side)}, Host: results.Host{Fingerprint: "f00d"},
		Trials: []results.Trial{{Number: 1, Status: results.StatusComplete, OpenModel: true, Began: at, Ended: at.Add(time.Minute), Fitness: results.Fitness{Fit: true}}},
		Verdict: results.Verdict{
			Phases: []results.PhaseSummary{
				{Trial: 1, Phase: "warmup", Start: -5, End: 0, Requests: 500, P50: 1000, P95: 1000, P99: 1000},
				{Trial: 1, Phase: "steady", Start: 0, End: 60, Rate: 100, Requests: 6000, Goodput: &good, P50: 10 * factor, P95: 20 * factor, P99: 40 * factor},
			},
			Evidence: []results.Evidence{
				{What: "p95(latency) < 300ms", Trial: 1, Outcome: results.Pass, Unit: "ms", Value: &good}, {What: "lost(orders) == 0", Trial: 1, Outcome: results.Pass, Value: new(float64)},
			},
			Uses:       []results.Use{{Trial: 1, Phase: "steady", Start: 0, End: 60, Node: "db", Kind: "postgres", Requests: 6000, Queries: &queries}},
			Resilience: []results.Resilience{{Trial: 1, Faults: []string{"cut"}, Recovery: results.Recovery{Seconds: &recovered, Low: &low}}},
		},
	}
}

// held compares one run of each side, the candidate changed.
func held(change func(baseline, candidate *results.Run)) results.Compared {
	b, c := quietly(0, 0, 1), quietly(1, 1, 1)
	change(&b, &c)
	return Compare(Stored{"base", sideBuild(0), []results.Run{b}}, Stored{"cand", sideBuild(1), []results.Run{c}})
}

// said lists the rows that are not unclear, or all, as statistic(metric) in phase: outcome.
func said(c results.Compared, all bool) (lines []string) {
	for _, r := range c.Rows {
		if all || r.Outcome != results.Unclear {
			lines = append(lines, fmt.Sprintf("%s %s %s: %s", r.Statistic, r.Metric, r.Phase, r.Outcome))
		}
	}
	return lines
}

func pointer(v float64) *float64 { return &v }

func TestOnlyLargeEffectsAreNamedOfOneRunEach(t *testing.T) {
	const same = "per_request postgres.queries{node:db} steady: same|lost lost(orders) == 0 : same"
	rows := []struct {
		name   string
		change func(b, c *results.Run)
		want   string
	}{
		{"the same", func(_, c *results.Run) {}, same},
		{"three times as slow", func(_, c *results.Run) { *c = quietly(1, 1, 3) }, same},
		{"four times as slow", func(_, c *results.Run) { *c = quietly(1, 1, 4) }, "p50 latency steady: worse|p95 latency steady: worse|p99 latency steady: worse|" + same},
		{"four times as fast", func(b, _ *results.Run) { *b = quietly(0, 0, 4) }, "p50 latency steady: better|p95 latency steady: better|p99 latency steady: better|" + same},
		{"ten times as slow, and nobody notices", func(b, c *results.Run) { *b, *c = quietly(0, 0, 0.01), quietly(1, 1, 0.1) }, same},
		{"too few requests for a p99", func(_, c *results.Run) { *c = quietly(1, 1, 9); c.Verdict.Phases[1].Requests = 1900 },
			"p50 latency steady: worse|p95 latency steady: worse|" + same},
		{"failures", func(_, c *results.Run) { c.Verdict.Phases[1].ErrorRate = 0.02 }, "rate http_req_failed steady: worse|" + same},
		{"a few failures", func(_, c *results.Run) { c.Verdict.Phases[1].ErrorRate = 0.005 }, same},
		{"failures of few requests", func(_, c *results.Run) {
			c.Verdict.Phases[1].ErrorRate, c.Verdict.Phases[1].Requests = 0.02, 200
		}, same},
		{"less goodput", func(_, c *results.Run) { c.Verdict.Phases[1].Goodput = pointer(0.8) }, "share goodput steady: worse|" + same},
		{"hardly anything served", func(_, c *results.Run) { c.Verdict.Phases[1].Rate = 10 }, "rate served steady: worse|" + same},
		{"a generator that ran late made it slow", func(_, c *results.Run) { *c = quietly(1, 1, 4); c.Trials[0].Fitness = results.Fitness{Late: true} }, same},
		{"a baseline that was not served in full", func(b, c *results.Run) { *c = quietly(1, 1, 4); b.Trials[0].Fitness = results.Fitness{} }, same},
		{"a candidate that was not served in full", func(_, c *results.Run) { *c = quietly(1, 1, 4); c.Trials[0].Fitness = results.Fitness{} },
			"p50 latency steady: worse|p95 latency steady: worse|p99 latency steady: worse|" + same},
		{"a machine that was not fit", func(_, c *results.Run) { *c = quietly(1, 1, 4); c.Trials[0].Fitness = results.Fitness{Saturated: true} }, same},
		{"a query more", func(_, c *results.Run) { c.Verdict.Uses[0].Queries = pointer(4) }, "per_request postgres.queries{node:db} steady: worse|lost lost(orders) == 0 : same"},
		{"a lost order", func(_, c *results.Run) { c.Verdict.Evidence[1].Outcome = results.Fail },
			"per_request postgres.queries{node:db} steady: same|lost lost(orders) == 0 : worse"},
		{"a recovery of half a minute", func(_, c *results.Run) { c.Verdict.Resilience[0].Recovery.Seconds = pointer(30) },
			"per_request postgres.queries{node:db} steady: same|longest recovery(cut) cut: worse|lost lost(orders) == 0 : same"},
		{"one that was not seen", func(_, c *results.Run) { c.Verdict.Resilience[0].Recovery = results.Recovery{Censor: pointer(45)} },
			"per_request postgres.queries{node:db} steady: same|longest recovery(cut) cut: worse|lost lost(orders) == 0 : same"},
		{"of which too little was seen", func(_, c *results.Run) { c.Verdict.Resilience[0].Recovery = results.Recovery{Censor: pointer(5)} }, same},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := held(row.change)
			if diff := cmp.Diff(strings.Split(row.want, "|"), said(c, false)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if c.Interleaved || len(c.Notes) == 0 {
				t.Errorf("nobody says that the builds did not run in turn: %v", c.Notes)
			}
			for _, r := range c.Rows {
				if r.Kind == results.KindTime && r.Ratio != nil && (r.Low == nil || r.High == nil || *r.Low > *r.Ratio || *r.High < *r.Ratio) {
					t.Errorf("%+v has no interval", r)
				}
			}
		})
	}
}

func TestWhatDiffersBesideTheBuildIsListedFieldByField(t *testing.T) {
	slow := func(change func(b, c *results.Run)) func(b, c *results.Run) {
		return func(b, c *results.Run) { *c = quietly(1, 1, 100); c.Seed = b.Seed; change(b, c) }
	}
	line := func(d results.Difference) string {
		return fmt.Sprintf("%s: %s | %s (%s)", d.Field, d.Baseline, d.Candidate, d.Effect)
	}
	source := func(old, replacement string) func(b, c *results.Run) {
		return slow(func(_, c *results.Run) { c.Question.Source = strings.Replace(c.Question.Source, old, replacement, 1) })
	}
	rows := []struct {
		name   string
		change func(b, c *results.Run)
		want   string
		worse  bool
	}{
		{"nothing", slow(func(_, _ *results.Run) {}), "", true},
		{"a comment", source("# all day", "# for ever"), "", true},
		{"the seed", slow(func(_, c *results.Run) { c.Seed = 9 }), "seed: 0 | 9 (none)", true},
		{"the machine", slow(func(_, c *results.Run) { c.Host = results.Host{Fingerprint: "beef", Name: "ci-2", Cores: 4} }), "host: f00d | ci-2, 4 cores, beef (large)", true},
		{"the machine's name", slow(func(_, c *results.Run) { c.Host.Name = "ci-2" }), "", true},
		{"the provider", slow(func(_, c *results.Run) { c.Provider = "docker" }), "provider: local | docker (large)", true},
		{"the time scale", slow(func(_, c *results.Run) { c.TimeScale = 0.25 }), "time scale: 1 | 0.25 (unclear)", false},
		{"the rate of the file", source("100/s", "200/s"), `experiment, load: load: {script: s.js, rate: 100/s, duration: 1m} | load: {script: s.js, rate: 200/s, duration: 1m} (unclear)`, false},
		{"the rate of the flags", slow(func(_, c *results.Run) {
			c.Command = []string{"brunt", "run", ".", "--json", "x", "--rate", "9/s", "-e", "A=1"}
		}),
			"flags:  | --rate=9/s -e=A=1 (unclear)", false},
		{"an SLO", source("300ms", "200ms"), `experiment, slos: slos: ["p95(latency) < 300ms"] | slos: ["p95(latency) < 200ms"] (asked)`, true},
		{"a tool", slow(func(_, c *results.Run) { c.Host.Tools = map[string]string{"brunt": "0.2"} }), "version of brunt:  | 0.2 (none)", true},
		{"a dependency", slow(func(b, c *results.Run) {
			b.Trials[0].Nodes = []results.Node{{Name: "db", Role: "dependency", Kind: "postgres", Version: "15"}}
			c.Trials[0].Nodes = []results.Node{{Name: "db", Role: "dependency", Kind: "postgres", Version: "17"}}
		}), "dependency db: postgres 15 | postgres 17 (large)", true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := held(row.change)
			var lines []string
			for _, d := range c.Differences {
				lines = append(lines, line(d))
			}
			if got := strings.Join(lines, "\n"); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
			worse := slices.Contains(said(c, false), "p95 latency steady: worse")
			if worse != row.worse {
				t.Errorf("p95 that is 100 times as long is named: %v", worse)
			}
		})
	}
}

// TestChangesThatAreNotKnownAreNeverTheSame: of a tree that could not be read only the one run is compared that was named.
func TestChangesThatAreNotKnownAreNeverTheSame(t *testing.T) {
	dirty := results.Build{SHA: "a", Dirty: true}
	known := dirty
	known.DiffDigest = "1"
	if SameBuild(dirty, dirty) || SameBuild(dirty, known) || !SameBuild(known, known) {
		t.Error("a build with changes that nobody knows is taken for another")
	}
	one, other := quietly(1, 1, 1), quietly(1, 2, 1)
	one.Builds, other.Builds = []results.Build{dirty}, []results.Build{dirty}
	side := Stored{"cand", dirty, []results.Run{one, other}}
	if !side.is(one, 0) || side.is(other, 0) {
		t.Error("it is of more than one run, or of none")
	}
	got := Compare(Stored{"base", sideBuild(0), []results.Run{quietly(0, 0, 1)}}, side)
	if len(got.Candidate.Runs) != 1 || got.Candidate.Runs[0].ID != one.ID || len(got.Rows) == 0 {
		t.Errorf("%+v", got.Candidate.Runs)
	}
}

func TestRunsOfAnotherConfigurationOrBuildAreLeftOut(t *testing.T) {
	var b, c []results.Run
	for i := range 6 {
		b, c = append(b, quietly(0, 2*i, 1)), append(c, quietly(1, 2*i+1, 1.2))
	}
	other := quietly(0, 90, 50) // newer, with another load
	other.Command = []string{"brunt", "run", "--rate=9/s"}
	dirty := quietly(1, 91, 50)
	dirty.Builds[0].Dirty = true
	broken := quietly(1, 92, 50)
	broken.Status = results.StatusBroken
	got := Compare(Stored{"base", sideBuild(0), append(b, other)}, Stored{"cand", sideBuild(1), append(c, dirty, broken)})
	if len(got.Baseline.Runs) != 6 || len(got.Candidate.Runs) != 6 || len(got.Differences) != 1 || !got.Interleaved || got.Pairs < 5 {
		t.Fatalf("%d, %d, %v, %d pairs", len(got.Baseline.Runs), len(got.Candidate.Runs), got.Differences, got.Pairs)
	}
	if !strings.Contains(strings.Join(got.Notes, "\n"), "left out: 1 run of the baseline with another configuration") {
		t.Errorf("%q", got.Notes)
	}
	p95 := got.Rows[1]
	if p95.Statistic != "p95" || p95.Outcome != results.Worse || math.Abs(*p95.Ratio-1.2) > 0.001 || p95.BaselineTrials != 6 || *p95.Low > 1.2 || *p95.High < 1.2 {
		t.Errorf("%+v", p95)
	}
	if got.Outcome != results.Worse {
		t.Errorf("together it is %s", got.Outcome)
	}
}
