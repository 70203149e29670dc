package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
	"github.com/devcraft-studio/brunt/scenarios"
)

// incident is a reference target, with time scales at which its experiment still tells naive from fixed. What naive does wrong shows
// sooner than that fixed does it right.
type incident struct {
	target       string
	naive, fixed string
	// first is true of a naive that has to do some of its work to be told: it begins before those that leave it no processor.
	first bool
}

// Those that take the longest stand first, so that none of them is begun when the others are over, and last what needs a processor
// most to pass.
var incidents = []incident{
	{target: "webhooks", naive: "0.15", fixed: "0.25"},
	{target: "ratelimit", naive: "0.15", fixed: "0.25"}, // below, a late request more is too many for fixed's shorter window
	{target: "auth", naive: "0.1", fixed: "0.25"},
	{target: "timeouts", naive: "0.15", fixed: "0.2"},
	{target: "leak", naive: "0.05", fixed: "0.15"},
	{target: "cache", naive: "0.1", fixed: "0.25"},
	{target: "restapi", naive: "0.2", fixed: "0.2"}, // below, no whole second is left between the guards of its faults
	{target: "missingindex", naive: "0.05", fixed: "0.1"},
	{target: "jsonb", naive: "0.05", fixed: "0.1"},
	{target: "nplusone", naive: "0.1", fixed: "0.15", first: true},
}

// track is what the tests read of the JSON of a demo.
type track struct {
	AsDeclared bool        `json:"as_declared"`
	Answer     string      `json:"answer"`
	Status     string      `json:"status"`
	Seed       int64       `json:"seed"`
	Provider   string      `json:"provider"`
	Targets    []bothShown `json:"targets"`
}

type bothShown struct {
	Target       string
	AsDeclared   bool `json:"as_declared"`
	Naive, Fixed struct {
		Run        string
		Verdict    results.Outcome
		Because    string
		Reason     string
		AsDeclared bool `json:"as_declared"`
	}
	Alternatives []struct{ Name string }
	Rows         []struct {
		What         string
		Because      bool
		Naive, Fixed struct {
			Value   *float64
			Unit    string
			Outcome results.Outcome
		}
	}
}

// demo runs brunt demo to its end.
func (p *place) demo(args ...string) (track, int) {
	p.Helper()
	v := p.start(append([]string{"demo", "--provider", p.provider, "--json", "-"}, args...)...)
	code := v.exitWithin(2 * time.Hour)
	var t track
	if err := json.Unmarshal(v.stdout.Bytes(), &t); err != nil {
		p.Fatalf("brunt demo %s ended with %d: %v\n%s%s", strings.Join(args, " "), code, err, v.stderr(), v.stdout.String())
	}
	return t, code
}

// sideBySide is how many of the incidents run at once: two cores bear so many fixed variants. Naive ones fail beside more.
func sideBySide(variant string) int {
	if variant == "naive" {
		return 6
	}
	return 4
}

// TestIncidents runs naive and fixed of every reference target: naive has to fail by the SLO that is declared, and fixed to pass. All
// naives run first, side by side, as a busy machine does not hide what they fail by. Where it is too busy to say that fixed passes,
// brunt has to say so, and fixed to keep the SLO that naive breaks all the same, unless that bounds a time.
func TestIncidents(t *testing.T) {
	for _, variant := range []string{"naive", "fixed"} {
		t.Run(variant, func(t *testing.T) {
			next := make(chan incident)
			var all sync.WaitGroup
			for range sideBySide(variant) {
				all.Go(func() {
					for i := range next {
						t.Run(i.target, func(t *testing.T) { i.show(t, variant) })
					}
				})
			}
			for _, first := range []bool{true, false} {
				for _, i := range incidents {
					if first == (i.first && variant == "naive") {
						next <- i
					}
				}
			}
			close(next)
			all.Wait()
		})
	}
}

func (i incident) show(t *testing.T, variant string) {
	scale, because := i.fixed, i.because(t)
	want, code := results.Pass, 0
	if variant == "naive" {
		scale, want, code = i.naive, results.Fail, 1
	}
	p := newPlace(t, topology.ProviderLocal)
	v := p.start("run", "scenarios/"+i.target, "--variant", variant, "--time-scale", scale, "--seed", "1", "--provider", p.provider)
	got := v.exitWithin(10 * time.Minute)
	runs := p.runs()
	if len(runs) != 1 || runs[0].Status != results.StatusComplete || runs[0].Verdict.Expected == nil {
		t.Fatalf("brunt ended with %d\n%s%s", got, v.stderr(), v.stdout.String())
	}
	run := runs[0]
	n := slices.IndexFunc(run.Verdict.Evidence, func(e results.Evidence) bool { return e.What == because })
	if n < 0 {
		t.Fatalf("nothing was made of %s\n%s", because, v.stdout.String())
	}
	row := run.Verdict.Evidence[n]
	unfit, wouldBe := !run.Trials[0].Fitness.Fit, strings.HasPrefix(row.Reason, "would be "+string(want))
	if want == results.Pass && strings.Contains(because, "(latency") {
		wouldBe = true // a count is kept on any machine, a time is not
	}
	switch {
	case got == code && run.Verdict.Expected.Met && row.Outcome == want:
	case unfit && (got == code || got == 4) && (row.Outcome == want || row.Outcome == results.Inconclusive && wouldBe):
		t.Logf("this machine is too busy to say so for sure: %s", run.Verdict.Expected.Reason)
	default:
		t.Errorf("brunt ended with %d: %s\n%s%s", got, run.Verdict.Expected.Reason, v.stderr(), v.stdout.String())
	}
	p.run(got, "rejudge", run.ID)
}

// because is the SLO that naive is declared to fail by.
func (i incident) because(t *testing.T) string {
	t.Helper()
	e, err := experiment.Read("scenarios/"+i.target, experiment.Options{Dir: t.TempDir(), Scenarios: scenarios.Files, Unpack: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	n := slices.IndexFunc(e.Expect, func(x experiment.Expectation) bool { return x.Variant == "naive" })
	if n < 0 {
		t.Fatalf("scenarios/%s does not say what naive is there to show", i.target)
	}
	return e.Expect[n].Because
}

// Every scenario that declares what its variants are there to show is one of the incidents.
func TestEveryDeclaredScenarioIsAnIncident(t *testing.T) {
	told, err := os.ReadFile("../../targets/README.md")
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]bool{}
	for _, name := range experiment.Names(scenarios.Files) {
		e, err := experiment.Read(name, experiment.Options{Dir: t.TempDir(), Scenarios: scenarios.Files, Unpack: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		declared[e.Name] = true
		if variants := len(e.Expect) - len(e.Alternatives()); variants != 2 {
			t.Errorf("%s declares %d variants, not naive and fixed", name, variants)
		}
		if !slices.ContainsFunc(incidents, func(i incident) bool { return i.target == e.Name }) {
			t.Errorf("%s is not among the incidents: give it a row, with time scales", name)
		}
		if !strings.Contains(string(told), "\n| "+e.Name+" |") {
			t.Errorf("%s has no row in targets/README.md", name)
		}
	}
	for _, i := range incidents {
		if !declared[i.target] {
			t.Errorf("there is no scenario %s", i.target)
		}
	}
}

// TestADemoThatIsInterruptedGoesOn ends a demo inside its second run: the first is kept and is not run again. It goes on with an
// alternative that was not asked for before, whose command repeats it.
func TestADemoThatIsInterruptedGoesOn(t *testing.T) {
	t.Parallel()
	p := newPlace(t, topology.ProviderLocal)
	p.write("experiment.yaml", strings.Replace(killExperiment, "name: kill", "name: shown", 1)+`
expect:
  naive: {verdict: pass}
  fixed: {verdict: pass}
  silent:
    variant: naive
    set: {slos.0: count(http_reqs) == 0, load.duration: 4s, services.api.env.API_TOKEN: k9alternative9k}
    verdict: fail
    because: count(http_reqs) == 0
    cause: it is asked all the same
`)
	args := []string{"demo", p.path("experiment.yaml"), "--provider", p.provider, "--inconclusive", "pass"}
	v := p.start(args...)
	v.awaitLine("2 of 2: shown, fixed")
	v.awaitChild("__k6")
	if err := v.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := v.exit(); code != 130 || !strings.Contains(v.stdout.String(), "ABORTED demo of shown") {
		t.Fatalf("ended with %d\n%s%s", code, v.stderr(), v.stdout.String())
	}
	before := p.runs()
	if len(before) != 2 || before[0].Status != results.StatusAborted || before[1].Status != results.StatusComplete {
		t.Fatalf("%d runs are kept: %+v", len(before), before)
	}
	again := p.run(0, append(args, "--alternatives", "--resume", before[1].ID)...)
	after := p.runs()
	if len(after) != 4 || after[1].Status != results.StatusComplete || after[1].Seed != before[1].Seed || after[1].Builds[0].Variant != "fixed" {
		t.Fatalf("%d runs are kept: %+v", len(after), after)
	}
	said := again.stdout.String()
	for _, run := range after {
		if strings.Contains(run.Question.Source+said, "k9alternative9k") || !strings.Contains(run.Question.Source, "API_TOKEN") {
			t.Errorf("what an alternative keeps to itself is told by %s:\n%s\n%s", run.ID, run.Question.Source, said)
		}
	}
	if !strings.Contains(said, before[1].ID) || !strings.Contains(said, after[0].ID) || strings.Contains(said, before[0].ID) ||
		!strings.Contains(said, "naive with slos.0=count(http_reqs) == 0, load.duration=4s, services.api.env.API_TOKEN=") {
		t.Errorf("the record is not of the runs that count:\n%s", said)
	}
	for _, flag := range []string{"--alternatives", "--quiet"} { // all there is to run, or more, has run
		p.run(0, append(args, flag, "--resume", after[0].ID)...)
	}
	if done := p.runs(); len(done) != len(after) {
		t.Errorf("%d runs are kept after there was nothing left to run", len(done))
	}
	p.repeatsAlternative(after[0], "silent")
}

// repeatsAlternative runs the command that is kept with a run of an alternative: it is asked the same, and answers the same.
func (p *place) repeatsAlternative(run results.Run, name string) {
	p.Helper()
	v := p.start(run.Command[1:]...)
	code := v.exit()
	again := p.runs()[0]
	if code != 1 && again.Verdict.Outcome != results.Inconclusive || again.ID == run.ID {
		p.Fatalf("%q ended with %d\n%s", run.Command, code, v.stderr())
	}
	for _, r := range []results.Run{run, again} {
		if x := r.Verdict.Expected; r.Builds[0].Alternative != name || x == nil || x.Variant != name || r.Seed != run.Seed ||
			r.Builds[0].Variant != "naive" || r.Question.SLOs[0].Text != "count(http_reqs) == 0" {
			p.Errorf("%s is of %+v, and asked %+v of it", r.ID, r.Builds[0], r.Question)
		}
	}
}

// TestProofTheTrackRecord shows all reference targets on both providers, under three seeds at a quarter of the time, and each once
// at full length.
func TestProofTheTrackRecord(t *testing.T) {
	file := proof.File(t)
	for _, provider := range providers() {
		t.Run(provider, func(t *testing.T) {
			p := newPlace(t, provider)
			for seed := 1; seed <= 3; seed++ {
				p.shows(proof.Row{File: file, What: fmt.Sprintf("demo --all, time scale 0.25, seed %d", seed), Provider: provider},
					"--all", "--time-scale", "0.25", "--seed", fmt.Sprint(seed))
			}
		})
	}
	t.Run("full length", func(t *testing.T) {
		p := newPlace(t, topology.ProviderLocal)
		for _, i := range incidents {
			p.shows(proof.Row{File: file, What: "demo " + i.target + " with alternatives, time scale 1", Provider: p.provider},
				i.target, "--seed", "1", "--alternatives")
		}
	})
}

// shows proves that a demo shows what is declared, and writes its figures down.
func (p *place) shows(row proof.Row, args ...string) {
	p.Helper()
	if row.There(p.T) {
		return
	}
	got, code := p.demo(args...)
	if code != 0 || !got.AsDeclared {
		p.Errorf("brunt demo %s ended with %d: %s\n%+v", strings.Join(args, " "), code, got.Answer, got.Targets)
		return
	}
	row.Add(p.T, summedUp(got))
}

// summedUp is what naive failed with, and what fixed has there.
func summedUp(got track) string {
	all := 2 * len(got.Targets)
	for _, one := range got.Targets {
		all += len(one.Alternatives)
	}
	parts := []string{fmt.Sprintf("%d of %d as declared", all, all)}
	for _, one := range got.Targets {
		for _, r := range one.Rows {
			if r.Because && r.Naive.Value != nil && r.Fixed.Value != nil {
				parts = append(parts, fmt.Sprintf("%s: `%s` naive %.4g, fixed %.4g %s", one.Target, r.What, *r.Naive.Value, *r.Fixed.Value, r.Naive.Unit))
			}
		}
	}
	return strings.Join(parts, "; ")
}
