package verdict

import (
	"math"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// during gives other seconds to part of a trial.
func during(from, to int, change func(*second)) func(int) second {
	return func(s int) second {
		q := quiet()
		if s >= from && s < to {
			change(&q)
		}
		return q
	}
}

func slow(ms float64) func(*second) { return func(s *second) { s.latency = ms } }

func with(points ...recording.Point) func(*second) {
	return func(s *second) { s.points = append(s.points, points...) }
}

func ever(change func(*second)) func(int) second { return during(-1000, 1000, change) }

const none = math.MaxFloat64 // no value

func TestSLO(t *testing.T) {
	create := tags{"name": "create", "selector": "1"}
	tests := []struct {
		name    string
		slo     string
		seconds func(int) second
		outcome results.Outcome
		value   float64
		reason  string // part of it
	}{
		{"a percentile under its bound passes", "p95(latency) < 300ms", nil, results.Pass, 100, ""},
		{"a percentile at its bound breaks <", "max(latency) < 100ms", nil, results.Fail, 100, ""},
		{"a percentile at its bound holds <=", "max(latency) <= 100ms", nil, results.Pass, 100, ""},
		{"the warm-up is not covered", "max(latency) <= 100ms", during(-10, 0, slow(900)), results.Pass, 100, ""},
		{"the warm-up can be asked for, but for its guards", "max(latency) > 800ms in warmup", during(-9, -1, slow(900)), results.Pass, 900, "guards of 1s left out, with 20 samples at 100ms"},
		{"without in, guards count", "max(latency) < 300ms", during(40, 41, slow(900)), results.Fail, 900, ""},
		{"in a phase, its guards are left out and told", "max(latency) < 300ms in redis-slow", during(40, 41, slow(900)), results.Pass, 100, "guards of 1s left out, with 20 samples at 900ms"},
		{"another phase does not matter", "max(latency) < 300ms in steady", during(40, 60, slow(900)), results.Pass, 100, "guards of 1s"},
		{"a fault is found by its name", "p50(latency) < 300ms in redis-slow", during(40, 60, slow(900)), results.Fail, 900, ""},
		{"fault means every fault phase", "p50(latency) < 300ms in fault", during(40, 60, slow(900)), results.Fail, 900, ""},
		{"recovery is a phase", "max(latency) < 300ms in recovery", during(80, 82, slow(900)), results.Fail, 900, ""},
		{"steady is all steady phases together", "max(latency) < 300ms in steady", during(100, 101, slow(900)), results.Fail, 900, ""},
		{"a fault that never came is inconclusive", "max(latency) < 300ms in db-down", nil, results.Inconclusive, none, "the fault db-down was never in force"},
		{"a rate is a share", "rate(http_req_failed) < 1%", during(50, 60, func(s *second) { s.served, s.failed = 9, 1 }), results.Pass, 10.0 / 1200, ""},
		{"a rate of a counter is per second", "rate(http_reqs) == 10/s", nil, results.Pass, 10, ""},
		{"a rate in a phase counts the seconds between the guards", "rate(http_reqs) == 10/s in redis-slow", nil, results.Pass, 10, ""},
		{"silence counts as time", "rate(http_reqs) >= 9/s in redis-slow", during(41, 50, func(s *second) { *s = second{} }), results.Fail, 90.0 / 18, ""},
		{"a count is of the whole", "count(http_reqs) == 1200", nil, results.Pass, 1200, ""},
		{"an average", "avg(latency) < 110ms", during(0, 60, slow(140)), results.Fail, 120, ""},
		{"a gauge's last value", "value(queue) == 7", ever(with(gaugePoint("queue", nil, 7, 1, 90))), results.Pass, 7, ""},
		{"a gauge's extremes", "max(queue) < 90", ever(with(gaugePoint("queue", nil, 7, 1, 90))), results.Fail, 90, ""},
		{"a selector has a series of its own", "p95(latency{name:create}) < 50ms", ever(with(trend("latency", create, 40))), results.Pass, 40, ""},
		{"a selector's series is not added to the base series", "max(latency) < 300ms", ever(with(trend("latency", create, 900))), results.Pass, 100, ""},
		{"a selector without samples is inconclusive, not zero", "p95(latency{name:delete}) < 50ms", nil, results.Inconclusive, none, "no samples of latency{name:delete}"},
		{"offered iterations are known by outcome", "count(offered{outcome:failed}) <= 10", during(10, 20, func(s *second) { s.served, s.failed = 9, 1 }), results.Pass, 10, ""},
		{"and by a tag of a scenario's own", "count(offered{kind:late}) == 120", ever(with(counter("offered", tags{"kind": "late", "selector": "1"}, 1))), results.Pass, 120, ""},
		{"no iteration dropped is zero dropped", "count(offered{outcome:dropped}) == 0", nil, results.Pass, 0, ""},
		{"k6's own counter of dropped iterations is zero then", "count(dropped_iterations) == 0", nil, results.Pass, 0, ""},
		{"an untouched metric is inconclusive", "count(orders_lost) == 0", nil, results.Inconclusive, none, "no samples of orders_lost"},
		{"a counter that others phases touched is zero here", "count(orders_lost) == 0 in steady", during(45, 46, with(counter("orders_lost", tags{"scenario": "main"}, 3))), results.Pass, 0, ""},
		{"setup is not covered", "count(http_reqs) == 1200", during(5, 6, with(counter("http_reqs", tags{"scenario": ""}, 50))), results.Pass, 1200, ""},
		{"a bound that follows another measurement holds", "p95(latency) < 3 * p50(latency) + 5ms", during(0, 20, slow(300)), results.Pass, 300, ""},
		{"a bound that follows another measurement breaks", "p95(latency) < 3 * p50(latency) + 5ms", during(0, 20, slow(310)), results.Fail, 310, ""},
		{"a bound that follows another phase", "p95(latency) < 1.5 * p95(latency) in steady + 20ms in redis-slow", during(40, 60, slow(180)), results.Fail, 180, ""},
		{"the last fifth against the first", "p95(latency in last-fifth) < 1.5 * p95(latency in first-fifth)", during(90, 120, slow(160)), results.Fail, 160, ""},
		{"what grows in between does not matter to the fifths", "p95(latency in last-fifth) < 1.5 * p95(latency in first-fifth)", during(24, 96, slow(900)), results.Pass, 100, ""},
		{"a fifth begins at t = 0 and not with the warm-up", "max(latency) < 300ms in first-fifth", during(-10, 0, slow(900)), results.Pass, 100, ""},
		{"a fifth has guards", "max(latency) < 300ms in last-fifth", during(119, 120, slow(900)), results.Pass, 100, "guards of 1s left out"},
		{"a rate in a fifth counts its seconds", "rate(http_reqs) == 10/s in last-fifth", nil, results.Pass, 10, ""},
		{"a bound that can't be measured", "p95(latency) < 3 * p50(http_req_waiting)", nil, results.Inconclusive, 100, "the bound is not known: no samples of http_req_waiting"},
		{"a statistic that the metric does not have", "p95(orders) < 3", ever(with(counter("orders", nil, 1))), results.Inconclusive, none, "orders is a counter and has no p"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			check(t, verdictOn(t, test.slo, test.seconds), test.outcome, test.value, test.reason)
		})
	}
}

// verdictOn is that on an SLO of a trial whose seconds are as given, quiet where they are not.
func verdictOn(t *testing.T, slo string, seconds func(int) second) results.Verdict {
	t.Helper()
	if seconds == nil {
		seconds = func(int) second { return quiet() }
	}
	v, err := Judgement(askRun(completeTrial(), asked(slo)...), opening(record(t, frames(seconds))))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// check holds the first row of evidence against what is expected.
func check(t *testing.T, v results.Verdict, outcome results.Outcome, value float64, reason string) {
	t.Helper()
	e := v.Evidence[0]
	if e.Outcome != outcome || v.Outcome != outcome {
		t.Errorf("row is %s (%s), run is %s; want %s", e.Outcome, e.Reason, v.Outcome, outcome)
	}
	if !strings.Contains(e.Reason, reason) {
		t.Errorf("reason %q, want …%s…", e.Reason, reason)
	}
	switch {
	case value == none && e.Value != nil:
		t.Errorf("value %v, want none", *e.Value)
	case value == none:
	case e.Value == nil:
		t.Errorf("no value, want %v", value)
	case math.Abs(*e.Value-value) > 0.001*math.Abs(value):
		t.Errorf("value %v, want %v", *e.Value, value)
	}
}

func TestUnserved(t *testing.T) {
	dropped := func(n int) func(*second) { return func(s *second) { s.dropped = n } }
	tests := []struct {
		name    string
		slo     string
		seconds func(int) second
		outcome results.Outcome
		low     float64
		high    float64 // none: without limit
	}{
		{"few unserved iterations can't move a percentile", "p95(latency) < 300ms", during(10, 20, dropped(1)), results.Pass, 100, 100},
		{"more than the percentile leaves out rule out a pass", "p95(latency) < 300ms", during(10, 20, dropped(10)), results.Inconclusive, 100, none},
		{"a fail stands though iterations were dropped", "p95(latency) < 300ms", ever(func(s *second) { s.latency, s.dropped = 900, 10 }), results.Fail, 900, none},
		{"a fail that perfect answers would undo is inconclusive", "p50(latency) < 300ms", ever(func(s *second) { s.latency, s.dropped = 900, 30 }), results.Inconclusive, 0, none},
		{"interrupted iterations count like dropped ones", "max(latency) < 300ms", during(119, 120, func(s *second) { s.interrupted = 1 }), results.Inconclusive, 100, none},
		{"a share counts them as failed for a pass", "rate(http_req_failed) < 1%", during(0, 2, dropped(10)), results.Inconclusive, 0, 20.0 / 1220},
		{"a share passes if it holds with all of them failed", "rate(http_req_failed) < 2%", during(0, 2, dropped(10)), results.Pass, 0, 20.0 / 1220},
		{"a share fails if it breaks with none of them failed", "rate(http_req_failed) < 2%", during(0, 10, func(s *second) { s.served, s.failed, s.dropped = 0, 10, 1 }), results.Fail, 100.0 / 1210, 110.0 / 1210},
		{"a share that should be high counts them as false", "rate(checks) > 99%", during(0, 2, func(s *second) { s.dropped, s.points = 10, []recording.Point{rate("checks", nil, 600, 600)} }), results.Inconclusive, 1200.0 / 1220, 1},
		{"each stands for as many samples as an iteration gave", "rate(http_req_failed) < 2%", ever(func(s *second) { s.requests, s.dropped = 3, 1 }), results.Inconclusive, 0, 360.0 / (3600 + 360)},
		{"each stands for one sample at least", "rate(rare) < 2%", ever(func(s *second) { s.dropped, s.points = 1, []recording.Point{rate("rare", nil, 0, 1)} }), results.Inconclusive, 0, 0.5},
		{"throughput is undecided when the missing would have reached it", "rate(http_reqs) >= 11/s", ever(dropped(2)), results.Inconclusive, 10, 12},
		{"throughput fails when the missing would not have reached it", "rate(http_reqs) >= 13/s", ever(dropped(2)), results.Fail, 10, 12},
		{"in a phase only its own count", "max(latency) < 300ms in steady", during(45, 50, dropped(10)), results.Pass, 100, 100},
		{"in a phase those in the guards do not count", "max(latency) < 300ms in redis-slow", during(40, 41, dropped(10)), results.Pass, 100, 100},
		{"the number of offered iterations is exact", "count(offered{outcome:dropped}) <= 10", during(0, 1, dropped(10)), results.Pass, 10, 10},
		{"nothing served at all is inconclusive", "p95(latency) < 300ms", ever(func(s *second) { *s = second{dropped: 10} }), results.Inconclusive, none, none},
		{"k6's own executors count dropped iterations where they happen", "max(latency) < 300ms", stock(during(45, 46, with(counter("dropped_iterations", tags{"scenario": "main"}, 5)))), results.Inconclusive, 100, none},
		{"another scenario's do not count for a scenario", "max(latency{scenario:side}) < 300ms",
			ever(func(s *second) {
				s.dropped = 3
				s.points = []recording.Point{trend("latency", tags{"scenario": "side", "selector": "1"}, 50), counter("offered", tags{"scenario": "side", "outcome": "served"}, 1)}
			}), results.Pass, 50, 50},
		{"a bound that follows another measurement is held at its worst", "p95(latency) < 3 * p99(latency)", during(10, 20, dropped(10)), results.Inconclusive, 100, none},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := Judgement(askRun(completeTrial(), asked(test.slo)...), opening(record(t, frames(test.seconds))))
			if err != nil {
				t.Fatal(err)
			}
			e := v.Evidence[0]
			if e.Outcome != test.outcome {
				t.Errorf("%s (%s), want %s", e.Outcome, e.Reason, test.outcome)
			}
			for _, end := range []struct {
				name string
				got  *float64
				want float64
			}{{"low", e.Low, test.low}, {"high", e.High, test.high}} {
				switch {
				case (end.got == nil) != (end.want == none):
					t.Errorf("%s is %v, want %v", end.name, end.got, end.want)
				case end.got != nil && math.Abs(*end.got-end.want) > 0.001*end.want:
					t.Errorf("%s is %v, want %v", end.name, *end.got, end.want)
				}
			}
		})
	}
}

// stock takes away what only brunt-arrival writes.
func stock(at func(int) second) func(int) second {
	return func(n int) second {
		s := at(n)
		latency := trend("latency", tags{"scenario": "main", "name": "list", "outcome": "ok"})
		latency.Trend.RecordN(s.latency, uint64(s.served))
		s.points = append(s.points, latency, counter("iterations", tags{"scenario": "main"}, float64(s.served)))
		s.served = 0
		return s
	}
}
