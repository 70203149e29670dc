package load

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEachScenarioHasItsOwnScheduleStartStopEnvAndFunction(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	asked := map[string]int{}
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.URL.RawQuery]++
		mu.Unlock()
		if r.URL.Query().Get("who") == "hung" {
			<-r.Context().Done()
		}
	})
	script := write(t, "script.js", `
import http from 'k6/http';
const common = { executor: 'brunt-arrival', maxVUs: 5 };
export const options = { scenarios: {
  constant: { ...common, rate: 30, duration: '3s', env: { WHO: 'constant' } },
  ramping: { ...common, startRate: 10, stages: [{ duration: '2s', target: 30 }], startTime: '1s', env: { WHO: 'ramping' }, tags: { team: 'x' } },
  stepped: { ...common, startRate: 20, env: { WHO: 'stepped' },
    stages: [{ duration: '1s', target: 20 }, { duration: 0, target: 50 }, { duration: '1s', target: 50 }, { duration: 0, target: 10 }, { duration: '1s', target: 10 }] },
  hung: { ...common, maxVUs: 2, rate: 10, duration: '1s', gracefulStop: '500ms', env: { WHO: 'hung' }, exec: 'hang' },
} };
function get(path) { http.get(__ENV.URL + path + '?who=' + __ENV.WHO, { tags: { name: path } }); }
export default function () { get('/fast'); }
export function hang() { get('/slow'); }`)
	fitness, err, r := run(t, Options{Script: Script{Path: script, Env: map[string]string{"URL": url}, Warmup: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, fitness, r)
	offered := func(scenario string, from, to float64) float64 {
		return r.sum("offered", from, to, "scenario:"+scenario)
	}
	type row struct{ warmup, first, second, third, later float64 }
	got := map[string]row{}
	for _, s := range []string{"constant", "ramping", "stepped", "hung"} {
		got[s] = row{offered(s, -always, 0), offered(s, 0, 1), offered(s, 1, 2), offered(s, 2, 3), offered(s, 3, always)}
	}
	// A scenario that starts later has no warm-up. A ramp from 10 to 30/s offers 15 in its first second and 25 in its second.
	want := map[string]row{
		"constant": {15, 30, 30, 30, 0}, "ramping": {0, 0, 15, 25, 0}, "stepped": {10, 20, 50, 10, 0}, "hung": {5, 10, 0, 0, 0},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); diff != "" {
		t.Errorf("offered in each second:\n%s", diff)
	}
	if fitness.Interrupted != 10 || fitness.Served != 90+40+80 {
		t.Errorf("served %d, interrupted %d; want 210 and what hung", fitness.Served, fitness.Interrupted)
	}
	if n := r.sum("offered", -always, always, "scenario:hung", "outcome:interrupted"); n != 15 {
		t.Errorf("%v of what hung are recorded as interrupted, want 15", n)
	}
	mu.Lock()
	defer mu.Unlock()
	if hung := asked["who=hung"]; hung != 2 {
		t.Errorf("%d requests hung, want one for each VU", hung)
	}
	delete(asked, "who=hung")
	if diff := cmp.Diff(map[string]int{"who=constant": 105, "who=ramping": 40, "who=stepped": 90}, asked); diff != "" {
		t.Errorf("requests by the scenarios' env:\n%s", diff)
	}
	if tags := r.keys(); !slices.Contains(tags, "http_reqs{name:/fast,outcome:ok,scenario:ramping}") {
		t.Errorf("series: %v", tags)
	}
}
