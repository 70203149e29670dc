package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results/proof"
)

// beside measures what a load costs under brunt and, in turn with it, under k6 itself, which is the same binary. The target
// is a process of its own, so that its work is nobody's cost.
type beside struct {
	testing.TB
	dir, url string
	env      []string
}

func newBeside(tb testing.TB) *beside {
	tb.Helper()
	b := &beside{TB: tb, dir: tb.TempDir()}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	target := exec.Command("server", "-listen", address) // TestMain has put it on the PATH
	if err := target.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = target.Process.Kill()
		_ = target.Wait()
	})
	b.url = "http://" + address
	for deadline := time.Now().Add(patience); ; time.Sleep(look) {
		if answer, err := http.Get(b.url + "/healthz"); err == nil {
			answer.Body.Close()
			break
		} else if time.Now().After(deadline) {
			tb.Fatal(err)
		}
	}
	b.env = append(os.Environ(), "TMPDIR="+b.dir, "BRUNT_STORE=sqlite:"+filepath.Join(b.dir, "store", "brunt.db"))
	b.script("closed.js", closedScript)
	b.script("named.js", namedScript)
	b.script("values.js", valuesScript)
	return b
}

// closedScript sends N requests as fast as they are answered, with the thresholds that a gate would have.
const closedScript = `
import http from 'k6/http';
export const options = {
  scenarios: { s: { executor: 'shared-iterations', vus: 10, iterations: Number(__ENV.N), maxDuration: '60m' } },
  thresholds: { http_req_duration: ['p(95)<10000'], http_req_failed: ['rate<0.5'] },
};
export default function () { http.get(__ENV.URL); }
`

// namedScript offers five kinds of requests at a constant rate: each with service times of its own, or all of them answered at once.
const namedScript = `
import http from 'k6/http';
import exec from 'k6/execution';
export const options = { scenarios: { s: { executor: 'brunt-arrival', rate: Number(__ENV.RATE), duration: __ENV.LENGTH, maxVUs: 200 } } };
const medians = ['500us', '1500us', '4ms', '9ms', '20ms'];
export default function () {
  const kind = exec.scenario.iterationInTest % 5;
  const path = __ENV.SPREAD ? '/takes?median=' + medians[kind] : '/';
  http.get(__ENV.URL + path, { tags: { name: 'kind ' + kind } });
}
`

// valuesScript gives a custom trend a million values of which every quantile is known: 0.1, 0.2 … 100,000, each once.
const valuesScript = `
import exec from 'k6/execution';
import { Trend } from 'k6/metrics';
export const options = {
  scenarios: { s: { executor: 'shared-iterations', vus: 4, iterations: 1000, maxDuration: '10m' } },
  thresholds: { known: ['p(50)>=0', 'p(95)>=0', 'p(99.9)>=0'] },
};
const known = new Trend('known');
export default function () {
  for (let i = 0; i < 1000; i++) known.add(((exec.scenario.iterationInTest * 1000 + i) * 7919 % 1000000 + 1) / 10);
}
`

func (b *beside) script(name, text string) {
	b.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
}

// command is a run of a script under k6 itself or under brunt.
func (b *beside) command(k6 bool, script string, env ...string) *exec.Cmd {
	args := []string{"run", filepath.Join(b.dir, script), "--quiet"}
	if k6 {
		args = append([]string{"k6"}, append(args, "--no-usage-report", "--address=")...)
	}
	for _, pair := range append(env, "URL="+b.url) {
		args = append(args, "-e", pair)
	}
	cmd := exec.Command("brunt", args...)
	cmd.Env, cmd.Dir = b.env, b.dir
	cmd.Stdout = io.Discard
	return cmd
}

// cpu is the CPU time of a run to its end, with that of the children it waited for.
func (b *beside) cpu(cmd *exec.Cmd) time.Duration {
	b.Helper()
	if err := cmd.Run(); err != nil {
		b.Fatalf("%v: %v", cmd.Args, err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// perRequest is the CPU time of each further request: what starting costs is in both of two loads, and falls out of the
// difference.
func (b *beside) perRequest(k6 bool, few, many int) float64 {
	b.Helper()
	less := b.cpu(b.command(k6, "closed.js", fmt.Sprintf("N=%d", few)))
	more := b.cpu(b.command(k6, "closed.js", fmt.Sprintf("N=%d", many)))
	return float64(more-less) / float64(many-few) / float64(time.Microsecond)
}

// requests is how many the target has answered.
func (b *beside) requests() int {
	b.Helper()
	answer, err := http.Get(b.url + "/count")
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// memory is the resident memory of a load's processes, in MiB, once it has sent each of those numbers of requests: the mean
// over the next five seconds, because it rises and falls with each garbage collection.
func (b *beside) memory(k6 bool, after ...int) []float64 {
	b.Helper()
	before := b.requests()
	last := after[len(after)-1]
	cmd := b.command(k6, "closed.js", fmt.Sprintf("N=%d", last+last/4))
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Signal(os.Interrupt) }()
	var means []float64
	for _, n := range after {
		for b.requests()-before < n {
			time.Sleep(lookLong)
		}
		var looks []float64
		for range 20 {
			looks = append(looks, resident(cmd.Process.Pid))
			time.Sleep(250 * time.Millisecond)
		}
		means = append(means, mean(looks))
	}
	return means
}

// resident is the resident memory of a process and of the k6 child below it, in MiB.
func resident(root int) float64 {
	pids := []int{root}
	for _, p := range descendants(root) {
		if strings.Contains(p.command, "__k6") {
			pids = append(pids, p.pid)
		}
	}
	kib := 0
	for _, pid := range pids {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		for _, line := range strings.Split(string(text), "\n") {
			if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
				n, _ := strconv.Atoi(strings.Fields(rest)[0])
				kib += n
			}
		}
	}
	return float64(kib) / 1024
}

// stored runs five kinds of requests at a constant rate, with service times as endpoints have them or answered at once, and
// returns how many bytes the recording takes for a million of them, with the p99 of lateness in ms.
func (b *beside) stored(spread bool, rate int, length time.Duration) (bytesPerMillion, lateness float64) {
	b.Helper()
	report := filepath.Join(b.dir, "report.json")
	cmd := b.command(false, "named.js", fmt.Sprintf("RATE=%d", rate), "LENGTH="+length.String())
	if spread {
		cmd.Args = append(cmd.Args, "-e", "SPREAD=1")
	}
	cmd.Args = append(cmd.Args, "--json", report)
	b.cpu(cmd)
	text, err := os.ReadFile(report)
	if err != nil {
		b.Fatal(err)
	}
	var run struct {
		ID      string
		Fitness struct {
			Offered  float64 `json:"offered"`
			Lateness float64 `json:"lateness_p99_ms"`
		}
	}
	if err := json.Unmarshal(text, &run); err != nil {
		b.Fatal(err)
	}
	recordings, err := filepath.Glob(filepath.Join(b.dir, "store", "artifacts", run.ID, "recording-1.brunt"))
	if err != nil || len(recordings) != 1 {
		b.Fatalf("recordings of %s: %v, %v", run.ID, recordings, err)
	}
	info, err := os.Stat(recordings[0])
	if err != nil {
		b.Fatal(err)
	}
	return float64(info.Size()) / run.Fitness.Offered * 1e6, run.Fitness.Lateness
}

// error is the largest relative error of quantiles that are known exactly, under brunt.
func (b *beside) error() float64 {
	b.Helper()
	report := filepath.Join(b.dir, "report.json")
	cmd := b.command(false, "values.js")
	cmd.Args = append(cmd.Args, "--json", report)
	b.cpu(cmd)
	text, err := os.ReadFile(report)
	if err != nil {
		b.Fatal(err)
	}
	var run struct {
		Evidence []struct {
			What  string
			Value float64
		}
	}
	if err := json.Unmarshal(text, &run); err != nil {
		b.Fatal(err)
	}
	exact := map[string]float64{"p(50)": 50000, "p(95)": 95000, "p(99.9)": 99900}
	worst, seen := 0.0, 0
	for _, e := range run.Evidence {
		for statistic, want := range exact {
			if strings.Contains(e.What, statistic) {
				worst = max(worst, math.Abs(e.Value-want)/want)
				seen++
			}
		}
	}
	if seen != len(exact) {
		b.Fatalf("%d of %d quantiles in %+v", seen, len(exact), run.Evidence)
	}
	return worst
}

// costs measures pairs of a plain script under brunt and under k6, in turn and in changing order.
func (b *beside) costs(pairs, few, many int) (ours, theirs, ratios []float64) {
	b.Helper()
	for pair := range pairs {
		cost := map[bool]float64{}
		for _, k6 := range []bool{pair%2 == 0, pair%2 != 0} {
			cost[k6] = b.perRequest(k6, few, many)
		}
		ours, theirs = append(ours, cost[false]), append(theirs, cost[true])
		ratios = append(ratios, cost[false]/cost[true])
	}
	return ours, theirs, ratios
}

// BenchmarkBesideK6 is the table that stands in the documentation of package load: brunt and k6 in turn, in one run. One
// iteration is one pair.
func BenchmarkBesideK6(b *testing.B) {
	b.Run("plain script", func(b *testing.B) {
		ours, theirs, ratios := newBeside(b).costs(b.N, 5_000, 25_000)
		middle, _, _ := ratio(ratios)
		b.ReportMetric(mean(ours), "µs-CPU/request")
		b.ReportMetric(mean(theirs), "µs-CPU/request-of-k6")
		b.ReportMetric(middle, "ratio")
	})
	b.Run("memory", func(b *testing.B) {
		beside := newBeside(b)
		for range b.N {
			ours, theirs := beside.memory(false, 25_000, 200_000), beside.memory(true, 25_000, 200_000)
			b.ReportMetric(ours[1]/ours[0], "growth")
			b.ReportMetric(theirs[1]/theirs[0], "growth-of-k6")
		}
	})
	for _, spread := range []bool{true, false} {
		b.Run(fmt.Sprintf("stored, spread %v", spread), func(b *testing.B) {
			beside := newBeside(b)
			for range b.N {
				bytes, lateness := beside.stored(spread, 1667, time.Minute)
				b.ReportMetric(bytes, "B/million-requests")
				b.ReportMetric(lateness, "ms-lateness-p99")
			}
		})
	}
	b.Run("accuracy", func(b *testing.B) {
		beside := newBeside(b)
		for range b.N {
			b.ReportMetric(100*beside.error(), "%-error")
		}
	})
}

// TestProofTheGeneratorIsCheap holds the load engine to its figures beside k6's own.
func TestProofTheGeneratorIsCheap(t *testing.T) {
	file := proof.File(t)
	row := func(what string) proof.Row {
		return proof.Row{File: file, What: what, Provider: topology.ProviderLocal}
	}
	t.Run("plain script", func(t *testing.T) {
		row := row("CPU of a plain k6/http script beside k6 run, 15 pairs")
		if row.There(t) {
			return
		}
		ours, theirs, ratios := newBeside(t).costs(15, 10_000, 60_000)
		middle, low, high := ratio(ratios)
		figure := fmt.Sprintf("%.1f µs per request, k6 run %.1f; ratio %.3f [%.3f, %.3f]", mean(ours), mean(theirs), middle, low, high)
		if high > 1.05 {
			t.Fatal(figure)
		}
		row.Add(t, figure)
	})
	t.Run("memory", func(t *testing.T) {
		row := row("resident memory after 0.5 M and 4 M requests")
		if row.There(t) {
			return
		}
		beside := newBeside(t)
		ours := beside.memory(false, 500_000, 4_000_000)
		theirs := beside.memory(true, 500_000, 4_000_000)
		figure := fmt.Sprintf("%.0f and %.0f MiB (× %.2f); k6 run %.0f and %.0f MiB (× %.2f)",
			ours[0], ours[1], ours[1]/ours[0], theirs[0], theirs[1], theirs[1]/theirs[0])
		if ours[1] > 1.15*ours[0] {
			t.Fatal(figure)
		}
		row.Add(t, figure)
	})
	t.Run("stored", func(t *testing.T) {
		row := row("bytes stored of 10 minutes at 1,667/s in 5 series of log-normal service times")
		if row.There(t) {
			return
		}
		bytes, lateness := newBeside(t).stored(true, 1667, 10*time.Minute)
		figure := fmt.Sprintf("%.2f MB per million requests; lateness p99 %.1f ms", bytes/1e6, lateness)
		if bytes > 1e6 {
			t.Fatal(figure)
		}
		row.Add(t, figure)
	})
	t.Run("accuracy", func(t *testing.T) {
		if worst := newBeside(t).error(); worst > 0.001 {
			t.Fatalf("a quantile of a million values is wrong by %.3f %%", 100*worst)
		}
	})
}
