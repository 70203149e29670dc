package slo

import "testing"

func TestWhatAMeasureIsOf(t *testing.T) {
	for _, row := range []struct {
		text   string
		metric bool
	}{
		{"p95(latency) < 300ms", true},
		{"drain(queue_depth) < 60s", true},
		{"slope(after_gc(heap)) < 1MiB/min", true},
		{"recovery(redis-slow) < 10s", false},
		{"lost(orders) == 0", false},
		{"duplicated(orders) <= 2%", false},
		{"admitted(limiter) <= 100 per 60s", false},
	} {
		s, err := Parse(row.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.OfMetric(); got != row.metric {
			t.Errorf("%s: of a metric is %v, want %v", row.text, got, row.metric)
		}
		if got := len(s.Selectors()) == 1; got != row.metric {
			t.Errorf("%s: that there is something to record is %v, want %v", row.text, got, row.metric)
		}
	}
}
