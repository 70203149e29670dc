package experiment

import (
	"path/filepath"
	"testing"
)

// The scenario leak says of both variants what they are there to show, and is scaled as a whole.
func TestTheScenarioLeakIsValid(t *testing.T) {
	e, err := Read(filepath.Join(scenarios, "leak"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if e.Load.Shape != "" || len(e.Dependencies) != 0 || len(e.Faults) != 1 || e.Faults[0].Link != "load->api" || e.Services[0].Metrics != "/metrics" {
		t.Errorf("read %+v", e)
	}
	if len(e.Expect) != 2 || e.Expect[0].Because != e.SLOs[0].Text || e.Expect[1].Verdict != "pass" {
		t.Errorf("it expects %+v", e.Expect)
	}
}
