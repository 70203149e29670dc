package load

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results/proof"
)

// stalling is a load on a target that stands still in the last part of every period, as one does that collects garbage,
// checkpoints or loses a primary.
type stalling struct {
	period, still, length time.Duration
	rate, few             int // iterations per second; VUs that do without the stall
}

// target is a new one; its periods count from its first request.
func (s stalling) target(t *testing.T) string {
	var first atomic.Int64
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		now := time.Now().UnixNano()
		first.CompareAndSwap(0, now)
		if left := s.period - time.Duration(now-first.Load())%s.period; left <= s.still {
			time.Sleep(left)
		}
		ok(w, r)
	})
}

func (s stalling) offered() int64 { return int64(s.rate) * int64(s.length/time.Second) }

// reading is what a generator says of such a target. Times are in milliseconds; latency is 0 where it is not known.
type reading struct {
	served, dropped, other int64
	latency, service       float64 // p99
}

func (r reading) String() string {
	latency := "unknown"
	if r.latency > 0 {
		latency = fmt.Sprintf("%.0f ms", r.latency)
	}
	return fmt.Sprintf("served %d, dropped %d, failed or interrupted %d; latency p99 %s, http_req_duration p99 %.0f ms",
		r.served, r.dropped, r.other, latency, r.service)
}

// arrival loads the target on brunt-arrival.
func (s stalling) arrival(t *testing.T, vus int) reading {
	t.Helper()
	script := write(t, "script.js", get(fmt.Sprintf(
		"scenarios: { s: { executor: 'brunt-arrival', rate: %d, duration: '%v', maxVUs: %d } }", s.rate, s.length, vus)))
	fitness, err, r := run(t, Options{Script: Script{Path: script, Env: map[string]string{"URL": s.target(t)}}})
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, fitness, r)
	if fitness.Offered != s.offered() {
		t.Errorf("offered %d, want %d", fitness.Offered, s.offered())
	}
	if vus == s.few { // all that were due in a stall waited for a VU, but the few that met it
		stalled := s.offered() * int64(s.still) / int64(s.period)
		if fitness.Waited < stalled*9/10 || fitness.MostVUs != int64(vus) || fitness.AllowedVUs != int64(vus) {
			t.Errorf("%d waited of %d that were due in stalls, for %d of %d VUs", fitness.Waited, stalled, fitness.MostVUs, fitness.AllowedVUs)
		}
		// A machine that is busy with other tests delays the generator indeed, and the generator knows by how much.
		if own := fitness.LatenessOwnP99; own > max(fitness.LatenessP99/2, 2*fitness.SchedulerP99) {
			t.Errorf("lateness p99 %.0f ms, of which %.0f ms are said to be the generator's own, which was delayed by %.0f ms",
				fitness.LatenessP99, own, fitness.SchedulerP99)
		}
	}
	return reading{
		served: fitness.Served, dropped: fitness.Dropped, other: fitness.Failed + fitness.Interrupted,
		latency: r.trend("latency", 0, always).Quantile(0.99), service: r.trend("http_req_duration", 0, always).Quantile(0.99),
	}
}

// stock loads the target as k6 does without brunt, on its own executor of the open model, and reads k6's own summary.
func (s stalling) stock(t *testing.T, vus int) reading {
	t.Helper()
	summary := filepath.Join(t.TempDir(), "summary.json")
	script := write(t, "script.js", get(fmt.Sprintf(`
  summaryTrendStats: ['p(99)'],
  scenarios: { s: { executor: 'constant-arrival-rate', rate: %d, duration: '%v', preAllocatedVUs: %d, maxVUs: %d } }`,
		s.rate, s.length, min(vus, s.few), vus))+`
export function handleSummary(data) { return { [__ENV.SUMMARY]: JSON.stringify(data.metrics) }; }`)
	out, code := plain(t, []string{"URL=" + s.target(t), "SUMMARY=" + summary}, "run", "--quiet", "--address=", "--no-usage-report", script)
	if code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	text, err := os.ReadFile(summary)
	if err != nil {
		t.Fatal(err)
	}
	var of map[string]struct{ Values map[string]float64 }
	if err := json.Unmarshal(text, &of); err != nil {
		t.Fatal(err)
	}
	return reading{
		served: int64(of["iterations"].Values["count"]), dropped: int64(of["dropped_iterations"].Values["count"]),
		service: of["http_req_duration"].Values["p(99)"],
	}
}

// judge holds what a few VUs read against what the stall must have cost: of the iterations that were due while the target
// stood still, the first waited for all of it.
func (s stalling) judge(t *testing.T, ours, stock reading) {
	t.Helper()
	share := float64(s.still) / float64(s.period)
	// Waits are even between nothing and all of the stall, for that share of all iterations.
	p99 := float64(s.still.Milliseconds()) * (1 - 0.01/share)
	if ours.served != s.offered() {
		t.Errorf("%v; want all %d served", ours, s.offered())
	}
	if ours.latency < 0.8*p99 || ours.service > ours.latency/2 {
		t.Errorf("%v; the stall costs a p99 of %.0f ms", ours, p99)
	}
	if stock.service > ours.latency/2 || stock.dropped < s.offered()/20 {
		t.Errorf("k6's own executor: %v; it was to drop what the stall kept waiting", stock)
	}
}

func TestAStallThatComesAgainIsMeasuredByLatencyWhereK6DropsIt(t *testing.T) {
	t.Parallel()
	s := stalling{period: 4 * time.Second, still: time.Second, length: 12 * time.Second, rate: 200, few: 4}
	var ours, stock reading
	t.Run("both", func(t *testing.T) {
		t.Run("brunt-arrival", func(t *testing.T) { t.Parallel(); ours = s.arrival(t, s.few) })
		t.Run("constant-arrival-rate", func(t *testing.T) { t.Parallel(); stock = s.stock(t, s.few) })
	})
	s.judge(t, ours, stock)
}

// TestProofStallsAreMeasured makes the table of a target that stalls 2 s every 10 s under 200/s: by brunt-arrival and by k6's
// own executor, with few VUs and with as many as k6 needs not to drop.
func TestProofStallsAreMeasured(t *testing.T) {
	file := proof.File(t)
	s := stalling{period: 10 * time.Second, still: 2 * time.Second, length: time.Minute, rate: 200, few: 10}
	const many = 500
	found := map[string]reading{}
	for _, row := range []struct {
		executor string
		vus      int
		load     func(*testing.T, int) reading
	}{
		{"brunt-arrival", s.few, s.arrival}, {"constant-arrival-rate", s.few, s.stock},
		{"brunt-arrival", many, s.arrival}, {"constant-arrival-rate", many, s.stock},
	} {
		name := fmt.Sprintf("stalls of 2 s every 10 s at 200/s, %s, up to %d VUs", row.executor, row.vus)
		t.Run(name, func(t *testing.T) {
			r := row.load(t, row.vus)
			found[fmt.Sprint(row.executor, row.vus)] = r
			proof.Row{File: file, What: name, Provider: proof.NoProvider}.Add(t, r.String())
		})
	}
	s.judge(t, found["brunt-arrival10"], found["constant-arrival-rate10"])
	if r := found["brunt-arrival500"]; r.latency < 1000 || r.served != s.offered() {
		t.Errorf("with VUs to spare: %v", r)
	}
}
