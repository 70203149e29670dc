package verdict

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// turn is how the pairs of a gate turn out: by how much each quantile changes, as a share, and how far pairs lie apart.
type turn struct {
	p50, p95, p99 float64
	apart         float64 // largest distance from it
	failed        [2]int64
}

// wobble are values to and fro around 0, without a trend.
var wobble = []float64{1, -0.9, 0.2, -0.5, 0.7, -0.3, 0.4, -1, 0.6, -0.2, 0.9, -0.8}

func (c turn) readings(n int) []results.GateReading {
	var all []results.GateReading
	for i := range n {
		r := results.GateReading{Pair: i + 1, First: results.SideBaseline, Seconds: 60}
		for _, m := range []struct {
			name   string
			change float64
		}{{"p50", c.p50}, {"p95", c.p95}, {"p99", c.p99}} {
			to := math.Log1p(m.change) + c.apart*wobble[i%len(wobble)]
			r.Values = append(r.Values, results.GateValue{Metric: m.name, Change: known(to), Baseline: known(10), Candidate: known(10 * math.Exp(to)),
				Windows: 9, BaselineCount: 100, CandidateCount: 100})
		}
		offered := 9000.0
		r.Values = append(r.Values, results.GateValue{Metric: results.GateErrors, BaselineCount: c.failed[0], CandidateCount: c.failed[1], BaselineOffered: 9000,
			CandidateOffered: 9000, Baseline: known(float64(c.failed[0]) / offered), Candidate: known(float64(c.failed[1]) / offered),
			Change: known(float64(c.failed[1]-c.failed[0]) / offered)})
		all = append(all, r)
	}
	return all
}

func outcomes(j GateJudgement) map[string]results.Outcome {
	all := map[string]results.Outcome{}
	for _, e := range j.Evidence {
		all[e.What] = e.Outcome
	}
	return all
}

func TestJudgeGate(t *testing.T) {
	for _, test := range []struct {
		name   string
		plan   results.Gate
		turn   turn
		pairs  int
		want   results.Outcome
		at     int    // pairs until it is decided; 0: it is not
		blamed string // the metric that fails
	}{
		{"no pair", results.Gate{}, turn{}, 0, results.Inconclusive, 0, ""},
		{"one pair", results.Gate{}, turn{}, 1, results.Inconclusive, 0, ""},
		{"no look before the fifth", results.Gate{}, turn{p95: 2}, 4, results.Inconclusive, 0, ""},
		{"equal builds that hardly vary", results.Gate{}, turn{apart: 0.002}, 20, results.Pass, 5, ""},
		{"equal builds that vary", results.Gate{}, turn{apart: 0.05}, 20, results.Pass, 14, ""},
		{"the very same each time", results.Gate{}, turn{}, 20, results.Pass, 5, ""},
		{"what varies too much", results.Gate{}, turn{apart: 0.3}, 20, results.Inconclusive, 0, ""},
		{"a tenth at p95 alone", results.Gate{}, turn{p95: 0.1, apart: 0.03}, 20, results.Fail, 6, "p95(latency)"},
		{"a tenth, the very same each time", results.Gate{}, turn{p99: 0.1}, 20, results.Fail, 5, "p99(latency)"},
		{"below the floor it is no fail, and within the limit a pass", results.Gate{}, turn{p95: 0.015, apart: 0.002}, 20, results.Pass, 5, ""},
		{"a floor of one's own", results.Gate{Primary: []results.GateMetric{{Name: "p50"}, {Name: "p95", Floor: 0.2, PassLimit: 0.3}, {Name: "p99"}, {Name: "errors"}}}, turn{p95: 0.1, apart: 0.002}, 20, results.Pass, 5, ""},
		{"faster", results.Gate{}, turn{p50: -0.2, p95: -0.2, p99: -0.2, apart: 0.01}, 20, results.Pass, 5, ""},
		{"failures of the candidate", results.Gate{}, turn{apart: 0.3, failed: [2]int64{0, 20}}, 20, results.Fail, 5, "errors"},
		{"failures of both", results.Gate{}, turn{apart: 0.002, failed: [2]int64{20, 20}}, 20, results.Pass, 5, ""},
		{"two failures of the candidate in each pair", results.Gate{}, turn{apart: 0.3, failed: [2]int64{0, 2}}, 20, results.Fail, 7, "errors"},
		{"a budget for six pairs", results.Gate{Budget: 360}, turn{apart: 0.05}, 20, results.Inconclusive, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			j := JudgeGate(test.plan, test.turn.readings(test.pairs))
			f := j.Findings
			if j.Outcome != test.want || j.Decided != (test.at > 0) || j.Decided != f.Decided {
				t.Fatalf("%s, decided %v at pair %d (%+v), want %s", j.Outcome, j.Decided, f.LastLook, f.Metrics, test.want)
			}
			if j.Decided && (f.LastLook != test.at || f.Pairs != test.at || f.Looks != test.at-4) {
				t.Errorf("decided at pair %d of %d after %d looks, want %d", f.LastLook, f.Pairs, f.Looks, test.at)
			}
			for what, outcome := range outcomes(j) {
				if (outcome == results.Fail) != (what == test.blamed) {
					t.Errorf("%s: %s, want %q to fail", what, outcome, test.blamed)
				}
			}
			if _, err := json.Marshal(j.Findings); err != nil {
				t.Errorf("can't be stored: %v", err)
			}
		})
	}
}

// TestWhatComesAfterTheDecisionChangesNothing: neither does how often it is asked.
func TestWhatComesAfterTheDecisionChangesNothing(t *testing.T) {
	all := turn{p95: 0.1, apart: 0.03}.readings(20)
	wild := slices.Clone(all)
	for i := 6; i < len(wild); i++ {
		wild[i] = turn{p50: 3}.readings(1)[0]
	}
	want := JudgeGate(results.Gate{}, all[:6])
	for name, readings := range map[string][]results.GateReading{"as before": all, "another course": wild} {
		if diff := cmp.Diff(want, JudgeGate(results.Gate{}, readings)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestWhatMayBeWorthAFailIsLookedAtToTheEnd: its upper bound is within the limit, but its estimate is not below the floor.
func TestWhatMayBeWorthAFailIsLookedAtToTheEnd(t *testing.T) {
	j := JudgeGate(results.Gate{}, turn{p95: 0.03, apart: 0.0312}.readings(12))
	if j.Outcome != results.Pass || j.Decided || j.Findings.LastLook != 12 {
		t.Errorf("%s, decided %v after pair %d: %+v", j.Outcome, j.Decided, j.Findings.LastLook, j.Findings.Metrics[1])
	}
	smaller := JudgeGate(results.Gate{}, turn{p95: 0.018, apart: 0.0312}.readings(12))
	if smaller.Outcome != results.Pass || !smaller.Decided {
		t.Errorf("below the floor: %s, decided %v", smaller.Outcome, smaller.Decided)
	}
}

func TestWhatALookStates(t *testing.T) {
	j := JudgeGate(results.Gate{}, turn{p95: 0.01, apart: 0.1}.readings(12))
	if j.Decided || len(j.Findings.Metrics) != 4 || j.Findings.Most != 20 {
		t.Fatalf("%+v", j.Findings)
	}
	m := j.Findings.Metrics[1]
	if m.Metric != "p95" || m.FailBound == nil || m.MDE == nil {
		t.Fatalf("%+v", m)
	}
	// Twelve of twenty values at a quarter of 1 %: the bound of the table, 0.36 of the error spent.
	if math.Abs(*m.FailBound-4.7465187) > 1e-6 || math.Abs(m.FailSpent-0.0025*0.36) > 1e-12 || math.Abs(*m.PassBound-2.8104362) > 1e-6 || math.Abs(m.PassSpent-0.018) > 1e-12 {
		t.Errorf("bounds %v and %v, spent %v and %v", *m.FailBound, *m.PassBound, m.FailSpent, m.PassSpent)
	}
	half := *m.SD / math.Sqrt(12)
	if math.Abs(*m.Low-(*m.Estimate-*m.FailBound*half)) > 1e-12 || math.Abs(*m.High-(*m.Estimate+*m.PassBound*half)) > 1e-12 {
		t.Errorf("from %v to %v around %v", *m.Low, *m.High, *m.Estimate)
	}
	if *m.MDE < *m.FailBound*half || *m.MDE > (*m.FailBound+3)*half || m.PairsNeeded == nil || *m.PairsNeeded < 12 {
		t.Errorf("finds %v, needs %v", *m.MDE, m.PairsNeeded)
	}
	row := j.Evidence[1]
	if row.What != "p95(latency)" || row.Bound != "fail at +2%, pass below +5%" || !strings.Contains(row.Reason, "12 pairs would have found +") || row.Samples != 12 {
		t.Errorf("%+v", row)
	}
	c := j.Comparisons[1]
	if c.Metric != "latency" || c.Statistic != "p95" || math.Abs(c.Ratio-math.Exp(*m.Estimate)) > 1e-12 || c.Outcome != results.Unclear || c.MDE <= 0 {
		t.Errorf("%+v", c)
	}
}

func TestGatesThatCanNotBeBelieved(t *testing.T) {
	unfit := func(readings []results.GateReading, every int) []results.GateReading {
		for i := range readings {
			if i%every == 1 {
				readings[i].Unfit = []string{"the hypervisor gave 31% or more of the machine's CPU to others"}
			}
		}
		return readings
	}
	slow := turn{}.readings(20)
	for i := range slow {
		for k := range slow[i].Values[:3] {
			slow[i].Values[k].Change = known(0.08 * math.Sin(float64(i)/6))
		}
	}
	few := turn{p95: 0.1, apart: 0.02}.readings(20)
	for i := range few {
		few[i].Values[2] = results.GateValue{Metric: "p99", BaselineCount: 12, CandidateCount: 13}
	}
	none := turn{}.readings(20)
	for i := range none {
		for k := range none[i].Values[:3] {
			none[i].Values[k].Change = nil
		}
	}
	failing := turn{apart: 0.3}.readings(20)
	for i := range failing {
		v := &failing[i].Values[3]
		v.CandidateCount = int64(i * i)
		v.Change = known(float64(i*i) / 9000)
	}
	hidden, shown := turn{apart: 0.002}.readings(6), turn{p95: 0.3, apart: 0.002}.readings(6)
	for _, all := range [][]results.GateReading{hidden, shown} {
		all[2].Unfit, all[2].Against = []string{"dropped 22.67% of the iterations"}, "the candidate lost 30% of what it was offered"
	}
	caused := turn{apart: 0.002}.readings(5)
	for i := range caused { // what is caused is said of both builds
		caused[i].Unfit = []string{"the load generator used 95%", "dropped 9% of the iterations", "dropped 8% of the iterations"}
	}
	for _, test := range []struct {
		name     string
		readings []results.GateReading
		want     results.Outcome
		reason   string
	}{
		{"steal in half of the pairs", unfit(turn{apart: 0.002}.readings(20), 2), results.Inconclusive, "10 of 20 pairs do not count, more than 20%: the hypervisor gave 31%"},
		{"one pair is left out in which the candidate was worse", hidden, results.Inconclusive, "pair 3 does not count, and speaks against a pass: the candidate lost 30%"},
		{"it does not stand against a fail", shown, results.Fail, ""},
		{"a cause that both builds have in common", caused, results.Inconclusive, "5 of 5 pairs do not count, more than 20%: the load generator used 95%"},
		{"the same, with a candidate that is worse", unfit(turn{p95: 0.3, apart: 0.002}.readings(20), 2), results.Inconclusive, "do not count"},
		{"one pair in six is left out", unfit(turn{p95: 0.3, apart: 0.002}.readings(20), 6), results.Fail, ""},
		{"a baseline that errors", turn{failed: [2]int64{900, 90}, apart: 0.002}.readings(20), results.Inconclusive, "the baseline itself fails 10% of what it is offered"},
		{"pairs that resemble each other", slow, results.Inconclusive, "resembles that of the next"},
		{"failures that become more do resemble each other, and are no reason", failing, results.Fail, ""},
		{"p99 with too little beyond it is no reason", few, results.Fail, ""},
		{"no time at all", none, results.Inconclusive, "no time could be compared"},
	} {
		t.Run(test.name, func(t *testing.T) {
			j := JudgeGate(results.Gate{}, test.readings)
			found := strings.Join(j.Findings.Unfit, "; ")
			if j.Outcome != test.want || (found == "") != (test.reason == "") || !strings.Contains(found, test.reason) {
				t.Errorf("%s: %q, want %s: %q", j.Outcome, found, test.want, test.reason)
			}
			for what, outcome := range outcomes(j) {
				if test.want == results.Inconclusive && outcome != results.Inconclusive {
					t.Errorf("%s: %s", what, outcome)
				}
			}
		})
	}
	if j := JudgeGate(results.Gate{}, few); j.Findings.Metrics[2].Gated || !strings.Contains(j.Findings.Metrics[2].Reason, "12 values of the baseline and 13 of the candidate beyond it, fewer than 20") {
		t.Errorf("p99: %+v", j.Findings.Metrics[2])
	}
}

// TestBoundsAreForWhatTheBudgetAllows: as the pairs before the first look took, no more than there may be, and no fewer than a look needs.
func TestBoundsAreForWhatTheBudgetAllows(t *testing.T) {
	for _, test := range []struct {
		name    string
		plan    results.Gate
		seconds float64
		want    int
	}{
		{"a minute each", results.Gate{}, 60, 20}, {"more than there may be", results.Gate{}, 10, 20}, {"70 s each", results.Gate{}, 70, 17},
		{"long ones", results.Gate{}, 400, 5}, {"times that are not known", results.Gate{PairSeconds: 100}, 0, 12},
	} {
		readings := turn{apart: 0.3}.readings(6)
		for i := range readings[:5] {
			readings[i].Seconds = test.seconds
		}
		readings[5].Seconds = 1000 // after the first look it is too late
		if got := JudgeGate(test.plan, readings).Findings.Most; got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

// TestThroughputHasOneUnit in gates, on noise cards, and where builds are compared out of the store.
func TestThroughputHasOneUnit(t *testing.T) {
	m := results.GateMetric{Name: results.GateThroughput}
	plan := results.Gate{Primary: []results.GateMetric{m}}
	var readings []results.GateReading
	for _, r := range (turn{apart: 0.002}).readings(6) {
		r.Values = []results.GateValue{r.Values[0]}
		r.Values[0].Metric = m.Name
		readings = append(readings, r)
	}
	noise, _ := Foresee(plan, readings)
	for where, unit := range map[string]string{
		"a gate": JudgeGate(plan, readings).Findings.Metrics[0].Unit, "a noise card": noise[0].Unit, "a comparison": emptyGateRow(m, "latency").Unit,
	} {
		if unit != slo.UnitPerSecond {
			t.Errorf("in %s it is %q", where, unit)
		}
	}
}
