package load

import (
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// get is a script with the given options that gets the target once an iteration.
func get(options string) string {
	return `
import http from 'k6/http';
export const options = { ` + options + ` };
export default function () { http.get(__ENV.URL, { tags: { name: 'root' } }); }`
}

func TestAStallOfTheTargetShowsInLatencyWhereServiceTimeHidesIt(t *testing.T) {
	var begun atomic.Int64
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		// From the first request on, the target stands still between 1 s and 1.5 s.
		begun.CompareAndSwap(0, time.Now().UnixNano())
		since := time.Since(time.Unix(0, begun.Load()))
		if since > time.Second && since < 1500*time.Millisecond {
			time.Sleep(1500*time.Millisecond - since)
		}
		ok(w, r)
	})
	script := write(t, "script.js", get(arrival(`{ rate: 100, duration: '3s', maxVUs: 2 }`)))
	fitness, err, r := run(t, Options{Script: Script{Path: script, Env: map[string]string{"URL": url}}})
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, fitness, r)
	if fitness.Served != 300 {
		t.Errorf("served %d of 300", fitness.Served)
	}
	// Of 300 requests 2 met the stall, and 48 more waited for a VU while it lasted.
	latency, service := r.trend("latency", 0, always), r.trend("http_req_duration", 0, always)
	if slow := latency.Count() - latency.CountAtMost(100); slow < 30 {
		t.Errorf("%d iterations waited more than 100 ms, want about 40", slow)
	}
	if slow := service.Count() - service.CountAtMost(400); slow > 4 {
		t.Errorf("%d requests took more than 400 ms, want the 2 that met the stall", slow)
	}
	// They belong to the second in which they should have begun.
	if n := r.trend("latency", 1, 2).Count(); n != 100 {
		t.Errorf("the second of the stall holds %d latencies, want 100", n)
	}
	if fitness.LatenessP99 < 300 {
		t.Errorf("lateness p99 %v ms hides the queue", fitness.LatenessP99)
	}
}

func TestTooFewVUsAndTooSmallAQueueAreAccountedFor(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(100 * time.Millisecond)
		ok(w, r)
	})
	script := write(t, "script.js", get(arrival(`{ rate: 100, duration: '2s', maxVUs: 2, queue: 10, gracefulStop: '200ms' }`)))
	fitness, err, r := run(t, Options{Script: Script{Path: script, Env: map[string]string{"URL": url}}})
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, fitness, r)
	if fitness.Offered != 200 {
		t.Errorf("offered %d, want 200", fitness.Offered)
	}
	if fitness.Dropped < 100 || fitness.Interrupted < 3 || fitness.Served < 20 {
		t.Errorf("two VUs at 10/s each, a queue of 10, 200 ms to end: %+v", fitness)
	}
	if n := r.sum("dropped_iterations", 0, always); int64(n) != fitness.Dropped {
		t.Errorf("k6's own count of dropped iterations is %v, ours %d", n, fitness.Dropped)
	}
}

func TestVUsAreAddedWhenIterationsWait(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(200 * time.Millisecond)
		ok(w, r)
	})
	script := write(t, "script.js", get(arrival(`{ rate: 50, duration: '3s', preAllocatedVUs: 1, maxVUs: 20 }`)))
	fitness, err, r := run(t, Options{Script: Script{Path: script, Env: map[string]string{"URL": url}}})
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, fitness, r)
	if fitness.Served != 150 {
		t.Errorf("served %d of 150 with VUs to spare", fitness.Served)
	}
}

func TestExceptionsOfIterationsAreCountedOnceOnEveryExecutor(t *testing.T) {
	t.Parallel()
	throwing := func(options string) string {
		return `
import exec from 'k6/execution';
export const options = { ` + options + ` };
export default function () { if (exec.scenario.iterationInTest % 5 === 1) throw new Error('boom'); }`
	}
	for _, row := range []struct {
		name, options           string
		offered, failed, thrown int64
	}{
		{"brunt-arrival", arrival(`{ rate: 20, duration: '1s' }`), 20, 4, 4},
		{"shared-iterations", `scenarios: { s: { executor: 'shared-iterations', vus: 2, iterations: 20 } }`, 20, 4, 4},
	} {
		t.Run(row.name, func(t *testing.T) {
			script := write(t, "script.js", throwing(row.options))
			fitness, err, _ := run(t, Options{Script: Script{Path: script}})
			if err != nil {
				t.Fatal(err)
			}
			if fitness.Offered != row.offered || fitness.Failed != row.failed || fitness.Exceptions != row.thrown {
				t.Errorf("%+v", fitness)
			}
			if want := "Error: boom (" + script + ":4:"; !strings.HasPrefix(fitness.FirstException, want) {
				t.Errorf("the first exception reads %q, want %s…", fitness.FirstException, want)
			}
			if at := "\tat default (" + script + ":4:"; !strings.HasPrefix(fitness.FirstStack, "Error: boom\n") || !strings.Contains(fitness.FirstStack, at) {
				t.Errorf("its stack reads %q, want %s…", fitness.FirstStack, at)
			}
			if fitness.ExitCode != 0 {
				t.Errorf("exit code %d: k6 itself takes no notice", fitness.ExitCode)
			}
		})
	}
}

func TestAFailedRequestFailsItsIteration(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%4 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	script := write(t, "script.js", get(arrival(`{ rate: 40, duration: '1s' }`)))
	fitness, err, r := run(t, Options{Script: Script{Path: script, Env: map[string]string{"URL": url}}})
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, fitness, r)
	if fitness.Served != 30 || fitness.Failed != 10 {
		t.Errorf("served %d, failed %d; want 30 and 10", fitness.Served, fitness.Failed)
	}
	if trues, total := r.rate("http_req_failed", 0, always, "name:root"); trues != 10 || total != 40 {
		t.Errorf("http_req_failed %d of %d", trues, total)
	}
	if n := r.trend("latency", 0, always, "outcome:failed").Count(); n != 10 {
		t.Errorf("%d latencies of failed requests, want 10", n)
	}
}

func TestSelectorsBecomeSeriesOfTheirOwn(t *testing.T) {
	t.Parallel()
	url := serve(t, ok)
	script := write(t, "script.js", `
import http from 'k6/http';
import { Trend } from 'k6/metrics';
import { group } from 'k6';
const size = new Trend('size');
export const options = { `+arrival(`{ rate: 20, duration: '1s' }`)+` };
export default function () {
  group('all', () => {
    http.get(__ENV.URL, { tags: { name: 'root', endpoint: 'list' } });
    http.get(__ENV.URL, { tags: { name: 'root', endpoint: 'create' } });
    size.add(3, { endpoint: 'create' });
    size.add(5);
  });
}`)
	_, err, r := run(t, Options{Script: Script{Path: script, Env: map[string]string{"URL": url}}, Selectors: []wire.Selector{
		{Metric: "latency", Tags: map[string]string{"endpoint": "create"}},
		{Metric: "http_req_duration", Tags: map[string]string{"endpoint": "list", "status": "200"}},
		{Metric: "size", Tags: map[string]string{"endpoint": "create"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		metric string
		tags   []string
		want   uint64
	}{
		{"latency", nil, 40},
		{"latency", []string{"endpoint:create", "selector:1"}, 20},
		{"http_req_duration", []string{"endpoint:list", "status:200", "selector:1"}, 20},
		{"size", nil, 40},
		{"size", []string{"endpoint:create", "selector:1"}, 20},
		{"group_duration", []string{"group:::all"}, 20},
	} {
		if n := r.trend(row.metric, 0, always, row.tags...).Count(); n != row.want {
			t.Errorf("%s %v holds %d values, want %d; there are %v", row.metric, row.tags, n, row.want, r.keys())
		}
	}
}

func TestMarksCutFramesAndLateSamplesReturnToTheirSecond(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(1200 * time.Millisecond)
		ok(w, r)
	})
	script := write(t, "script.js", get(arrival(`{ rate: 10, duration: '2s' }`)))
	p := start(t, Options{Script: Script{Path: script, Env: map[string]string{"URL": url}}})
	<-p.Started()
	mark := p.Zero().Add(1350 * time.Millisecond)
	if err := p.Mark(mark, "fault"); err != nil {
		t.Fatal(err)
	}
	fitness, err := p.Wait()
	if err != nil {
		t.Fatal(err)
	}
	r := read(t, p)
	balanced(t, fitness, r)
	for _, f := range r.frames {
		if f.Start < mark.UnixNano() && mark.UnixNano() < f.End {
			t.Errorf("a frame straddles the mark")
		}
	}
	if before, after := r.sum("http_reqs", 1, 1.35), r.sum("http_reqs", 1.35, 2); before != 4 || after != 6 {
		t.Errorf("%v requests were due before the mark, %v after; want 4 and 6", before, after)
	}
}

func TestAnAbortingThresholdEndsTheLoad(t *testing.T) {
	t.Parallel()
	url := serve(t, ok)
	script := write(t, "script.js", get(arrival(`{ rate: 50, duration: '60s' }`)+
		`, thresholds: { 'http_req_duration{name:root}': [{ threshold: 'p(95)<0.0001', abortOnFail: true }] }`))
	fitness, err, r := run(t, Options{Script: Script{Path: script, Env: map[string]string{"URL": url}}})
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, fitness, r)
	if fitness.ExitCode != exitThresholds || !strings.Contains(fitness.Aborted, "http_req_duration{name:root}") {
		t.Errorf("exit code %d, aborted %q", fitness.ExitCode, fitness.Aborted)
	}
	if fitness.Offered == 0 || fitness.Offered > 1000 {
		t.Errorf("offered %d of 3000", fitness.Offered)
	}
}

func TestAScriptCanEndItsOwnTest(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, options, does, aborted string
		code                         int
	}{
		{"abort on brunt-arrival", arrival(`{ rate: 20, duration: '60s' }`), "exec.test.abort('enough')", "test aborted: enough", exitAborted},
		{"abort on k6's own", `vus: 1, duration: '60s'`, "exec.test.abort('enough')", "test aborted: enough", exitAborted},
		{"fail", arrival(`{ rate: 5, duration: '1s' }`), "exec.test.fail('bad')", "test run was marked as failed", exitFailed},
	} {
		t.Run(row.name, func(t *testing.T) {
			script := write(t, "script.js", `
import exec from 'k6/execution';
export const options = { `+row.options+` };
export default function () { `+row.does+`; }
export function teardown() { console.log('torn down'); }`)
			p := start(t, Options{Script: Script{Path: script}})
			fitness, err := p.Wait()
			if err != nil {
				t.Fatal(err)
			}
			if fitness.ExitCode != row.code || !strings.HasPrefix(fitness.Aborted, row.aborted) {
				t.Errorf("exit code %d, aborted %q", fitness.ExitCode, fitness.Aborted)
			}
			if fitness.Offered != fitness.Served+fitness.Failed+fitness.Dropped+fitness.Interrupted {
				t.Errorf("not accounted for: %+v", fitness)
			}
			if text, _ := os.ReadFile(p.options.LogPath); !strings.Contains(string(text), "torn down") {
				t.Error("teardown did not run")
			}
		})
	}
}

func TestSeveralScenariosBesideEachOther(t *testing.T) {
	t.Parallel()
	url := serve(t, ok)
	script := write(t, "script.js", `
import http from 'k6/http';
export const options = { scenarios: {
  a: { executor: 'brunt-arrival', rate: 20, duration: '2s', maxVUs: 5, exec: 'a' },
  b: { executor: 'brunt-arrival', rate: 10, duration: '1s', startTime: '1s', maxVUs: 5, exec: 'b', tags: { kind: 'late' } },
  c: { executor: 'constant-arrival-rate', rate: 10, duration: '2s', preAllocatedVUs: 5, exec: 'a' },
} };
export function a() { http.get(__ENV.URL, { tags: { name: 'a' } }); }
export function b() { http.get(__ENV.URL, { tags: { name: 'b' } }); }`)
	p := start(t, Options{Script: Script{Path: script, Env: map[string]string{"URL": url}, Warmup: time.Second}, Selectors: []wire.Selector{
		{Metric: "offered", Tags: map[string]string{"kind": "late"}},
	}})
	fitness, err := p.Wait()
	if err != nil {
		t.Fatal(err)
	}
	r := read(t, p)
	balanced(t, fitness, r)
	if fitness.Offered != 50 {
		t.Errorf("offered %d on brunt-arrival, want 40 + 10", fitness.Offered)
	}
	if n := r.trend("latency", -always, 1, "scenario:b").Count(); n != 0 {
		t.Errorf("%d of the later scenario in the first second", n)
	}
	if n := r.trend("latency", 1, 2, "scenario:b").Count(); n != 10 {
		t.Errorf("%d of the later scenario in its second", n)
	}
	if n := r.trend("latency", -always, always, "scenario:c").Count(); n != 0 {
		t.Errorf("%d latencies of an executor that knows no intended start", n)
	}
	if n := r.sum("http_reqs", -always, always, "scenario:c"); n < 19 || n > 21 {
		t.Errorf("%v requests of k6's own executor", n)
	}
	if n := r.sum("offered", 0, always, "kind:late", "selector:1"); n != 10 {
		t.Errorf("%v by the selector on a scenario's own tag", n)
	}
	if open, constant := p.Model(); open || constant {
		t.Errorf("open %v, constant %v", open, constant)
	}
}

func TestTheModuleGivesTheSameRandomsWhateverTheVU(t *testing.T) {
	t.Parallel()
	var seen [2]map[string]int
	var round atomic.Int64
	lines := make(chan string, 1000)
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) { lines <- r.URL.RawQuery })
	script := write(t, "script.js", `
import http from 'k6/http';
import brunt from 'k6/x/brunt';
import exec from 'k6/execution';
export const options = { `+arrival(`{ rate: 50, duration: '1s' }`)+` };
const first = brunt.rand(0).float();
export default function () {
  const r = brunt.rand();
  const parts = [brunt.seed, exec.scenario.iterationInTest, r.int(1, 1000), r.pick(['a', 'b', 'c']), r.text(4), r.chance(0.5), r.float(), brunt.number('rows')];
  http.get(brunt.url('api') + '/?' + parts.join('_') + '_' + first);
}`)
	for i := range 2 {
		round.Store(int64(i))
		seen[i] = map[string]int{}
		_, err, _ := run(t, Options{Script: Script{Path: script}, Seed: 42, Facts: map[string]string{
			"api.address": strings.TrimPrefix(url, "http://"), "rows": "100000",
		}})
		if err != nil {
			t.Fatal(err)
		}
		for len(lines) > 0 {
			seen[i][<-lines]++
		}
	}
	if len(seen[0]) != 50 {
		t.Errorf("%d different payloads in 50 iterations", len(seen[0]))
	}
	if diff := cmp.Diff(seen[0], seen[1]); diff != "" {
		t.Errorf("the same seed gave other payloads:\n%s", diff)
	}
	for line := range seen[0] {
		if !strings.HasPrefix(line, "42_") || !strings.Contains(line, "_100000_") {
			t.Errorf("a payload without seed or fact: %s", line)
		}
	}
}
