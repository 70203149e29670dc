package kit

import (
	"context"
	"sync"
	"time"
)

// Circuit keeps callers away from a dependency that fails: after Failures failures in a row it stays open for Pause,
// then lets a single call try. The zero value is not usable; see NewCircuit.
type Circuit struct {
	failures int
	pause    time.Duration
	now      func() time.Time

	mu       sync.Mutex
	row      int       // failures in a row
	until    time.Time // open until then
	probing  bool      // the single call that tries is on its way
	openings int64
}

// NewCircuit makes a closed circuit. now is the clock, time.Now outside tests.
func NewCircuit(failures int, pause time.Duration, now func() time.Time) *Circuit {
	return &Circuit{failures: failures, pause: pause, now: now}
}

// Allow reports whether a call may be made. Every allowed call must be followed by Report.
func (c *Circuit) Allow() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.row < c.failures {
		return true
	}
	if c.probing || c.now().Before(c.until) {
		return false
	}
	c.probing = true
	return true
}

// Report tells the circuit how an allowed call ended.
func (c *Circuit) Report(ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.probing = false
	if ok {
		c.row = 0
		return
	}
	c.row++
	if c.row >= c.failures {
		c.until = c.now().Add(c.pause)
		c.openings++
	}
}

// Ask makes one call of a dependency, unless the circuit is open, lets it take timeout (zero: as long as it takes), and reports whether
// it was answered. A miss is an answer; a client that left says nothing of the dependency.
func (c *Circuit) Ask(ctx context.Context, timeout time.Duration, call func(ctx context.Context) error) (answered bool) {
	if !c.Allow() {
		return false
	}
	short := ctx
	if timeout > 0 {
		var cancel context.CancelFunc
		short, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	err := call(short)
	answered = err == nil || IsMiss(err)
	c.Report(answered || ctx.Err() != nil)
	return answered
}

// Openings is how often the circuit has opened, or stayed open after a try.
func (c *Circuit) Openings() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.openings
}

// Export makes the circuit's openings a metric of the given name.
func (c *Circuit) Export(env Environment, name string) error {
	return env.Counter(name, "Times the circuit opened, or stayed open after a try.", func() float64 { return float64(c.Openings()) })
}
