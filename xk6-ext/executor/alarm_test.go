package executor

import (
	"context"
	"testing"
	"time"
)

func TestAnAlarmNeverRingsEarlyAndEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a := NewAlarm(ctx)
	defer a.Close()
	for _, d := range []time.Duration{-time.Second, 0, 1, time.Microsecond, 300 * time.Microsecond, 5 * time.Millisecond} {
		began := time.Now()
		if !a.Wait(d) {
			t.Fatalf("an alarm of %v ended without its context", d)
		}
		if waited := time.Since(began); waited < d {
			t.Errorf("rang after %v, of %v", waited, d)
		}
	}
	time.AfterFunc(20*time.Millisecond, cancel)
	if a.Wait(time.Hour) {
		t.Error("an alarm of an hour rang")
	}
	for _, d := range []time.Duration{0, time.Millisecond, time.Hour} {
		if a.Wait(d) {
			t.Errorf("an alarm of %v rang after its context was done", d)
		}
	}
}

func TestAnAlarmWithoutATimerOfTheKernelRingsByGos(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	timer := time.NewTimer(0)
	defer timer.Stop()
	if began := time.Now(); !waitFor(ctx, timer, 2*time.Millisecond) || time.Since(began) < 2*time.Millisecond {
		t.Errorf("rang after %v, of 2 ms", time.Since(began))
	}
	time.AfterFunc(20*time.Millisecond, cancel)
	if waitFor(ctx, timer, time.Hour) {
		t.Error("an alarm of an hour rang")
	}
}
