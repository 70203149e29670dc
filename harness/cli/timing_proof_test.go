package cli_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/campaign/simulation"
	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
	"github.com/devcraft-studio/brunt/results/verdict"
)

const (
	// budgeted is longer than a gate may take with its builds.
	budgeted = 30 * time.Minute
	// liveGates are how many gates of 20 minutes are held of a build against itself, and timedRate is the load on each build.
	liveGates = 20
	timedRate = "100/s"
	// fewestRecorded is how many of their pairs there have to be before gates that are played from them prove something, and
	// playedGates how many are played. The share of fails is to be at most mostFailing.
	fewestRecorded = 100
	playedGates    = 1000
	mostFailing    = 0.01
)

// keptGates is where the gates of a build against itself are kept with their pairs. It is a part of the repository, because so many
// gates take a day: those of earlier commits count, each with its commit, for as long as they are judged as they were.
func keptGates(t *testing.T) string {
	return inCheckout(t, "harness", "cli", "testdata", "restapi-gates.jsonl")
}

// timed runs a timing gate to its end, whatever it comes to, but for one that could not measure.
func (p *place) timed(args ...string) results.Run {
	p.Helper()
	v := p.start(append([]string{"gate", "--provider", p.provider, "--baseline", "variant:fixed"}, args...)...)
	code := v.exitWithin(budgeted)
	run := p.runs()[0]
	if !slices.Contains([]int{0, 1, 4}, code) || run.Status != results.StatusComplete || run.Verdict.Gate == nil {
		p.Fatalf("brunt gate %s ended with %d: %s\n%s", strings.Join(args, " "), code, run.Reason, v.stderr())
	}
	p.run(code, "rejudge", run.ID)
	return run
}

// timesFigure is a timing gate as it stands in the table: the outcome and what made it, pairs and minutes, and each metric.
func timesFigure(run results.Run) string {
	g := run.Verdict.Gate
	outcome, worse := string(run.Verdict.Outcome), blamed(g.Metrics)
	if len(worse) > 0 {
		outcome += " by " + strings.Join(worse, ", ")
	}
	took := 0.0
	for _, r := range g.Readings {
		took += r.Seconds
	}
	parts := []string{outcome, fmt.Sprintf("%d of %d pairs count, %.1f min", g.Used, g.Pairs, took/60)}
	for _, m := range g.Metrics {
		parts = append(parts, metricFigure(m))
	}
	return strings.Join(append(parts, g.Unfit...), "; ")
}

// blamed are the metrics that are worse.
func blamed(metrics []results.GateEstimate) (names []string) {
	for _, m := range metrics {
		if m.Worse {
			names = append(names, m.Metric)
		}
	}
	return names
}

func metricFigure(m results.GateEstimate) string {
	if m.Estimate == nil || m.Low == nil || m.High == nil {
		return m.Metric + " not gated: " + m.Reason
	}
	of := func(v *float64) string {
		switch {
		case v == nil:
			return "not known"
		case m.Metric == results.GateErrors:
			return fmt.Sprintf("%.3f", 100**v)
		}
		return fmt.Sprintf("%.1f", 100*math.Expm1(*v))
	}
	unit := " %"
	if m.Metric == results.GateErrors {
		unit = " points"
	}
	text := fmt.Sprintf("%s %s%s [%s, %s]", m.Metric, of(m.Estimate), unit, of(m.Low), of(m.High))
	if m.SD != nil {
		text += ", sd " + of(m.SD)
	}
	return text + ", MDE " + of(m.MDE)
}

// outcomeOf is the first word of such a figure.
func outcomeOf(figure string) string {
	first, _, _ := strings.Cut(figure, ";")
	word, _, _ := strings.Cut(first, " ")
	return word
}

// TestProofABuildAgainstItselfByTiming holds gates of restapi against itself, of which none may fail. What a gate came to is kept
// whatever it is: one that failed is not tried again.
func TestProofABuildAgainstItselfByTiming(t *testing.T) {
	file, left := proof.File(t), rowsAtOnce(t)
	p := newPlace(t, topology.ProviderLocal)
	for n := len(proof.KeptGates(t, keptGates(t))) + 1; n <= liveGates; n++ {
		if left--; left < 0 {
			t.Fatalf("not proven yet: %s; the next call goes on", cameTo(t))
		}
		run := p.timed(scenario(t, "restapi"), "--mode", "mirror", "--rate", timedRate, "--seed", fmt.Sprint(n))
		proof.KeepGate(t, keptGates(t), proof.Gate{
			Gate: n, Run: run.ID, Began: run.Created, Outcome: run.Verdict.Outcome, Plan: *run.Question.Gate, Pairs: run.Verdict.Gate.Readings,
		})
		row := proof.Row{File: file, What: fmt.Sprintf("times of restapi against itself, gate %d", n), Provider: p.provider}
		row.Add(t, timesFigure(run))
	}
	row := proof.Row{File: file, What: fmt.Sprintf("times of restapi against itself, %d gates", liveGates), Provider: p.provider}
	if !row.There(t) {
		row.Add(t, cameTo(t))
	}
}

// TestRecordedGatesAreJudgedAsTheyWere judges the gates of a build against itself again: each comes to what it came to, and none fails.
func TestRecordedGatesAreJudgedAsTheyWere(t *testing.T) {
	for i, g := range proof.KeptGates(t, keptGates(t)) {
		if g.Gate != i+1 || g.Outcome == results.Fail {
			t.Errorf("gate %d, the %d. that is kept, is %s", g.Gate, i+1, g.Outcome)
		}
		if j := verdict.JudgeGate(g.Plan, g.Pairs); j.Outcome != g.Outcome {
			t.Errorf("gate %d was %s, and is %s now: %v", g.Gate, g.Outcome, j.Outcome, j.Findings.Unfit)
		}
	}
}

// cameTo is what the gates of a build against itself came to.
func cameTo(t *testing.T) string {
	t.Helper()
	counts, pairs := map[results.Outcome]int{}, 0
	gates := proof.KeptGates(t, keptGates(t))
	for _, g := range gates {
		counts[g.Outcome]++
		pairs += len(g.Pairs)
	}
	return fmt.Sprintf("of %d gates %d fail, %d pass and %d are inconclusive; %d pairs",
		len(gates), counts[results.Fail], counts[results.Pass], counts[results.Inconclusive], pairs)
}

// TestProofGatesPlayedFromRecordedPairs plays gates from the pairs of those of a build against itself: of the gates that this machine
// would have held, hardly any may fail. See simulation.Recorded for what that says, and what it does not.
func TestProofGatesPlayedFromRecordedPairs(t *testing.T) {
	file := proof.File(t)
	recorded := recordedGates(t, proof.KeptGates(t, keptGates(t)))
	if recorded.Pairs() == 0 {
		t.Fatal("not proven yet: TestProofABuildAgainstItselfByTiming has recorded no pair")
	}
	row := proof.Row{File: file, Provider: topology.ProviderLocal,
		What: fmt.Sprintf("%d gates played from %d recorded pairs of restapi against itself", playedGates, recorded.Pairs())}
	figure, fails := playedFigure(t, recorded, playedGates)
	if n := recorded.Pairs(); n < fewestRecorded {
		figure = fmt.Sprintf("only %d of %d pairs yet: %s", n, fewestRecorded, figure)
		t.Errorf("not proven yet: %s", figure)
	}
	if !row.There(t) {
		row.Add(t, figure)
	}
	if float64(fails) > mostFailing*playedGates {
		t.Errorf("%d of %d fail: %s", fails, playedGates, figure)
	}
}

// recordedGates are the gates that were measured in the same way, all of them.
func recordedGates(t *testing.T, gates []proof.Gate) simulation.Recorded {
	t.Helper()
	var r simulation.Recorded
	for i, g := range gates {
		if i == 0 {
			r.Plan = g.Plan
		}
		if !reflect.DeepEqual(r.Plan, g.Plan) {
			t.Fatalf("gate %d was measured in another way than gate %d: %+v, not %+v", g.Gate, gates[0].Gate, g.Plan, r.Plan)
		}
		r.Gates = append(r.Gates, g.Pairs)
	}
	return r
}

// playedFigure plays gates from blocks of pairs, from single pairs, and, for the MDE that they state, with a metric changed by as much and more.
// fails is the larger number of those that fail of the first two.
func playedFigure(t *testing.T, r simulation.Recorded, n int) (figure string, fails int) {
	t.Helper()
	var parts []string
	var stated [3]float64
	for _, way := range []struct {
		name  string
		block int
	}{{"in blocks of 5", 5}, {"one by one", 1}} {
		r.Block = way.block
		row := playedRow(t, r, n)
		fails = max(fails, row.Fail)
		share := func(count int) float64 { return 100 * float64(count) / float64(n) }
		parts = append(parts, fmt.Sprintf("%s %.1f %% fail, %.1f %% pass, %.1f %% inconclusive in %.1f min and %.0f pairs (medians)",
			way.name, share(row.Fail), share(row.Pass), share(row.Open), row.Minutes, row.Pairs))
		if way.block > 1 {
			stated = row.Planned
		}
	}
	r.Block = 5
	for i, metric := range []string{"p50", "p95", "p99"} {
		if stated[i] == 0 {
			parts = append(parts, metric+" is not gated")
			continue
		}
		share, seen := seenFrom(t, r, metric, stated[i], n)
		parts = append(parts, fmt.Sprintf("MDE of %s %.1f %%, of which %.0f %% fail, as four of five do of %.1f %%",
			metric, 100*math.Expm1(stated[i]), 100*share, 100*math.Expm1(seen)))
	}
	return strings.Join(parts, "; "), fails
}

// seenFrom is the share of gates that fail by a metric that is changed by what they state, and the change from which on four of five do.
func seenFrom(t *testing.T, r simulation.Recorded, metric string, stated float64, n int) (share, change float64) {
	t.Helper()
	const step, most = 1.05, 3 // the change is exact to a step, and looked for up to so many times what is stated
	failing := func(change float64) float64 {
		r.Shift = map[string]float64{metric: change}
		return float64(playedRow(t, r, n).Blamed[metric]) / float64(n)
	}
	share, change = failing(stated), stated
	for now := share; now < 0.8; now = failing(change) {
		if change *= step; change > most*stated {
			t.Fatalf("of a change of %s by %d times what is stated only %.0f %% fail", metric, most, 100*now)
		}
	}
	return share, change
}

func playedRow(t *testing.T, r simulation.Recorded, n int) simulation.Row {
	t.Helper()
	var all []simulation.Result
	for seed := range uint64(n) {
		played, err := r.Play(seed)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, simulation.ResultOf(r.Plan, played))
	}
	return simulation.RowOf("", all)
}

// pool2Experiment is restapi behind a database that every call takes 10 ms longer to, at a rate at which two connections are nearly
// too few: they carry 190 queries a second, and 160 are asked for.
const pool2Experiment = `
name: pool
services:
  api:
    reference: restapi
    port: 8080
    ready: {http: /healthz, timeout: 60s}
    env: {DATABASE_URL: "${orders-db.url}", REDIS_URL: "${cache.url}"}
dependencies:
  orders-db: {kind: postgres}
  cache: {kind: redis}
setup:
  - {sql: schema.sql, on: orders-db}
  - {dataset: items, on: orders-db, rows: 100000}
load: {script: script.js, env: {BASE_URL: "${api.url}", ROWS: "100000"}, shape: soak, rate: 250/s, duration: 45s}
settle: 0s
faults:
  - {name: postgres-slow, link: api->orders-db, kind: latency, latency: 10ms, at: 0s, for: 45s}
slos: ["rate(http_req_failed) < 100%"]
`

// pool2 makes the place one of that experiment.
func (p *place) pool2() {
	p.Helper()
	p.write("experiment.yaml", pool2Experiment)
	for _, name := range []string{"script.js", "schema.sql"} {
		text, err := os.ReadFile(filepath.Join(scenario(p.T, "restapi"), name))
		if err != nil {
			p.Fatal(err)
		}
		p.write(name, string(text))
	}
}

// TestProofTheTimingGateSeesRegressions holds restapi against planted regressions: three or more have to fail by the metric that they
// make worse, and none may pass. What a gate came to is kept whatever it is: none is tried again until it fails.
func TestProofTheTimingGateSeesRegressions(t *testing.T) {
	file, left := proof.File(t), rowsAtOnce(t)
	p := newPlace(t, topology.ProviderLocal)
	p.pool2()
	seen := 0
	for _, planted := range []struct {
		name  string
		right []string // what it makes worse
	}{
		{"dial", []string{"p50", "p95", "p99"}}, // two thirds of the requests need Postgres
		{"query", []string{"p50"}},              // seven tenths of the requests
		{"json", []string{"p50", "p95", "p99"}}, // each answer, pages of 20 items the most
		{"lock", []string{"p95", "p99"}},        // up to 400 ms for four tenths of the requests
		{"pool2", []string{"p95", "p99"}},       // who comes third waits
	} {
		row := proof.Row{File: file, What: "times of restapi against " + planted.name, Provider: p.provider}
		figure, there := row.Figure(t)
		if !there {
			if left--; left < 0 {
				t.Fatalf("not proven yet: the next call goes on with %s", row.What)
			}
			args := []string{scenario(t, "restapi"), "--mode", "mirror", "--rate", timedRate}
			if planted.name == "pool2" {
				args = []string{p.dir, "--mode", "trials"}
			}
			figure = timesFigure(p.timed(append(args, "--variant", "naive", "--candidate-set", "services.api.env.REGRESSION="+planted.name, "--seed", "5")...))
			row.Add(t, figure)
		}
		if outcomeOf(figure) == string(results.Pass) {
			t.Errorf("%s passes: %s", planted.name, figure)
		}
		if named(figure, planted.right) {
			seen++
		}
	}
	if seen < 3 {
		t.Errorf("only %d regressions fail by what they make worse", seen)
	}
}

// named says whether a gate failed by one of these metrics, and by no failures.
func named(figure string, right []string) bool {
	first, _, _ := strings.Cut(figure, ";")
	by, failed := strings.CutPrefix(first, "fail by ")
	metrics := strings.Split(by, ", ")
	return failed && !slices.Contains(metrics, results.GateErrors) && slices.ContainsFunc(metrics, func(m string) bool { return slices.Contains(right, m) })
}

// TestATimingGateAsItStandsInTheTable, and as it is read from there again.
func TestATimingGateAsItStandsInTheTable(t *testing.T) {
	of := func(percent float64) *float64 { v := math.Log1p(percent / 100); return &v }
	points := func(v float64) *float64 { v /= 100; return &v }
	run := results.Run{Verdict: results.Verdict{Outcome: results.Fail, Gate: &results.GateFindings{
		Pairs: 7, Used: 6, Readings: []results.GateReading{{Seconds: 66}, {Seconds: 72}}, Unfit: []string{},
		Metrics: []results.GateEstimate{
			{Metric: "p50", Estimate: of(-0.1), Low: of(-1.2), High: of(1), SD: of(1.5), MDE: of(2.4)},
			{Metric: "p95", Estimate: of(7), Low: of(3), High: of(11), SD: of(2.5), MDE: of(4), Worse: true},
			{Metric: "p99", Reason: "too little"},
			{Metric: results.GateErrors, Estimate: points(0.2), Low: points(0.1), High: points(0.3), MDE: points(0.1), Worse: true},
		},
	}}}
	const want = "fail by p95, errors; 6 of 7 pairs count, 2.3 min; p50 -0.1 % [-1.2, 1.0], sd 1.5, MDE 2.4; p95 7.0 % [3.0, 11.0], sd 2.5, MDE 4.0; " +
		"p99 not gated: too little; errors 0.200 points [0.100, 0.300], MDE 0.100"
	figure := timesFigure(run)
	if figure != want {
		t.Errorf("got  %s\nwant %s", figure, want)
	}
	for _, row := range []struct {
		figure, outcome string
		named           bool // by p95
	}{
		{figure, "fail", false}, {"fail by p95; more", "fail", true}, {"fail by p50; p95", "fail", false}, {"pass; p95", "pass", false},
		{"inconclusive by p95; it was not fit", "inconclusive", false},
	} {
		if got := outcomeOf(row.figure); got != row.outcome || named(row.figure, []string{"p95", "p99"}) != row.named {
			t.Errorf("%q is %s and names it: %v", row.figure, got, !row.named)
		}
	}
}
