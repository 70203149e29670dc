package slo

import (
	"errors"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	kinds := map[string]Kind{"order_time": Trend, "orders": Counter, "queue_depth": Gauge, "order_failed": Rate, "unsettled": "",
		"heap": ScrapedGauge, "go_goroutines": ScrapedGauge, "wait_seconds": ScrapedGauge, "used_memory": ScrapedGauge, "hit_ratio": ScrapedGauge,
		"db_queries_total": ScrapedCounter, "busy_seconds_total": ScrapedCounter, "sent_bytes_total": ScrapedCounter, "not_seen_yet": Scraped}
	kindOf := func(m string) (Kind, bool) { k, ok := kinds[m]; return k, ok }
	tests := []struct {
		name    string
		text    string
		problem string // empty: valid
		hint    string
	}{
		{"a builtin metric", "p95(latency) < 300ms", "", ""},
		{"a custom metric", "p95(order_time) < 300ms", "", ""},
		{"a custom metric with a bare bound", "p95(order_time) < 300", "", ""},
		{"a custom rate with a share", "rate(order_failed) < 1%", "", ""},
		{"a custom rate with a bare share", "rate(order_failed) < 0.01", "", ""},
		{"a metric of unknown kind", "p95(unsettled) < 3", "", ""},
		{"recovery names a fault, not a metric", "recovery(redis-slow) < 10s", "", ""},
		{"an unknown metric", "p95(http_req_duratoin) < 300ms", "unknown metric http_req_duratoin", "did you mean http_req_duration?"},
		{"an unknown metric in the bound", "p95(latency) < 3 * p95(latncy)", "unknown metric latncy", "did you mean latency?"},
		{"an unknown metric like a custom one", "count(orderz) < 3", "unknown metric orderz", "did you mean orders?"},
		{"a percentile of a counter", "p95(http_reqs) < 300", "is a counter and has no p95", "did you mean rate(http_reqs)?"},
		{"a rate of a trend", "rate(latency) > 3", "is a trend and has no rate", "did you mean rate(http_reqs)"},
		{"an average of a rate", "avg(order_failed) < 1%", "is a rate and has no avg", "did you mean rate(order_failed)?"},
		{"a sum of a gauge", "sum(queue_depth) < 1", "is a gauge and has no sum", "did you mean value(queue_depth)?"},
		{"a custom rate with a bare percentage", "rate(order_failed) < 5", "shares from 0 to 1", "units are required: 5%"},
		{"a custom rate with a time", "rate(order_failed) < 5ms", "is a rate", "1%"},
		{"a custom counter with a share", "rate(orders) < 5%", "not a share", "Rate metric"},
		{"a custom counter's sum per second", "sum(orders) < 5/s", "not per time", "did you mean rate(orders)?"},
		{"a custom trend per second", "max(order_time) < 5/s", "not per time", "Counter"},
		{"a slope of a service's metric", "slope(after_gc(heap)) < 1MiB/min", "", ""},
		{"a slope of a metric of the load", "slope(latency) < 1ms/min", "is the load's", "p95(latency in last-fifth) < 1.5 * p95(latency in first-fifth)"},
		{"a slope of a metric of the script", "slope(queue_depth) < 1/min", "is the load's", "avg(queue_depth in last-fifth)"},
		{"after_gc of a metric of the script", "max(after_gc(order_time)) < 1", "is the load's", ""},
		{"an average of a service's gauge", "avg(heap) < 1MiB", "", ""},
		{"an average of a gauge of the script", "avg(queue_depth) < 1", "is a gauge and has no avg", ""},
		{"a percentile of a service's gauge", "p95(heap) < 1MiB", "is a scraped gauge and has no p95", "did you mean value(heap)?"},
		{"a percentile of what must be a service's metric", "p95(not_seen_yet) < 1", "has no p95", ""},
		{"a value of a service's counter", "value(db_queries_total) < 1", "is a scraped counter and has no value", "did you mean rate(db_queries_total)?"},
		{"a rate of a service's counter", "rate(db_queries_total) < 100/s", "", ""},
		{"a rate of seconds is a share", "rate(busy_seconds_total) < 80%", "", ""},
		{"a rate of bytes", "rate(sent_bytes_total) < 1MiB/s", "", ""},
		{"bytes whose name does not say so", "max(used_memory) < 1MiB", "", ""},
		{"seconds held against a time", "max(wait_seconds) < 300ms", "", ""},
		{"seconds as the metric's own number", "max(wait_seconds) < 0.3", "", ""},
		{"a share", "min(hit_ratio) > 90%", "", ""},
		{"a number held against a time", "max(go_goroutines) < 300ms", "can't be held against 300ms", "taken from the metric's name"},
		{"seconds held against bytes", "max(wait_seconds) < 1MiB", "can't be held against 1MiB", "write it like 5ms"},
		{"a slope of seconds in bytes", "slope(wait_seconds) < 1MiB/min", "can't be held against", "5ms/s"},
		{"after_gc of a counter", "max(after_gc(db_queries_total)) < 1", "has no max", ""},
		{"a service's rate against the load's", "rate(db_queries_total) <= 3 * rate(http_reqs)", "", ""},
		{"a service's time against the load's", "max(wait_seconds) < 3 * p95(latency)", "", ""},
		{"a service's number against a time of the load's", "max(go_goroutines) < 3 * p95(latency)", "is a time", "one dimension"},
		{"a slope against a slope", "slope(go_goroutines) < 2 * slope(used_memory)", "", ""},
		{"a slope against a value", "slope(go_goroutines) < 2 * max(go_goroutines)", "another slope only", ""},
		{"windows of a minute", "avg(heap) < 1MiB in every 1m", "", ""},
		{"windows that are too short", "p95(latency) < 1s in every 9s", "too short", "at least 10s"},
		{"windows of a slope", "slope(heap) < 1MiB/min in every 1m", "not of windows", "leave out in every"},
		{"recovery counts from the end of its fault", "recovery(redis-slow) < 10s in steady", "from the end of the fault that it names", "leave out in steady"},
		{"recovery is not of windows", "recovery(redis-slow) < 10s in every 1m", "not in windows", "leave out in every"},
		{"a bound that is a recovery, too", "p95(latency) < 2 * recovery(redis-slow in fault)", "from the end of the fault", "leave out in fault"},
		{"a gauge drains", "drain(go_goroutines) < 60s", "", ""},
		{"a gauge drains after one fault", "drain(go_goroutines{node:api}) < 60s in redis-slow", "", ""},
		{"a gauge of bytes drains in a time", "drain(heap) < 60s", "", ""},
		{"a counter does not", "drain(db_queries_total) < 60s", "never comes down", "gauge"},
		{"nor does what the load measures", "drain(latency) < 60s", "is the load's", "recovery(fault-name) < 10s"},
		{"nothing drains in a phase", "drain(go_goroutines) < 60s in steady", "steady is none", "in <fault name>"},
		{"work per request", "per_request(db_queries_total) <= 3", "", ""},
		{"work per request, of the script's own", "per_request(orders) <= 3", "", ""},
		{"bytes per request", "per_request(sent_bytes_total) < 8KiB", "", ""},
		{"work per request against work per request", "per_request(db_queries_total) < 1.2 * per_request(db_queries_total in steady)", "", ""},
		{"a gauge per request", "per_request(go_goroutines) < 3", "is a scraped gauge", "takes a counter"},
		{"a trend per request", "per_request(latency) < 3", "is a trend", "takes a counter"},
		{"bytes per request as a time", "per_request(sent_bytes_total) < 8ms", "can't be held against", "5KiB"},
		{"a threshold's sum, which k6 does not have", "http_req_duration: count<3", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := Parse(test.text)
			if err != nil {
				t.Fatal(err)
			}
			checkValidate(t, s.Validate(kindOf, "order_time", "orders"), test.problem, test.hint)
		})
	}
	t.Run("a threshold with an aggregation that k6 does not have for a trend", func(t *testing.T) {
		s, err := ParseThreshold("http_req_duration", "count<3")
		if err != nil {
			t.Fatal(err)
		}
		checkValidate(t, s.Validate(nil), "is a trend and has no count", "A trend has avg, min, max, med, p")
	})
}

func checkValidate(t *testing.T, err error, problem, hint string) {
	t.Helper()
	if problem == "" {
		if err != nil {
			t.Error(err)
		}
		return
	}
	var syntax *SyntaxError
	if !errors.As(err, &syntax) {
		t.Fatalf("got %v, want a SyntaxError", err)
	}
	if !strings.Contains(syntax.Problem, problem) || !strings.Contains(syntax.Hint, hint) {
		t.Errorf("%s (%s)\nwant …%s… (…%s…)", syntax.Problem, syntax.Hint, problem, hint)
	}
}

func TestSlip(t *testing.T) {
	names := []string{"http_req_failed", "vus", "go_goroutines"}
	for name, want := range map[string]string{
		"http_req_faild": "http_req_failed", "fds": "", "vu": "vus", "http_requests_failed": "", "go_gorotines": "go_goroutines", "heap": "",
	} {
		if got := Slip(name, names); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
