package verdict

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

// allowed accepts metrics, up to a share; 0: without a limit.
func allowed(share float64, metrics ...string) []results.Acceptance {
	var all []results.Acceptance
	for i, m := range metrics {
		all = append(all, results.Acceptance{
			Metric: m, Reason: "answers are signed", Expires: "2026-05-04", UpToShare: share, Origin: fmt.Sprintf("shop.yaml:%d", 7+i),
		})
	}
	return all
}

// restless are pairs in which p95 alone lies far apart, so that it can't be told.
func restless(n int) []results.GateReading {
	all := turn{apart: 0.002}.readings(n)
	for i, wild := range (turn{p95: 0.05, apart: 0.3}).readings(n) {
		all[i].Values[1] = wild.Values[1]
	}
	return all
}

// unanswered are pairs in which the candidate fails so often that there are no times.
func unanswered(n int) []results.GateReading {
	all := turn{failed: [2]int64{0, 9000}}.readings(n)
	for i := range all {
		for k := range all[i].Values[:3] {
			all[i].Values[k].Change = nil
		}
	}
	return all
}

func TestATimingGateHeedsWhatIsAccepted(t *testing.T) {
	slower := turn{p95: 0.1, apart: 0.002}.readings(20)
	for _, test := range []struct {
		name     string
		readings []results.GateReading
		accept   []results.Acceptance
		want     results.Outcome
		decided  bool
		states   string // of p50, p95, p99 and errors
	}{
		{"nothing is accepted", slower, nil, results.Fail, true, "within worse within within"},
		{"it is accepted", slower, allowed(0, "p95"), results.Pass, true, "within accepted within within"},
		{"another one is accepted", slower, allowed(0, "p50", "throughput"), results.Fail, true, "within worse within within"},
		{"what is accepted beside what is not", turn{p95: 0.1, p99: 0.2, apart: 0.002}.readings(20), allowed(0, "p95"), results.Fail, true, "within accepted worse within"},
		{"it is accepted, and within its limit anyhow", turn{apart: 0.002}.readings(20), allowed(0, "p95"), results.Pass, true, "within within within within"},
		{"worse by what would be within its limit", turn{p95: 0.03, apart: 0.001}.readings(20), allowed(0, "p95"), results.Pass, true, "within accepted within within"},
		{"as much is accepted", slower, allowed(0.2, "p95"), results.Pass, true, "within accepted within within"},
		{"less is accepted", slower, allowed(0.05, "p95"), results.Fail, true, "within worse within within"},
		{"less is accepted, and elsewhere in the file all", slower, append(allowed(0.05, "p95"), allowed(0, "p95")...), results.Pass, true, "within accepted within within"},
		{"what can't be told is not waited for", restless(20), allowed(0, "p95"), results.Pass, true, "within accepted within within"},
		{"whether it is beyond what is accepted can't be told", restless(20), allowed(0.03, "p95"), results.Inconclusive, false, "within open within within"},
		{"failures are accepted", turn{apart: 0.002, failed: [2]int64{0, 20}}.readings(20), allowed(0, "errors"), results.Pass, true, "within within within accepted"},
		{"a point of failures is accepted", turn{apart: 0.002, failed: [2]int64{0, 20}}.readings(20), allowed(0.01, "errors"), results.Pass, true, "within within within accepted"},
		{"a tenth of a point of failures is accepted", turn{apart: 0.002, failed: [2]int64{0, 20}}.readings(20), allowed(0.001, "errors"), results.Fail, true, "within within within worse"},
		{"all is accepted", slower, allowed(0, "p50", "p95", "p99", "errors"), results.Pass, true, "within accepted within within"},
		{"failures are accepted, and hardly anything is answered", unanswered(20), allowed(0, "errors"), results.Inconclusive, false, "not gated not gated not gated accepted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			j := JudgeGate(results.Gate{}, test.readings, test.accept...)
			var states []string
			for _, m := range j.Findings.Metrics {
				states = append(states, string(m.State()))
				if m.Worse && m.Accepted != nil && m.Within {
					t.Errorf("%s is worse, accepted, and within its limit", m.Metric)
				}
			}
			if got := strings.Join(states, " "); j.Outcome != test.want || j.Decided != test.decided || got != test.states {
				t.Errorf("%s, decided %v: %s", j.Outcome, j.Decided, got)
			}
			decided, used, most := GateStanding(results.Gate{}, test.readings, test.accept...)
			if f := j.Findings; decided != j.Decided || used != f.Used || most != f.Most {
				t.Errorf("a campaign is told %v, %d of %d", decided, used, most)
			}
			for i, e := range j.Evidence[:len(states)] {
				if (e.Outcome == results.Fail) != (states[i] == "worse") {
					t.Errorf("%s is %s, and its row %s", e.What, states[i], e.Outcome)
				}
			}
		})
	}
}

// TestAGateDoesNotGoOnForWhatIsAccepted: it ends as soon as the others are known, and goes on where what is worse may be beyond what is
// accepted.
func TestAGateDoesNotGoOnForWhatIsAccepted(t *testing.T) {
	for _, test := range []struct {
		name     string
		readings []results.GateReading
		accept   []results.Acceptance
		want     results.Outcome
		at       int
	}{
		{"all is accepted of it", restless(20), allowed(0, "p95"), results.Pass, 5},
		{"what may be beyond what is accepted", turn{p95: 0.1, apart: 0.002}.readings(20), allowed(0.095, "p95"), results.Fail, 7},
		{"what is worth a fail by itself, but is accepted", turn{p95: 0.1, apart: 0.002}.readings(20), allowed(0.105, "p95"), results.Pass, 5},
	} {
		j := JudgeGate(results.Gate{}, test.readings, test.accept...)
		if j.Outcome != test.want || !j.Decided || j.Findings.LastLook != test.at {
			t.Errorf("%s: %s, decided %v at pair %d", test.name, j.Outcome, j.Decided, j.Findings.LastLook)
		}
	}
}

// judgedOn is a timing gate's run of 2026-05-04 as it is judged.
func judgedOn(readings []results.GateReading, accept ...results.Acceptance) (results.Run, results.Verdict) {
	run := results.Run{
		Status: results.StatusComplete, Created: time.Date(2026, 5, 4, 23, 59, 0, 0, time.UTC),
		Question: results.Question{Asker: results.AskerGate, Gate: &results.Gate{}, Accept: accept},
	}
	var v results.Verdict
	judgeReadings(&v, run, readings)
	return run, v
}

// TestWhatIsAcceptedOfTimesIsTold whether it is of use or not.
func TestWhatIsAcceptedOfTimesIsTold(t *testing.T) {
	slower := turn{p95: 0.1, apart: 0.002}.readings(20)
	of := allowed(0, "p95")[0]
	with := func(change func(*results.Acceptance)) results.Acceptance {
		a := of
		change(&a)
		return a
	}
	expired := with(func(a *results.Acceptance) { a.Expires = "2026-05-03" })
	some := with(func(a *results.Acceptance) { a.UpToShare = 0.05 })
	unfit := slices.Clone(slower)
	for i := range unfit {
		if i%2 == 0 {
			unfit[i].Unfit = []string{"one core was stolen"}
		}
	}
	for _, test := range []struct {
		name     string
		readings []results.GateReading
		accept   results.Acceptance
		want     results.Outcome
		rises    []string
		exceeded bool
		warns    string
	}{
		{"of use", slower, of, results.Pass, []string{"p95 is worse by 10.02% (9.11% to 10.44%)"}, false, ""},
		{"expired the day before", slower, expired, results.Fail, []string{"p95 is worse by 10.02% (9.11% to 10.44%)"}, false, "shop.yaml:7: p95 was accepted until 2026-05-03 and counts no more"},
		{"exceeded", slower, some, results.Fail, []string{"p95 is worse by 10.02% (9.11% to 10.44%): only +5 % is accepted"}, true, ""},
		{"of no use", turn{apart: 0.002}.readings(20), of, results.Pass, nil, false, ""},
		{"not waited for", restless(20), of, results.Pass, []string{"p95 changed by"}, false, ""},
		{"of a gate that can't be believed", unfit, of, results.Inconclusive, nil, false, ""},
		{"of a gate without a look", slower[:2], of, results.Inconclusive, nil, false, ""},
		{"of what the gate does not judge", slower, with(func(a *results.Acceptance) { a.Metric = "throughput" }), results.Fail, nil, false,
			"shop.yaml:7: throughput is accepted, which this gate does not judge"},
		{"of what costs", slower, with(func(a *results.Acceptance) { a.Metric = "queries" }), results.Fail, nil, false, ""},
	} {
		_, v := judgedOn(test.readings, test.accept)
		if v.Outcome != test.want || strings.Join(v.Warnings, "") != test.warns {
			t.Errorf("%s: %s with the warnings %q", test.name, v.Outcome, v.Warnings)
		}
		if test.accept.OfCosts() {
			if len(v.Accepted) > 0 {
				t.Errorf("%s: %+v", test.name, v.Accepted)
			}
			continue
		}
		if len(v.Accepted) != 1 || v.Accepted[0].Exceeded != test.exceeded || v.Accepted[0].Expired != (test.accept.Expires < "2026-05-04") {
			t.Fatalf("%s: %+v", test.name, v.Accepted)
		}
		same := slices.EqualFunc(v.Accepted[0].Rises, test.rises, func(got, want string) bool { return strings.HasPrefix(got, want) })
		if !same {
			t.Errorf("%s: %q, want %q", test.name, v.Accepted[0].Rises, test.rises)
		}
	}
}

// TestARowSaysWhatIsAccepted, and from where on it would fail.
func TestARowSaysWhatIsAccepted(t *testing.T) {
	slower := turn{p95: 0.1, apart: 0.002}.readings(20)
	for _, test := range []struct {
		accept        []results.Acceptance
		bound, reason string
	}{
		{allowed(0, "p95"), "fail at +2%, pass below +5%", "worse by 10.02% (9.11% to 10.44%), accepted until 2026-05-04 because answers are signed"},
		{allowed(0.2, "p95"), "fail beyond +20%, pass below +26%", "worse by 10.02% (9.11% to 10.44%), accepted until 2026-05-04 because answers are signed"},
		{allowed(0.05, "p95"), "fail beyond +5%, pass below +10.25%", "only +5 % is accepted until 2026-05-04 because answers are signed"},
	} {
		row := JudgeGate(results.Gate{}, slower, test.accept...).Evidence[1]
		if row.Bound != test.bound || row.Reason != test.reason {
			t.Errorf("%s: %q", row.Bound, row.Reason)
		}
	}
	open := JudgeGate(results.Gate{}, restless(20), allowed(0.03, "p95")...).Evidence[1]
	if !strings.HasPrefix(open.Reason, "the interval holds what is accepted, +3 % at most, and what is far beyond it; these 20 pairs would have found +") {
		t.Error(open.Reason)
	}
}

// TestAGateIsJudgedAgainByTheDayItWasMade: out of what is stored, and long after its acceptances have expired.
func TestAGateIsJudgedAgainByTheDayItWasMade(t *testing.T) {
	readings := turn{p95: 0.1, apart: 0.002}.readings(7)
	run, before := judgedOn(readings, allowed(0.2, "p95")...)
	var stored results.Run
	if data, err := json.Marshal(run); err != nil {
		t.Fatal(err)
	} else if err := json.Unmarshal(data, &stored); err != nil {
		t.Fatal(err)
	}
	var after results.Verdict
	judgeReadings(&after, stored, readings)
	if diff := cmp.Diff(before, after); diff != "" || after.Outcome != results.Pass {
		t.Errorf("%s: %s", after.Outcome, diff)
	}
	stored.Created = stored.Created.Add(time.Minute)
	var next results.Verdict
	judgeReadings(&next, stored, readings)
	if next.Outcome != results.Fail || !next.Accepted[0].Expired {
		t.Errorf("a gate of the next day: %s, %+v", next.Outcome, next.Accepted)
	}
}
