package verdict

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

func TestARunShowsWhatIsDeclaredOfIt(t *testing.T) {
	const other = "rate(http_req_failed) < 1%"
	fails := &results.Expectation{Variant: "naive", Verdict: results.Fail, Because: foul, Cause: "it is slow"}
	passes := &results.Expectation{Variant: "fixed", Verdict: results.Pass}
	of := func(because string) *results.Expectation {
		return &results.Expectation{Variant: "naive", Verdict: results.Fail, Because: because}
	}
	same := func(*results.Run) {}
	for _, row := range []struct {
		name   string
		slos   []results.SLO
		expect *results.Expectation
		change func(*results.Run)
		met    bool
		says   string
	}{
		{"a fail by the SLO that was named", asked(other, foul), fails, same, true, "it fails by " + foul + ", with 100ms"},
		{"a pass that was declared", asked(other, fair), passes, same, true, "it passes"},
		{"a fail by another SLO", asked(foul, other), of(other), same, false, "another reason: " + foul + ", with 100ms; " + other + " is pass, with 0%"},
		{"a pass where a fail was declared", asked(fair), of(fair), same, false, "it passes: " + fair + " is kept, with 100ms"},
		{"a fail where a pass was declared", asked(foul), passes, same, false, "it fails: " + foul + ", with 100ms"},
		{"an SLO that was not asked", asked(foul), of(other), same, false, other + " is not among"},
		{"a run that is not complete", asked(foul), fails, func(r *results.Run) { r.Status, r.Reason = results.StatusAborted, "interrupted" }, false, "the run is aborted: interrupted"},
		{"a generator that was unfit", asked(fair), passes, func(r *results.Run) { r.Trials[0].Fitness.Fit = false }, false, "inconclusive: " + fair},
		{"a generator that was too unfit to blame anybody", asked(foul), fails, func(r *results.Run) {
			r.Trials[0].Fitness.Fit, r.Trials[0].Fitness.Saturated = false, true
		}, false, "whether it fails by " + foul + " can't be told; would be fail; not fit to measure"},
		{"a fail by another SLO beside one that can't be told", asked(other, "lost(orders) == 0", foul), of("lost(orders) == 0"), same, false, "whether it fails by lost(orders) == 0 can't be told"},
	} {
		t.Run(row.name, func(t *testing.T) {
			run := askRun(completeTrial(), row.slos...)
			run.Question.Expect = row.expect
			row.change(&run)
			v, err := Judgement(run, opening(record(t, frames(func(int) second { return quiet() }))))
			if err != nil {
				t.Fatal(err)
			}
			if x := v.Expected; x == nil || x.Met != row.met || !strings.Contains(x.Reason, row.says) || x.Expectation != *row.expect {
				t.Errorf("%+v", x)
			}
		})
	}
}

// What is measured beside the SLOs has a value and no outcome, and changes nothing.
func TestMeasurementsBindNothing(t *testing.T) {
	run := askRun(completeTrial(), asked(fair)...)
	recorded := opening(record(t, frames(func(s int) second {
		of := quiet()
		if s >= 40 && s < 60 {
			of.latency, of.points = 400, []recording.Point{counter("retries", nil, 30)}
		}
		return of
	})))
	before, err := Judgement(run, recorded)
	if err != nil {
		t.Fatal(err)
	}
	run.Question.Measurements = asked("p95(latency) in redis-slow", "per_request(retries in redis-slow)", "lost(orders)", "avg(nothing)", "recovery(redis-slow)")
	after, err := Judgement(run, recorded)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		value float64 // 0: none
		unit  string
	}{{400, "ms"}, {3, ""}, {0, ""}, {0, ""}, {0, "ms"}}
	if len(after.Measurements) != len(want) {
		t.Fatalf("%+v", after.Measurements)
	}
	for i, m := range after.Measurements {
		value := 0.0
		if m.Value != nil {
			value = *m.Value
		}
		if m.Outcome != "" || m.Bound != "" || m.Unit != want[i].unit || value < want[i].value*0.9 || value > want[i].value*1.1 || value == 0 && m.Reason == "" {
			t.Errorf("%s: %v %s, %+v", m.What, value, m.Unit, m)
		}
	}
	after.Measurements = nil
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the verdict changed (-before +after):\n%s", diff)
	}
}

func TestAMeasurementThatWasNotRecordedIsAnError(t *testing.T) {
	run := askRun(completeTrial(), asked(fair)...)
	run.Trials[0].Selectors = []string{"latency{endpoint:list}"}
	run.Question.Measurements = asked("p95(latency{endpoint:item})")
	if v, err := Judgement(run, opening(record(t, nil))); err == nil || !strings.Contains(err.Error(), "latency{endpoint:item}") {
		t.Errorf("%+v, %v", v, err)
	}
}
