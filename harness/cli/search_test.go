package cli_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
)

// counter serves slots requests at a time, each of which takes service: what it can carry is slots / service, and what comes
// beyond that waits.
func counter(t *testing.T, slots int, service time.Duration) string {
	t.Helper()
	free := make(chan struct{}, slots)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case free <- struct{}{}:
		case <-r.Context().Done():
			return
		}
		defer func() { <-free }()
		time.Sleep(service)
		fmt.Fprintln(w, "done")
	}))
	t.Cleanup(s.Close)
	return s.URL
}

const searchScript = `
import http from 'k6/http';
export default function () { http.get(__ENV.BASE_URL, { tags: { name: 'root' } }); }
`

// searchExperiment has faults and a bound in one of their phases, which a search leaves out.
func searchExperiment(url, load string) string {
	return fmt.Sprintf(`
name: search
target: {url: %q}
load: {script: script.js, env: {BASE_URL: "${target.url}"}%s}
warmup: 1s
settle: 2s
faults: [{name: slow, link: load->target, kind: latency, latency: 50ms, at: 2s, for: 2s}]
slos: ["p75(latency) < 300ms in steady", "rate(http_req_failed) < 1%%", "p95(latency) < 1s in slow"]
`, url, load)
}

// newSearch is a place with an experiment on a service of that capacity: 4 requests at a time, of 50 ms each.
func newSearch(t *testing.T) *place {
	t.Helper()
	p := newPlace(t, topology.ProviderLocal)
	p.write("script.js", searchScript)
	p.write("experiment.yaml", searchExperiment(counter(t, 4, 50*time.Millisecond), ", shape: soak, rate: 30/s, duration: 20s"))
	return p
}

// search runs a search, which has to end with that code unless it can't be judged: a machine that other tests keep busy may hold the
// generator up; what broke then is not judged, and that is said.
func (p *place) search(code int, args ...string) (v *victim, found results.Run, judged bool) {
	p.Helper()
	v = p.start(append([]string{"run", "--no-wait", p.dir}, args...)...)
	got := v.exit()
	heldUp := got == 4 && strings.Contains(v.stdout.String(), "not fit to measure")
	if got != code && !heldUp {
		p.Fatalf("brunt ended with %d, not %d\n%s%s", got, code, v.stderr(), v.stdout.String())
	}
	return v, p.runs()[0], !heldUp
}

// TestWhatMeasuresBesideLittle runs what measures, and takes little of the machine itself, side by side, but beside no other test here.
func TestWhatMeasuresBesideLittle(t *testing.T) {
	t.Run("a fault on a link is a fact", aFaultOnALinkIsAFact)
	t.Run("the breakpoint lies around a known capacity", theBreakpointLiesAroundAKnownCapacity)
}

// theBreakpointLiesAroundAKnownCapacity has, after a search that finds it, two short ones side by side.
func theBreakpointLiesAroundAKnownCapacity(t *testing.T) {
	t.Parallel()
	t.Run("the first rate breaks", func(t *testing.T) {
		t.Parallel()
		_, broke, judged := newSearch(t).search(1, "--shape", "breakpoint", "--rate", "300/s", "--set", "load.from=160/s", "--set", "load.step=3s", "--duration", "60s")
		if b := broke.Verdict.Breakpoints[0]; judged && (b.Held != nil || *b.Broke != 160 || len(b.Steps) != 2) {
			t.Errorf("%+v", b)
		}
	})
	t.Run("even the most holds, in a script that imports the shape", func(t *testing.T) {
		t.Parallel()
		p := newSearch(t)
		p.write("script.js", `
import http from 'k6/http';
import { breakpoint } from 'k6/x/brunt';
export const options = {
  scenarios: { own: breakpoint({ rate: 30, from: 30, step: '8s', duration: '60s' }) },
  thresholds: { http_req_duration: ['p(95)<1'] },
};
export default function () { http.get(__ENV.BASE_URL, { tags: { name: 'root' } }); }
`)
		p.write("experiment.yaml", searchExperiment(counter(t, 4, 50*time.Millisecond), ""))
		_, held, judged := p.search(0, "--time-scale", "0.5")
		if b := held.Verdict.Breakpoints[0]; judged && (b.Broke != nil || *b.Held != 30 || len(b.Steps) != 1 || b.Steps[0].End != 4) {
			t.Errorf("%+v", b)
		}
		if said := strings.Join(held.Warnings, "\n"); !strings.Contains(said, "not judged: p95(latency) < 1s in slow; http_req_duration: p(95)<1") {
			t.Errorf("the thresholds were not left out: %s", said)
		}
	})
	searchesAroundCapacity(newSearch(t))
}

func searchesAroundCapacity(p *place) {
	const capacity = 4 / 0.05
	// What is beyond the capacity queues up: within a step of 4 s an overload of less than a tenth makes few wait 300 ms.
	const most, least = 1.1 * capacity, 0.85 * capacity
	v, found, judged := p.search(0, "--shape", "breakpoint", "--rate", "130/s", "--set", "load.from=60/s", "--set", "load.step=4s", "--duration", "2m")
	b := found.Verdict.Breakpoints[0]
	p.Logf("%s: %+v", b.Answer, b.Steps)
	if !judged {
		p.Logf("this machine held the generator up, and brunt said so:\n%s", v.stdout.String())
		return
	}
	if b.Held == nil || b.Broke == nil || *b.Held > most || *b.Broke < least || b.SLO != "p75(latency) < 300ms in steady" {
		p.Fatalf("a capacity of %v/s is said to lie elsewhere: %s", capacity, b.Answer)
	}
	if *b.Broke > *b.Held*1.125 || found.Trials[0].Search.Ended != results.SearchFound {
		p.Errorf("the search ended (%s) too early: %s", found.Trials[0].Search.Ended, b.Answer)
	}
	if took := found.Ended.Sub(found.Created); took > 100*time.Second {
		p.Errorf("the load went on until its planned end: %v", took)
	}
	for _, want := range []string{"breakpoint injects no faults; left out: slow", "not judged: p95(latency) < 1s in slow"} {
		if !strings.Contains(strings.Join(found.Warnings, "\n"), want) {
			p.Errorf("not said: %s: %v", want, found.Warnings)
		}
	}
	if said := v.stdout.String(); !regexp.MustCompile(`^PASS search( @ \S+)?: held `).MatchString(said) {
		p.Errorf("said:\n%s", said)
	}
	for _, want := range []string{"\n  60/s held\n", "/s broke: p75(latency) < 300ms in steady\n"} {
		if !strings.Contains(v.stderr(), want) {
			p.Errorf("not told: %s:\n%s", want, v.stderr())
		}
	}
	again := p.run(0, "rejudge", found.ID)
	if diff := cmp.Diff(v.stdout.String(), again.stdout.String()); diff != "" {
		p.Errorf("judged otherwise (-run +rejudge):\n%s", diff)
	}
}

func TestASearchThatCantBeIsRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t, topology.ProviderLocal)
	p.write("script.js", `
import { breakpoint, smoke } from 'k6/x/brunt';
export const options = { scenarios: { a: breakpoint(), b: smoke() } };
export default function () {}`)
	p.write("experiment.yaml", `
name: search
target: {url: "http://127.0.0.1:9"}
load: {script: script.js}
slos: ["p95(latency) < 300ms"]
`)
	if said := p.run(2, "run", p.dir).stderr(); !strings.Contains(said, "experiment.yaml:4: breakpoint is not the script's only scenario") {
		t.Errorf("said %s", said)
	}
	p.write("experiment.yaml", `
name: search
target: {url: "http://127.0.0.1:9"}
load: {script: script.js, shape: breakpoint, duration: 1m}
faults: [{name: slow, link: load->target, kind: latency, latency: 50ms, at: 2s, for: 2s}]
slos: ["p95(latency) < 300ms in slow"]
`)
	if said := p.run(2, "run", p.dir).stderr(); !strings.Contains(said, "experiment.yaml:4: no SLO is left that breakpoint could judge in a step") {
		t.Errorf("said %s", said)
	}
}
