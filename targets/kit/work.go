package kit

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Job is one piece of work that a worker looks for; busy says that it found some.
type Job func(ctx context.Context) (busy bool, err error)

// Work has a worker for each of jobs, beside what is asked of the service. It does its job over and over; where there was nothing to do, or
// it failed, it rests for a while around pause before. end lets them finish, on a context that is done, and waits for that.
func Work(ctx context.Context, env Environment, pause time.Duration, jobs ...Job) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var workers sync.WaitGroup
	for _, job := range jobs {
		workers.Go(func() {
			for ctx.Err() == nil {
				busy, err := job(ctx)
				if err != nil && ctx.Err() == nil {
					env.Logger.Error("a worker failed", "error", err)
				}
				if !busy || err != nil {
					Rest(ctx, pause/2+rand.N(pause))
				}
			}
		})
	}
	return func() {
		cancel()
		workers.Wait()
	}
}
