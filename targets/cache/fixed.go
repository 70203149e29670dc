package cache

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/devcraft-studio/brunt/targets/kit"
)

// fixed keeps each answer once, for a while, and lets one request make it for all who wait.
type fixed struct {
	shelf    *kit.Shelf
	losses   *losses
	ttl      time.Duration
	patience time.Duration // what a request may lose to a slow cache
	flights  singleflight.Group
	own      sync.Map            // by key: the newest entry of those that take longer than patience to make
	makers   *semaphore.Weighted // of the requests that may be in the database at once
}

func beginFixed(env kit.Environment, losses *losses) (keeper, *kit.Cache, error) {
	ttl, err := env.Duration("TTL", time.Minute)
	patience, err2 := env.Duration("CACHE_TIMEOUT", 50*time.Millisecond)
	shelf, err3 := kit.OpenShelf(env, patience)
	f := &fixed{shelf: shelf, losses: losses, ttl: ttl, patience: patience, makers: semaphore.NewWeighted(4)}
	return f, shelf.Cache, errors.Join(err, err2, err3)
}

func (f *fixed) pageKey(_ *url.URL, category, page int) string {
	return fmt.Sprintf("products:%d:%d", category, page)
}

func (f *fixed) body(ctx context.Context, key string, make maker) ([]byte, error) {
	kept := f.recall(ctx, key)
	if kept.endsSoon(time.Now()) {
		made, err, _ := f.flights.Do(key, func() (any, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // whoever began it may leave
			defer cancel()
			if now := f.recall(ctx, key); !now.Ends.Equal(kept.Ends) && !now.Ends.IsZero() {
				return now, nil // it was made since we looked
			}
			return f.remake(ctx, key, make)
		})
		if err != nil {
			return nil, err
		}
		kept = made.(entry) // as returned above
	}
	if kept.Body == nil {
		return nil, kit.ErrNoRow
	}
	return kept.Body, nil
}

// remake makes an answer when the database has room for it, and keeps it, or that there is none.
func (f *fixed) remake(ctx context.Context, key string, make maker) (entry, error) {
	if err := f.makers.Acquire(ctx, 1); err != nil {
		return entry{}, fmt.Errorf("wait for the database: %w", err)
	}
	defer f.makers.Release(1)
	defer f.losses.remake(key)()
	began, ttl := time.Now(), f.ttl
	body, err := make(ctx)
	switch {
	case errors.Is(err, kit.ErrNoRow):
		ttl /= 6 // it may come to be
	case err != nil:
		return entry{}, err
	}
	ttl += time.Duration((0.2*rand.Float64() - 0.1) * float64(ttl)) // what was made together does not end together
	made := entry{Body: body, Took: time.Since(began), Ends: time.Now().Add(ttl)}
	if made.Took > f.patience && body != nil {
		f.own.Store(key, made)
	}
	f.shelf.Put(ctx, key, made, ttl)
	return made, nil
}

// entry is an answer as it is kept. The zero value ended long ago.
type entry struct {
	Body json.RawMessage `json:"body,omitempty"` // of a page that is not there: none
	Took time.Duration   `json:"took"`           // to make
	Ends time.Time       `json:"ends"`
}

// endsSoon draws whether the entry is made anew before it ends: the likelier the nearer that is, and the longer it takes. It is XFetch
// with a beta of 1 (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention, VLDB 2015).
func (e entry) endsSoon(now time.Time) bool {
	return !now.Add(time.Duration(-math.Log(1-rand.Float64()) * float64(e.Took))).Before(e.Ends)
}

// recall is the entry of key, or our own copy when the cache does not answer in time, or else the zero value.
func (f *fixed) recall(ctx context.Context, key string) (kept entry) {
	found, answered := f.shelf.Take(ctx, key, &kept)
	if own, ok := f.own.Load(key); ok && !answered {
		return own.(entry)
	}
	if !found {
		return entry{} // nothing, or not of our making
	}
	return kept
}
