package cli_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
	"github.com/devcraft-studio/brunt/results/store"
)

// limitsExperiment asks a service that gives Redis 250 ms.
const limitsExperiment = `
name: limits
target: {command: [server, -redis, "${cache.address}", -timeout, 250ms%s], port: 8080, ready: {http: /healthz}}
dependencies: {cache: {kind: redis}}
load:
  requests: [%s]
  rate: %s
  duration: 30s
warmup: 1s
faults: [{name: slow, link: target->cache, kind: latency, latency: 50ms, at: 2s, for: 2s}]
slos: ["rate(http_req_failed) < 1%%", "p95(latency) < 2s in slow"]
`

// tolerates finds the latency on Redis that a client timeout tolerates, where such a share of errors is allowed.
func tolerates(p *place, timeout time.Duration, errors string) results.Tolerance {
	p.Helper()
	flags := fmt.Sprintf(", -timeout, %v, -pool, '40'", timeout)
	text := fmt.Sprintf(limitsExperiment, flags, "{name: one, path: /redis/seq/1}", "25/s")
	p.write("experiment.yaml", strings.Replace(text, "rate(http_req_failed) < 1%", "rate(http_req_failed) < "+errors, 1))
	v := p.start("limits", p.dir, "--provider", p.provider, "--no-wait", "--only", "tolerance", "--budget", "4m") // on a busy machine
	if code := v.exitWithin(5 * time.Minute); code != 0 {
		p.Fatalf("brunt ended with %d\n%s%s", code, v.stderr(), v.stdout.String())
	}
	run := p.runs()[0]
	if len(run.Verdict.Tolerances) != 1 {
		p.Fatalf("%+v", run.Verdict)
	}
	found := run.Verdict.Tolerances[0]
	p.Logf("%s, in %d steps and %v", found.Answer, len(found.Steps), run.Ended.Sub(run.Created).Round(time.Second))
	if found.Link != "target->cache" || found.Kind != "latency" || found.Uneven || found.Held == nil || found.Broke == nil {
		p.Fatalf("%+v\n%s", found, v.stderr())
	}
	// Less what a round trip takes anyhow, which is below a millisecond on a quiet machine.
	limit := float64(timeout.Milliseconds()) - 1
	if *found.Held < 0.9*limit || *found.Held > limit+1 || *found.Broke > 1.1*limit || *found.Broke < 0.98*limit {
		p.Errorf("a tolerance of %v ms is said to lie in [%v, %v]", limit, *found.Held, *found.Broke)
	}
	if said := v.stdout.String(); !strings.Contains(said, "of latency on target->cache") || !strings.Contains(said, "\nLimits\n") {
		p.Errorf("said:\n%s", said)
	}
	if warned := strings.Join(run.Warnings, "\n"); !strings.Contains(warned, "limits injects faults of its own; left out: slow") {
		p.Errorf("warned: %s", warned)
	}
	again := p.run(0, "rejudge", run.ID)
	if diff := cmp.Diff(v.stdout.String(), again.stdout.String()); diff != "" {
		p.Errorf("judged otherwise (-run +rejudge):\n%s", diff)
	}
	return found
}

func TestAClientTimeoutIsTheLatencyThatIsTolerated(t *testing.T) {
	t.Parallel()
	// Not the 250 ms and 1 % of the proof: on a machine that is busy with other tests, answers take a tenth of that by themselves, and of
	// the 75 requests of a step a single late one is more than 1 %. Beyond the timeout all of them fail.
	tolerates(newPlace(t, topology.ProviderLocal), time.Second, "20%")
}

func TestProofAClientTimeoutIsFoundFiveTimesOutOfFive(t *testing.T) {
	file := proof.File(t)
	for _, provider := range providers() {
		t.Run(provider, func(t *testing.T) {
			const tries = 5
			row := proof.Row{File: file, What: "tolerance of a client timeout of 250 ms on Redis, 5 tries", Provider: provider}
			if row.There(t) {
				return
			}
			var intervals []string
			for try := range tries {
				found := tolerates(newPlace(t, provider), 250*time.Millisecond, "1%")
				if t.Failed() {
					t.Fatalf("in try %d of %d", try+1, tries)
				}
				intervals = append(intervals, fmt.Sprintf("[%g, %g]", *found.Held, *found.Broke))
			}
			row.Add(t, strings.Join(intervals, " ")+" ms")
		})
	}
}

func TestProofTheStrengthsOfFurtherKindsAreFound(t *testing.T) {
	file := proof.File(t)
	for _, asked := range []struct {
		kind, link, path, slo string
		edge, within          float64
	}{
		{"connect-delay", "target->cache", "/dial/seq/1", "rate(http_req_failed) < 1%", 250, 1.1},
		{"stall", "target->cache", "/redis/seq/1", "p95(latency) < 150ms", 5, 1.7},
		{"http-error", "load->target", "/redis/seq/1", "rate(http_req_failed) < 20%", 20, 1.5},
		{"http-abort", "load->target", "/redis/seq/1", "rate(http_req_failed) < 20%", 20, 1.5},
	} {
		for _, provider := range providers() {
			t.Run(asked.kind+" "+provider, func(t *testing.T) {
				row := proof.Row{File: file, What: fmt.Sprintf("tolerance of %s, of %g", asked.kind, asked.edge), Provider: provider}
				if row.There(t) {
					return
				}
				p := newPlace(t, provider)
				text := fmt.Sprintf(limitsExperiment, "", "{name: one, path: "+asked.path+"}", "50/s")
				p.write("experiment.yaml", strings.Replace(text, `"rate(http_req_failed) < 1%"`, `"`+asked.slo+`"`, 1))
				v := p.start("limits", p.dir, "--provider", provider, "--no-wait", "--only", "tolerance", "--kind", asked.kind, "--link", asked.link, "--budget", "5m")
				if code := v.exitWithin(6 * time.Minute); code != 0 {
					t.Fatalf("brunt ended with %d\n%s%s", code, v.stderr(), v.stdout.String())
				}
				t.Logf("%s\n%s", v.stderr(), v.stdout.String())
				found := p.runs()[0].Verdict.Tolerances[0]
				if found.Held == nil || found.Broke == nil || *found.Held > asked.edge*asked.within || *found.Broke < asked.edge/asked.within || *found.Held < asked.edge/asked.within/1.4 {
					t.Fatalf("%+v", found)
				}
				row.Add(t, found.Answer)
			})
		}
	}
}

// TestLimitsBeginWithTheRateOfTheFile: it holds, and so does the most that is to be tried.
func TestLimitsBeginWithTheRateOfTheFile(t *testing.T) {
	t.Parallel()
	p := newPlace(t, topology.ProviderLocal)
	p.write("experiment.yaml", fmt.Sprintf(limitsExperiment, "", "{name: one, path: /redis/seq/1}", "30/s"))
	v := p.start("limits", p.dir, "--provider", p.provider, "--no-wait", "--only", "rate", "--up-to", "45/s", "--budget", "80s")
	if code := v.exit(); code != 0 {
		t.Fatalf("ended with %d\n%s%s", code, v.stderr(), v.stdout.String())
	}
	run := p.runs()[0]
	b := run.Verdict.Breakpoints[0]
	if b.Held == nil || *b.Held != 45 || len(b.Steps) != 2 || b.Steps[0].Rate != 30 || run.Trials[0].Search.Ended != results.SearchMost {
		t.Errorf("%+v", b)
	}
}

// TestCtrlCKeepsTheStepsOfASearch: an answer that is not closer is one all the same, and --resume goes on from there. Every error is
// one too many here.
func TestCtrlCKeepsTheStepsOfASearch(t *testing.T) {
	t.Parallel()
	p := newPlace(t, topology.ProviderLocal)
	p.write("experiment.yaml", fmt.Sprintf(limitsExperiment, "", "{name: one, path: /redis/seq/1}", "100/s"))
	args := []string{"limits", p.dir, "--provider", p.provider, "--no-wait", "--only", "tolerance", "--kind", "http-error", "--link", "load->target", "--budget", "110s"}
	v := p.start(args...)
	v.awaitLine(`load->target sound held$`)
	if err := v.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := v.exit(); code != 130 {
		t.Errorf("ended with %d\n%s", code, v.stderr())
	}
	run := p.runs()[0]
	if run.Status != results.StatusAborted || len(run.Verdict.Tolerances) != 1 {
		t.Fatalf("%s: %+v", run.Status, run.Verdict)
	}
	cut := run.Verdict.Tolerances[0]
	if cut.Outcome != results.Inconclusive || cut.Held == nil || !strings.Contains(cut.Answer, "the search was cut off") {
		t.Errorf("%+v", cut)
	}
	if !strings.Contains(v.stdout.String(), "\nLimits\n") || !strings.Contains(v.stderr(), "the same command with --resume "+run.ID+" goes on") {
		t.Errorf("said:\n%s%s", v.stderr(), v.stdout.String())
	}
	again := p.start(append(args, "--resume", run.ID)...)
	if code := again.exit(); code != 0 {
		t.Fatalf("ended with %d\n%s%s", code, again.stderr(), again.stdout.String())
	}
	all := p.runs()
	if len(all) != 1 || all[0].Status != results.StatusComplete || len(all[0].Trials) != 1 || len(all[0].Verdict.Tolerances) != 1 {
		t.Fatalf("%d runs, %s: %+v", len(all), all[0].Status, all[0].Verdict)
	}
	found := all[0].Verdict.Tolerances[0]
	if found.Held == nil || *found.Held > 2 || found.Broke == nil || *found.Broke > 6 || found.With != "status 503" {
		t.Errorf("%+v", found)
	}
	if len(found.Steps) <= len(cut.Steps) || !cmp.Equal(found.Steps[:len(cut.Steps)], cut.Steps) || strings.Contains(again.stderr(), "sound") {
		t.Errorf("it did not go on from %+v: %+v\n%s", cut.Steps, found.Steps, again.stderr())
	}
	if judged := p.run(0, "rejudge", run.ID); judged.stdout.String() != again.stdout.String() {
		t.Errorf("judged otherwise (-run +rejudge):\n%s", cmp.Diff(again.stdout.String(), judged.stdout.String()))
	}
	p.keepsMore(all[0])
	if warned := p.run(0, append(args, "--resume", run.ID)...).stdout.String(); !strings.Contains(warned, "less than the build 0123456 held in run other-") || !strings.Contains(warned, ", not 50%") {
		t.Errorf("of another build that tolerated more nothing was said:\n%s", warned)
	}
}

// keepsMore stores a run like this one of another build, which tolerated half of all.
func (p *place) keepsMore(run results.Run) {
	p.Helper()
	held, broke := 50.0, 60.0
	run.ID, run.Builds = "other-"+run.ID, []results.Build{{SHA: "0123456789abcdef"}}
	more := run.Verdict.Tolerances[0]
	more.Held, more.Broke = &held, &broke
	run.Verdict.Tolerances = []results.Tolerance{more}
	s, err := store.Open(p.Context(), p.dsn())
	if err != nil {
		p.Fatal(err)
	}
	defer s.Close()
	if err := s.Save(p.Context(), &run); err != nil {
		p.Fatal(err)
	}
}

// TestAScorecardGoesOnAfterAnInterruption: Redis has 250 ms, so that 50 ms more are tolerated and 500 ms are not.
func TestAScorecardGoesOnAfterAnInterruption(t *testing.T) {
	t.Parallel()
	p := newPlace(t, topology.ProviderLocal)
	p.write("experiment.yaml", fmt.Sprintf(limitsExperiment, "", "{name: one, path: /redis/seq/1}", "20/s"))
	args := []string{"matrix", p.dir, "--provider", p.provider, "--no-wait", "--kind", "latency", "--budget", "5m"}
	v := p.start(append(args, "--seed", "1")...)
	v.awaitLine(`^  1 of 2: latency on target->cache, 50?0ms$`)
	v.awaitLine(`^  2 of 2: latency on target->cache, 50?0ms$`)
	if err := v.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := v.exit(); code != 130 {
		t.Fatalf("ended with %d\n%s", code, v.stderr())
	}
	if cut := p.runs()[0]; cut.Status != results.StatusAborted || len(cut.Trials) != 2 || cut.Trials[0].Status != results.StatusComplete {
		t.Fatalf("%s: %+v", cut.Status, cut.Trials)
	}
	refused := p.run(2, append(args, "--link", "load->target", "--resume", "latest")...)
	if said := refused.stderr(); !strings.Contains(said, "it tries other links, nodes or kinds; leave --link, --on and --kind out") {
		t.Errorf("said:\n%s", said)
	}
	v = p.start("matrix", p.dir, "--provider", p.provider, "--no-wait", "--budget", "5m", "--resume", "latest")
	code := v.exit()
	all := p.runs()
	// A machine that is busy with other tests may be unfit to measure on, and then nothing is sure.
	unfit := slices.ContainsFunc(all[0].Trials, func(t results.Trial) bool { return !t.Fitness.Fit })
	if code != 1 && (code != 4 || !unfit) {
		t.Fatalf("ended with %d\n%s%s", code, v.stderr(), v.stdout.String())
	}
	if len(all) != 1 || all[0].Status != results.StatusComplete || len(all[0].Verdict.Cells) != 2 {
		t.Fatalf("%d runs, %s: %+v", len(all), all[0].Status, all[0].Verdict.Cells)
	}
	if asked := all[0].Question.Cells; len(asked) != 2 || asked[0].What != "500ms" || asked[1].What != "50ms" {
		t.Errorf("asked %+v", asked)
	}
	for _, c := range all[0].Verdict.Cells {
		want := map[string]results.Outcome{"50ms": results.Pass, "500ms": results.Fail}[c.What]
		if unfit && c.Outcome == results.Inconclusive {
			continue
		}
		if c.Outcome != want || c.Link != "target->cache" || want == results.Fail && c.SLO != "rate(http_req_failed) < 1% in fault" {
			t.Errorf("%+v, want %s", c, want)
		}
	}
	told := unfit || strings.Contains(v.stdout.String(), ": 1 of 2 faults are tolerated; not: target->cache latency 500ms\n")
	if said := v.stdout.String(); !told || !strings.Contains(said, "\nScorecard\n") {
		t.Errorf("said:\n%s", said)
	}
	t.Logf("\n%s", v.stdout.String())
	again := p.run(code, "rejudge", all[0].ID)
	if diff := cmp.Diff(v.stdout.String(), again.stdout.String()); diff != "" {
		t.Errorf("judged otherwise (-run +rejudge):\n%s", diff)
	}
}
