package cli_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
)

// asker answers by asking a Redis, which has timeout for each answer: /redis/seq/3 one after another, /redis/par/10 at once,
// each on one of size connections.
type asker struct {
	address string
	timeout time.Duration
	free    chan net.Conn // nil: not dialled yet
}

func newAsker(address string, timeout time.Duration, size int) *asker {
	a := &asker{address: address, timeout: timeout, free: make(chan net.Conn, size)}
	for range size {
		a.free <- nil
	}
	return a
}

// ask makes one round trip.
func (a *asker) ask() (err error) {
	conn := <-a.free
	defer func() { a.free <- conn }()
	if conn == nil {
		if conn, err = net.DialTimeout("tcp", a.address, a.timeout); err != nil {
			conn = nil
			return err
		}
	}
	err = conn.SetDeadline(time.Now().Add(a.timeout))
	if err == nil {
		_, err = io.WriteString(conn, "PING\r\n")
	}
	if err == nil {
		_, err = bufio.NewReader(conn).ReadSlice('\n')
	}
	if err != nil {
		err = errors.Join(err, conn.Close())
		conn = nil
	}
	return err
}

func (a *asker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.URL.Path, "/") // "", redis, seq, 3
	n, _ := strconv.Atoi(parts[len(parts)-1])
	failed := make([]error, n)
	if strings.Contains(r.URL.Path, "/par/") {
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() { failed[i] = a.ask() })
		}
		all.Wait()
	} else {
		for i := range n {
			failed[i] = a.ask()
		}
	}
	if err := errors.Join(failed...); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprintln(w, "done")
}

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

// tolerates finds the latency on Redis that a client timeout tolerates.
func tolerates(p *place, timeout time.Duration) results.Tolerance {
	p.Helper()
	flags := fmt.Sprintf(", -timeout, %v, -pool, '40'", timeout)
	p.write("experiment.yaml", fmt.Sprintf(limitsExperiment, flags, "{name: one, path: /redis/seq/1}", "25/s"))
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
	// Not the 250 ms of the proof: on a machine that is busy with other tests, answers take a tenth of that by themselves.
	tolerates(newPlace(t, topology.ProviderLocal), time.Second)
}

func TestProofAClientTimeoutIsFoundFiveTimesOutOfFive(t *testing.T) {
	proof := os.Getenv("BRUNT_PROOF")
	if proof == "" {
		t.Skip("a long proof: `make proof` runs it")
	}
	const tries = 5
	row := figures{proof: proof, what: "tolerance of a client timeout of 250 ms on Redis, 5 tries", provider: topology.ProviderLocal}
	if row.there(t) {
		return
	}
	var intervals []string
	for try := range tries {
		found := tolerates(newPlace(t, topology.ProviderLocal), 250*time.Millisecond)
		if t.Failed() {
			t.Fatalf("in try %d of %d", try+1, tries)
		}
		intervals = append(intervals, fmt.Sprintf("[%g, %g]", *found.Held, *found.Broke))
	}
	row.add(t, strings.Join(intervals, " ")+" ms")
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

// TestCtrlCKeepsTheStepsOfASearch: an answer that is not closer is one all the same.
func TestCtrlCKeepsTheStepsOfASearch(t *testing.T) {
	t.Parallel()
	p := newPlace(t, topology.ProviderLocal)
	p.write("experiment.yaml", fmt.Sprintf(limitsExperiment, "", "{name: one, path: /redis/seq/1}", "40/s"))
	v := p.start("limits", p.dir, "--provider", p.provider, "--no-wait", "--only", "tolerance", "--budget", "110s")
	v.awaitLine(`target->cache latency 8 ms held$`)
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
	found := run.Verdict.Tolerances[0]
	if found.Outcome != results.Inconclusive || found.Held == nil || *found.Held < 8 || !strings.Contains(found.Answer, "the search was cut off") {
		t.Errorf("%+v", found)
	}
	if !strings.Contains(v.stdout.String(), "\nLimits\n") {
		t.Errorf("said:\n%s", v.stdout.String())
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
	if code := v.exit(); code != 1 {
		t.Fatalf("ended with %d\n%s%s", code, v.stderr(), v.stdout.String())
	}
	all := p.runs()
	if len(all) != 1 || all[0].Status != results.StatusComplete || len(all[0].Verdict.Cells) != 2 {
		t.Fatalf("%d runs, %s: %+v", len(all), all[0].Status, all[0].Verdict.Cells)
	}
	if asked := all[0].Question.Cells; len(asked) != 2 || asked[0].What != "500ms" || asked[1].What != "50ms" {
		t.Errorf("asked %+v", asked)
	}
	for _, c := range all[0].Verdict.Cells {
		want := map[string]results.Outcome{"50ms": results.Pass, "500ms": results.Fail}[c.What]
		if c.Outcome != want || c.Link != "target->cache" || want == results.Fail && c.SLO != "rate(http_req_failed) < 1% in fault" {
			t.Errorf("%+v, want %s", c, want)
		}
	}
	if said := v.stdout.String(); !strings.Contains(said, ": 1 of 2 faults are tolerated; not: target->cache latency 500ms\n") || !strings.Contains(said, "\nScorecard\n") {
		t.Errorf("said:\n%s", said)
	}
	t.Logf("\n%s", v.stdout.String())
	again := p.run(1, "rejudge", all[0].ID)
	if diff := cmp.Diff(v.stdout.String(), again.stdout.String()); diff != "" {
		t.Errorf("judged otherwise (-run +rejudge):\n%s", diff)
	}
}

// trips measures the round trips of some endpoints.
func trips(p *place, flags, requests string) map[string]results.RoundTrips {
	p.Helper()
	p.write("experiment.yaml", fmt.Sprintf(limitsExperiment, flags, requests, "20/s"))
	v := p.start("limits", p.dir, "--provider", p.provider, "--no-wait", "--only", "round-trips", "--budget", "2m", "--seed", "3")
	if code := v.exitWithin(3 * time.Minute); code != 0 {
		p.Fatalf("brunt ended with %d\n%s%s", code, v.stderr(), v.stdout.String())
	}
	found := map[string]results.RoundTrips{}
	for _, r := range p.runs()[0].Verdict.RoundTrips {
		found[r.Name] = r
	}
	p.Logf("\n%s", v.stdout.String())
	return found
}

func TestProofRoundTripsAreCounted(t *testing.T) {
	proof := os.Getenv("BRUNT_PROOF")
	if proof == "" {
		t.Skip("a long proof: `make proof` runs it")
	}
	row := figures{proof: proof, what: "round trips of 1, 3 and 20 in sequence, 10 at once, and a saturated pool", provider: topology.ProviderLocal}
	if row.there(t) {
		return
	}
	p := newPlace(t, topology.ProviderLocal)
	found := trips(p, ", -pool, '40'", "{name: one, path: /redis/seq/1}, {name: three, path: /redis/seq/3}, {name: twenty, path: /redis/seq/20}, {name: ten, path: /redis/par/10}")
	figure := ""
	for _, endpoint := range []struct {
		name string
		want float64
	}{{"one", 1}, {"three", 3}, {"twenty", 20}, {"ten", 1}} {
		r := found[endpoint.name]
		if r.Count == nil {
			t.Fatalf("%s: %s", endpoint.name, r.Reason)
		}
		if math.Abs(*r.Count-endpoint.want) > 0.1*endpoint.want {
			t.Errorf("%s: %v, want %v", endpoint.name, *r.Count, endpoint.want)
		}
		figure += fmt.Sprintf("%s %.2f, ", endpoint.name, *r.Count)
	}
	saturated := trips(newPlace(t, topology.ProviderLocal), ", -pool, '1'", "{name: crowd, path: /redis/par/20}")["crowd"]
	if saturated.Count != nil {
		t.Errorf("a saturated pool: %v", *saturated.Count)
	}
	if !t.Failed() {
		row.add(t, figure+"saturated: "+saturated.Reason)
	}
}
