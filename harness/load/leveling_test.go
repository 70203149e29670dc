package load

import (
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/xk6-ext/requests"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// cold is a target that gets a third faster with every second, until it is warm.
type cold struct {
	after time.Duration // it is warm so long after its first request
	once  sync.Once
	began time.Time
}

func (c *cold) ServeHTTP(http.ResponseWriter, *http.Request) {
	c.once.Do(func() { c.began = time.Now() })
	left := max(0, c.after-time.Since(c.began))
	time.Sleep(time.Duration(200 * math.Exp(0.3*left.Seconds()) * float64(time.Millisecond)))
}

// TestTheWarmUpLastsUntilTheTimesOfBothBuildsAreLevel with k6 and a target of each build, of which one takes longer to warm up.
func TestTheWarmUpLastsUntilTheTimesOfBothBuildsAreLevel(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		cold  time.Duration // of the candidate
		most  time.Duration
		level bool

		scriptless bool
	}{
		{"in time", 4 * time.Second, 40 * time.Second, true, false},
		{"not in time", 8 * time.Second, 7 * time.Second, false, false},
		{"in time, of requests without a script", 4 * time.Second, 40 * time.Second, true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			builds := []wire.Build{
				{Name: "baseline", Env: map[string]string{"URL": serve(t, (&cold{}).ServeHTTP)}},
				{Name: "candidate", Env: map[string]string{"URL": serve(t, (&cold{after: row.cold}).ServeHTTP)}},
			}
			script := Script{Builds: builds, Warmup: row.most, LeastWarmup: 3 * time.Second}
			if row.scriptless {
				script.Path, script.Rate, script.Duration, script.VUs = "experiment.yaml", 40, 3*time.Second, 60
				script.Requests = &requests.Spec{Requests: []requests.Request{{Name: "root", Method: "GET", URL: "http://127.0.0.1:9", Weight: 1}}}
				for _, b := range builds {
					script.Sides = append(script.Sides, script.Requests.WithTexts([]string{b.Env["URL"]}))
				}
			} else {
				script.Path = write(t, "script.js", strings.Replace(payload, "OPTIONS", arrival(`{ rate: 40, duration: '3s', maxVUs: 60 }`), 1))
			}
			p := start(t, Options{Script: script})
			fitness, err := p.Wait()
			if err != nil {
				t.Fatal(err)
			}
			r := read(t, p)
			balanced(t, fitness, r)
			w := p.Warmed()
			if w == nil || w.Level != row.level || row.level && w.Seconds <= row.cold.Seconds() || !row.level && w.Seconds != row.most.Seconds() {
				t.Fatalf("%+v", w)
			}
			// What is measured begins where the warm-up ends, and is as long as was asked.
			if fitness.Served != 240 || fitness.Offered != 240 || fitness.Due != 240 {
				t.Errorf("%+v", fitness)
			}
			for _, build := range []string{"build:baseline", "build:candidate"} {
				if n := r.sum("offered", 0, always, build, "outcome:served"); n != 120 {
					t.Errorf("%s: %v served", build, n)
				}
			}
			checkGrid(t, p, r, w)
		})
	}
}

// checkGrid: frames begin and end at t = 0 and at whole seconds after it.
func checkGrid(t *testing.T, p *Process, r *record, w *results.Warmup) {
	t.Helper()
	zero, before := p.Zero().UnixNano(), 0
	for _, f := range r.frames {
		switch {
		case f.Start < zero && f.End > zero:
			t.Errorf("a frame begins %d ns before t = 0 and ends %d ns after it", zero-f.Start, f.End-zero)
		case f.Start >= zero && (f.Start-zero)%int64(time.Second) != 0:
			t.Errorf("a frame begins %d ns after t = 0", f.Start-zero)
		case f.Start < zero:
			before++
		}
	}
	if before < int(w.Seconds) {
		t.Errorf("%d frames are of a warm-up of %v s", before, w.Seconds)
	}
}
