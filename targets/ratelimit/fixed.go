package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const (
	redisTimeout    = 50 * time.Millisecond // what a request may lose to Redis
	circuitFailures = 5
	circuitPause    = time.Second
)

// countScript counts first, and starts the window with the first request. Redis runs it as a whole.
const countScript = `
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return n`

var errAway = errors.New("the circuit to Redis is open")

// fixed counts first and decides by what the count says. Without Redis each instance admits its share of the limit.
type fixed struct {
	cache   *kit.Cache
	window  time.Duration
	circuit *kit.Circuit
	share   int

	alone prometheus.Counter

	mu   sync.Mutex
	here map[string]*tally // by key
}

// tally is what an instance has done for a key in a window that begins with the first request it sees.
type tally struct {
	admitted int
	alone    bool // it has decided without Redis, which therefore does not know all that was admitted
}

func newFixed(env kit.Environment, s settings) (limiter, *kit.Cache, error) {
	cache, err := kit.OpenCache(env, redisTimeout)
	if err != nil {
		return nil, nil, err
	}
	l := &fixed{
		cache: cache, window: s.window, circuit: kit.NewCircuit(circuitFailures, circuitPause, time.Now),
		share: limit / s.instances, here: map[string]*tally{},
		alone: prometheus.NewCounter(prometheus.CounterOpts{Name: "ratelimit_alone_total", Help: "Decisions without Redis."}),
	}
	if err := env.Registry.Register(l.alone); err != nil {
		return nil, nil, fmt.Errorf("metrics: %w", err)
	}
	return l, cache, l.circuit.Export(env, "redis_circuit_openings_total")
}

// admit asks Redis. Where that does not answer in time, the instance admits its share of the limit, less what it has admitted
// already, and keeps to that until the window is over.
func (l *fixed) admit(ctx context.Context, key string) (bool, error) {
	n, err := l.count(ctx, key)
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tally(key)
	switch {
	case err != nil:
		t.alone = true
		l.alone.Inc()
	case n > limit:
		t.admitted = limit // so that nothing more passes if Redis goes away now
		return false, nil
	}
	if t.alone && t.admitted >= l.share {
		return false, nil
	}
	t.admitted++
	return true, nil
}

// count counts a request, whether it is admitted or not, and returns how many there were in this window.
func (l *fixed) count(ctx context.Context, key string) (int64, error) {
	if !l.circuit.Allow() {
		return 0, errAway
	}
	short, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	n, err := l.cache.Eval(short, countScript, []string{counterKey(key)}, l.window.Milliseconds()).Int64()
	l.circuit.Report(err == nil || ctx.Err() != nil) // a client that left says nothing of Redis
	if err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	return n, nil
}

// tally is that of a key, which is forgotten at the end of its window. l.mu is held.
func (l *fixed) tally(key string) *tally {
	t := l.here[key]
	if t == nil {
		t = &tally{}
		l.here[key] = t
		time.AfterFunc(l.window, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			delete(l.here, key)
		})
	}
	return t
}
