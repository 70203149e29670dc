package cli_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/proof"
)

// starvation is a load that is starved on purpose, or a target that fails, and what brunt has to make of it.
type starvation struct {
	name    string
	path    string // of the target
	options string // of the scenario
	work    int    // turns of a loop that each iteration makes
	slo     string
	quota   float64 // cores that the generator may use; 0: all
	code    int     // brunt's
	reason  string  // pattern of a reason that the generator was not fit; "": it was
	says    string  // pattern of a row's reason
	drops   bool    // iterations must have been dropped
}

// starvations are told apart by far: what is starved has less than half of what it needs, and what fails breaks its bound
// several times over.
func starvations() []starvation {
	const bound = "p95(latency) < 2s"
	cores := runtime.NumCPU()
	return []starvation{
		{name: "healthy", path: "/slow?ms=20", options: "rate: 50, duration: '3s', maxVUs: 20", slo: "p95(latency) < 5s", code: 0},
		{name: "too few VUs", path: "/slow?ms=100", options: "rate: 40, duration: '3s', maxVUs: 2", slo: bound, code: 4,
			reason: `p99 of lateness is .*: every VU was in use \(2 of 2\), and they are too few: the highest rate needs \S+ at the usual duration of an iteration; raise load\.vus`,
			says:   "what the target took does not break the bound for sure without that"},
		{name: "a CPU quota of 0.2", path: "/slow?ms=1", options: "rate: 2000, duration: '3s', maxVUs: 50, gracefulStop: '1s'", slo: bound, quota: 0.2, code: 4,
			reason: `(?m)^a CPU quota of 0\.2 cores stopped the load generator in \S+% of its periods, .*; raise the quota`,
			says:   "would be|could decide it|none of the"},
		{name: "a script that burns CPU", path: "/slow?ms=1", options: fmt.Sprintf("rate: %d, duration: '3s', maxVUs: %d, gracefulStop: '1s'", 75*cores, 4*cores),
			work: 200_000, slo: bound, code: 4,
			reason: `(?m)^the load generator used \S+ of the machine's CPU .* an iteration costs it \S+; let the script do less`,
			says:   "would be|could decide it|none of the"},
		{name: "a target that collapses", path: "/one?ms=200", options: "rate: 20, duration: '6s', maxVUs: 20, queue: 5, gracefulStop: '1s'", slo: "p95(latency) < 1s", code: 1,
			reason: "dropped", says: "what the target took breaks the bound without that", drops: true},
		{name: "a target that stalls", path: "/stall", options: "rate: 50, duration: '6s', maxVUs: 5", slo: "p95(latency) < 1500ms", code: 1,
			reason: `% of the iterations waited for a VU, and p99 of lateness is`},
	}
}

// TestAStarvedGeneratorDecidesNothingAndACollapsedTargetFails: each row once; TestProofAStarvedGeneratorIsTold has them all
// twenty times.
func TestAStarvedGeneratorDecidesNothingAndACollapsedTargetFails(t *testing.T) {
	for _, row := range starvations() {
		t.Run(row.name, func(t *testing.T) { t.Log(row.run(t)) })
	}
}

func TestProofAStarvedGeneratorIsTold(t *testing.T) {
	file := proof.File(t)
	const tries = 20
	for _, row := range starvations() {
		t.Run(row.name, func(t *testing.T) {
			line := proof.Row{File: file, What: fmt.Sprintf("starved on purpose: %s, %d tries", row.name, tries), Provider: topology.ProviderLocal}
			if line.There(t) {
				return
			}
			told := ""
			for try := range tries {
				told = row.run(t)
				if t.Failed() {
					t.Fatalf("in try %d of %d", try+1, tries)
				}
			}
			line.Add(t, fmt.Sprintf("%d of %d; the last: %s", tries, tries, told))
		})
	}
}

const starvedScript = `
import http from 'k6/http';
export const options = { scenarios: { load: { executor: 'brunt-arrival', %s } } };
export default function () {
  let x = 0;
  for (let i = 0; i < %d; i++) { x += i; }
  http.get(__ENV.URL + '%s', { tags: { name: 'it' } });
}
`

const starvedExperiment = `
name: starved
target: {url: %q}
load: {script: script.js, env: {URL: "${target.url}"}}
warmup: 0s
settle: 0s
slos: [%q]
`

// run measures the row once, and returns what came of it in a line.
func (s starvation) run(t *testing.T) string {
	t.Helper()
	group := cpuGroup(t, s.quota)
	p := newPlace(t, topology.ProviderLocal)
	p.write("script.js", fmt.Sprintf(starvedScript, s.options, s.work, s.path))
	p.write("experiment.yaml", fmt.Sprintf(starvedExperiment, victimTarget(t), s.slo))
	v := p.start(p.runArgs()...)
	if group != "" {
		v.confine(group)
	}
	code := v.exit()
	runs := p.runs()
	if len(runs) == 0 || len(runs[0].Trials) == 0 {
		t.Fatalf("ended with %d and without a trial\n%s", code, v.stderr())
	}
	run := runs[0]
	s.check(t, run, code)
	if t.Failed() || testing.Verbose() {
		t.Logf("%+v\n%s", run.Trials[0].Fitness, v.stdout.String())
	}
	return summed(run)
}

func (s starvation) check(t *testing.T, run results.Run, code int) {
	t.Helper()
	f := run.Trials[0].Fitness
	if code != s.code {
		t.Errorf("ended with %d, not %d: %s", code, s.code, strings.Join(f.Reasons, "\n"))
	}
	if f.Offered != f.Served+f.Failed+f.Dropped+f.Interrupted {
		t.Errorf("not accounted for: %+v", f)
	}
	if reasons := strings.Join(f.Reasons, "\n"); f.Fit != (s.reason == "") || !regexp.MustCompile(s.reason).MatchString(reasons) {
		t.Errorf("fit %v: %s", f.Fit, reasons)
	}
	if s.drops && f.Dropped == 0 {
		t.Error("nothing was dropped")
	}
	var said []string
	for _, e := range run.Verdict.Evidence {
		said = append(said, e.Reason)
	}
	if !regexp.MustCompile(s.says).MatchString(strings.Join(said, "\n")) {
		t.Errorf("the evidence says %q", said)
	}
}

// summed is the verdict and its figures.
func summed(run results.Run) string {
	f := run.Trials[0].Fitness
	text := fmt.Sprintf("%s, offered %d, dropped %d, CPU %.0f %%, delay p99 %.1f ms, lateness p99 %.0f ms",
		run.Verdict.Outcome, f.Offered, f.Dropped, f.CPUPercent, f.SchedulerP99, f.LatenessP99)
	if f.QuotaCores > 0 {
		text += fmt.Sprintf(", stopped in %.0f %% of the periods", 100*f.Throttled)
	}
	return text
}

// victimTarget is a target on loopback: /slow takes ms, /one takes ms for one request at a time, and /stall stands still for
// three seconds, a second after its first request.
func victimTarget(t *testing.T) string {
	t.Helper()
	var (
		one   = make(chan struct{}, 1)
		begin sync.Once
		began time.Time
	)
	took := func(r *http.Request) time.Duration {
		ms, _ := strconv.Atoi(r.FormValue("ms"))
		return time.Duration(ms) * time.Millisecond
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { time.Sleep(took(r)) })
	mux.HandleFunc("/one", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case one <- struct{}{}:
			time.Sleep(took(r))
			<-one
		case <-r.Context().Done(): // nobody waits for it any more
		}
	})
	mux.HandleFunc("/stall", func(http.ResponseWriter, *http.Request) {
		begin.Do(func() { began = time.Now() })
		if since := time.Since(began); since > time.Second && since < 4*time.Second {
			time.Sleep(4*time.Second - since)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.CloseClientConnections() // some may still wait for their turn
		server.Close()
	})
	return server.URL
}

// confine puts the load generator into a control group as soon as it is there.
func (v *victim) confine(group string) {
	v.Helper()
	generator := regexp.MustCompile(`__k6 run .*-o brunt( |$)`)
	v.await("the load generator", func() bool {
		for _, p := range descendants(v.cmd.Process.Pid) {
			if generator.MatchString(p.command) {
				err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(p.pid)), 0o644)
				return err == nil
			}
		}
		return false
	})
}

// cpuGroup makes a control group with a CPU quota, of version 1 or 2, and returns its folder; "" without a quota. Where none
// can be made, the skip is announced, which BRUNT_REQUIRE_DOCKER=1 forbids.
func cpuGroup(t *testing.T, quota float64) string {
	t.Helper()
	if quota == 0 {
		return ""
	}
	period := 100_000
	asked := strconv.Itoa(int(quota * float64(period)))
	name := fmt.Sprintf("brunt-test-%d-%d", os.Getpid(), time.Now().UnixNano())
	var problems []string
	for _, version := range []struct {
		mount string
		set   [][2]string
	}{
		{"/sys/fs/cgroup/cpu", [][2]string{{"cpu.cfs_period_us", strconv.Itoa(period)}, {"cpu.cfs_quota_us", asked}}},
		{"/sys/fs/cgroup/cpu,cpuacct", [][2]string{{"cpu.cfs_period_us", strconv.Itoa(period)}, {"cpu.cfs_quota_us", asked}}},
		{"/sys/fs/cgroup", [][2]string{{"cpu.max", asked + " " + strconv.Itoa(period)}}},
	} {
		dir := filepath.Join(version.mount, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			problems = append(problems, err.Error())
			continue
		}
		err := error(nil)
		for _, set := range version.set {
			// Not os.WriteFile: on a folder that is no control group it would make the file.
			var file *os.File
			if file, err = os.OpenFile(filepath.Join(dir, set[0]), os.O_WRONLY, 0); err == nil {
				_, err = file.WriteString(set[1])
				file.Close()
			}
			if err != nil {
				break
			}
		}
		if err == nil {
			t.Cleanup(func() { removeGroup(t, dir) })
			return dir
		}
		problems = append(problems, err.Error())
		os.Remove(dir)
	}
	if os.Getenv("BRUNT_REQUIRE_DOCKER") == "1" {
		t.Fatalf("BRUNT_REQUIRE_DOCKER=1 and no control group with a CPU quota can be made: %s", strings.Join(problems, "; "))
	}
	t.Skipf("SKIPPED, no control group with a CPU quota can be made here: %s", strings.Join(problems, "; "))
	return ""
}

// removeGroup removes a group as soon as its last process is gone.
func removeGroup(t *testing.T, dir string) {
	var err error
	for range 100 {
		if err = os.Remove(dir); err == nil {
			return
		}
		time.Sleep(lookLong)
	}
	t.Errorf("remove the control group: %v", err)
}
