package report

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
)

// timed is a run of a timing gate that found these metrics in 7 pairs of a minute.
func timed(outcome results.Outcome, change func(*results.GateFindings), metrics ...results.GateEstimate) results.Run {
	plan := results.Gate{}.WithDefaults()
	g := &results.GateFindings{Pairs: 7, Used: 7, Most: 18, Looks: 3, LastLook: 7, Metrics: metrics}
	one := math.Log(1.02)
	for i := range 7 {
		g.Readings = append(g.Readings, results.GateReading{
			Pair: i + 1, First: results.SideBaseline, Seconds: 60, Values: []results.GateValue{{Metric: "p95", Change: &one}, {Metric: "errors"}},
		})
	}
	g.Readings[6].Unfit = []string{"one core was stolen"}
	if change != nil {
		change(g)
	}
	return results.Run{
		Experiment: "shop", Status: results.StatusComplete, Builds: make([]results.Build, 2),
		Question: results.Question{Asker: results.AskerGate, Gate: &plan}, Verdict: results.Verdict{Outcome: outcome, Gate: g},
	}
}

// estimated is a metric with its change and interval, in per cent; of errors in points.
func estimated(name string, estimate, low, high float64, change func(*results.GateEstimate)) results.GateEstimate {
	of := func(percent float64) *float64 {
		v := math.Log1p(percent / 100)
		if name == results.GateErrors {
			v = percent / 100
		}
		return &v
	}
	before, after := 10.0, 10.0*(1+estimate/100)
	m := results.GateEstimate{
		Metric: name, Gated: true, Unit: "ms", Baseline: &before, Candidate: &after, Estimate: of(estimate), Low: of(low), High: of(high), MDE: of(4.2),
	}
	if change != nil {
		change(&m)
	}
	return m
}

func TestTheFirstSentenceOfATimingGate(t *testing.T) {
	worse := func(m *results.GateEstimate) { m.Worse = true }
	within := func(m *results.GateEstimate) { m.Within = true }
	needs := func(pairs int) func(*results.GateEstimate) {
		return func(m *results.GateEstimate) { m.PairsNeeded = &pairs }
	}
	p50 := estimated("p50", 0.5, -0.6, 1.6, within)
	allowed := func(worse, beyond, settled bool, most float64) func(*results.GateEstimate) {
		return func(m *results.GateEstimate) {
			m.Worse = worse
			m.Accepted = &results.GateAcceptance{Beyond: beyond, Settled: settled, Acceptance: results.Acceptance{
				Metric: m.Metric, Reason: "answers are signed", Expires: "2030-01-31", UpToShare: most,
			}}
		}
	}
	p95 := estimated("p95", 6.2, 3.1, 9.4, allowed(true, false, true, 0))
	for _, row := range []struct {
		name string
		run  results.Run
		want string
	}{
		{"worse", timed(results.Fail, nil, p50, estimated("p95", 6.2, 3.1, 9.4, worse)),
			"FAIL shop: worse than the baseline: p95 +6.2 % [+3.1 %, +9.4 %] after 7 pairs"},
		{"within", timed(results.Pass, nil, p50, estimated(results.GateErrors, -0.02, -0.05, 0.01, within)),
			"PASS shop: no worse than the baseline: p50 +0.5 % [-0.6 %, +1.6 %]; errors -0.02 points [-0.05 points, +0.01 points] after 7 pairs"},
		{"open, and more pairs would tell", timed(results.Inconclusive, nil, p50, estimated("p95", 3.1, -0.4, 6.6, needs(14))),
			"INCONCLUSIVE shop: neither worse nor the same for sure: p95 +3.1 % [-0.4 %, +6.6 %] after 7 pairs; " +
				"a change of 4.2 % would have been seen four times out of five; give it 14 pairs (--budget 17m), or a machine that does nothing else"},
		{"open, and no number of pairs would tell", timed(results.Inconclusive, nil, estimated("p95", 3.1, -0.4, 6.6, needs(90))),
			"INCONCLUSIVE shop: neither worse nor the same for sure: p95 +3.1 % [-0.4 %, +6.6 %] after 7 pairs; " +
				"a change of 4.2 % would have been seen four times out of five; give it a machine that does nothing else, or a higher --rate"},
		{"worse, which is accepted", timed(results.Pass, nil, p50, p95),
			"PASS shop: no worse than the baseline but for what is accepted: p95 is worse by 6.2 % [+3.1 %, +9.4 %], " +
				"accepted until 2030-01-31 because answers are signed; all else is within its limits: p50 +0.5 % [-0.6 %, +1.6 %] after 7 pairs"},
		{"nothing but what is accepted", timed(results.Pass, nil, p95), "PASS shop: no worse than the baseline but for what is accepted: " +
			"p95 is worse by 6.2 % [+3.1 %, +9.4 %], accepted until 2030-01-31 because answers are signed"},
		{"accepted, and not waited for", timed(results.Pass, nil, p50, estimated("p95", 6.2, -3.1, 16, allowed(false, false, true, 0))),
			"PASS shop: no worse than the baseline: p50 +0.5 % [-0.6 %, +1.6 %] after 7 pairs; " +
				"p95 +6.2 % [-3.1 %, +16 %] was not waited for, accepted until 2030-01-31 because answers are signed"},
		{"worse beside what is accepted", timed(results.Fail, nil, p95, estimated("p99", 6.2, 3.1, 9.4, worse)),
			"FAIL shop: worse than the baseline: p99 +6.2 % [+3.1 %, +9.4 %] after 7 pairs; " +
				"p95 is worse by 6.2 % [+3.1 %, +9.4 %], accepted until 2030-01-31 because answers are signed"},
		{"beyond what is accepted", timed(results.Fail, nil, p50, estimated("p95", 16, 13, 19, allowed(true, true, false, 0.1))),
			"FAIL shop: worse than the baseline: p95 +16 % [+13 %, +19 %], of which +10 % is accepted, after 7 pairs"},
		{"failures beyond what is accepted", timed(results.Fail, nil, p50, estimated(results.GateErrors, 3, 2, 4, allowed(true, true, false, 0.01))),
			"FAIL shop: worse than the baseline: errors +3 points [+2 points, +4 points], of which +1 points is accepted, after 7 pairs"},
		{"perhaps beyond what is accepted", timed(results.Inconclusive, nil, p50, estimated("p95", 12, 4, 20, allowed(true, false, false, 0.1))),
			"INCONCLUSIVE shop: neither worse nor the same for sure: p95 +12 % [+4 %, +20 %], of which +10 % is accepted, after 7 pairs; " +
				"a change of 4.2 % would have been seen four times out of five; give it a machine that does nothing else, or a higher --rate"},
		{"not fit", timed(results.Inconclusive, func(g *results.GateFindings) { g.Unfit = []string{"dropped 2 %"} }, p50),
			"INCONCLUSIVE shop: not fit to compare: dropped 2 %"},
		{"too early", timed(results.Inconclusive, func(g *results.GateFindings) { g.LastLook, g.Used, g.Pairs = 0, 1, 1 }),
			"INCONCLUSIVE shop: 1 pair measured, too few to look at"},
		{"too few that count", timed(results.Inconclusive, func(g *results.GateFindings) { g.LastLook, g.Used, g.Pairs = 0, 1, 2 }),
			"INCONCLUSIVE shop: 1 of 2 pairs count, too few to look at: pair 7 does not, because one core was stolen"},
	} {
		if got := New(row.run).Answer.String(); got != row.want {
			t.Errorf("%s:\n%q, not\n%q", row.name, got, row.want)
		}
	}
}

// TestWhatATimingGateAcceptsIsInEveryFormat, of use or not.
func TestWhatATimingGateAcceptsIsInEveryFormat(t *testing.T) {
	of := results.Acceptance{Metric: "p95", Reason: "answers are signed", Expires: "2030-01-31", Origin: "shop.yaml:7"}
	run := timed(results.Pass, nil, estimated("p95", 6.2, 3.1, 9.4, func(m *results.GateEstimate) {
		m.Worse, m.Accepted = true, &results.GateAcceptance{Settled: true, Acceptance: of}
	}), estimated("p99", 1, -1, 2, func(m *results.GateEstimate) { m.Within = true }))
	other := func(metric, expires string) results.Acceptance {
		return results.Acceptance{Metric: metric, Reason: "of old", Expires: expires, Origin: "shop.yaml:8"}
	}
	run.Verdict.Accepted = []results.Accepted{
		{Acceptance: of, Rises: []string{"p95 is worse by 6.2%"}}, {Acceptance: other("p99", "2020-01-31"), Expired: true},
		{Acceptance: other("throughput", "2030-01-31")},
	}
	run.Verdict.Comparisons = []results.Comparison{{Metric: "latency", Statistic: "p95", Ratio: 1.062, Low: 1.031, High: 1.094, Outcome: results.Worse}}
	for _, f := range Formats {
		var out bytes.Buffer
		if err := f.Write(&out, New(run), Options{}); err != nil {
			t.Fatal(err)
		}
		wants := []string{"p95 is worse by 6.2 %", "Accepted until 2030-01-31: a longer p95: answers are signed (shop.yaml:7)\n  - p95 is worse by 6.2%",
			"Accepted no longer than 2020-01-31: a longer p99: of old (shop.yaml:8); nothing of it rose",
			"Accepted until 2030-01-31: less throughput: of old (shop.yaml:8); it was not judged"}
		switch f.Name {
		case "terminal":
			wants = append(wants, "\n  accepted  p95", "accepted until 2030-01-31: answers are signed\n")
		case "markdown":
			wants = append(wants, "| accepted | `p95` |", "| worse | `latency` |")
		case "json":
			wants = []string{`"reason": "answers are signed"`, `"expires": "2030-01-31"`, `"expires": "2020-01-31"`, `"expired": true`, `"settled": true`}
		}
		for _, want := range wants {
			if f.Name == "junit" {
				want = strings.ReplaceAll(want, "\n", "&#xA;")
			}
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s does not say %q:\n%s", f.Name, want, out.String())
			}
		}
	}
}

func TestATimingGateIsShownInEveryFormat(t *testing.T) {
	run := timed(results.Fail, nil, estimated("p95", 6.2, 3.1, 9.4, func(m *results.GateEstimate) { m.Worse = true }))
	run.Verdict.Evidence = []results.Evidence{{What: "p95", Outcome: results.Fail}}
	for _, f := range Formats {
		var out bytes.Buffer
		if err := f.Write(&out, New(run), Options{}); err != nil {
			t.Fatal(err)
		}
		wants := []string{"p95 +6.2 %", "+3.1 %", "+9.4 %"}
		switch f.Name {
		case "terminal", "markdown":
			wants = append(wants, "Baseline and candidate", "mirror (both builds at once", "at most 20 pairs in 20m0s", "10.6 ms", "+2 %", "one core was stolen")
		case "json":
			wants = append(wants, `"gate_plan"`, `"readings"`, `"estimate"`)
		case "junit":
			wants = append(wants, `name="p95"`, "<failure")
		}
		for _, want := range wants {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s does not say %q:\n%s", f.Name, want, out.String())
			}
		}
	}
}

// TestAGateNamesBothBuilds by what tells them apart.
func TestAGateNamesBothBuilds(t *testing.T) {
	build := func(sha, variant string, dirty bool) results.Build {
		return results.Build{SHA: sha, Variant: variant, Dirty: dirty}
	}
	const one, two = "1a2b3c4d5e6f", "abcdef012345"
	for _, test := range []struct {
		baseline, candidate results.Build
		want                string
	}{
		{build(one, "fixed", false), build(two, "fixed", true), "shop (fixed) @ abcdef0+dirty against 1a2b3c4: "},
		{build(one, "fixed", false), build(one, "naive", false), "shop (naive) @ 1a2b3c4 against fixed: "},
		{build(one, "fixed", false), build(two, "naive", false), "shop (naive) @ abcdef0 against fixed @ 1a2b3c4: "},
		{build(one, "", false), build(one, "", true), "shop @ 1a2b3c4+dirty against 1a2b3c4: "},
		{build(one, "", false), build(one, "", false), "shop @ 1a2b3c4 against 1a2b3c4: "},
		{results.Build{ImageDigest: "sha256:0a"}, build(one, "", false), "shop @ 1a2b3c4 against sha256:0a: "},
		{results.Build{}, results.Build{}, "shop: "},
	} {
		run := timed(results.Pass, nil, estimated("p95", 0.5, -0.6, 1.6, nil))
		run.Builds = []results.Build{test.baseline, test.candidate}
		if got := New(run).Answer.String(); !strings.Contains(got, test.want) {
			t.Errorf("%q does not say %q", got, test.want)
		}
	}
}
