package cli_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/topology"
)

// oneLineScript is the least that a k6 script can do: one request, as fast as it is answered, or at a rate.
const oneLineScript = `
import http from 'k6/http';
const rate = Number(__ENV.RATE);
export const options = { scenarios: { s: rate
  ? { executor: 'constant-arrival-rate', rate: rate, duration: __ENV.LENGTH, preAllocatedVUs: 50, maxVUs: 50 }
  : { executor: 'constant-vus', vus: 10, duration: __ENV.LENGTH } } };
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

// load is a run of a given length, and how many requests the target answered meanwhile.
func (b *beside) load(cmd *exec.Cmd) (cpu time.Duration, requests int) {
	b.Helper()
	before := b.requests()
	cpu = b.cpu(cmd)
	return cpu, b.requests() - before
}

// native is a run of the experiment without a script.
func (b *beside) native(rate int, length time.Duration) *exec.Cmd {
	b.Helper()
	file := filepath.Join(b.dir, "native.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, nativeExperiment, b.url, rate, length), 0o644); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command("brunt", "run", file, "--quiet", "--inconclusive=pass") // a busy machine is no fault of the generator
	cmd.Env, cmd.Dir, cmd.Stdout = b.env, b.dir, io.Discard
	return cmd
}

// further is the CPU time of each further request of a load, in µs: what starting costs is in both of two lengths, and falls
// out of the difference.
func (b *beside) further(run func(length time.Duration) *exec.Cmd, exact int) float64 {
	b.Helper()
	const short, long = 2 * time.Second, 8 * time.Second
	less, few := b.load(run(short))
	more, many := b.load(run(long))
	if exact > 0 && many != exact*int(long/time.Second) {
		b.Fatalf("%d requests arrived at %d/s in %v: a generator that drops is no cheaper", many, exact, long)
	}
	return float64(more-less) / float64(many-few) / float64(time.Microsecond)
}

// nativeCosts measures pairs of requests without a script under brunt, all its processes together, and of a one-line script
// under k6, in turn and in changing order. rate 0 lets k6 go as fast as it can, which is when a request is cheapest for it.
func (b *beside) nativeCosts(pairs, rate, k6Rate int) (ours, theirs, ratios []float64) {
	b.Helper()
	b.script("one.js", oneLineScript)
	native := func(length time.Duration) *exec.Cmd { return b.native(rate, length) }
	script := func(length time.Duration) *exec.Cmd {
		return b.command(true, "one.js", fmt.Sprintf("RATE=%d", k6Rate), "LENGTH="+length.String())
	}
	for pair := range pairs {
		var own, other float64
		if pair%2 == 0 {
			own, other = b.further(native, rate), b.further(script, 0)
		} else {
			other, own = b.further(script, 0), b.further(native, rate)
		}
		ours, theirs, ratios = append(ours, own), append(theirs, other), append(ratios, own/other)
	}
	return ours, theirs, ratios
}

// BenchmarkNative is the CPU time of a request without a script beside that of a one-line script under k6: at the same rate,
// and where k6 goes as fast as it can. One iteration is one pair.
func BenchmarkNative(b *testing.B) {
	for _, row := range []struct {
		name         string
		rate, k6Rate int
	}{{"at the same rate", 2000, 2000}, {"k6 as fast as it can", 4000, 0}} {
		b.Run(row.name, func(b *testing.B) {
			ours, theirs, ratios := newBeside(b).nativeCosts(b.N, row.rate, row.k6Rate)
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
	proof := os.Getenv("BRUNT_PROOF")
	if proof == "" {
		t.Skip("a long proof: `make proof` runs it")
	}
	row := figures{proof: proof, what: "CPU of requests without a script beside a one-line k6/http script, 15 pairs at 2,000/s", provider: topology.ProviderLocal}
	if row.there(t) {
		return
	}
	ours, theirs, ratios := newBeside(t).nativeCosts(15, 2000, 2000)
	middle, low, high := ratio(ratios)
	figure := fmt.Sprintf("%.1f µs per request, k6 run %.1f; ratio %.3f [%.3f, %.3f]", mean(ours), mean(theirs), middle, low, high)
	if high > 0.35 {
		t.Fatal(figure)
	}
	row.add(t, figure)
}
