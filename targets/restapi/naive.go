package restapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
)

// The planted regressions: REGRESSION=name. Everything else of naive is as in fixed, so that what a run finds is the
// regression. scenarios/restapi/experiment.yaml says what finds each.
const (
	noRedisTimeout = "noredistimeout" // the default: a call of the cache waits for as long as the cache takes
	pool2          = "pool2"          // two Postgres connections: enough until Postgres becomes a little slower
	dial           = "dial"           // a new Postgres connection for each request
	query          = "query"          // one query more for each item that is read, past the cache
	slowJSON       = "json"           // the answer goes through generic maps and indentation, repeatedly
	lock           = "lock"           // one request in a hundred holds a lock, which all need, for 400 ms
	leak           = "leak"           // one request in 29 leaves a kibibyte behind: 1 MiB a minute at 500/s
)

const (
	lockEvery  = 100
	lockTime   = 400 * time.Millisecond
	leakEvery  = 29
	jsonRounds = 8
)

// naive is the catalogue with one regression.
type naive struct {
	db         *kit.Pool
	cache      *kit.Cache
	circuit    *kit.Circuit
	regression string
	env        kit.Environment
	mu         sync.RWMutex
	requests   atomic.Int64
	kept       *kept // under leak: all that was ever left behind
}

// kept is a kibibyte that nobody lets go of: with what Go writes before an object of this size, it fills its class of 1024 bytes.
type kept struct {
	next *kept
	_    [1000]byte
}

func newNaive(ctx context.Context, env kit.Environment) (*naive, error) {
	c := &naive{regression: env.Optional("REGRESSION"), env: env}
	size, timeout := int32(kit.PoolSize), cacheTimeout
	switch c.regression {
	case "", noRedisTimeout:
		c.regression, timeout = noRedisTimeout, 0
	case pool2:
		size = 2
	case dial, query, slowJSON, lock, leak:
	default:
		return nil, fmt.Errorf("REGRESSION=%s: want %s, %s, %s, %s, %s, %s or %s",
			c.regression, noRedisTimeout, pool2, dial, query, slowJSON, lock, leak)
	}
	var err error
	if c.db, err = kit.OpenPool(ctx, env, size, statements()...); err != nil {
		return nil, err
	}
	if c.cache, err = kit.OpenCache(env, timeout); err != nil {
		return nil, err
	}
	c.circuit = kit.NewCircuit(circuitFailures, circuitPause, time.Now)
	return c, c.circuit.Export(env, "cache_circuit_openings_total")
}

func (c *naive) item(ctx context.Context, id int64) (Item, error) {
	defer c.hold()()
	if c.regression == query {
		if _, err := selectItem(ctx, c.db, id); err != nil {
			return Item{}, err
		}
	}
	if item, ok := c.recall(ctx, id); ok {
		return item, nil
	}
	q, done, err := c.connection(ctx)
	if err != nil {
		return Item{}, err
	}
	defer done()
	item, err := selectItem(ctx, q, id)
	if err != nil {
		return Item{}, err
	}
	c.remember(ctx, item)
	return item, nil
}

func (c *naive) page(ctx context.Context, number int) ([]Item, error) {
	defer c.hold()()
	q, done, err := c.connection(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return selectPage(ctx, q, number)
}

func (c *naive) create(ctx context.Context, item Item) (Item, error) {
	defer c.hold()()
	q, done, err := c.connection(ctx)
	if err != nil {
		return Item{}, err
	}
	defer done()
	return insertItem(ctx, q, item)
}

func (c *naive) encode(w *bytes.Buffer, value any) error {
	for range jsonRounds {
		if c.regression != slowJSON {
			break
		}
		text, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			return fmt.Errorf("encode the answer: %w", err)
		}
		value = nil // a map is decoded into where one is
		if err := json.Unmarshal(text, &value); err != nil {
			return fmt.Errorf("encode the answer: %w", err)
		}
	}
	if err := json.NewEncoder(w).Encode(value); err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	return nil
}

// recall returns the item from the cache, or false when it is not there.
func (c *naive) recall(ctx context.Context, id int64) (Item, bool) {
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

// remember puts the item into the cache.
func (c *naive) remember(ctx context.Context, item Item) {
	raw, err := json.Marshal(item)
	if err != nil {
		return
	}
	c.ask(ctx, func(ctx context.Context) error { return c.cache.Set(ctx, cacheKey(item.ID), raw, cacheTTL).Err() })
}

// ask makes one call of the cache.
func (c *naive) ask(ctx context.Context, call func(context.Context) error) {
	if !c.circuit.Allow() {
		return
	}
	short, cancel := ctx, context.CancelFunc(func() {})
	if c.regression != noRedisTimeout {
		short, cancel = context.WithTimeout(ctx, cacheTimeout)
	}
	defer cancel()
	err := call(short)
	c.circuit.Report(err == nil || kit.IsMiss(err) || ctx.Err() != nil)
}

// connection returns what to query: the pool, or under dial a connection of the request's own.
func (c *naive) connection(ctx context.Context) (querier, func(), error) {
	if c.regression != dial {
		return c.db, func() {}, nil
	}
	conn, err := kit.Dial(ctx, c.env)
	if err != nil {
		return nil, nil, err
	}
	return conn, func() { _ = conn.Close(context.WithoutCancel(ctx)) }, nil
}

// hold takes the lock, under lock, and returns what releases it. Under leak it leaves something behind.
func (c *naive) hold() func() {
	if c.regression == leak && c.requests.Add(1)%leakEvery == 0 {
		c.mu.Lock()
		c.kept = &kept{next: c.kept}
		c.mu.Unlock()
	}
	if c.regression != lock {
		return func() {}
	}
	if c.requests.Add(1)%lockEvery == 0 {
		c.mu.Lock()
		time.Sleep(lockTime)
		return c.mu.Unlock
	}
	c.mu.RLock()
	return c.mu.RUnlock
}
