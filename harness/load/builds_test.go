package load

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// builds is a scenario that measures two builds, and payload a script that sends each what it drew.
const (
	builds  = `builds: [{ name: 'baseline', env: { URL: __ENV.BASELINE } }, { name: 'candidate', env: { URL: __ENV.CANDIDATE } }]`
	payload = `
import http from 'k6/http';
import brunt from 'k6/x/brunt';
import exec from 'k6/execution';
export const options = { OPTIONS };
export default function () {
  const r = brunt.rand();
  const parts = [exec.scenario.iterationInTest, r.int(1, 1e9), r.text(8), r.pick(['a', 'b', 'c']), r.float()];
  http.get(__ENV.URL + '/?' + parts.join('_'), { tags: { name: 'root' } });
}`
)

// seen gathers the queries of requests.
type seen struct {
	mu      sync.Mutex
	queries []string
}

func (s *seen) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries = append(s.queries, r.URL.RawQuery)
}

// sorted are the queries, and empties the list.
func (s *seen) sorted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.queries
	s.queries = nil
	slices.Sort(all)
	return all
}

func TestBothBuildsOfASlotGetTheSamePayload(t *testing.T) {
	t.Parallel()
	var baseline, candidate seen
	env := map[string]string{"BASELINE": serve(t, baseline.ServeHTTP), "CANDIDATE": serve(t, candidate.ServeHTTP)}
	script := write(t, "script.js", strings.Replace(payload, "OPTIONS", arrival(`{ rate: 50, duration: '2s', `+builds+` }`), 1))
	fitness, err, r := run(t, Options{
		Script: Script{Path: script, Env: env, Warmup: time.Second}, Seed: 42,
		Selectors: []wire.Selector{{Metric: "latency", Tags: map[string]string{"build": "candidate"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, fitness, r)
	if fitness.Served != 200 {
		t.Errorf("served %d of 2 × 100", fitness.Served)
	}
	first, second := baseline.sorted(), candidate.sorted()
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the builds got other payloads:\n%s", diff)
	}
	if different := slices.Compact(first); len(different) != 125 {
		t.Errorf("%d payloads, want 25 of the warm-up and 100", len(different))
	}
	for _, build := range []string{"build:baseline", "build:candidate"} {
		for _, n := range []float64{
			float64(r.trend("latency", 0, always, build, "name:root", "outcome:ok").Count()),
			float64(r.trend("http_req_duration", 0, always, build, "outcome:ok").Count()),
			float64(r.trend("lateness", 0, always, build).Count()),
			r.sum("http_reqs", 0, always, build, "outcome:ok"),
			r.sum("offered", 0, always, build, "outcome:served"),
		} {
			if n != 100 {
				t.Errorf("%s: %v values, want 100; there are %v", build, n, r.keys())
			}
		}
		if _, total := r.rate("http_req_failed", 0, always, build); total != 100 {
			t.Errorf("%s: %d values of http_req_failed", build, total)
		}
	}
	if n := r.trend("latency", 0, always, "build:candidate", "selector:1").Count(); n != 100 {
		t.Errorf("%d latencies by the selector", n)
	}
}

// TestAnyScriptCanMeasureTwoBuilds: a script that knows nothing of builds, and reads __ENV before it has begun.
func TestAnyScriptCanMeasureTwoBuilds(t *testing.T) {
	t.Parallel()
	var baseline, candidate seen
	builds := []wire.Build{
		{Name: "baseline", Env: map[string]string{"URL": serve(t, baseline.ServeHTTP)}},
		{Name: "candidate", Env: map[string]string{"URL": serve(t, candidate.ServeHTTP)}},
	}
	for _, row := range []struct {
		name, script string
		shape        string
	}{
		{"a shape", "export const options = { vus: 1 };", "ramp"},
		{"scenarios of its own", "export const options = { " + arrival(`{ rate: 50, duration: '1h' }`) + " };", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			script := write(t, "script.js", `
import http from 'k6/http';
import { scenario } from 'k6/execution';
const url = __ENV.URL;
`+row.script+`
export default function () { http.get(url + '/?' + scenario.iterationInTest + '_' + (url === __ENV.URL)); }`)
			fitness, err, r := run(t, Options{Script: Script{
				Path: script, Env: map[string]string{"URL": "http://nowhere.invalid"}, Shape: row.shape, Rate: 40, Duration: 2 * time.Second, // of both
				VUs: 6, Builds: builds,
			}})
			if err != nil {
				t.Fatal(err)
			}
			balanced(t, fitness, r)
			first, second := baseline.sorted(), candidate.sorted()
			if diff := cmp.Diff(first, second); diff != "" {
				t.Errorf("the builds got other iterations:\n%s", diff)
			}
			if len(first) < 20 || int64(2*len(first)) != fitness.Served || slices.ContainsFunc(first, func(q string) bool { return !strings.HasSuffix(q, "_true") }) {
				t.Errorf("%d requests to each build, %d iterations served: %v", len(first), fitness.Served, first)
			}
			for _, b := range builds {
				if n := r.sum("offered", 0, always, "build:"+b.Name, "outcome:served"); n != float64(len(first)) {
					t.Errorf("%v served by %s", n, b.Name)
				}
			}
		})
	}
}

func TestAStalledBuildLeavesTheOtherAlone(t *testing.T) {
	t.Parallel()
	held := make(chan struct{})
	env := map[string]string{"BASELINE": serve(t, ok), "CANDIDATE": serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-held:
		case <-r.Context().Done():
		}
	})}
	t.Cleanup(func() { close(held) })
	script := write(t, "script.js", strings.Replace(payload, "OPTIONS",
		arrival(`{ rate: 50, duration: '2s', maxVUs: 4, queue: 70, gracefulStop: '1s', `+builds+` }`), 1))
	fitness, err, r := run(t, Options{Script: Script{Path: script, Env: env}})
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, fitness, r)
	of := func(build string) map[string]float64 {
		got := map[string]float64{}
		for _, outcome := range []string{"served", "failed", "dropped", "interrupted"} {
			got[outcome] = r.sum("offered", 0, always, "build:"+build, "outcome:"+outcome)
		}
		return got
	}
	want := map[string]float64{"served": 100, "failed": 0, "dropped": 0, "interrupted": 0}
	if diff := cmp.Diff(want, of("baseline")); diff != "" {
		t.Errorf("the baseline, beside a candidate that stands still:\n%s", diff)
	}
	// 4 that hang, 70 that wait, and what found no place.
	want = map[string]float64{"served": 0, "failed": 0, "dropped": 26, "interrupted": 74}
	if diff := cmp.Diff(want, of("candidate")); diff != "" {
		t.Errorf("the candidate:\n%s", diff)
	}
	if n := r.trend("latency", 0, always, "build:baseline").Count(); n != 100 {
		t.Errorf("%d latencies of the baseline", n)
	}
}

func TestPayloadsAreTheSameHoweverManyVUsThereAre(t *testing.T) {
	t.Parallel()
	var target seen
	url := serve(t, target.ServeHTTP)
	drawn := map[string][]string{}
	for _, row := range []struct{ name, options string }{
		{"one VU", `{ rate: 100, duration: '1s', maxVUs: 1 }`},
		{"three VUs, added on the way", `{ rate: 100, duration: '1s', preAllocatedVUs: 1, maxVUs: 3 }`},
		{"fifty VUs", `{ rate: 100, duration: '1s', maxVUs: 50 }`},
		{"a ramp", `{ stages: [{ duration: '1s', target: 200 }] }`},
		{"another seed", `{ rate: 100, duration: '1s' }`},
	} {
		script := write(t, "script.js", strings.Replace(payload, "OPTIONS", arrival(row.options), 1))
		o := Options{Script: Script{Path: script, Env: map[string]string{"URL": url}}, Seed: 42}
		if row.name == "another seed" {
			o.Seed = 43
		}
		if _, err, _ := run(t, o); err != nil {
			t.Fatal(err)
		}
		drawn[row.name] = target.sorted()
		if len(drawn[row.name]) != 100 {
			t.Errorf("%s: %d payloads", row.name, len(drawn[row.name]))
		}
		diff := cmp.Diff(drawn["one VU"], drawn[row.name])
		if same := diff == ""; same == (row.name == "another seed") {
			t.Errorf("%s: the payloads differ as follows from those of one VU:\n%s", row.name, diff)
		}
	}
}

func TestAScriptThatSetsUpIsKnown(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, text string
		want       bool
	}{
		{"it exports a function", "export function setup() {}\nexport default function () {}", true},
		{"it exports a name", "const teardown = () => {};\nexport { teardown };\nexport default function () {}", true},
		{"it speaks of one", "// no setup is needed\nexport default function () {}", false},
		{"it has one for itself", "function setup() {}\nsetup();\nexport default function () {}", false},
		{"it does not", "export default function () {}", false},
	} {
		got, err := SetsUp(t.Context(), os.Args[0], Script{Path: write(t, "script.js", row.text)})
		if err != nil || got != row.want {
			t.Errorf("%s: %v, %v", row.name, got, err)
		}
	}
}
