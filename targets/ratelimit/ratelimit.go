// Package ratelimit is a limiter that several instances of an API share through Redis: 100 requests of a key in a minute.
//
//	GET /api      with X-Api-Key: 200, 429 over the limit, 503 when nobody can tell, 401 without a key
//	GET /ledger   who was admitted when
//
// What happened: a limiter was written as it reads in many introductions: look at the counter, and if it is below the limit,
// count one more and let it live for a minute. Three things are wrong with that, and none of them shows on one's own machine,
// where Redis answers in a tenth of a millisecond.
//
//   - Between the look and the count others look, too: everybody who asks within a round trip sees the same counter. One who
//     sends 1,000 requests a second past it gets through the more of them, the slower Redis is.
//   - Every admitted request gives the counter a new minute. That of a client who never pauses never ends: it fills up, however
//     slowly, and then he is locked out for a minute, in spite of never having sent 100 in any.
//   - When Redis does not answer, nobody has said what should happen: requests hang as long as Redis does, or fail.
//
// From outside: good customers complain of 429s that nobody can explain, while the abusive one gets more than he should.
//
// What mends it: one script that Redis runs as a whole, which counts first and starts the minute only with the first request; a
// timeout of 50 ms; and a decision on what holds without an answer. Here each instance goes on with its share of the limit, less
// what it has admitted already, and keeps to that until the window is over: a failure of Redis neither stops the API nor opens it.
//
// It reads REDIS_URL, WINDOW (a minute unless it says otherwise) and INSTANCES (how many share the limit, default 1).
package ratelimit

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const (
	limit         = 100 // requests of one key in a window
	defaultWindow = time.Minute
	longestKey    = 200 // bytes
)

// limiter is what the variants differ in.
type limiter interface {
	// admit says whether one more request of the key may pass now. Its error means that nobody can tell.
	admit(ctx context.Context, key string) (bool, error)
}

// settings are what both variants are given.
type settings struct {
	window    time.Duration
	instances int
}

// Target is the reference target of this package.
func Target() kit.Target {
	return kit.Target{Name: "ratelimit", About: "100 requests of a key in a minute, counted in Redis by several instances", Open: open}
}

func open(_ context.Context, env kit.Environment) (kit.Service, error) {
	s, err := readSettings(env)
	if err != nil {
		return kit.Service{}, err
	}
	variant := newFixed
	if env.Variant == kit.Naive {
		variant = newNaive
	}
	l, cache, err := variant(env, s)
	if err != nil {
		return kit.Service{}, err
	}
	return service(env, l, cache)
}

func readSettings(env kit.Environment) (settings, error) {
	s := settings{window: defaultWindow, instances: 1}
	var err error
	if text := env.Optional("WINDOW"); text != "" {
		if s.window, err = time.ParseDuration(text); err != nil || s.window < time.Millisecond {
			return s, fmt.Errorf("WINDOW=%s: want a duration such as 60s", text)
		}
	}
	if text := env.Optional("INSTANCES"); text != "" {
		if s.instances, err = strconv.Atoi(text); err != nil || s.instances < 1 || s.instances > limit {
			return s, fmt.Errorf("INSTANCES=%s: want a number from 1 to %d", text, limit)
		}
	}
	return s, nil
}

func service(env kit.Environment, l limiter, cache *kit.Cache) (kit.Service, error) {
	a := &api{limiter: l, decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ratelimit_decisions_total", Help: "Requests by what became of them: admitted, rejected or unknown.",
	}, []string{"outcome"})}
	if err := env.Registry.Register(a.decisions); err != nil {
		return kit.Service{}, fmt.Errorf("metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api", a.serve)
	mux.Handle("GET /ledger", &a.ledger)
	return kit.Service{
		Handler: mux,
		Dependencies: []kit.Dependency{
			{Name: "redis", Ping: func(ctx context.Context) error { return cache.Ping(ctx).Err() }, Optional: true},
		},
		Close: func() { _ = cache.Close() }, // the process ends
	}, nil
}

// api is what the limiter protects; it is the same for both variants.
type api struct {
	limiter   limiter
	ledger    kit.Ledger
	decisions *prometheus.CounterVec
}

func (a *api) serve(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("X-Api-Key")
	if key == "" || len(key) > longestKey {
		http.Error(w, "X-Api-Key is missing, or too long", http.StatusUnauthorized)
		return
	}
	admitted, err := a.limiter.admit(r.Context(), key)
	switch {
	case err != nil:
		a.decisions.WithLabelValues("unknown").Inc()
		http.Error(w, "nobody can tell whether the limit is reached", http.StatusServiceUnavailable)
	case !admitted:
		a.decisions.WithLabelValues("rejected").Inc()
		http.Error(w, fmt.Sprintf("more than %d requests", limit), http.StatusTooManyRequests)
	default:
		a.ledger.Admitted(key, time.Now())
		a.decisions.WithLabelValues("admitted").Inc()
		_, _ = fmt.Fprintln(w, "welcome") // a client that left is no concern of ours
	}
}

// counterKey is where a key's requests are counted.
func counterKey(key string) string { return "ratelimit:" + key }
