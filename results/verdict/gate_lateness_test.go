package verdict

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// latePairs are those of a gate of p95 alone, in which lateness is such a share of it and changes the change by so much in each pair.
func latePairs(late float64, apart ...float64) []results.GateReading {
	all := turn{apart: 0.002}.readings(len(apart))
	for i, a := range apart {
		all[i].Values = all[i].Values[1:2]
		all[i].Values[0].Late, all[i].Values[0].LateApart = known(late), known(a)
	}
	return all
}

// TestAPassAllowsForLateness: of what the target takes longer less is seen, so that less may be.
func TestAPassAllowsForLateness(t *testing.T) {
	plan := results.Gate{Primary: []results.GateMetric{{Name: "p95"}}, MostPairs: 5}
	j := JudgeGate(plan, latePairs(0.25, 0, 0, 0, 0, 0))
	m := j.Findings.Metrics[0]
	if j.Outcome != results.Pass || m.Late == nil || math.Abs(*m.Late-0.25) > 1e-12 || !strings.Contains(j.Evidence[0].Bound, "pass below +3.73%") {
		t.Errorf("%s: %+v, %+v", j.Outcome, m, j.Evidence)
	}
	shifted := latePairs(0.25, 0, 0, 0, 0, 0)
	for i := range shifted {
		*shifted[i].Values[0].Change += 0.038 // its upper end is between the limit and what is left of that
	}
	plan.Primary[0].Floor = 0.04
	if j := JudgeGate(plan, shifted); j.Outcome != results.Inconclusive {
		t.Errorf("%s: %+v", j.Outcome, j.Findings.Metrics)
	}
	for i := range shifted {
		shifted[i].Values[0].Late = known(0)
	}
	if j := JudgeGate(plan, shifted); j.Outcome != results.Pass {
		t.Errorf("without lateness: %s: %+v", j.Outcome, j.Findings.Metrics)
	}
}

// TestWhatLatenessDecidesIsNotJudged, and nothing else that it changes: not where that is chance, nor where the change is a rise or none
// without it, too.
func TestWhatLatenessDecidesIsNotJudged(t *testing.T) {
	plan := results.Gate{Primary: []results.GateMetric{{Name: "p95"}}, MostPairs: 5}
	later := []float64{0.05, 0.052, 0.048, 0.05, 0.051}
	earlier := []float64{-0.05, -0.052, -0.048, -0.05, -0.051}
	for _, row := range []struct {
		name    string
		change  float64
		apart   []float64
		outcome results.Outcome
		unfit   bool
	}{
		{"the candidate is always later, by all of the rise", 0.05, later, results.Inconclusive, true},
		{"the candidate is always later, by a third of the rise", 0.15, later, results.Fail, false},
		{"the candidate is always later, and no slower for that", 0, later, results.Pass, false},
		{"the baseline is always later, which hides a rise", 0, earlier, results.Inconclusive, true},
		{"the baseline is always later, and what is left is a rise", 1.6, []float64{-0.1, -0.11, -0.09, -0.1, -0.1}, results.Fail, false},
		{"later by less than may be", 0, []float64{0.015, 0.016, 0.014, 0.015, 0.015}, results.Pass, false},
		{"now one, now the other", 0, []float64{0.1, -0.08, 0.09, -0.1, 0.05}, results.Pass, false},
	} {
		pairs := latePairs(0.1, row.apart...)
		for i := range pairs {
			*pairs[i].Values[0].Change += row.change
		}
		j := JudgeGate(plan, pairs)
		unfit := strings.Contains(strings.Join(j.Findings.Unfit, " "), "iterations of one build started later")
		if j.Outcome != row.outcome || unfit != row.unfit {
			t.Errorf("%s: %s, %v, %+v", row.name, j.Outcome, j.Findings.Unfit, j.Findings.Metrics)
		}
	}
}

// TestAGateGoesOnWhileARiseMayBeHiddenByLateness: what would be worth a fail without lateness does not pass at the first look.
func TestAGateGoesOnWhileARiseMayBeHiddenByLateness(t *testing.T) {
	for _, row := range []struct {
		name    string
		apart   float64
		decided bool
	}{
		{"the baseline is later by less than may be", -0.015, true},
		{"the baseline is later, which hides a rise of 3 %", -0.03, false},
	} {
		plan := results.Gate{Primary: []results.GateMetric{{Name: "p95"}}, MostPairs: 12}
		j := JudgeGate(plan, latePairs(0.05, row.apart, row.apart, row.apart, row.apart, row.apart))
		if j.Outcome != results.Pass || j.Decided != row.decided {
			t.Errorf("%s: %s, decided: %v, %+v", row.name, j.Outcome, j.Decided, j.Findings.Metrics)
		}
	}
}

// TestWhatFailsByAnotherMetricIsJudged though lateness decides one.
func TestWhatFailsByAnotherMetricIsJudged(t *testing.T) {
	plan := results.Gate{Primary: []results.GateMetric{{Name: "p50"}, {Name: "p95"}}, MostPairs: 5}
	pairs := latePairs(0.1, -0.05, -0.052, -0.048, -0.05, -0.051)
	for i, r := range pairs {
		pairs[i].Values = append([]results.GateValue{{
			Metric: "p50", Change: known(0.2 + *r.Values[0].Change), Baseline: known(5), Candidate: known(6), Late: known(0.1), LateApart: known(0),
		}}, r.Values...)
	}
	j := JudgeGate(plan, pairs)
	if j.Outcome != results.Fail || len(j.Findings.Unfit) > 0 || !strings.Contains(j.Evidence[1].Reason, "iterations of one build started later") {
		t.Errorf("%s: %v, %+v", j.Outcome, j.Findings.Unfit, j.Evidence)
	}
}

// TestWhatIsBeyondTheAcceptedByLatenessAloneIsNotExceeded: the report says of an acceptance what the verdict does.
func TestWhatIsBeyondTheAcceptedByLatenessAloneIsNotExceeded(t *testing.T) {
	for _, row := range []struct {
		name     string
		apart    float64
		exceeded bool
		outcome  results.Outcome
	}{
		{"no lateness", 0, true, results.Fail},
		{"half of it lateness", 0.075, false, results.Inconclusive},
	} {
		pairs := latePairs(0.1, row.apart, row.apart, row.apart, row.apart, row.apart)
		for i := range pairs {
			*pairs[i].Values[0].Change += 0.15
		}
		run := results.Run{Created: time.Date(2026, 5, 3, 0, 0, 0, 0, time.UTC), Question: results.Question{
			Gate: &results.Gate{Primary: []results.GateMetric{{Name: "p95"}}, MostPairs: 5}, Accept: allowed(0.1, "p95"),
		}}
		v := results.Verdict{}
		judgeReadings(&v, run, pairs)
		reason := strings.Contains(v.Evidence[0].Reason, "iterations of one build started later") || len(v.Gate.Unfit) > 0
		if reason == row.exceeded || v.Outcome != row.outcome || len(v.Accepted) != 1 || v.Accepted[0].Exceeded != row.exceeded {
			t.Errorf("%s: %s, %+v, %v", row.name, v.Outcome, v.Accepted, v.Gate.Unfit)
		}
	}
}

// TestLatenessIsExchangedWithTheBuilds: what made the candidate look slower makes it look slower as a baseline, too.
func TestLatenessIsExchangedWithTheBuilds(t *testing.T) {
	plan := results.Gate{Primary: []results.GateMetric{{Name: "p95"}}, MostPairs: 5}
	pairs := latePairs(0.1, 0.05, 0.052, 0.048, 0.05, 0.051)
	var back []results.GateReading
	for i, r := range pairs {
		*pairs[i].Values[0].Change -= 0.05 // without lateness twice as much
		back = append(back, exchanged(r))
	}
	there, other := JudgeGate(plan, pairs), JudgeGate(plan, back)
	if there.Outcome != results.Pass || other.Outcome != results.Fail {
		t.Errorf("%s, and the other way round %s: %+v", there.Outcome, other.Outcome, other.Findings)
	}
}
