package kit

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"
)

func TestAWorkerGoesOnWhileItIsBusyAndRestsOtherwise(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		until int64 // so many pieces of work; the next one is none, or fails
		err   error
	}{
		"nothing to do": {until: 3}, "a failure": {until: 3, err: errors.New("refused")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var done atomic.Int64
			var failed atomic.Bool
			end := Work(t.Context(), Environment{Logger: slog.New(slog.DiscardHandler)}, time.Hour, func(context.Context) (bool, error) {
				if done.Load() == row.until {
					failed.Store(true)
					return row.err != nil, row.err
				}
				done.Add(1)
				return true, nil
			})
			for end := time.Now().Add(time.Minute); !failed.Load() && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			end() // which does not wait for the hour to be over
			if n := done.Load(); n != row.until {
				t.Errorf("%d pieces were done, want %d without a rest", n, row.until)
			}
		})
	}
}

func TestWorkEndsWhenAllThatIsUnderWayHasEnded(t *testing.T) {
	t.Parallel()
	var ended atomic.Int64
	begun := make(chan struct{}, 2)
	job := func(ctx context.Context) (bool, error) {
		begun <- struct{}{}
		<-ctx.Done()
		time.Sleep(10 * time.Millisecond)
		ended.Add(1)
		return true, ctx.Err()
	}
	end := Work(t.Context(), Environment{Logger: slog.New(slog.DiscardHandler)}, time.Hour, job, job)
	<-begun
	<-begun
	end()
	if n := ended.Load(); n != 2 {
		t.Errorf("%d of 2 workers had ended", n)
	}
}
