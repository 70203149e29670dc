package cli_test

import (
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/profile"
	"github.com/devcraft-studio/brunt/results/store"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// pagesScript reads whole pages: the slow encoder has something to do.
const pagesScript = `
import http from 'k6/http';
export default function () { http.get(__ENV.BASE_URL + '/items?page=' + (1 + Math.floor(Math.random() * 5)), { timeout: '5s' }); }
`

// TestATimingGateStartsOneMorePairWhenItFails: with profiles, in which the planted function is named; a Ctrl-C takes nothing from the
// verdict, and --resume takes up what it cut short.
func TestATimingGateStartsOneMorePairWhenItFails(t *testing.T) {
	t.Parallel()
	p := newPairs(t)
	p.write("script.js", pagesScript)
	p.write("schema.sql", strings.Replace(killSchema, "n, n, ''", "n, n, repeat('a word ', 100)", 1))
	v := p.start(p.gateArgs("--pairs", "3", "--rate", "100/s", "--time-scale", "0.12", "--candidate-set", "services.api.env.REGRESSION=json")...)
	v.awaitLine(`pair 2 of at most 3`)
	cut := v.aborts(v.interrupt(syscall.SIGINT))
	failed := p.failing(cut)

	v = p.start("gate", "--resume", cut.ID)
	v.awaitLine(`(?s:one more pair, with profiles: not part of the test.*starting the load)`)
	known := v.interrupt(syscall.SIGINT)
	if code := v.exit(); code != 1 {
		t.Fatalf("a gate that had failed ended with %d when its profiles were interrupted\n%s", code, v.stderr())
	}
	p.vanishes(cut.ID, known, goneWithin)
	run := p.runs()[0]
	p.sameVerdict(failed, run)
	if run.Profiled == nil || run.Profiled.Status != results.StatusAborted || !strings.Contains(v.stdout.String(), "where the time went is not known: it was interrupted") {
		t.Errorf("nobody is told what was interrupted: %+v\n%s", run.Profiled, v.stdout.String())
	}
	v = p.run(1, "gate", "--resume", cut.ID, "--no-profiles")
	if strings.Contains(v.stderr(), "one more pair") {
		t.Errorf("--no-profiles runs one all the same:\n%s", v.stderr())
	}

	v = p.start("gate", "--resume", cut.ID)
	if code := v.exitWithin(5 * patience); code != 1 {
		t.Fatalf("ended with %d\n%s", code, v.stderr())
	}
	run = p.runs()[0]
	p.sameVerdict(failed, run)
	p.checkProfiled(v, run)
	p.run(1, "rejudge", run.ID)
	if v := p.run(1, "gate", "--resume", cut.ID); strings.Contains(v.stderr(), "one more pair") {
		t.Errorf("what is there is taken again:\n%s", v.stderr())
	}
}

// failing makes a gate of one pair one of three such pairs, on a machine that had nothing else to do: it fails, for certain. How fast
// this one is has no part in the proof.
func (p *place) failing(run results.Run) results.Run {
	p.Helper()
	s, err := store.Open(p.Context(), p.dsn())
	if err != nil {
		p.Fatal(err)
	}
	defer s.Close()
	limits := &run.Question.Gate.Limits
	limits.LatenessShare, limits.LatenessApart, limits.OfferedApart, limits.BaselineErrors = 1e6, 1e6, 1, 1
	whole := slices.Clone(run.Trials[:2])
	run.Trials = nil
	for pair := range 3 {
		for i, trial := range whole {
			trial.Number, trial.Pair, trial.PairSeconds, trial.Fitness = 2*pair+i+1, pair+1, 10, results.Fitness{Fit: true, Reasons: []string{}}
			run.Trials = append(run.Trials, trial)
		}
	}
	run.Status, run.Reason = results.StatusComplete, ""
	run.Verdict, err = verdict.Judgement(run, func(t results.Trial) (io.ReadCloser, error) { return s.OpenArtifact(run.ID, t.Recording) })
	if err != nil || run.Verdict.Outcome != results.Fail {
		p.Fatalf("the gate is judged %s (%v): %+v", run.Verdict.Outcome, err, run.Verdict.Gate)
	}
	if err := s.Save(p.Context(), &run); err != nil {
		p.Fatal(err)
	}
	return p.runs()[0]
}

// sameVerdict holds the verdict and the pairs of a gate against what they were before it was profiled.
func (p *place) sameVerdict(before, after results.Run) {
	p.Helper()
	if diff := cmp.Diff(before.Verdict, after.Verdict); diff != "" || after.Status != results.StatusComplete {
		p.Errorf("the verdict of the %s run has changed:\n%s", after.Status, diff)
	}
	if diff := cmp.Diff(before.Trials, after.Trials); diff != "" {
		p.Errorf("the pairs have changed:\n%s", diff)
	}
}

// checkProfiled looks for the artifacts, and for the planted function in what is told.
func (p *place) checkProfiled(v *victim, run results.Run) {
	p.Helper()
	found := run.Profiled
	unknown := func(w string) bool { return strings.Contains(w, "not known") }
	if found == nil || found.Status != results.StatusComplete || found.Pair != 4 || len(found.Without) > 0 || slices.ContainsFunc(found.Warnings, unknown) {
		p.Fatalf("where the time went: %+v\n%s", found, v.stderr())
	}
	for _, side := range []results.Side{results.SideBaseline, results.SideCandidate} {
		for _, kind := range []results.ProfileKind{results.ProfileCPU, results.ProfileMutex, results.ProfileHeap} {
			name := string(side) + "-api-" + string(kind) + ".pprof"
			if err := profile.Check([]byte(p.artifact(run, name))); err != nil {
				p.Errorf("%s: %v", name, err)
			}
			if !slices.ContainsFunc(run.Artifacts, func(a results.Artifact) bool { return a.Name == name && strings.Contains(a.What, "profile") }) {
				p.Errorf("%s is no artifact of the run", name)
			}
		}
	}
	slow := func(f results.FunctionChange) bool { return f.Short() == "restapi.encodeSlowly" }
	cpu := slices.IndexFunc(found.Profiles, func(c results.ProfileComparison) bool { return c.Kind == results.ProfileCPU && c.Service == "api" })
	if cpu < 0 || !slices.ContainsFunc(found.Profiles[cpu].Grew, slow) {
		p.Errorf("the planted function is not among those that grew: %+v", found.Profiles)
	}
	for _, count := range []string{"queries", "rows"} {
		if !slices.ContainsFunc(found.Costs, func(c results.CostComparison) bool {
			return c.Endpoint == "GET /items" && c.Count == count && c.Baseline == c.Candidate && c.Exact
		}) {
			p.Errorf("%s of GET /items were not counted as the same: %+v", count, found.Costs)
		}
	}
	for _, said := range []string{"Where the time went", "restapi.encodeSlowly", "not part of the test", "what requests cost: "} {
		if !strings.Contains(v.stdout.String(), said) {
			p.Errorf("the report does not say %q:\n%s", said, v.stdout.String())
		}
	}
}
