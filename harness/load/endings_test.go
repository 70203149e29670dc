package load

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestEveryEndingOfARealLoadIsAccountedFor runs k6 itself into the ends that a load may come to.
func TestEveryEndingOfARealLoadIsAccountedFor(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, options, before, body string
		offered, served             int64 // -1: as many as it comes to
		interrupted                 bool
		fails                       string // what Wait returns
		logged                      string
	}{
		{name: "to its end", options: `{ rate: 40, duration: '1s' }`, offered: 40, served: 40},
		{name: "cut off by the graceful stop", options: `{ rate: 40, duration: '1s', maxVUs: 4, gracefulStop: '200ms' }`,
			body: `sleep(30);`, offered: 40, interrupted: true},
		{name: "cut off without one", options: `{ rate: 40, duration: '1s', maxVUs: 4, gracefulStop: '0s' }`,
			body: `sleep(30);`, offered: 40, interrupted: true},
		{name: "by the script, while others run and wait", options: `{ rate: 40, duration: '60s', maxVUs: 4 }`,
			body: `if (exec.scenario.iterationInTest === 3) { sleep(0.5); exec.test.abort('enough'); } sleep(30);`, offered: -1, interrupted: true},
		{name: "setup throws", options: `{ rate: 40, duration: '1s' }`,
			before: `export function setup() { throw new Error('no data'); }`, fails: "no data"},
		{name: "setup ends the test", options: `{ rate: 40, duration: '1s' }`,
			before: `export function setup() { exec.test.abort('no data'); }`},
		{name: "a VU can't be set up", options: `{ rate: 40, duration: '1s', maxVUs: 4 }`,
			before: `if (__VU === 3) { throw new Error('no third'); }`, fails: "no third"},
		{name: "a VU can't be set up on the way", options: `{ rate: 40, duration: '1s', preAllocatedVUs: 1, maxVUs: 3 }`,
			before: `if (__VU === 2) { throw new Error('no second'); }`, body: `sleep(0.06);`, offered: 40, served: 40,
			logged: "could not set up another VU"},
	} {
		t.Run(row.name, func(t *testing.T) {
			script := write(t, "script.js", fmt.Sprintf(`
import { sleep } from 'k6';
import exec from 'k6/execution';
export const options = { %s };
%s
export default function () { %s }`, arrival(row.options), row.before, row.body))
			p := start(t, Options{Script: Script{Path: script}})
			fitness, err := p.Wait()
			if text := fmt.Sprint(err); row.fails == "" && err != nil || row.fails != "" && !strings.Contains(text, row.fails) {
				t.Errorf("the error is %v, want %q", err, row.fails)
			}
			balanced(t, fitness, read(t, p))
			if row.offered >= 0 && fitness.Offered != row.offered || fitness.Served != row.served || (fitness.Interrupted > 0) != row.interrupted {
				t.Errorf("%+v", fitness)
			}
			if row.offered < 0 && (fitness.Offered < 4 || fitness.Offered > 2000) {
				t.Errorf("offered %d", fitness.Offered)
			}
			if text, _ := os.ReadFile(p.options.LogPath); !strings.Contains(string(text), row.logged) {
				t.Errorf("the log does not say %q", row.logged)
			}
		})
	}
}
