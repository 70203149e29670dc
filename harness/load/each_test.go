package load

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// crowded is a script whose scenarios offer much at once, and one that drives faults.
const crowded = `import http from 'k6/http';
import brunt from 'k6/x/brunt';
export const options = {
  thresholds: { iterations: ['count>1000000'] },
  scenarios: {
    looks: { executor: 'brunt-arrival', rate: 500, duration: '30s', exec: 'look' },
    more: { executor: 'constant-vus', vus: 20, duration: '30s', exec: 'look' },
    orders: { executor: 'constant-vus', vus: 20, duration: '30s', exec: 'order' },
    drives: { executor: 'per-vu-iterations', vus: 1, iterations: 1, exec: 'drive' },
  },
};
export function look() { http.get(__ENV.URL + '/look/' + brunt.rand().int(1, 1000000)); }
export function order() { http.get(__ENV.URL + '/order/' + brunt.rand().int(1, 1000000)); }
export function drive() { http.get(__ENV.URL + '/drive/1'); }
`

// weighed is a script whose scenarios run one function in two environments, one of them twice as often.
const weighed = `import http from 'k6/http';
export const options = { scenarios: {
  ann: { executor: 'constant-arrival-rate', rate: 120, timeUnit: '1m', duration: '30s', preAllocatedVUs: 1, exec: 'visit', env: { WHO: 'ann' } },
  bob: { executor: 'brunt-arrival', rate: 1, duration: '30s', exec: 'visit', env: { WHO: 'bob', MORE: '/more' } },
} };
export function visit() { http.get(__ENV.URL + '/' + __ENV.WHO + (__ENV.MORE || '')); }
`

// TestTurnsHaveTheEnvironmentAndTheWeightOfTheirScenario also sees that one scenario's environment is gone with its turn.
func TestTurnsHaveTheEnvironmentAndTheWeightOfTheirScenario(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.URL.Path)
		ok(w, r)
	})
	script := Script{Path: write(t, "script.js", weighed), Env: map[string]string{"URL": url}, Each: 6}
	if _, err, _ := run(t, Options{Script: script, Seed: 4}); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(seen), "[/ann /bob/more /ann /ann /bob/more /ann]"; got != want {
		t.Errorf("asked for %s, not %s", got, want)
	}
}

func TestScenariosTakeTurnsOneIterationAfterAnother(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	var inside, most atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), inside.Add(1)))
		defer inside.Add(-1)
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.URL.Path)
		ok(w, r)
	})
	lists := map[string]Script{
		"a script":             {Path: write(t, "script.js", crowded), Env: map[string]string{"URL": url}, Each: 6},
		"a script and a shape": {Path: write(t, "script.js", crowded+"export default look;"), Env: map[string]string{"URL": url}, Each: 6, Shape: "soak"},
		"requests":             {Path: "experiment.yaml", Requests: scriptless(url), Rate: 500, Each: 6, VUs: 9},
	}
	for name, script := range lists {
		var first []string
		for range 2 {
			seen = nil
			if _, err, _ := run(t, Options{Script: script, Seed: 4}); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if len(seen) != 6 || most.Load() != 1 {
				t.Errorf("%s: %d requests, %d at once: %v", name, len(seen), most.Load(), seen)
			}
			if first != nil && fmt.Sprint(first) != fmt.Sprint(seen) {
				t.Errorf("%s: the same seed asks for %v, then for %v", name, first, seen)
			}
			first = seen
		}
		for i, path := range first {
			if want := []string{"/look/", "/look/", "/order/"}[i%3]; name == "a script" && !strings.HasPrefix(path, want) {
				t.Errorf("request %d is %s, not %s", i, path, want)
			}
		}
	}
}
