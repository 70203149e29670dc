package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results/proof"
)

// oneLineScript is the least that a k6 script can do: one request, at a rate.
const oneLineScript = `
import http from 'k6/http';
export const options = { scenarios: { s: {
  executor: 'constant-arrival-rate', rate: Number(__ENV.RATE), duration: __ENV.LENGTH, preAllocatedVUs: 50, maxVUs: 50,
} } };
export default function () { http.get(__ENV.URL); }
`

// nativeExperiment is the same request without a script.
const nativeExperiment = `
target: {url: %q}
load:
  requests: [{path: /}]
  rate: %d/s
  duration: %s
  vus: 50
settle: 0s
slos: [rate(http_req_failed) < 1%%]
`

// native is the CPU time of the k6 child for each request without a script, in µs.
func (b *beside) native(rate int, length time.Duration) float64 {
	b.Helper()
	file, report := filepath.Join(b.dir, "native.yaml"), filepath.Join(b.dir, "native.json")
	if err := os.WriteFile(file, fmt.Appendf(nil, nativeExperiment, b.url, rate, length), 0o644); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command("brunt", "run", file, "--quiet", "--inconclusive=pass", "--json", report) // a busy machine is no fault of the generator
	cmd.Env, cmd.Dir, cmd.Stdout = b.env, b.dir, io.Discard
	before := b.requests()
	b.cpu(cmd)
	arrived := b.requests() - before
	text, err := os.ReadFile(report)
	if err != nil {
		b.Fatal(err)
	}
	var run struct {
		Fitness struct {
			CPU    float64 `json:"cpu_s"` // of the child, since t = 0
			Served int
		}
	}
	if err := json.Unmarshal(text, &run); err != nil {
		b.Fatal(err)
	}
	if want := rate * int(length/time.Second); arrived != want || run.Fitness.Served != want || run.Fitness.CPU == 0 {
		b.Fatalf("%d arrived, %+v; want %d: a generator that drops is no cheaper", arrived, run.Fitness, want)
	}
	return run.Fitness.CPU / float64(arrived) * 1e6
}

// oneLine is the CPU time of each further request of the one-line script under k6 itself, in µs: what starting costs is in
// both of two lengths, and falls out of the difference.
func (b *beside) oneLine(rate int, short, long time.Duration) float64 {
	b.Helper()
	load := func(length time.Duration) (time.Duration, int) {
		before := b.requests()
		cpu := b.cpu(b.command(true, "one.js", fmt.Sprintf("RATE=%d", rate), "LENGTH="+length.String()))
		return cpu, b.requests() - before // k6 drops what finds no VU
	}
	less, few := load(short)
	more, many := load(long)
	return float64(more-less) / float64(many-few) / float64(time.Microsecond)
}

// nativeCosts measures pairs of requests without a script and of a one-line script under k6, at the same rate, in turn and in
// changing order.
func (b *beside) nativeCosts(pairs, rate int) (ours, theirs, ratios []float64) {
	b.Helper()
	b.script("one.js", oneLineScript)
	for pair := range pairs {
		var own, other float64
		if pair%2 == 0 {
			own, other = b.native(rate, 8*time.Second), b.oneLine(rate, 2*time.Second, 8*time.Second)
		} else {
			other, own = b.oneLine(rate, 2*time.Second, 8*time.Second), b.native(rate, 8*time.Second)
		}
		ours, theirs, ratios = append(ours, own), append(theirs, other), append(ratios, own/other)
	}
	return ours, theirs, ratios
}

// BenchmarkNative is the CPU time of a request without a script beside that of a one-line script under k6, at the same rate.
// The fewer they are, the more weighs waking up for each, which costs both the same. One iteration is one pair.
func BenchmarkNative(b *testing.B) {
	for _, rate := range []int{1000, 2000, 4000} {
		b.Run(fmt.Sprintf("%d/s", rate), func(b *testing.B) {
			ours, theirs, ratios := newBeside(b).nativeCosts(b.N, rate)
			middle, low, high := ratio(ratios)
			b.ReportMetric(mean(ours), "µs-CPU/request")
			b.ReportMetric(mean(theirs), "µs-CPU/request-of-k6")
			b.ReportMetric(middle, "ratio")
			b.ReportMetric(low, "ratio-low")
			b.ReportMetric(high, "ratio-high")
		})
	}
}

// TestProofRequestsWithoutAScriptAreCheap holds brunt-native to its figure beside k6/http.
func TestProofRequestsWithoutAScriptAreCheap(t *testing.T) {
	file := proof.File(t)
	const rate = 4000
	row := proof.Row{File: file, What: "CPU of requests without a script beside a one-line k6/http script, 15 pairs at 4,000/s", Provider: topology.ProviderLocal}
	if row.There(t) {
		return
	}
	ours, theirs, ratios := newBeside(t).nativeCosts(15, rate)
	middle, low, high := ratio(ratios)
	figure := fmt.Sprintf("%.1f µs per request, k6 run %.1f; ratio %.3f [%.3f, %.3f]", mean(ours), mean(theirs), middle, low, high)
	if high > 0.35 {
		t.Fatal(figure)
	}
	row.Add(t, figure)
}
