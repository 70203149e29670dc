package slo

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseMeasurement(t *testing.T) {
	tests := []struct {
		name string
		text string
		want SLO
	}{
		{"a percentile", " p95(latency) ", SLO{Measure: Measure{Stat: "p", Q: 0.95, Metric: "latency"}, Unit: UnitTime}},
		{"in a fault", "p95(latency) in redis-slow", SLO{Measure: Measure{Stat: "p", Q: 0.95, Metric: "latency", In: "redis-slow"}, Unit: UnitTime}},
		{"in a fault, inside the parentheses", "rate(http_req_failed in redis-slow)",
			SLO{Measure: Measure{Stat: "rate", Metric: "http_req_failed", In: "redis-slow"}, Unit: UnitShare}},
		{"work per request, of which the recording tells the unit", "per_request(postgres.wal in steady)",
			SLO{Measure: Measure{Func: "per_request", Metric: "postgres.wal", In: "steady"}}},
		{"admissions in a window", "admitted(limiter) per 60s",
			SLO{Measure: Measure{Func: "admitted", Metric: "limiter"}, Per: time.Minute}},
		{"what is lost", "lost(orders)", SLO{Measure: Measure{Func: "lost", Metric: "orders"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseMeasurement(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			text := got.Text
			got.Text = ""
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", text, diff)
			}
			again, err := ParseMeasurement(got.String())
			again.Text = ""
			if err != nil || !cmp.Equal(again, got) {
				t.Errorf("%s is read back as %+v (%v)", got, again, err)
			}
			if got.Bounds() {
				t.Errorf("%s is taken for a bound", text)
			}
			scraped := func(string) (Kind, bool) { return Scraped, true }
			if err := got.Validate(scraped); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		})
	}
}

func TestWhatIsNoMeasurement(t *testing.T) {
	for _, text := range []string{
		"", "p95(latency) < 300ms", "p95(latency) in every 1m", "lost(orders) in steady", "admitted(limiter)", "p95(latency) in steady too", "latency",
	} {
		var bad *SyntaxError
		if s, err := ParseMeasurement(text); !errors.As(err, &bad) {
			t.Errorf("%q is read as %+v (%v)", text, s, err)
		}
	}
}
