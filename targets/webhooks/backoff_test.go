package webhooks

import (
	"testing"
	"time"
)

func TestPausesGrowUpToABoundAndAreSpreadBelowIt(t *testing.T) {
	for _, row := range []struct {
		tries int
		bound time.Duration
	}{
		{1, 100 * time.Millisecond}, {2, 200 * time.Millisecond}, {3, 400 * time.Millisecond}, {6, 3200 * time.Millisecond},
		{7, 5 * time.Second}, {attempts, 5 * time.Second},
	} {
		low, high := row.bound, time.Duration(0)
		for range 2000 {
			d := backoff(row.tries, 5*time.Second)
			low, high = min(low, d), max(high, d)
		}
		// That none of 2,000 falls into a tenth has a chance of 10^-91.
		if low < 0 || low > row.bound/10 || high > row.bound || high < row.bound*9/10 {
			t.Errorf("after %d tries pauses are from %v to %v, want from 0 to %v", row.tries, low, high, row.bound)
		}
	}
}
