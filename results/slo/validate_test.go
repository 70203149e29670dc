package slo

import (
	"errors"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	kinds := map[string]Kind{"order_time": Trend, "orders": Counter, "queue_depth": Gauge, "order_failed": Rate, "unsettled": ""}
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
