package kit

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

const (
	shelfFailures = 5 // in a row, and nobody asks for a while
	shelfPause    = time.Second
)

// Shelf keeps values in a Redis that may be slow or gone: no call of it takes longer than its patience, and none is made while it fails.
type Shelf struct {
	*Cache
	circuit  *Circuit
	patience time.Duration
}

// OpenShelf makes a shelf in REDIS_URL. A patience of zero waits for ever.
func OpenShelf(env Environment, patience time.Duration) (*Shelf, error) {
	cache, err := OpenCache(env, patience)
	circuit := NewCircuit(shelfFailures, shelfPause, time.Now)
	return &Shelf{cache, circuit, patience}, errors.Join(err, circuit.Export(env, "cache_circuit_openings_total"))
}

// Take fills value with what is kept under key, and reports whether there is something, and whether Redis answered at all.
func (s *Shelf) Take(ctx context.Context, key string, value any) (found, answered bool) {
	var raw []byte
	answered = s.circuit.Ask(ctx, s.patience, func(ctx context.Context) (err error) {
		raw, err = s.Get(ctx, key).Bytes()
		return err
	})
	return answered && raw != nil && json.Unmarshal(raw, value) == nil, answered
}

// Put keeps a value for a time, if that can be done.
func (s *Shelf) Put(ctx context.Context, key string, value any, ttl time.Duration) {
	raw, err := json.Marshal(value)
	if err != nil {
		return
	}
	s.circuit.Ask(ctx, s.patience, func(ctx context.Context) error { return s.Set(ctx, key, raw, ttl).Err() })
}
