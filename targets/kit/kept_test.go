package kit

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errAway = errors.New("the other service is away")

// told is a service that counts how often it is asked, takes its time and can be away.
type told struct {
	mu    sync.Mutex
	asked int
	takes time.Duration
	away  bool
}

func (o *told) fetch(context.Context) (int, error) {
	o.mu.Lock()
	o.asked++
	n, takes, away := o.asked, o.takes, o.away
	o.mu.Unlock()
	time.Sleep(takes)
	if away {
		return 0, errAway
	}
	return n, nil
}

func (o *told) set(takes time.Duration, away bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.takes, o.away = takes, away
}

func (o *told) times() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

func wantKept(t *testing.T, k *Kept[int], want int, wantErr error) {
	t.Helper()
	if got, err := k.Get(t.Context()); got != want || !errors.Is(err, wantErr) {
		t.Errorf("got %d, %v; want %d, %v", got, err, want, wantErr)
	}
}

func TestWhatIsKeptIsAskedForOnceByAllTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &told{takes: time.Second}
		k := NewKept(o.fetch, 10*time.Second, time.Minute)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { wantKept(t, k, 1, nil) })
		}
		all.Wait()
		wantKept(t, k, 1, nil)
		if o.times() != 1 {
			t.Errorf("asked %d times", o.times())
		}
	})
}

func TestNobodyWaitsForWhatIsKeptToBecomeFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &told{}
		k := NewKept(o.fetch, 10*time.Second, time.Minute)
		wantKept(t, k, 1, nil)
		o.set(5*time.Second, false)
		time.Sleep(11 * time.Second)
		before := time.Now()
		wantKept(t, k, 1, nil)
		wantKept(t, k, 1, nil)
		if waited := time.Since(before); waited != 0 {
			t.Errorf("it took %v", waited)
		}
		time.Sleep(6 * time.Second)
		wantKept(t, k, 2, nil)
	})
}

// TestWhatIsKeptOutlastsAFailureForAWhile: a minute, and asking goes on once a second at most.
func TestWhatIsKeptOutlastsAFailureForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &told{}
		k := NewKept(o.fetch, 10*time.Second, time.Minute)
		wantKept(t, k, 1, nil)
		o.set(0, true)
		for range 590 {
			time.Sleep(100 * time.Millisecond)
			wantKept(t, k, 1, nil)
		}
		if n := o.times(); n < 45 || n > 51 {
			t.Errorf("asked %d times in 49 s", n)
		}
		time.Sleep(time.Second)
		wantKept(t, k, 0, errAway)
		o.set(0, false)
		wantKept(t, k, 0, errAway) // it was asked just now
		time.Sleep(time.Second)
		wantKept(t, k, o.times()+1, nil)
	})
}

func TestARefreshIsMadeOnceInATenthOfTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &told{}
		k := NewKept(o.fetch, 10*time.Second, time.Minute)
		for _, row := range []struct {
			after time.Duration
			want  int
		}{{0, 1}, {0, 1}, {999 * time.Millisecond, 1}, {time.Millisecond, 2}, {0, 2}} {
			time.Sleep(row.after)
			if got, err := k.Refresh(t.Context()); got != row.want || err != nil {
				t.Errorf("after %v: %d, %v; want %d", row.after, got, err, row.want)
			}
		}
	})
}

func TestAWaitForWhatIsKeptEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &told{takes: time.Hour}
		k := NewKept(o.fetch, 10*time.Second, time.Minute)
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		if _, err := k.Get(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		time.Sleep(2 * time.Hour) // the fetch goes on for the others
	})
}
