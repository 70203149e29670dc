package verdict

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

// gateOf is a complete timing gate of two builds, with so many pairs; what of says of a metric in a pair is the logarithm by which the
// candidate takes longer, of errors how many of 9000 fail more.
func gateOf(id string, baseline, candidate, pairs int, of func(metric string, pair int) float64) results.Run {
	at := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	run := results.Run{
		ID: id, Experiment: "shop", Created: at, Status: results.StatusComplete, Provider: "local", TimeScale: 1, Host: results.Host{Fingerprint: "f00d"},
		Question: results.Question{Asker: results.AskerGate, Source: comparedSource, Gate: &results.Gate{PairSeconds: 60}},
		Builds:   []results.Build{sideBuild(baseline), sideBuild(candidate)},
	}
	plan := run.Question.Gate.WithDefaults()
	run.Question.Gate = &plan
	var readings []results.GateReading
	for p := 1; p <= pairs; p++ {
		r := results.GateReading{Pair: p, First: results.SideBaseline, Seconds: 60}
		for i, m := range plan.Primary {
			change := of(m.Name, p)
			v := results.GateValue{Metric: m.Name, BaselineCount: 100, CandidateCount: 100}
			v.Change, v.Baseline, v.Candidate = pointer(change), pointer(10*float64(i+1)), pointer(10*float64(i+1)*math.Exp(change))
			if m.Name == results.GateErrors {
				v = results.GateValue{Metric: m.Name, BaselineOffered: 9000, CandidateOffered: 9000, BaselineCount: 2, CandidateCount: 2 + int64(change)}
				v.Change, v.Baseline, v.Candidate = pointer(change/9000), pointer(2.0/9000), pointer((2+change)/9000)
			}
			r.Values = append(r.Values, v)
		}
		readings = append(readings, r)
		for build := range 2 {
			run.Trials = append(run.Trials, results.Trial{
				Number: 2*p - 1 + build, Build: build, Pair: p, Status: results.StatusComplete, OpenModel: true,
				Began: at, Ended: at.Add(time.Minute), Fitness: results.Fitness{Fit: true},
			})
		}
	}
	judged := JudgeGate(plan, readings)
	run.Verdict = results.Verdict{Outcome: judged.Outcome, Gate: &judged.Findings}
	return run
}

// about is a change in all metrics but errors, give or take a little.
func about(change float64) func(string, int) float64 {
	return func(metric string, pair int) float64 {
		if metric == results.GateErrors {
			return 0
		}
		return change + 0.003*[]float64{1, -1, 0.3, -0.3}[pair%4]
	}
}

// rowOutcomes are the rows in short.
func rowOutcomes(c results.Compared) string {
	var all []string
	for _, r := range c.Rows {
		all = append(all, r.Statistic+" "+string(r.Outcome))
	}
	return strings.Join(all, ", ")
}

func TestTheGateOfTwoBuildsIsComparedByItsPairs(t *testing.T) {
	const all = "p50 %[1]s, p95 %[1]s, p99 %[1]s, rate %[2]s"
	rows := []struct {
		name string
		runs [2][]results.Run // found for the baseline, for the candidate
		want string
	}{
		{"slower", [2][]results.Run{nil, {gateOf("g", 0, 1, 8, about(0.1))}}, fmt.Sprintf(all, "worse", "same")},
		{"faster", [2][]results.Run{nil, {gateOf("g", 0, 1, 8, about(-0.1))}}, fmt.Sprintf(all, "better", "same")},
		{"the same", [2][]results.Run{{gateOf("g", 0, 1, 8, about(0.001))}, nil}, fmt.Sprintf(all, "same", "same")},
		{"found twice, and compared once", [2][]results.Run{{gateOf("g", 0, 1, 8, about(0.1))}, {gateOf("g", 0, 1, 8, about(0.1))}}, fmt.Sprintf(all, "worse", "same")},
		{"the other way round, faster", [2][]results.Run{{gateOf("g", 1, 0, 8, about(0.1))}, nil}, fmt.Sprintf(all, "better", "same")},
		{"the other way round, slower", [2][]results.Run{{gateOf("g", 1, 0, 8, about(-0.1))}, nil}, fmt.Sprintf(all, "worse", "same")},
		{"too few pairs", [2][]results.Run{nil, {gateOf("g", 0, 1, 4, about(0.1))}}, fmt.Sprintf(all, "unclear", "unclear")},
		{"less than is worth a fail", [2][]results.Run{nil, {gateOf("g", 0, 1, 8, func(m string, p int) float64 { return about(0.006)(m, p) })}}, fmt.Sprintf(all, "same", "same")},
		{"failures", [2][]results.Run{nil, {gateOf("g", 0, 1, 8, func(m string, p int) float64 {
			if m == results.GateErrors {
				return 40
			}
			return about(0)(m, p)
		})}}, fmt.Sprintf(all, "same", "worse")},
		{"what can't be believed", [2][]results.Run{nil, {unbelieved(gateOf("g", 0, 1, 8, about(0.1)))}}, fmt.Sprintf(all, "unclear", "unclear")},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := Compare(Stored{"base", sideBuild(0), row.runs[0]}, Stored{"cand", sideBuild(1), row.runs[1]})
			if diff := cmp.Diff(row.want, rowOutcomes(c)); diff != "" {
				t.Errorf("(-want +got)\n%s\n%+v", diff, c.Rows)
			}
			if !strings.Contains(strings.Join(c.Notes, "\n"), "the gate g of") || len(c.Baseline.Runs) != 1 || len(c.Candidate.Runs) != 1 {
				t.Errorf("the gate is not named: %q, %d and %d runs", c.Notes, len(c.Baseline.Runs), len(c.Candidate.Runs))
			}
		})
	}
}

func unbelieved(run results.Run) results.Run {
	run.Verdict.Gate.Unfit = []string{"the baseline itself fails"}
	return run
}

// TestTheIntervalOfAGateIsTheSameFromBothSides: exchanged, it is the inverse; and it is that of the gate where the gate has one.
func TestTheIntervalOfAGateIsTheSameFromBothSides(t *testing.T) {
	gate := gateOf("g", 0, 1, 7, about(0.04))
	there := Compare(Stored{"a", sideBuild(0), nil}, Stored{"b", sideBuild(1), []results.Run{gate}})
	back := Compare(Stored{"b", sideBuild(1), []results.Run{gate}}, Stored{"a", sideBuild(0), nil})
	for i, r := range there.Rows[:3] {
		o := back.Rows[i]
		for _, pair := range [][2]float64{{*r.Ratio, 1 / *o.Ratio}, {*r.Low, 1 / *o.High}, {*r.High, 1 / *o.Low}, {*r.Baseline, *o.Candidate}} {
			if math.Abs(pair[0]-pair[1]) > 1e-9 {
				t.Errorf("%s: %v from one side, %v from the other", r.Statistic, pair[0], pair[1])
			}
		}
		if low := math.Exp(*gate.Verdict.Gate.Metrics[i].Low); math.Abs(low-*r.Low) > 1e-9 {
			t.Errorf("%s: low is %v, and %v in the gate", r.Statistic, *r.Low, low)
		}
		if r.Pairs != gate.Verdict.Gate.Used || *r.Low > *r.Ratio || *r.High < *r.Ratio || *r.MDE <= 0 {
			t.Errorf("%+v", r)
		}
	}
	if d, o := there.Rows[3], back.Rows[3]; *d.Difference != -*o.Difference || *d.Low != -*o.High || *d.High != -*o.Low {
		t.Errorf("failures: %v [%v, %v] and %v [%v, %v]", *d.Difference, *d.Low, *d.High, *o.Difference, *o.Low, *o.High)
	}
}

// TestOfSeveralGatesTheNewestIsCompared, and pairs that do not count are left out.
func TestOfSeveralGatesTheNewestIsCompared(t *testing.T) {
	old, newer := gateOf("old", 0, 1, 8, about(0.1)), gateOf("newer", 0, 1, 8, about(0))
	newer.Created = old.Created.Add(time.Hour)
	more := newer.Verdict.Gate.Readings[0]
	more.Pair = len(newer.Verdict.Gate.Readings) + 1
	newer.Verdict.Gate.Readings = append(newer.Verdict.Gate.Readings, more)
	newer.Verdict.Gate.Readings[2].Unfit = []string{"busy"}
	c := Compare(Stored{"a", sideBuild(0), nil}, Stored{"b", sideBuild(1), []results.Run{old, newer}})
	if got, want := rowOutcomes(c), "p50 same, p95 same, p99 same, rate same"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if n := len(newer.Verdict.Gate.Readings); c.Rows[0].Pairs != n-1 {
		t.Errorf("it rests on %d of %d pairs", c.Rows[0].Pairs, n)
	}
	if !strings.Contains(strings.Join(c.Notes, "\n"), "of 2 timing gates of these two builds the newest is compared, newer") {
		t.Errorf("%q", c.Notes)
	}
}

// TestGatesAgainstOthersDidNotRunInTurn: of builds that were each held against a third one only large effects are named.
func TestGatesAgainstOthersDidNotRunInTurn(t *testing.T) {
	for _, row := range []struct {
		factor float64
		want   string
	}{
		{1.5, "p50 unclear, p95 unclear, p99 unclear, rate unclear"},
		{3, "p50 worse, p95 worse, p99 worse, rate unclear"},
	} {
		was, is := gateOf("was", 2, 0, 8, about(0)), gateOf("is", 2, 1, 8, about(math.Log(row.factor)))
		c := Compare(Stored{"a", sideBuild(0), []results.Run{was}}, Stored{"b", sideBuild(1), []results.Run{is}})
		if got := rowOutcomes(c); got != row.want {
			t.Errorf("x %g: %s, want %s", row.factor, got, row.want)
		}
		if !strings.Contains(strings.Join(c.Notes, "\n"), "no timing gate held these two builds against each other") {
			t.Errorf("%q", c.Notes)
		}
	}
	other := gateOf("is", 2, 1, 8, about(1.5))
	other.Question.Gate.Mode = results.GateTrials
	c := Compare(Stored{"a", sideBuild(0), []results.Run{gateOf("was", 2, 0, 8, about(0))}}, Stored{"b", sideBuild(1), []results.Run{other}})
	if got, want := rowOutcomes(c), "p50 unclear, p95 unclear, p99 unclear, rate unclear"; got != want || len(c.Differences) == 0 {
		t.Errorf("measured in another way: %s, %v", got, c.Differences)
	}
}
