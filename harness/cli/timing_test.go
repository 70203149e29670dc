package cli_test

import (
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/store"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// pairExperiment is one that two builds can be loaded with side by side. Nothing is asked of how fast they are.
const pairExperiment = `
name: pairs
services:
  api:
    reference: restapi
    port: 8080
    ready: {http: /healthz, timeout: 60s}
    env: {DATABASE_URL: "${db.url}", REDIS_URL: "${cache.url}"}
dependencies:
  db: {kind: postgres}
  cache: {kind: redis}
setup:
  - {sql: schema.sql, on: db}
load: {script: script.js, env: {BASE_URL: "${api.url}"}, shape: ramp, rate: 60/s, duration: 60s}
slos: ["rate(http_req_failed) < 100%"]
`

func newPairs(t *testing.T) *place {
	t.Helper()
	p := newPlace(t, topology.ProviderLocal)
	p.write("experiment.yaml", pairExperiment)
	return p
}

// gateArgs are those of a gate of naive against fixed, with pairs of 1.5 s and 3 s.
func (p *place) gateArgs(more ...string) []string {
	return append([]string{
		"gate", p.dir, "--provider", p.provider, "--no-wait", "--baseline", "variant:fixed", "--variant", "naive",
		"--candidate-set", "services.api.env.REGRESSION=dial", "--time-scale", "0.07", "--seed", "7",
	}, more...)
}

// TestATimingGateIsKilledInterruptedAndGoesOn: two sites side by side with dependencies of their own, of which a kill and a Ctrl-C leave
// nothing, and whose finished pairs are kept.
func TestATimingGateIsKilledInterruptedAndGoesOn(t *testing.T) {
	t.Parallel()
	p := newPairs(t)
	v := p.start(p.gateArgs("--pairs", "3", "--mode", "mirror")...) // however busy the machine is
	v.awaitLine(`pair 2 of at most 3`)
	v.awaitLine(`(?s:pair 2 of at most 3.*starting the load)`)
	known := v.interrupt(syscall.SIGKILL)
	v.exit()
	first := p.runs()[0]
	p.vanishes(first.ID, known, goneWithin)
	if first.Status != results.StatusBroken || len(first.Trials) != 2 {
		t.Fatalf("the killed gate is %s with %d trials", first.Status, len(first.Trials))
	}

	v = p.start("gate", "--resume", "latest")
	v.awaitLine(`(?s:pair 2 of at most 3.*starting the load)`)
	cut := v.aborts(v.interrupt(syscall.SIGINT))
	if len(cut.Trials) < 3 || !cmp.Equal(cut.Trials[:2], first.Trials) {
		t.Errorf("the interrupted gate has %d trials, of which the first are no longer what they were", len(cut.Trials))
	}
	if !strings.Contains(v.stderr(), "--resume "+cut.ID+" goes on") {
		t.Errorf("nobody is told how to go on:\n%s", v.stderr())
	}

	other := p.run(2, p.gateArgs("--pairs", "3", "--mode", "mirror", "--resume", cut.ID, "--baseline", "variant:naive")...)
	if !strings.Contains(other.stderr(), "its baseline was another build: ") {
		t.Errorf("it would go on with another build:\n%s", other.stderr())
	}

	for flag, args := range map[string][]string{
		"--rate": {"gate", "--resume", cut.ID, "--rate", "10/s"}, "--env": p.gateArgs("--pairs", "3", "--mode", "mirror", "--resume", cut.ID, "-e", "A=1"),
	} {
		if v := p.run(2, args...); !strings.Contains(v.stderr(), flag+" is not as it was") || !strings.Contains(v.stderr(), "hint: leave it out") {
			t.Errorf("with another %s it says: %s", flag, v.stderr())
		}
	}

	v = p.start("gate", "--resume", cut.ID)
	code := v.exit()
	runs := p.runs()
	if len(runs) != 1 || runs[0].Status != results.StatusComplete || !slices.Contains([]int{0, 1, 4}, code) {
		t.Fatalf("%d runs, %s, ended with %d\n%s%s", len(runs), runs[0].Status, code, v.stderr(), v.stdout.String())
	}
	run := runs[0]
	if !cmp.Equal(run.Trials[:2], first.Trials) || run.Seed != 7 || !cmp.Equal(run.Question.Gate, first.Question.Gate) {
		t.Errorf("it did not go on with the same plan: seed %d, %+v", run.Seed, run.Question.Gate)
	}
	p.checkPairs(run, 3)
	p.checkVerdict(v, run, code)
}

// checkPairs holds the record of a mirrored gate against what it has to be.
func (p *place) checkPairs(run results.Run, pairs int) {
	p.Helper()
	if len(run.Trials) != 2*pairs || len(run.Builds) != 2 || run.Builds[0].Variant != "fixed" || run.Builds[1].Variant != "naive" {
		p.Fatalf("%d trials of the builds %+v", len(run.Trials), run.Builds)
	}
	gate := campaign.Gate{Plan: *run.Question.Gate, Seed: run.Seed}
	for i := range pairs {
		planned, _ := gate.Next(run.Verdict.Gate.Readings[:i], 0)
		baseline, candidate := run.Trials[2*i], run.Trials[2*i+1]
		if baseline.Pair != i+1 || candidate.Pair != i+1 || baseline.Build != 0 || candidate.Build != 1 || baseline.PairFirst != planned.First {
			p.Errorf("pair %d: %d of build %d and %d of build %d, first the %s", i+1, baseline.Pair, baseline.Build, candidate.Pair, candidate.Build, baseline.PairFirst)
		}
		if baseline.Recording == "" || baseline.Recording != candidate.Recording || baseline.Tagged != results.SideBaseline || candidate.Tagged != results.SideCandidate {
			p.Errorf("pair %d: recordings %q of %s and %q of %s", i+1, baseline.Recording, baseline.Tagged, candidate.Recording, candidate.Tagged)
		}
		p.checkSites(baseline, candidate)
	}
	for _, r := range run.Verdict.Gate.Readings {
		for _, v := range r.Values {
			// Half a slot apart, so that one build may have one iteration more at either end.
			if apart := v.BaselineOffered - v.CandidateOffered; v.Metric == results.GateErrors && (v.BaselineOffered < 50 || apart < -2 || apart > 2) {
				p.Errorf("pair %d: %d were offered to the baseline and %d to the candidate", r.Pair, v.BaselineOffered, v.CandidateOffered)
			}
		}
	}
}

// checkSites: each build has the same nodes, and no address in common with the other.
func (p *place) checkSites(baseline, candidate results.Trial) {
	p.Helper()
	addresses, names := map[string]bool{}, [2][]string{}
	for i, trial := range []results.Trial{baseline, candidate} {
		for _, n := range trial.Nodes {
			if addresses[n.Address] {
				p.Errorf("both builds have a node at %s", n.Address)
			}
			addresses[n.Address] = true
			names[i] = append(names[i], n.Name)
		}
	}
	if want := []string{"db", "cache", "api"}; !cmp.Equal(want, names[0]) || !cmp.Equal(want, names[1]) {
		p.Errorf("the nodes are %v and %v", names[0], names[1])
	}
}

// checkVerdict holds exit code, report and a second judgement against the verdict.
func (p *place) checkVerdict(v *victim, run results.Run, code int) {
	p.Helper()
	of := map[results.Outcome]int{results.Pass: 0, results.Fail: 1, results.Inconclusive: 4}
	if code != of[run.Verdict.Outcome] || run.Verdict.Gate == nil || len(run.Verdict.Gate.Readings) != 3 {
		p.Errorf("it ended with %d and is judged %s: %+v", code, run.Verdict.Outcome, run.Verdict.Gate)
	}
	for _, said := range []string{"pairs (naive)", "Pairs: change", "p95"} {
		if !strings.Contains(v.stdout.String(), said) {
			p.Errorf("the report does not say %q:\n%s", said, v.stdout.String())
		}
	}
	p.judgedAlike()
	p.run(code, "rejudge", run.ID)
}

// TestAPairOfWholeTrialsHasItsFaultsTwice: one build after the other, each with the experiment as it stands.
func TestAPairOfWholeTrialsHasItsFaultsTwice(t *testing.T) {
	t.Parallel()
	p := newPairs(t)
	p.write("experiment.yaml", strings.Replace(pairExperiment, "duration: 60s}", `duration: 140s}
settle: 5s
faults:
  - {name: slow, link: api->cache, kind: latency, latency: 30ms, at: 20s, for: 90s}`, 1))
	v := p.start(p.gateArgs("--pairs", "3", "--time-scale", "0.05")...)
	v.awaitLine(`pair 2 of at most 3`)
	cut := v.aborts(v.interrupt(syscall.SIGINT))
	if cut.Question.Gate.Mode != results.GateTrials || len(cut.Trials) < 2 {
		t.Fatalf("%d trials in mode %s", len(cut.Trials), cut.Question.Gate.Mode)
	}
	for _, trial := range cut.Trials[:2] {
		if trial.Status != results.StatusComplete || trial.Pair != 1 || trial.Tagged != "" || len(trial.Faults) != 1 || !trial.Faults[0].Applied {
			t.Errorf("trial %d of build %d: %s, pair %d, %+v", trial.Number, trial.Build, trial.Status, trial.Pair, trial.Faults)
		}
	}
	if a, b := cut.Trials[0], cut.Trials[1]; a.Build+b.Build != 1 || a.Recording == b.Recording || a.Zero.After(b.Zero) {
		t.Errorf("builds %d and %d, recordings %s and %s", a.Build, b.Build, a.Recording, b.Recording)
	}
	p.checkSites(cut.Trials[0], cut.Trials[1])
	phases := map[string]bool{}
	pairs, doubts, err := p.pairsOf(cut)
	if err != nil || len(pairs) != 1 || len(doubts) > 0 {
		t.Fatalf("%d pairs, %q, %v", len(pairs), doubts, err)
	}
	for _, w := range pairs[0].Candidate.Windows {
		phases[w.Phase] = true
	}
	if !phases["steady"] || !phases["fault slow"] {
		t.Errorf("the windows are of %v", phases)
	}
}

// TestAPairOfWholeTrialsIsWhatIsLeft where one generator can't load both builds, and that is said.
func TestAPairOfWholeTrialsIsWhatIsLeft(t *testing.T) {
	t.Parallel()
	s := newBakery(t)
	s.closed()
	v := s.start("gate", filepath.Join(s.dir, "closed.yaml"), "--provider", s.provider, "--no-wait", "--baseline", "main", "--pairs", "3", "--time-scale", "0.05", "--seed", "7")
	v.awaitLine(`pair 1 of at most 3`)
	cut := v.aborts(v.interrupt(syscall.SIGINT))
	const said = "one after the other, which needs more pairs: the script's scenarios are not on brunt-arrival"
	if cut.Question.Gate.Mode != results.GateTrials || !slices.ContainsFunc(cut.Warnings, func(w string) bool { return strings.Contains(w, said) }) {
		t.Errorf("mode %s, warnings %q", cut.Question.Gate.Mode, cut.Warnings)
	}
}

// TestATimingGateTakesTurns: in slices, of which the record tells, and after a warm-up of which it tells, too.
func TestATimingGateTakesTurns(t *testing.T) {
	t.Parallel()
	p := newPairs(t)
	v := p.start(p.gateArgs("--pairs", "3", "--mode", "slices", "--time-scale", "0.1")...)
	v.awaitLine(`pair 2 of at most 3`)
	cut := v.aborts(v.interrupt(syscall.SIGINT))
	if cut.Question.Gate.Mode != results.GateSlices || len(cut.Trials) < 2 {
		t.Fatalf("%d trials in mode %s", len(cut.Trials), cut.Question.Gate.Mode)
	}
	baseline, candidate := cut.Trials[0], cut.Trials[1]
	planned, _ := campaign.Gate{Plan: *cut.Question.Gate, Seed: cut.Seed}.Next(nil, 0)
	own, other := planned.Slices(*cut.Question.Gate)
	if !cmp.Equal(own, baseline.Slices) || !cmp.Equal(other, candidate.Slices) || len(own) != 16 {
		t.Errorf("the slices are\n%v and\n%v, not\n%v and\n%v", baseline.Slices, candidate.Slices, own, other)
	}
	for _, trial := range []results.Trial{baseline, candidate} {
		if w := trial.Warmup; w == nil || w.Seconds < 1.5 || w.Seconds > 3 || trial.Phases[0].Name != results.PhaseWarmup || math.Abs(trial.Phases[0].Start+w.Seconds) > 1e-6 {
			t.Errorf("the warm-up was %+v, the phases %+v", w, trial.Phases)
		}
		// 60/s in 32 turns of 0.4 s.
		if trial.Fitness.Offered != 768 {
			t.Errorf("%d were offered to both builds, want 768", trial.Fitness.Offered)
		}
	}
	p.checkSites(baseline, candidate)
	pairs, doubts, err := p.pairsOf(cut)
	if err != nil || len(pairs) != 1 || len(doubts) > 0 {
		t.Fatalf("%d pairs, %q, %v", len(pairs), doubts, err)
	}
	windows := pairs[0].Baseline.Windows
	if n := len(windows); n != len(pairs[0].Candidate.Windows) || n == 0 && !strings.Contains(pairs[0].Nothing, "nothing is left of a slice") {
		t.Errorf("%d and %d windows: %q", n, len(pairs[0].Candidate.Windows), pairs[0].Nothing)
	}
	for i, w := range windows {
		o := pairs[0].Candidate.Windows[i]
		if w.Seconds > 0.6+1e-6 || w.Offered < 10 || w.Offered-o.Offered < -2 || w.Offered-o.Offered > 2 {
			t.Errorf("block %d: %v s, %d offered to the baseline and %d to the candidate", i, w.Seconds, w.Offered, o.Offered)
		}
	}
}

// pairsOf are the pairs of a stored run.
func (p *place) pairsOf(run results.Run) ([]verdict.GatePair, []string, error) {
	p.Helper()
	s, err := store.Open(p.Context(), p.dsn())
	if err != nil {
		p.Fatal(err)
	}
	defer s.Close()
	return verdict.GatePairs(run, func(t results.Trial) (io.ReadCloser, error) { return s.OpenArtifact(run.ID, t.Recording) })
}

func TestTheTimingGateRefusesWhatItCanNotDo(t *testing.T) {
	t.Parallel()
	p := newPairs(t)
	p.write("setup.js", "export function setup() {}\n"+killScript)
	for _, row := range []struct {
		args []string
		says string
	}{
		{p.gateArgs("--mode", "both"), "--mode is mirror, slices or trials"},
		{p.gateArgs("--pairs", "2"), "--pairs is 3 to 20"},
		{p.gateArgs("--budget", "10s"), "the budget is too small for a gate"},
		{p.gateArgs("--costs", "--mode", "mirror"), "leave --costs out"},
		{p.gateArgs("--costs", "--no-profiles"), "leave --costs out"},
		{p.gateArgs("--mode", "mirror", "--set", "load.script=setup.js"), "--mode mirror: the script's setup or teardown is run once"},
		{p.gateArgs("--mode", "slices", "--set", "load.script=setup.js"), "--mode slices: the script's setup or teardown is run once"},
		{p.gateArgs("--resume", "nothing"), "nothing"},
		{[]string{"gate", "--resume", "nothing"}, "nothing"},
		{[]string{"gate"}, "gate takes one experiment"},
	} {
		if v := p.run(2, row.args...); !strings.Contains(v.stderr(), row.says) || !strings.Contains(v.stderr(), "hint: ") {
			t.Errorf("brunt %v says %q, not %q", row.args[2:], v.stderr(), row.says)
		}
	}
	if runs := p.runs(); len(runs) > 0 {
		t.Errorf("%d runs were stored", len(runs))
	}
}

// TestATimingGateStartsItsBaselineAsItWasCommitted, and the candidate as it is checked out, with its changes.
func TestATimingGateStartsItsBaselineAsItWasCommitted(t *testing.T) {
	t.Parallel()
	s := newBakery(t)
	serve := func(says string) {
		s.put("serve", "#!/bin/sh\necho "+says+" >&2\nexec server -redis \"$CACHE\" -basket 1\n")
	}
	serve("as committed")
	s.git("commit", "--quiet", "--all", "-m", "say what it is")
	serve("as changed")
	v := s.start("gate", s.dir, "--provider", s.provider, "--no-wait", "--baseline", "main", "--pairs", "3", "--time-scale", "0.05", "--seed", "7")
	v.awaitLine(`pair 2 of at most 3`)
	cut := v.aborts(v.interrupt(syscall.SIGINT))
	if len(cut.Builds) != 2 || cut.Builds[0].SHA == "" || cut.Builds[0].Ref != "main" || cut.Builds[0].Dirty {
		t.Errorf("the builds are %+v", cut.Builds)
	}
	if len(cut.Trials) < 2 || cut.Question.Gate.Mode != results.GateMirror {
		t.Fatalf("%d trials in mode %s", len(cut.Trials), cut.Question.Gate.Mode)
	}
	// 20/s for 2.25 s to each, and a warm-up until they are level, of what needs no script.
	if trial := cut.Trials[0]; trial.Fitness.Offered != 90 || trial.Warmup == nil || trial.Warmup.Seconds < 0.75 || trial.Warmup.Seconds > 1.5 {
		t.Errorf("%d were offered, after a warm-up of %+v", trial.Fitness.Offered, trial.Warmup)
	}
	p, doubts, err := s.pairsOf(cut)
	if err != nil || len(doubts) > 0 || len(p) != 1 {
		t.Fatalf("%d pairs, %q, %v", len(p), doubts, err)
	}
	for _, side := range []verdict.GateSide{p[0].Baseline, p[0].Candidate} {
		offered := int64(0)
		for _, w := range side.Windows {
			offered += w.Offered
		}
		if offered < 40 || offered > 45 {
			t.Errorf("%d were offered to one side: %+v", offered, side.Windows)
		}
	}
	for name, said := range map[string]string{"baseline-target.log": "as committed", "candidate-target.log": "as changed"} {
		if log := s.artifact(cut, name); !strings.HasPrefix(log, said) {
			t.Errorf("%s begins with %.40q, not %q", name, log, said)
		}
	}

	v = s.start("gate", "--resume", cut.ID)
	v.awaitLine(`(?s:pair 2 of at most 3.*starting the load)`)
	serve("as changed meanwhile")
	code := v.exit()
	ended := s.runs()[0]
	if code != 3 || !strings.Contains(v.stderr(), "serve changed meanwhile") || ended.Status != results.StatusBroken || !cmp.Equal(ended.Trials[:2], cut.Trials[:2]) {
		t.Errorf("when a source had changed it ended with %d, %s: %s", code, ended.Status, v.stderr())
	}
}

// artifact is a file that was kept with a run.
func (p *place) artifact(run results.Run, name string) string {
	p.Helper()
	s, err := store.Open(p.Context(), p.dsn())
	if err != nil {
		p.Fatal(err)
	}
	defer s.Close()
	file, err := s.OpenArtifact(run.ID, name)
	if err != nil {
		p.Fatal(err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		p.Fatal(err)
	}
	return string(text)
}
