package experiment

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const scenarios = "../../scenarios"

// restapi reads the scenario that the rest of brunt leans on.
func restapi(t *testing.T, opts Options) Experiment {
	t.Helper()
	e, err := Read(filepath.Join(scenarios, "restapi"), opts)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTheScenarioRestapiIsValid(t *testing.T) {
	e := restapi(t, Options{})
	if e.Name != "restapi" || e.Load.Target != "api" || len(e.SLOs) < 5 || e.TimeScale != 1 {
		t.Errorf("read %+v", e)
	}
	want := []Fault{
		{Name: "redis-slow", Link: "api->cache", Kind: "latency", At: 33 * time.Second, For: 13 * time.Second, Latency: 200 * time.Millisecond},
		{Name: "postgres-slow", Link: "api->orders-db", Kind: "latency", At: 50 * time.Second, For: 13 * time.Second, Latency: 100 * time.Millisecond},
	}
	for i := range e.Faults {
		e.Faults[i].Line = 0
	}
	if diff := cmp.Diff(want, e.Faults); diff != "" {
		t.Error(diff)
	}
}

// The scenario without a script offers the same load as the one with it.
func TestTheScenarioWithoutAScriptIsValid(t *testing.T) {
	e, err := Read(filepath.Join(scenarios, "restapi", "native.yaml"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	other := restapi(t, Options{})
	if e.Load.Requests == nil || len(e.Load.Requests.Requests) != 4 || e.Load.Duration != other.Load.Duration || e.Load.Shape != other.Load.Shape {
		t.Errorf("read %+v", e.Load)
	}
	for i := range e.Faults {
		e.Faults[i].Line, other.Faults[i].Line = 0, 0
	}
	if diff := cmp.Diff(other.Faults, e.Faults); diff != "" {
		t.Error(diff)
	}
}

func TestTheSoakIsValid(t *testing.T) {
	e, err := Read(filepath.Join(scenarios, "restapi", "soak.yaml"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if e.Load.Shape != "soak" || e.Load.Rate != 500 || e.Load.Duration != 10*time.Minute || len(e.Faults) != 0 || e.Services[0].Metrics != "/metrics" {
		t.Errorf("read %+v of %+v", e.Load, e.Services)
	}
}
