package slo

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	latency := Measure{Stat: "p", Q: 0.95, Metric: "latency"}
	in := func(m Measure, where string) Measure { m.In = where; return m }
	tests := []struct {
		name string
		text string
		want SLO
	}{
		{"a percentile of a time in milliseconds", "p95(latency) < 300ms",
			SLO{Measure: latency, Op: "<", Value: 300, Unit: UnitTime}},
		{"spaces do not matter", "  p95 ( latency )<300 ms  ",
			SLO{Measure: latency, Op: "<", Value: 300, Unit: UnitTime}},
		{"k6 spells a percentile in parentheses", "p(95)(latency) <= 0.3s",
			SLO{Measure: latency, Op: "<=", Value: 300, Unit: UnitTime}},
		{"a percentile may have decimals", "p99.9(http_req_duration) < 1m30s",
			SLO{Measure: Measure{Stat: "p", Q: 0.999, Metric: "http_req_duration"}, Op: "<", Value: 90000, Unit: UnitTime}},
		{"a share is kept from 0 to 1", "rate(http_req_failed) < 0.1% in steady",
			SLO{Measure: Measure{Stat: "rate", Metric: "http_req_failed", In: "steady"}, Op: "<", Value: 0.001, Unit: UnitShare}},
		{"a rate of a counter is per second", "rate(http_reqs) >= 6000/min",
			SLO{Measure: Measure{Stat: "rate", Metric: "http_reqs"}, Op: ">=", Value: 100, Unit: UnitPerSecond}},
		{"bytes are in powers of 1024", "sum(data_received) < 1.5MiB",
			SLO{Measure: Measure{Stat: "sum", Metric: "data_received"}, Op: "<", Value: 1.5 * 1024 * 1024, Unit: UnitBytes}},
		{"bytes per time", "rate(data_sent) < 1MB/s",
			SLO{Measure: Measure{Stat: "rate", Metric: "data_sent"}, Op: "<", Value: 1e6, Unit: UnitBytesPerSecond}},
		{"a count is a bare number", "count(http_reqs) == 1000",
			SLO{Measure: Measure{Stat: "count", Metric: "http_reqs"}, Op: "==", Value: 1000}},
		{"a bound on a custom metric may be bare", "max(queue_depth) < 20",
			SLO{Measure: Measure{Stat: "max", Metric: "queue_depth"}, Op: "<", Value: 20}},
		{"a bound may be negative", "value(balance) > -5",
			SLO{Measure: Measure{Stat: "value", Metric: "balance"}, Op: ">", Value: -5}},
		{"a selector joins tags, in a fault", "p95(latency{endpoint:create, method: POST}) < 600ms in redis-slow",
			SLO{Measure: Measure{Stat: "p", Q: 0.95, Metric: "latency", In: "redis-slow",
				Tags: map[string]string{"endpoint": "create", "method": "POST"}}, Op: "<", Value: 600, Unit: UnitTime}},
		{"a tag's value may be quoted, and may hold a colon", `p95(latency{name:"a,}b",url:http://x/y}) < 600ms`,
			SLO{Measure: Measure{Stat: "p", Q: 0.95, Metric: "latency",
				Tags: map[string]string{"name": "a,}b", "url": "http://x/y"}}, Op: "<", Value: 600, Unit: UnitTime}},
		{"every minute", "p95(latency) < 300ms in every 1m",
			SLO{Measure: latency, Op: "<", Value: 300, Unit: UnitTime, Every: time.Minute}},
		{"every minute of a phase", "p95(latency) < 300ms in steady in every 1m",
			SLO{Measure: in(latency, "steady"), Op: "<", Value: 300, Unit: UnitTime, Every: time.Minute}},
		{"every minute of a phase that stands in the parentheses", "p95(latency in steady) < 300ms in every 1m",
			SLO{Measure: in(latency, "steady"), Op: "<", Value: 300, Unit: UnitTime, Every: time.Minute}},
		{"every minute of a phase, against another measurement", "p95(latency) < 3 * p50(latency) in steady in every 1m",
			SLO{Measure: in(latency, "steady"), Op: "<", Factor: 3, Of: Measure{Stat: "p", Q: 0.5, Metric: "latency"}, Unit: UnitTime, Every: time.Minute}},
		{"the last fifth against the first", "p95(latency in last-fifth) < 1.5 * p95(latency in first-fifth)",
			SLO{Measure: in(latency, "last-fifth"), Op: "<", Factor: 1.5, Of: in(latency, "first-fifth"), Unit: UnitTime}},
		{"after_gc alone is the largest that collections left", "after_gc(heap{node:api}) < 100MiB",
			SLO{Measure: Measure{Stat: "max", Metric: "heap", AfterGC: true, Tags: map[string]string{"node": "api"}}, Op: "<", Value: 100 << 20, Unit: UnitBytes}},
		{"a slope of a bare number", "slope(go_goroutines) < 5/min",
			SLO{Measure: Measure{Func: "slope", Metric: "go_goroutines"}, Op: "<", Value: 5.0 / 60, Unit: UnitPerSecond}},
		{"a bound that follows another measurement", "p95(latency) < 3 * p50(latency) + 5ms",
			SLO{Measure: latency, Op: "<", Factor: 3, Of: Measure{Stat: "p", Q: 0.5, Metric: "latency"}, Value: 5, Unit: UnitTime}},
		{"an in at the end is the scope of the whole", "p95(latency) < p50(latency) * 3 in steady",
			SLO{Measure: in(latency, "steady"), Op: "<", Factor: 3, Of: Measure{Stat: "p", Q: 0.5, Metric: "latency"}, Unit: UnitTime}},
		{"an in that something follows belongs to the bound's measure", "p95(latency) < 1.5 * p95(latency) in steady + 20ms in redis-slow",
			SLO{Measure: in(latency, "redis-slow"), Op: "<", Factor: 1.5, Of: in(latency, "steady"), Value: 20, Unit: UnitTime}},
		{"an in inside the parentheses belongs to its measure", "p95(latency) < p95(latency in steady) - 20ms in redis-slow",
			SLO{Measure: in(latency, "redis-slow"), Op: "<", Factor: 1, Of: in(latency, "steady"), Value: -20, Unit: UnitTime}},
		{"recovery of a fault", "recovery(redis-slow) < 10s",
			SLO{Measure: Measure{Func: "recovery", Metric: "redis-slow"}, Op: "<", Value: 10000, Unit: UnitTime}},
		{"a slope of nothing", "slope(redis.memory) <= 0",
			SLO{Measure: Measure{Func: "slope", Metric: "redis.memory"}, Op: "<=", Unit: UnitBytesPerSecond}},
		{"work per request, of a short name", "per_request(postgres.queries) <= 10",
			SLO{Measure: Measure{Func: "per_request", Metric: "postgres.queries"}, Op: "<=", Value: 10}},
		{"work per request of one node", "per_request(postgres.wal{node:orders-db}) < 8KiB in steady",
			SLO{Measure: Measure{Func: "per_request", Metric: "postgres.wal", Tags: map[string]string{"node": "orders-db"}, In: "steady"}, Op: "<", Value: 8192, Unit: UnitBytes}},
		{"amplification", "per_request(redis.commands in redis-slow) < 1.2 * per_request(redis.commands in steady)",
			SLO{Measure: Measure{Func: "per_request", Metric: "redis.commands", In: "redis-slow"}, Op: "<", Factor: 1.2,
				Of: Measure{Func: "per_request", Metric: "redis.commands", In: "steady"}}},
		{"the slope of what a garbage collection left", "slope(after_gc(heap)) < 1MiB/min",
			SLO{Measure: Measure{Func: "slope", Metric: "heap", AfterGC: true}, Op: "<", Value: 1024 * 1024 / 60.0, Unit: UnitBytesPerSecond}},
		{"an invariant", "lost(orders) == 0", SLO{Measure: Measure{Func: "lost", Metric: "orders"}, Op: "=="}},
		{"an invariant on a share", "duplicated(orders) <= 2%",
			SLO{Measure: Measure{Func: "duplicated", Metric: "orders"}, Op: "<=", Value: 0.02, Unit: UnitShare}},
		{"order is a ledger's", "reordered(orders) == 0", SLO{Measure: Measure{Func: "reordered", Metric: "orders"}, Op: "=="}},
		{"so is whose an id is", "unknown(orders) == 0", SLO{Measure: Measure{Func: "unknown", Metric: "orders"}, Op: "=="}},
		{"admissions may be asked for in a phase", "admitted(orders) <= 105 per 60s in redis-down",
			SLO{Measure: Measure{Func: "admitted", Metric: "orders", In: "redis-down"}, Op: "<=", Value: 105, Per: time.Minute}},
		{"admitted counts in a window", "admitted(orders) <= 100 per 60s",
			SLO{Measure: Measure{Func: "admitted", Metric: "orders"}, Op: "<=", Value: 100, Per: time.Minute}},
		{"k6's threshold of a time has milliseconds", "http_req_duration{status:200}: p(95)<300",
			SLO{Measure: Measure{Stat: "p", Q: 0.95, Metric: "http_req_duration", Tags: map[string]string{"status": "200"}},
				Op: "<", Value: 300, Unit: UnitTime}},
		{"k6's threshold of a rate has a share", "http_req_failed: rate===0.01",
			SLO{Measure: Measure{Stat: "rate", Metric: "http_req_failed"}, Op: "==", Value: 0.01, Unit: UnitShare}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse(test.text)
			if err != nil {
				t.Fatal(err)
			}
			test.want.Text = strings.TrimSpace(test.text)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			again, err := Parse(got.String())
			if err != nil {
				t.Fatalf("%q does not parse: %v", got.String(), err)
			}
			again.Text = got.Text
			if diff := cmp.Diff(got, again); diff != "" {
				t.Errorf("%q parses to another value: %s", got.String(), diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name    string
		text    string
		column  int
		problem string
		hint    string
	}{
		{"nothing", " ", 1, "missing", "p95(latency) < 300ms"},
		{"a time without unit", "p95(latency) < 300", 16, "no unit", "units are required: 300ms"},
		{"a share without unit", "rate(http_req_failed) < 0.01", 25, "no unit", "units are required: 1%"},
		{"a rate without unit", "rate(http_reqs) > 100", 19, "no unit", "units are required: 100/s"},
		{"bytes without unit", "count(data_sent) > 100", 20, "no unit", "units are required: 100KiB"},
		{"a percentile without metric, as k6 has it elsewhere", "p(95) < 300ms", 1, "metric is missing", "did you mean p95(latency)?"},
		{"a metric without statistic", "latency < 300ms", 1, "statistic of latency is missing", "did you mean p95(latency)?"},
		{"a selector without statistic", "http_req_failed{name:x} < 1%", 1, "statistic", "did you mean rate(http_req_failed{name:x})?"},
		{"one equals sign", "count(http_reqs) = 3", 18, "= is not a comparison", "did you mean ==?"},
		{"one equals sign after a percentile", "p95(latency) = 3ms", 14, "= is not a comparison", "did you mean <=?"},
		{"an operator the wrong way round", "p95(latency) =< 3ms", 14, "unknown operator", "did you mean <=?"},
		{"an operator of mathematics", "p95(latency) ≤ 3ms", 14, "unknown operator", "did you mean <=?"},
		{"inequality", "p95(latency) != 3ms", 14, "unknown operator", "<="},
		{"an unknown statistic", "mean(latency) < 3ms", 1, "unknown statistic mean", "did you mean avg?"},
		{"a misspelt function", "recovry(x) < 3s", 1, "unknown statistic", "did you mean recovery?"},
		{"a percentile beyond the last", "p999(latency) < 3ms", 1, "at most 100", "did you mean p99.9?"},
		{"a wrong unit", "p95(latency) < 300msec", 19, "unknown unit", "did you mean 300ms?"},
		{"the unit of something else", "p95(latency) < 300%", 16, "is a time, and 300% is a share", "300ms"},
		{"a rate where a count is asked for", "count(http_reqs) > 100/s", 20, "is a count", "did you mean rate(http_reqs)?"},
		{"no bound", "p95(latency) <", 15, "expected a bound but found the end", "300ms"},
		{"no closing parenthesis", "p95(latency < 300ms", 13, `expected ")"`, "p95(latency)"},
		{"no closing brace", "p95(latency{a:b < 300ms", 15, "not closed", "{"},
		{"a tag twice", "p95(latency{a:b,a:c}) < 300ms", 17, "twice", "leave one out"},
		{"the reserved tag", "p95(latency{selector:1}) < 300ms", 13, "reserved", ""},
		{"no phase after in", "p95(latency) < 300ms in", 24, "expected a phase", "in steady"},
		{"two scopes", "p95(latency in steady) < 300ms in recovery", 32, "twice", "leave"},
		{"two lengths of windows", "p95(latency) < 300ms in every 1m in every 2m", 34, "twice", "leave"},
		{"a slope without time", "slope(heap) < 1MiB", 15, "is per time", "write it like 1MiB/min"},
		{"a slope of a bare number without time", "slope(go_goroutines) < 5", 24, "is per time", "write it like 5/min"},
		{"after_gc twice", "after_gc(after_gc(heap)) < 1MiB", 10, "does not take after_gc", "max(after_gc(heap))"},
		{"more than one bound", "p95(latency) < 300ms and p99(latency) < 1s", 22, `"and" follows`, "second line"},
		{"two constants", "p95(latency) < 3ms + 4ms", 20, "at most one measurement", "k * measurement"},
		{"a factor with a unit", "p95(latency) < 3ms * p50(latency)", 16, "a factor has no unit", ""},
		{"a bound of another dimension", "p95(latency) < 3 * rate(http_reqs)", 16, "is a rate", "one dimension"},
		{"no window for admitted", "admitted(orders) <= 100", 24, "window", "per 60s"},
		{"a window for another", "count(http_reqs) <= 100 per 60s", 25, "only admitted", "rate(http_reqs)"},
		{"a count in time", "lost(orders) < 5ms", 16, "is a count or a share, and 5ms is a time", "write 5 or 5%"},
		{"a share of a window", "admitted(orders) <= 5% per 60s", 21, "is a count, and has no unit", "write 5"},
		{"a part of what is counted over the whole", "lost(orders) == 0 in steady", 19, "over the whole trial", "leave out in"},
		{"windows of a ledger", "admitted(orders) <= 100 per 60s in every 1m", 33, "not judged in windows", "leave out in every"},
		{"a ledger's bound that follows a measurement", "lost(orders) <= 2 * count(http_reqs)", 17, "held against a number", "lost(orders) == 0"},
		{"a measurement that follows a ledger", "count(http_reqs) > 2 * lost(orders)", 20, "held against a number", ""},
		{"a ledger with a selector", "lost(orders{a:b}) == 0", 12, "without a selector", "lost(orders)"},
		{"an SLO with k6's inequality", "http_reqs: count!=3", 17, "no", "<="},
		{"a threshold with a unit", "http_req_duration: p(95)<300ms", 26, "not a number", "no units"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse(test.text)
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("Parse(%q) = %v, %v: want a SyntaxError", test.text, got, err)
			}
			if syntax.Offset+1 != test.column || !strings.Contains(syntax.Problem, test.problem) || !strings.Contains(syntax.Hint, test.hint) {
				t.Errorf("column %d: %s (%s)\nwant column %d: …%s… (…%s…)",
					syntax.Offset+1, syntax.Problem, syntax.Hint, test.column, test.problem, test.hint)
			}
		})
	}
}

func TestSelectorsAreTheMetricsEachOnce(t *testing.T) {
	tests := map[string][]Selector{
		"p95(latency) < 300ms":    {{Metric: "latency"}},
		"recovery(slow) < 300ms":  nil,
		"lost(orders) == 0":       nil,
		"http_reqs{a:b}: count<3": {{Metric: "http_reqs", Tags: map[string]string{"a": "b"}}},
		"p95(latency{a:b}) < 3 * p50(latency)": {
			{Metric: "latency"}, {Metric: "latency", Tags: map[string]string{"a": "b"}}},
		"p95(latency{a:b,c:d}) < 3 * p50(latency{c:d,a:b})": {
			{Metric: "latency", Tags: map[string]string{"a": "b", "c": "d"}}},
	}
	for text, want := range tests {
		s, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, s.Selectors()); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"p95(latency) < 300ms", "p(99.9)(latency{a:b,c:'d e'}) >= 1m30.5s in redis-slow", "rate(http_req_failed) < 0.1% in steady",
		"p95(latency) < 1.5 * p95(latency) in steady + 20ms in x", "slope(after_gc(heap)) < 1MiB/min", "lost(orders) == 0",
		"duplicated(orders) <= 2%", "reordered(x) == 0", "unknown(x) == 0", "admitted(l) <= 5 per 1s in redis-down",
		"admitted(orders) <= 100 per 60s", "p95(x) < -.5us in every 1.5ms", "http_req_duration{status:200}: p(95)<300", "m{a: }: value!==-0x1p-3",
		`max(q{a:"\"\\"}) == 0.1GiB/h`, "avg(x in a-b) < x", "count(http_reqs)==1", "p95(latency)<p50(latency)*3-5ms in every 7h", "≤ µ %%",
		"after_gc(heap{node:a}) < 1MiB in x in every 1m", "slope(x) < 2*slope(y in last-fifth)+5/min", "p95(latency)<2*p95(latency) in a in every 1m in b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(syntax.Text) {
				t.Fatalf("%q: %#v", text, err)
			}
			return
		}
		for _, kind := range []Kind{"", Trend, Scraped, ScrapedGauge, ScrapedCounter} {
			_ = s.Validate(func(string) (Kind, bool) { return kind, true })
		}
		again, err := Parse(s.String())
		if err != nil {
			t.Fatalf("%q is written %q, which does not parse: %v", text, s.String(), err)
		}
		again.Text = s.Text
		if diff := cmp.Diff(s, again); diff != "" {
			t.Fatalf("%q is written %q, which is another SLO: %s", text, s.String(), diff)
		}
	})
}
