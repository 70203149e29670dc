package kit

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Kept is a copy of what another service tells. It is asked for anew while the copy goes on being used, by one caller for all; when
// the other service fails the copy is as good as before, for a while. The zero value is not usable; see NewKept.
type Kept[T any] struct {
	fetch         func(context.Context) (T, error)
	fresh, within time.Duration
	flight        singleflight.Group

	mu    sync.Mutex
	value T
	at    time.Time // when the value was asked for
	tried time.Time // when it was asked for last
	err   error     // what came of that
}

// NewKept makes a copy that is asked for anew when it is older than fresh, at most ten times in that time, and is not used when it is
// older than within. fetch has to end by itself: it is not told when those who wait for it leave.
func NewKept[T any](fetch func(context.Context) (T, error), fresh, within time.Duration) *Kept[T] {
	return &Kept[T]{fetch: fetch, fresh: fresh, within: within}
}

// Get returns the copy. It waits only where there is none that may be used.
func (k *Kept[T]) Get(ctx context.Context) (T, error) {
	value, age := k.look()
	if age < k.fresh {
		return value, nil
	}
	asked := k.flight.DoChan("", k.refresh)
	if age < k.within {
		return value, nil
	}
	return k.await(ctx, asked)
}

// Refresh asks for the copy anew, if that was not just done, and returns what there is then.
func (k *Kept[T]) Refresh(ctx context.Context) (T, error) {
	return k.await(ctx, k.flight.DoChan("", k.refresh))
}

func (k *Kept[T]) await(ctx context.Context, asked <-chan singleflight.Result) (T, error) {
	var nothing T
	select {
	case <-ctx.Done():
		return nothing, ctx.Err()
	case done := <-asked:
		value, age := k.look()
		if age < k.within {
			return value, nil
		}
		return nothing, done.Err
	}
}

func (k *Kept[T]) look() (value T, age time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.value, time.Since(k.at)
}

func (k *Kept[T]) refresh() (any, error) {
	began := time.Now()
	k.mu.Lock()
	if began.Sub(k.tried) < k.fresh/10 {
		defer k.mu.Unlock()
		return nil, k.err
	}
	k.tried = began
	k.mu.Unlock()

	value, err := k.fetch(context.Background())
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err = err; err == nil {
		k.value, k.at = value, began
	}
	return nil, err
}
