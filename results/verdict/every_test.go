package verdict

import (
	"math"
	"testing"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

func TestEvery(t *testing.T) {
	tests := []struct {
		name    string
		slo     string
		seconds func(int) second
		outcome results.Outcome
		value   float64
		reason  string
	}{
		{"the bound holds in each window", "p95(latency) < 300ms in every 30s", nil, results.Pass, 100, "the worst of 4 windows is 0s to 30s"},
		{"one bad window fails what the whole would hold", "p50(latency) < 300ms in every 30s", during(70, 86, slow(900)), results.Fail, 900, "the worst of 4 windows is 60s to 90s"},
		{"other bad windows are named", "p50(latency) < 300ms in every 30s", func(s int) second {
			return during(70, 86, slow(900))(s).or(s >= 0 && s < 20, slow(500))
		}, results.Fail, 900, "the worst of 4 windows is 60s to 90s; it breaks in 0s to 30s"},
		{"a lower bound has its worst window, too", "min(latency) > 50ms in every 30s", during(30, 31, slow(80)), results.Pass, 80, "is 30s to 60s"},
		{"the warm-up is in no window", "max(latency) < 300ms in every 30s", during(-10, 0, slow(900)), results.Pass, 100, "of 4 windows"},
		{"windows count from t = 0, within the phase", "max(latency) < 300ms in redis-slow in every 10s", during(50, 59, slow(900)), results.Fail, 900, "the worst of 2 windows is 50s to 60s"},
		{"the guards of the phase are left out", "max(latency) < 300ms in redis-slow in every 10s", during(59, 60, slow(900)), results.Pass, 100, "guards of 1s left out"},
		{"a window that another phase takes up is none", "max(latency) < 300ms in steady in every 40s", during(45, 85, slow(900)), results.Pass, 100, "of 2 windows"},
		{"the rest at the end that is shorter than half is left out, and said so", "max(latency) < 300ms in every 50s", during(105, 110, slow(900)), results.Pass, 100, "1 window left out, of which less than half lies in the load"},
		{"the rest at the end that is longer is judged", "max(latency) < 300ms in every 65s", during(105, 110, slow(900)), results.Fail, 900, "the worst of 2 windows is 65s to 130s"},
		{"no window fits in", "max(latency) < 300ms in redis-slow in every 2m", nil, results.Inconclusive, none, "no window of 120s fits in"},
		{"the phase never was", "max(latency) < 300ms in db-down in every 10s", nil, results.Inconclusive, none, "the fault db-down was never in force"},
		{"a rate is that of the window", "rate(http_reqs) >= 9/s in every 30s", during(60, 75, func(s *second) { *s = second{dropped: 10} }), results.Inconclusive, 5, "is 60s to 90s"},
		{"silence counts as time in its window", "rate(http_reqs) >= 9/s in every 30s", during(60, 75, func(s *second) { *s = second{} }), results.Fail, 5, "is 60s to 90s"},
		{"what was not served puts its own window in doubt", "p95(latency) < 300ms in every 30s", during(40, 41, func(s *second) { s.dropped = 60 }), results.Inconclusive, 100, "the worst of 4 windows is 30s to 60s; 60 iterations"},
		{"undecided windows are named beside one that breaks", "p95(latency) < 300ms in every 30s", func(s int) second {
			return during(40, 41, func(q *second) { q.dropped = 60 })(s).or(s >= 95, slow(900))
		}, results.Fail, 900, "is 90s to 120s; undecided in 30s to 60s"},
		{"a window without samples is undecided", "p95(latency{name:rare}) < 300ms in every 30s",
			during(0, 60, with(trend("latency", tags{"name": "rare", "selector": "1"}, 50))), results.Inconclusive, none, "undecided in 90s to 120s"},
		{"a counter touched in another window is zero here", "count(orders_lost) == 0 in every 30s", during(70, 71, with(counter("orders_lost", nil, 3))), results.Fail, 3, "60s to 90s"},
		{"a bound that follows another measurement follows it in the same window", "p95(latency) < 1.5 * p50(latency) in every 30s", during(0, 60, slow(300)), results.Pass, 100, "of 4 windows"},
		{"or over all of where it says it is measured", "p95(latency) < 1.5 * p95(latency in first-fifth) in every 30s", during(60, 90, slow(200)), results.Fail, 200, "is 60s to 90s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			check(t, verdictOn(t, test.slo, test.seconds), test.outcome, test.value, test.reason)
		})
	}
}

// or changes the second where that is so.
func (s second) or(so bool, change func(*second)) second {
	if so {
		change(&s)
	}
	return s
}

// TestWindowsAreMeasuredAsPhasesAre holds each window against the same SLO asked of a trial that is that window alone.
func TestWindowsAreMeasuredAsPhasesAre(t *testing.T) {
	uneven := func(s int) second {
		q := quiet()
		q.latency = 100 + float64((s*37)%90)
		q.served = 10 + s%3
		return q
	}
	all := frames(uneven)
	worst := 0.0
	for from := 0; from < 120; from += 20 {
		trial := completeTrial()
		trial.Faults = nil
		trial.Phases = []results.Phase{{Name: results.PhaseSteady, Start: float64(from), End: float64(from + 20)}}
		var part []*recording.Frame
		for _, f := range all {
			if second := (f.Start - zero.UnixNano()) / 1e9; second >= int64(from) && second < int64(from+20) {
				part = append(part, f)
			}
		}
		v, err := Judgement(askRun(trial, asked("p90(latency) < 1ms")...), opening(record(t, part)))
		if err != nil {
			t.Fatal(err)
		}
		worst = max(worst, *v.Evidence[0].Value)
	}
	v, err := Judgement(askRun(completeTrial(), asked("p90(latency) < 1ms in every 20s")...), opening(record(t, all)))
	if err != nil {
		t.Fatal(err)
	}
	if got := *v.Evidence[0].Value; math.Abs(got-worst) > 1e-9 {
		t.Errorf("the worst window is %v, want %v", got, worst)
	}
}

// TestALateFrameReachesItsWindow: a slow request arrives in a later frame that covers the old interval again.
func TestALateFrameReachesItsWindow(t *testing.T) {
	all := frames(func(int) second { return quiet() })
	late := second{served: 200, latency: 20000, requests: 1}.frame(5, 1e9)
	v, err := Judgement(askRun(completeTrial(), asked("p50(latency) < 300ms in every 10s")...), opening(record(t, append(all, late))))
	if err != nil {
		t.Fatal(err)
	}
	check(t, v, results.Fail, 20000, "the worst of 12 windows is 0s to 10s")
}

// TestWindowsThatAreOverTakeLittle: a long soak has many windows, and only the last are expected to gather more.
func TestWindowsThatAreOverTakeLittle(t *testing.T) {
	trial := completeTrial()
	questions, err := parseAll(asked("p95(latency) < 300ms in every 10s"))
	if err != nil {
		t.Fatal(err)
	}
	j := &judge{run: askRun(trial), trial: trial, questions: questions, verdict: &results.Verdict{}}
	r := newReader(newTimeline(trial, 1))
	w := j.planEvery(r, questions[0])
	before := map[*window]float64{}
	for i, f := range frames(func(int) second { return quiet() }) {
		if err := r.frame(f); err != nil {
			t.Fatal(err)
		}
		if i == 60 {
			for _, part := range w.all[:5] {
				before[part] = part.row.left.number().value
			}
		}
	}
	for i, part := range w.all {
		if over := i < len(w.all)-2; over != (len(part.reader.byKey) == 0) {
			t.Errorf("window %d of %d holds %d keys", i, len(w.all), len(part.reader.byKey))
		}
	}
	for part, value := range before {
		if got := part.row.left.number().value; got != value {
			t.Errorf("%s: %v became %v", w.when(part), value, got)
		}
	}
}
