package cli

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
)

// calibrating is an invocation of a calibration whose target is api.
func calibrating(trials ...results.Trial) *invocation {
	inv := &invocation{run: results.Run{Trials: trials, Question: results.Question{
		Calibration: &results.Calibration{Planted: []results.PlantedKind{results.PlantedDelay, results.PlantedCPU}},
	}}}
	inv.question.duration = 45 * time.Second
	inv.question.experiment = experiment.Experiment{
		Services: []experiment.Service{{Name: "api", Reference: "restapi"}}, Load: experiment.Load{Target: "api"},
		Faults: []experiment.Fault{{Name: "slow", Link: "api->cache", Kind: "latency"}},
	}
	return inv
}

// used is a trial whose target used so much of the CPU.
func used(cores float64) results.Trial {
	return results.Trial{TargetCores: cores, Nodes: []results.Node{{Name: "api"}}}
}

func TestAPlantedChangeMeetsTheCandidateAlone(t *testing.T) {
	for _, row := range []struct {
		kind            results.PlantedKind
		both, candidate experiment.Fault // in a site of both builds, and in one of the candidate
	}{
		{results.PlantedDelay,
			experiment.Fault{Name: "planted-delay", Kind: "latency", Link: "load->candidate-api", Latency: 12 * time.Millisecond, For: 45 * time.Second},
			experiment.Fault{Name: "planted-delay", Kind: "latency", Link: "load->api", Latency: 12 * time.Millisecond, For: 45 * time.Second}},
		{results.PlantedCPU,
			experiment.Fault{Name: "planted-cpu", Kind: "cpu-limit", Node: "candidate-api", CPUs: 0.24, For: 45 * time.Second},
			experiment.Fault{Name: "planted-cpu", Kind: "cpu-limit", Node: "api", CPUs: 0.24, For: 45 * time.Second}},
	} {
		inv := calibrating(used(0.1), used(0.2), used(0.3))
		asked := inv.question.experiment.Faults
		pair := campaign.GatePair{Planted: &results.Planted{Kind: row.kind, Delay: 12}}
		inv.pair = &pair
		undo := inv.plant(pair)
		started := inv.question.experiment.Faults // for which both sites are started
		both := inv.conducted().Faults
		inv.side = &side{number: 1}
		candidate := inv.conducted().Faults
		inv.side = &side{}
		baseline := inv.conducted().Faults
		undo()
		inv.pair = &campaign.GatePair{}
		for what, faults := range map[string][2][]experiment.Fault{
			"started":     {{row.candidate}, started},
			"both":        {{row.both}, both},
			"candidate":   {{row.candidate}, candidate},
			"baseline":    {nil, baseline},
			"when undone": {asked, inv.conducted().Faults},
		} {
			if diff := cmp.Diff(faults[0], faults[1]); diff != "" {
				t.Errorf("%s of %s:\n%s", what, row.kind, diff)
			}
		}
	}
}

func TestWhatCanNotBePlantedIsLeftOutAndSaid(t *testing.T) {
	https := calibrating(used(0.1))
	https.question.experiment.Services[0] = experiment.Service{Name: "api", URL: "https://127.0.0.1:8443"}
	several := calibrating(results.Trial{Nodes: []results.Node{{Name: "api.1"}, {Name: "api.2"}}})
	for _, row := range []struct {
		name string
		inv  *invocation
		kind results.PlantedKind
		want string
	}{
		{"a delay", calibrating(used(0)), results.PlantedDelay, ""},
		{"a quota", calibrating(used(0.1)), results.PlantedCPU, ""},
		{"a quota of nobody knows what", calibrating(used(0)), results.PlantedCPU, "what the load's target uses of the CPU is not known"},
		{"a delay of one of several", several, results.PlantedDelay, "the load's target has several instances"},
		{"a delay before https", https, results.PlantedDelay, "a link before an https URL can't be delayed"},
		{"a quota of what runs already", https, results.PlantedCPU, "the load's target was not started by brunt"},
	} {
		got := row.inv.unplantable(row.kind)
		if got != row.want {
			t.Errorf("%s: %q, not %q", row.name, got, row.want)
		}
		out := row.inv.leaveOut(&results.Planted{Kind: row.kind}, got, nil)
		if asked := row.inv.run.Question.Calibration.Planted; out != (row.want != "") || len(asked) != 2-len(row.inv.run.Warnings) {
			t.Errorf("%s: left out %v, asked for %v, warnings %q", row.name, out, asked, row.inv.run.Warnings)
		}
	}
	inv := calibrating()
	p := &results.Planted{Kind: results.PlantedCPU}
	if inv.leaveOut(p, "", errors.New("no disk")) || inv.leaveOut(nil, "", &topology.NoGroupError{Err: errors.New("read-only")}) {
		t.Error("what has another cause was taken for a change that can't be planted")
	}
	none := fmt.Errorf("start the topology: %w", &topology.NoGroupError{Node: "api", Resource: site.CPU, Err: errors.New("read-only")})
	if !inv.leaveOut(p, "", none) || len(inv.run.Warnings) != 1 || !strings.Contains(inv.run.Warnings[0], "no cpu-limit is planted: no control group can be made: read-only") {
		t.Errorf("warnings %q", inv.run.Warnings)
	}
}

func TestLinksOfTwoBuildsHaveNamesOfTheirOwn(t *testing.T) {
	for link, want := range map[string]string{"load->api": "load->candidate-api", "api->orders-db": "candidate-api->candidate-orders-db"} {
		if got := sidedLink(results.SideCandidate, link); got != want {
			t.Errorf("%s is called %s, not %s", link, got, want)
		}
	}
}

func TestACalibrationOfAnotherKindForetellsNothing(t *testing.T) {
	plan := results.Gate{}.WithDefaults()
	inv := calibrating()
	inv.run.Provider, inv.question.script.Rate = "local", 100
	for _, row := range []struct {
		name   string
		change func(*results.Run)
		want   string
	}{
		{"the same", func(*results.Run) {}, ""},
		{"of another mode", func(r *results.Run) { r.Question.Gate.Mode = results.GateTrials }, "in mode trials"},
		{"shorter", func(r *results.Run) { r.Question.Gate.Measured = 3 }, "with pairs that were measured for 3 s"},
		{"of another metric", func(r *results.Run) { r.Question.Gate.Metric = "http_req_duration" }, "by other metrics"},
		{"on Docker", func(r *results.Run) { r.Provider = "docker" }, "with the provider docker"},
		{"at another rate", func(r *results.Run) { r.Question.Calibration.Rate = 50 }, "at 50 iterations a second"},
		{"without a card", func(r *results.Run) { r.Verdict.Noise = nil }, "its record is not whole"},
	} {
		was := plan
		run := results.Run{Provider: "local", Question: results.Question{Gate: &was, Calibration: &results.Calibration{Rate: 100}}, Verdict: results.Verdict{Noise: &results.NoiseCard{}}}
		row.change(&run)
		if got := inv.measuredElsewise(plan, run); got != row.want {
			t.Errorf("%s: %q, not %q", row.name, got, row.want)
		}
	}
}
