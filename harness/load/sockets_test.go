package load

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// TestSocketsAreMeasuredAndEndWithTheirIterations holds half-open requests of a server that closes them, and of one that would
// do so in an hour: those end with the load that cuts their iteration off.
func TestSocketsAreMeasuredAndEndWithTheirIterations(t *testing.T) {
	t.Parallel()
	urls, open := map[string]string{}, atomic.Int64{}
	for name, patience := range map[string]time.Duration{"SHORT": 200 * time.Millisecond, "LONG": time.Hour} {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.Config.ReadHeaderTimeout = patience
		s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			open.Add(map[http.ConnState]int64{http.StateNew: 1, http.StateClosed: -1}[state])
		}
		s.Start()
		t.Cleanup(s.Close)
		urls[name] = s.URL
	}
	script := write(t, "script.js", `
import { sockets } from 'k6/x/brunt';
const once = { executor: 'brunt-arrival', rate: 1, timeUnit: '1h', duration: '2s', maxVUs: 1, gracefulStop: '0s' };
export const options = { scenarios: {
  short: Object.assign({ exec: 'short' }, once),
  long: Object.assign({ exec: 'long' }, once),
} };
export function short() { sockets.slowloris(__ENV.SHORT, { sockets: 30, for: '1h', every: '50ms' }); }
export function long() { sockets.slowloris(__ENV.LONG, { sockets: 500, for: '1h', every: '200ms' }); }`)
	fitness, err, r := run(t, Options{Script: Script{Path: script, Env: urls}})
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, fitness, r)
	if fitness.Served != 1 || fitness.Interrupted != 1 {
		t.Errorf("served %d, interrupted %d", fitness.Served, fitness.Interrupted)
	}
	for _, row := range []struct {
		metric, scenario string
		want             float64
	}{
		{"sockets_opened", "short", 30}, {"sockets_closed", "short", 30}, {"sockets_refused", "short", 0},
		{"sockets_opened", "long", 500}, {"sockets_closed", "long", 0}, {"sockets_refused", "long", 0},
	} {
		if got := r.sum(row.metric, 0, always, "scenario:"+row.scenario); got != row.want || len(r.points(row.metric, 0, always, "scenario:"+row.scenario)) == 0 {
			t.Errorf("%s of %s is %v, want %v", row.metric, row.scenario, got, row.want)
		}
	}
	if after := r.trend("sockets_closed_after", 0, always, "scenario:short"); after.Count() != 30 || after.Min() <= 0 {
		t.Errorf("%d were open for %v ms at least", after.Count(), after.Min())
	}
	for deadline := time.Now().Add(30 * time.Second); open.Load() != 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d sockets outlived the load", open.Load())
		}
	}
}
