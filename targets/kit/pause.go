package kit

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff is how long to wait after a failure: exponential with full jitter, which is anything up to a bound that is first after one
// failure and doubles with each more in a row, up to longest. So those who failed together do not come back together (Marc Brooker,
// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
func Backoff(first, longest time.Duration, failures int) time.Duration {
	bound := first
	for i := 1; i < failures && bound < longest; i++ {
		bound *= 2
	}
	return rand.N(min(longest, bound) + 1)
}

// Rest waits, and reports whether ctx lasted as long.
func Rest(ctx context.Context, pause time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return ctx.Err() == nil
	}
}
