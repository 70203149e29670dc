package native

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/xk6-ext/requests"
)

// While the target stalls, iterations wait in the queue, and their latency shows it; those beyond the queue are dropped.
func TestAStallQueuesAndDrops(t *testing.T) {
	t.Parallel()
	var stalling sync.Mutex
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		stalling.Lock()
		defer stalling.Unlock()
		ok(w, r)
	})
	var began sync.Once
	got := play{
		options: `{"rate": 100, "duration": "2s", "maxVUs": 4, "queue": 20}`, spec: get(s.URL),
		watch: func(m metrics.SampleContainer) {
			began.Do(func() {
				stalling.Lock()
				time.AfterFunc(time.Second, stalling.Unlock)
			})
		},
	}.run(t, t.Context())
	a := got.account()
	if a.offered() != 200 || a.dropped < 20 || a.dropped > 150 || a.interrupted != 0 || a.failed != 0 || got.dropped != a.dropped {
		t.Errorf("%+v, %d samples of dropped iterations", a, got.dropped)
	}
	var most, waited time.Duration
	for _, x := range got.done {
		most, waited = max(most, x.Lateness), max(waited, x.Waited)
		if x.Waited > x.Lateness {
			t.Errorf("waited %v of a lateness of %v", x.Waited, x.Lateness)
		}
	}
	if most < 500*time.Millisecond || waited < 500*time.Millisecond {
		t.Errorf("the greatest lateness is %v, of which %v were spent waiting", most, waited)
	}
	if len(got.pools) != 1 || got.pools[0].Most != 4 || got.pools[0].Allowed != 4 {
		t.Errorf("%+v", got.pools)
	}
}

// What is cut off at the end, in flight or in the queue, is interrupted, and nothing is lost on the way.
func TestWhatIsCutOffIsInterrupted(t *testing.T) {
	t.Parallel()
	block := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for _, row := range []struct {
		name, url string
		http      requests.HTTP
	}{
		{"HTTP/1.1", serve(t, block).URL, requests.HTTP{}},
		{"HTTP/2", h2(t, block), requests.HTTP{Version: "2"}},
	} {
		for _, end := range []string{"by the graceful stop", "by the user"} {
			t.Run(row.name+" "+end, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				options, offered := `{"rate": 50, "duration": "1s", "maxVUs": 5, "gracefulStop": "200ms", "queue": 100}`, 50
				if end == "by the user" {
					options, offered = `{"rate": 50, "duration": "60s", "maxVUs": 5}`, 0
					time.AfterFunc(500*time.Millisecond, cancel)
				}
				spec := get(row.url)
				spec.HTTP = row.http
				got := play{options: options, spec: spec}.run(t, ctx)
				a := got.account()
				if a.interrupted != a.offered() || offered > 0 && a.offered() != offered || a.offered() < 10 {
					t.Errorf("%+v, want %d offered and all of them interrupted", a, offered)
				}
				begun := 0
				for _, x := range got.done {
					if len(x.GetSamples()) > 0 {
						t.Error("samples of a request that was cut off")
					}
					begun++
				}
				if begun != 5 {
					t.Errorf("%d had begun, want 5", begun)
				}
			})
		}
	}
}
