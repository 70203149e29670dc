package slo

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.k6.io/k6/metrics"
)

func TestParseThreshold(t *testing.T) {
	tests := []struct {
		name   string
		metric string
		expr   string
		want   SLO
	}{
		{"a percentile of a selector", "http_req_duration{status:200}", "p(95)<300",
			SLO{Measure: Measure{Stat: "p", Q: 0.95, Metric: "http_req_duration", Tags: map[string]string{"status": "200"}},
				Op: "<", Value: 300, Unit: UnitTime}},
		{"spaces and quotes are taken off", `http_req_duration{ name : "a b" , expected_response:'true' }`, " med >= 1e2 ",
			SLO{Measure: Measure{Stat: "med", Metric: "http_req_duration", Tags: map[string]string{"name": "a b", "expected_response": "true"}},
				Op: ">=", Value: 100, Unit: UnitTime}},
		{"strict equality", "checks", "rate===1", SLO{Measure: Measure{Stat: "rate", Metric: "checks"}, Op: "===", Value: 1, Unit: UnitShare}},
		{"inequality", "my_counter", "count!=0", SLO{Measure: Measure{Stat: "count", Metric: "my_counter"}, Op: "!="}},
		{"the last of two equal tags holds", "m1{a:b,a:c}", "value<3",
			SLO{Measure: Measure{Stat: "value", Metric: "m1", Tags: map[string]string{"a": "c"}}, Op: "<", Value: 3}},
		{"a tag's value may hold a colon", "http_reqs{url:http://x/y}", "rate>100.5",
			SLO{Measure: Measure{Stat: "rate", Metric: "http_reqs", Tags: map[string]string{"url": "http://x/y"}}, Op: ">", Value: 100.5, Unit: UnitPerSecond}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseThreshold(test.metric, test.expr)
			if err != nil {
				t.Fatal(err)
			}
			test.want.Text, test.want.Threshold = ThresholdText(test.metric, test.expr), true
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// k6's own parser is the reference: what it refuses is refused, and what it accepts is accepted but for bounds and
// percentiles that no measurement can have.
func FuzzParseThreshold(f *testing.F) {
	for _, seed := range [][2]string{
		{"http_req_duration", "p(95)<300"}, {"http_req_duration{status:200}", "avg <= 1e3"}, {"checks{a:b,c: d}", "rate===0.99"},
		{"m1{a:}", "count!=0"}, {"m1{:b}", "value>-1"}, {"m1{a: }", "value>-1"}, {`m1{a:" b"}`, "p(0x5p0) == .5"}, {"m1", "p(95)"}, {"m1", "p95<3"},
		{"m1", "max<1_0"}, {"m1", "max<300ms"}, {"m1", "max<<3"}, {"m1}{", "max<3"}, {"m1{a:b}c", "max<3"}, {"", "max<3"}, {"m1", "max<=<3"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, metric, expr string) {
		got, err := ParseThreshold(metric, expr)
		var syntax *SyntaxError
		if err != nil && (!errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(syntax.Text)) {
			t.Fatalf("%q %q: %#v", metric, expr, err)
		}
		theirs := metrics.NewThresholds([]string{expr})
		if err == nil {
			if kErr := theirs.Parse(); kErr != nil {
				t.Fatalf("%q is accepted, but k6 says %v", expr, kErr)
			}
			if _, _, kErr := metrics.ParseMetricName(metric); kErr != nil {
				t.Fatalf("%q is accepted, but k6 says %v", metric, kErr)
			}
			again, err := ParseThresholdText(got.String())
			if err != nil {
				t.Fatalf("%q %q is written %q: %v", metric, expr, got.String(), err)
			}
			again.Text = got.Text
			if diff := cmp.Diff(got, again); diff != "" {
				t.Fatalf("%q %q is written %q, which is another threshold: %s", metric, expr, got.String(), diff)
			}
		}
	})
}

func TestWhatK6AcceptsIsAccepted(t *testing.T) {
	for _, expr := range []string{"p(95)<300", " p(99.9) >= 1.5 ", "avg<1e3", "rate === 0.1", "count==0", "value!=3", "p(0)>0", "p(100)<1", "max<-3", "med<=.5"} {
		theirs := metrics.NewThresholds([]string{expr})
		if err := theirs.Parse(); err != nil {
			t.Fatalf("k6 refuses %q: %v", expr, err)
		}
		if _, err := ParseThreshold("m1", expr); err != nil {
			t.Errorf("k6 accepts %q: %v", expr, err)
		}
	}
}
