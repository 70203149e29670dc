package restapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const (
	cacheTimeout    = 50 * time.Millisecond // what a request may lose to a slow cache
	circuitFailures = 5
	circuitPause    = time.Second
)

// fixed is the catalogue without regressions: one pool, one query a request, and a cache that may be slow or gone
// without anyone noticing more than cacheTimeout.
type fixed struct {
	db      *kit.Pool
	cache   *kit.Cache
	circuit *kit.Circuit
}

func newFixed(ctx context.Context, env kit.Environment) (*fixed, error) {
	if r := env.Optional("REGRESSION"); r != "" {
		env.Logger.Warn("the fixed variant has no regressions: REGRESSION is ignored", "regression", r)
	}
	db, err := kit.OpenPool(ctx, env, kit.PoolSize, statements()...)
	if err != nil {
		return nil, err
	}
	cache, err := kit.OpenCache(env, cacheTimeout)
	if err != nil {
		return nil, err
	}
	circuit := kit.NewCircuit(circuitFailures, circuitPause, time.Now)
	return &fixed{db: db, cache: cache, circuit: circuit}, circuit.Export(env, "cache_circuit_openings_total")
}

func (c *fixed) item(ctx context.Context, id int64) (Item, error) {
	if item, ok := c.recall(ctx, id); ok {
		return item, nil
	}
	item, err := selectItem(ctx, c.db, id)
	if err != nil {
		return Item{}, err
	}
	c.remember(ctx, item)
	return item, nil
}

func (c *fixed) page(ctx context.Context, number int) ([]Item, error) {
	return selectPage(ctx, c.db, number)
}

func (c *fixed) create(ctx context.Context, item Item) (Item, error) {
	return insertItem(ctx, c.db, item)
}

func (c *fixed) encode(w *bytes.Buffer, value any) error {
	if err := json.NewEncoder(w).Encode(value); err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	return nil
}

// recall returns the item from the cache, or false when it is not there or the cache does not answer in time.
func (c *fixed) recall(ctx context.Context, id int64) (Item, bool) {
	var raw []byte
	c.ask(ctx, func(ctx context.Context) (err error) {
		raw, err = c.cache.Get(ctx, cacheKey(id)).Bytes()
		return err
	})
	var item Item
	if raw == nil || json.Unmarshal(raw, &item) != nil {
		return Item{}, false
	}
	return item, true
}

// remember puts the item into the cache if that can be done in time.
func (c *fixed) remember(ctx context.Context, item Item) {
	raw, err := json.Marshal(item)
	if err != nil {
		return
	}
	c.ask(ctx, func(ctx context.Context) error { return c.cache.Set(ctx, cacheKey(item.ID), raw, cacheTTL).Err() })
}

// ask makes one call of the cache, unless the circuit is open, and gives up after cacheTimeout.
func (c *fixed) ask(ctx context.Context, call func(context.Context) error) {
	c.circuit.Ask(ctx, cacheTimeout, call)
}
