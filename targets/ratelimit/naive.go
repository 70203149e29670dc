package ratelimit

import (
	"context"
	"fmt"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
)

// naive looks first and counts afterwards. It waits for Redis for as long as Redis takes.
type naive struct {
	cache  *kit.Cache
	window time.Duration
}

func newNaive(env kit.Environment, s settings) (limiter, *kit.Cache, error) {
	cache, err := kit.OpenCache(env, 0)
	if err != nil {
		return nil, nil, err
	}
	return &naive{cache: cache, window: s.window}, cache, nil
}

// admit lets through all who look before the first of them has counted.
func (l *naive) admit(ctx context.Context, key string) (bool, error) {
	n, err := l.cache.Get(ctx, counterKey(key)).Int64()
	if err != nil && !kit.IsMiss(err) {
		return false, fmt.Errorf("look at the counter: %w", err)
	}
	if n >= limit {
		return false, nil
	}
	return true, l.count(ctx, key)
}

// count counts a request that is admitted, and lets the counter live for a whole window from now on.
func (l *naive) count(ctx context.Context, key string) error {
	both := l.cache.Pipeline()
	both.Incr(ctx, counterKey(key))
	both.PExpire(ctx, counterKey(key), l.window)
	if _, err := both.Exec(ctx); err != nil {
		return fmt.Errorf("count: %w", err)
	}
	return nil
}
