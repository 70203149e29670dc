package kit

import (
	"context"
	"testing"
	"time"
)

func TestPausesGrowUpToABoundAndAreSpreadBelowIt(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		failures int
		bound    time.Duration
	}{
		{1, 100 * time.Millisecond}, {2, 200 * time.Millisecond}, {3, 400 * time.Millisecond}, {6, 3200 * time.Millisecond},
		{7, 5 * time.Second}, {12, 5 * time.Second}, {1000, 5 * time.Second},
	} {
		low, high := row.bound, time.Duration(0)
		for range 2000 {
			d := Backoff(100*time.Millisecond, 5*time.Second, row.failures)
			low, high = min(low, d), max(high, d)
		}
		// That none of 2,000 falls into a tenth has a chance of 10^-91.
		if low < 0 || low > row.bound/10 || high > row.bound || high < row.bound*9/10 {
			t.Errorf("after %d failures pauses are from %v to %v, want from 0 to %v", row.failures, low, high, row.bound)
		}
	}
}

func TestARestEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	if !Rest(ctx, time.Millisecond) {
		t.Error("a rest whose context lasted says that it did not")
	}
	time.AfterFunc(10*time.Millisecond, cancel)
	if Rest(ctx, time.Hour) {
		t.Error("a rest whose context ended says that it lasted")
	}
	if Rest(ctx, 0) {
		t.Error("a rest whose context had ended says that it lasted")
	}
}
