package runner

import (
	"context"
	"fmt"
	"time"
)

// Clock tells the time. The real one carries a monotonic reading beside the wall clock.
type Clock interface {
	Now() time.Time
	// Sleep returns at t, or earlier with ctx's error.
	Sleep(ctx context.Context, t time.Time) error
}

// SystemClock is the machine's clock.
type SystemClock struct{}

// Now is time.Now.
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep waits until t.
func (SystemClock) Sleep(ctx context.Context, t time.Time) error {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// maxClockStep is how far the wall clock may leave the monotonic clock between two looks. The processes of a trial stamp
// wall-clock times; a larger step makes them incomparable.
const maxClockStep = 50 * time.Millisecond

// clockStep compares the wall clock with the monotonic clock between two readings of time.Now.
func clockStep(before, after time.Time) error {
	monotonic := after.Sub(before)
	wall := after.Round(0).Sub(before.Round(0)) // Round(0) strips the monotonic reading
	step := wall - monotonic
	if step > maxClockStep || step < -maxClockStep {
		return fmt.Errorf("the machine's clock was set by %v during the trial", step.Round(time.Millisecond))
	}
	return nil
}
