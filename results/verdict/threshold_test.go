package verdict

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// bareRun is a bare script of ten seconds with one threshold.
func bareRun(text string) results.Run {
	trial := completeTrial()
	trial.Phases = []results.Phase{{Name: results.PhaseSteady, Start: 0, End: 10}}
	trial.Faults = nil
	run := askRun(trial, results.SLO{Text: text, Origin: "threshold", Threshold: true})
	run.Provider, run.Question.FitnessBlocks = "none", false
	return run
}

func judgeBare(t *testing.T, text string, all []*recording.Frame) results.Verdict {
	t.Helper()
	v, err := Judgement(bareRun(text), opening(record(t, all)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestThreshold(t *testing.T) {
	main := tags{"scenario": "main"}
	at := func(s float64, points ...recording.Point) *recording.Frame {
		return second{points: points}.frame(s, time.Second)
	}
	tests := []struct {
		name    string
		text    string
		frames  []*recording.Frame
		outcome results.Outcome
		value   float64
		reason  string
	}{
		{"a percentile between two values is interpolated", "http_req_duration: p(50)<25", []*recording.Frame{at(1, trend("http_req_duration", main, 10, 40))}, results.Fail, 25, ""},
		{"the median is too", "http_req_duration: med<=25", []*recording.Frame{at(1, trend("http_req_duration", main, 10, 40))}, results.Pass, 25, ""},
		{"setup and teardown count", "http_reqs: count==12", []*recording.Frame{at(-3, counter("http_reqs", tags{"scenario": ""}, 1)), at(2, counter("http_reqs", main, 10)), at(11, counter("http_reqs", tags{"scenario": ""}, 1))}, results.Pass, 12, ""},
		{"a counter's rate is over the whole run", "http_reqs: rate==2", []*recording.Frame{at(0, counter("http_reqs", main, 10)), at(9, counter("http_reqs", main, 10))}, results.Pass, 2, ""},
		{"setup lengthens the run", "http_reqs: rate==2", []*recording.Frame{at(-10, counter("http_reqs", tags{"scenario": ""}, 20)), at(9, counter("http_reqs", main, 20))}, results.Pass, 2, ""},
		{"a gauge has its last value", "vus: value==3", []*recording.Frame{at(2, gaugePoint("vus", nil, 3, 3, 3)), at(1, gaugePoint("vus", nil, 9, 1, 9))}, results.Pass, 3, ""},
		{"a rate is a share", "checks: rate>0.9", []*recording.Frame{at(1, rate("checks", main, 95, 100))}, results.Pass, 0.95, ""},
		{"a selector has its series", "http_reqs{status:200}: count==4", []*recording.Frame{at(1, counter("http_reqs", main, 9), counter("http_reqs", tags{"status": "200", "selector": "1"}, 4))}, results.Pass, 4, ""},
		{"inequality", "http_reqs: count!=9", []*recording.Frame{at(1, counter("http_reqs", main, 9))}, results.Fail, 9, ""},
		{"an untouched trend counts as 0 below its bound", "http_req_duration: p(95)<3", []*recording.Frame{at(1)}, results.Pass, none, "takes for 0"},
		{"an untouched trend counts as 0 above its bound", "http_req_duration: max>3", []*recording.Frame{at(1)}, results.Fail, none, "takes for 0"},
		{"an untouched counter counts as 0", "my_counter: count>0", []*recording.Frame{at(1)}, results.Fail, none, "takes for 0"},
		{"an untouched gauge counts as 0", "vus: value<1", []*recording.Frame{at(1)}, results.Pass, none, "takes for 0"},
		{"an untouched rate passes", "checks: rate>0.9", []*recording.Frame{at(1)}, results.Pass, none, "lets pass"},
		{"an untouched selector passes if it is of a rate", "checks{a:b}: rate>0.9", []*recording.Frame{at(1, rate("checks", main, 0, 9))}, results.Pass, none, "lets pass"},
		{"an untouched metric whose kind was written down is known", "mine: rate>0.9", []*recording.Frame{at(1, rate("mine", nil, 0, 0))}, results.Pass, none, "lets pass"},
		{"an untouched metric that may be a counter or a rate", "mine: rate>0.9", []*recording.Frame{at(1)}, results.Inconclusive, none, "its kind is not known"},
		{"what was not served does not matter to k6", "http_req_duration: p(95)<30", []*recording.Frame{at(1, trend("http_req_duration", main, 10), counter("offered", tags{"scenario": "main", "outcome": "dropped"}, 50))}, results.Pass, 10, ""},
		{"a value on its bound is said to be", "http_req_duration: med<19.99", []*recording.Frame{at(1, trend("http_req_duration", main, 10, 20.0005, 40))}, results.Fail, 20, "within the histogram's 0.1 %"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			check(t, judgeBare(t, test.text, test.frames), test.outcome, test.value, test.reason)
		})
	}
}

// TestThresholdsAgreeWithK6 lets k6's own sinks and thresholds judge the same random samples. Bounds stay away from the
// measured value by more than the histogram's error, but for those that are exact in both.
func TestThresholdsAgreeWithK6(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 400 {
		n := rng.IntN(40)
		kind := []metrics.MetricType{metrics.Trend, metrics.Counter, metrics.Gauge, metrics.Rate}[rng.IntN(4)]
		stat := map[metrics.MetricType][]string{
			metrics.Trend: {"avg", "min", "max", "med", "p(90)", "p(95)", "p(99.9)", "p(0)", "p(100)"}, metrics.Counter: {"count", "rate"},
			metrics.Gauge: {"value"}, metrics.Rate: {"rate"},
		}[kind]
		op := []string{"<", "<=", ">", ">=", "==", "===", "!="}[rng.IntN(7)]
		expr := fmt.Sprintf("%s%s%v", stat[rng.IntN(len(stat))], op, []float64{0, 0.5, 5.0001, 25.0001, 50.0001, 1000}[rng.IntN(6)])
		sink := metrics.NewSink(kind)
		all := []*recording.Frame{second{points: []recording.Point{emptyPoint(kind)}}.frame(0, time.Second)}
		if kind == metrics.Gauge {
			all = nil // a gauge has no empty point
		}
		for s := range n {
			v := float64(rng.IntN(100))
			if kind == metrics.Rate {
				v = float64(rng.IntN(2))
			}
			sink.Add(metrics.Sample{Value: v, Time: zero})
			p := emptyPoint(kind)
			switch kind {
			case metrics.Trend:
				p.Trend.Record(v)
			case metrics.Counter:
				p.Sum = v
			case metrics.Gauge:
				p.Last, p.Min, p.Max = v, v, v
			case metrics.Rate:
				p.Trues, p.Total = uint64(v), 1
			}
			all = append(all, second{points: []recording.Point{p}}.frame(float64(s)/4, time.Second/4))
		}
		theirs := metrics.NewThresholds([]string{expr})
		if err := theirs.Parse(); err != nil {
			t.Fatal(err)
		}
		passes, err := theirs.Run(sink, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		metric := "mine"
		if kind == metrics.Gauge {
			metric = "vus"
		}
		want := results.Fail
		if passes {
			want = results.Pass
		}
		if v := judgeBare(t, metric+": "+expr, all); v.Outcome != want {
			t.Errorf("%d: %s on %d samples of a %s: %s (%v), but k6 says %s", i, expr, n, kind, v.Outcome, v.Evidence[0].Reason, want)
		}
	}
}

func emptyPoint(kind metrics.MetricType) recording.Point {
	switch kind {
	case metrics.Trend:
		return trend("mine", nil)
	case metrics.Counter:
		return counter("mine", nil, 0)
	case metrics.Gauge:
		return gaugePoint("vus", nil, 0, 0, 0)
	}
	return rate("mine", nil, 0, 0)
}
