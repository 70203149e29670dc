package results

import (
	"encoding/json"
	"math"
	"testing"
)

func TestGateDefaults(t *testing.T) {
	got := Gate{}.WithDefaults()
	if got.Mode != GateMirror || got.Metric != "latency" || got.Budget != 1200 || got.Measured != 45 || got.Window != 5 || got.PairSeconds != 75 ||
		got.LeastPairs != 5 || got.MostPairs != 20 || got.Alpha != 0.01 || got.PassAlpha != 0.05 || got.Limits.FewestExtremes != 20 {
		t.Errorf("%+v", got)
	}
	want := []GateMetric{{"p50", 0.01, 0.03}, {"p95", 0.02, 0.05}, {"p99", 0.03, 0.08}, {"errors", 0, 0.001}}
	for i, m := range got.Primary {
		if m != want[i] {
			t.Errorf("%+v, want %+v", m, want[i])
		}
	}
	asked := Gate{LeastPairs: 1, MostPairs: 50, Alpha: 0.02, Primary: []GateMetric{{Name: "p90", Floor: 0.1}, {Name: "p99.9"}, {Name: GateThroughput}}}
	got = asked.WithDefaults()
	if got.LeastPairs != FewestGatePairs || got.MostPairs != MostGatePairs || got.Alpha != 0.02 {
		t.Errorf("%+v", got)
	}
	for i, m := range []GateMetric{{"p90", 0.1, 0.05}, {"p99.9", 0.03, 0.08}, {"throughput", 0.02, 0.05}} {
		if got.Primary[i] != m {
			t.Errorf("%+v, want %+v", got.Primary[i], m)
		}
	}
	if asked.Primary[1].Floor != 0 {
		t.Error("the gate that was asked for has been changed")
	}
	once, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := json.Marshal(got.WithDefaults())
	if err != nil {
		t.Fatal(err)
	}
	if string(once) != string(twice) {
		t.Errorf("%s, and again %s", once, twice)
	}
}

func TestQuantileOfAMetric(t *testing.T) {
	for name, want := range map[string]float64{
		"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "p0": 0, "p100": 0, "p-5": 0, "pNaN": 0, "p": 0, "50": 0, "errors": 0, "pInf": 0, "": 0,
	} {
		if q, ok := (GateMetric{Name: name}).Quantile(); ok != (want > 0) || math.Abs(q-want) > 1e-12 {
			t.Errorf("%q: %v, %v, want %v", name, q, ok, want)
		}
	}
}
