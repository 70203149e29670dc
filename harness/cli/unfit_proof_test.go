package cli_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
)

// unfitExperiment is one whose target does next to nothing, so that only what is amiss tells.
const unfitExperiment = `
name: unfit
target:
  command: [./serve]
  port: 8080
  ready: {http: /healthz}
  env: {CACHE: "${cache.address}"}
dependencies: {cache: {kind: redis}}
load: {script: script.js, env: {BASE_URL: "${target.url}", LOOPS: "0"}LOAD}
slos: ["rate(http_req_failed) < 100%"]
`

// unfitScript asks for what needs Redis in three of ten iterations, and may be made to compute.
const unfitScript = `
import http from 'k6/http';
import brunt from 'k6/x/brunt';
OPTIONS
export default function () {
  for (let i = 0, x = 0; i < Number(__ENV.LOOPS); i++) x += i;
  http.get(__ENV.BASE_URL + (brunt.rand().chance(0.3) ? '/redis/seq/1' : '/'), { tags: { name: 'get' } });
}
`

// unfit is a gate that must not pass, and why.
type unfit struct {
	name      string
	args      []string
	baseline  string                        // how the baseline serves; "": as the candidate does
	scenarios string                        // of the script, in place of a shape
	while     func(t *testing.T, v *victim) // what happens meanwhile
	reason    string
}

// TestProofATimingGateThatIsNotFitNeverPasses: a build against itself, where something is amiss with the measurement.
func TestProofATimingGateThatIsNotFitNeverPasses(t *testing.T) {
	file := proof.File(t)
	for _, row := range []unfit{
		{name: "a saturated generator", args: []string{"--mode", "mirror", "--set", fmt.Sprintf("load.env.LOOPS=%d", 300_000*runtime.NumCPU())},
			reason: "the load generator used "},
		{name: "a core stolen in half of the pairs", args: []string{"--mode", "mirror"}, while: stolenInHalf, reason: "other programs took "},
		{name: "a baseline that errors", args: []string{"--mode", "mirror"}, baseline: "-redis 127.0.0.1:1 -timeout 50ms", reason: "the baseline itself fails "},
		{name: "builds that are offered different rates", args: []string{"--mode", "trials"},
			scenarios: "{ main: { executor: 'brunt-arrival', rate: 30 + Math.floor(40 * Math.random()), duration: '45s' } }", reason: "were offered rates that differ"},
		{name: "slices that are shorter than twice the p99", args: []string{"--mode", "slices"}, baseline: "-redis \"$CACHE\" -delay 500ms", reason: "nothing is left of a slice"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newUnfit(t, row)
			f := proof.Row{File: file, What: "a gate with " + row.name, Provider: s.provider}
			if f.There(t) {
				return
			}
			v := s.start(append([]string{"gate", s.dir, "--provider", s.provider, "--no-wait", "--baseline", "main", "--pairs", "5", "--time-scale", "0.2", "--seed", "7"}, row.args...)...)
			if row.while != nil {
				row.while(t, v)
			}
			code := v.exitWithin(budgeted)
			run := s.runs()[0]
			said := v.stdout.String()
			if code != 4 || run.Status != results.StatusComplete || run.Verdict.Outcome != results.Inconclusive || !strings.Contains(said, row.reason) {
				t.Fatalf("it ended with %d and is %s, %s; %q is not in\n%s%s", code, run.Status, run.Verdict.Outcome, row.reason, said, v.stderr())
			}
			line, _, _ := strings.Cut(said, "\n")
			f.Add(t, line)
		})
	}
}

// newUnfit is a repository whose last commit is the baseline, and whose working tree the candidate.
func newUnfit(t *testing.T, row unfit) *bakery {
	t.Helper()
	s := newBakery(t)
	options, load := "", ", shape: soak, rate: 60/s, duration: 60s"
	if row.scenarios != "" {
		options, load = "export const options = { scenarios: "+row.scenarios+" };", ""
	}
	s.put("experiment.yaml", strings.Replace(unfitExperiment, "LOAD", load, 1))
	s.put("script.js", strings.Replace(unfitScript, "OPTIONS", options, 1))
	const serves = `-redis "$CACHE"`
	serve := func(how string) { s.put("serve", "#!/bin/sh\nexec server "+how+"\n") }
	if serve(serves); row.baseline != "" {
		serve(row.baseline)
	}
	s.git("add", ".")
	s.git("commit", "--quiet", "-m", row.name+" in "+s.dir)
	serve(serves)
	return s
}

// stolenInHalf keeps half of the machine's cores busy in the second and the fourth of five pairs.
func stolenInHalf(t *testing.T, v *victim) {
	for _, pair := range []int{2, 4} {
		v.awaitLine(fmt.Sprintf("pair %d of at most 5", pair))
		end := burn(max(1, runtime.NumCPU()/2))
		t.Cleanup(end)
		v.awaitLine(fmt.Sprintf("pair %d of at most 5", pair+1))
		end()
	}
}

// burn keeps so many cores busy until the returned function is called.
func burn(cores int) (end func()) {
	var quit atomic.Bool
	var burning sync.WaitGroup
	for range cores {
		burning.Go(func() {
			for n := 0; !quit.Load(); n++ {
			}
		})
	}
	return func() { quit.Store(true); burning.Wait() }
}
