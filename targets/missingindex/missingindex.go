// Package missingindex is an order history whose table grew until the query that always worked no longer did.
//
// What happened: a customer's latest orders are read by customer and status, newest first. The table has its primary key and
// no other index, which nobody noticed while it was small: each request reads the whole of it. It befalls whoever tests with
// a thousand rows and runs with millions.
//
// How it looks from outside: latency rises with the table, not with the traffic; then, at a rate that is nothing, the database
// has no CPU left, every connection of the pool is busy, and everything else on that database is slow too. An index on the
// customer alone hides it, but for the one customer who is large.
//
// What mends it: an index that has the rows of one customer and status in the order in which they are asked for, so that the
// query reads twenty rows and stops.
//
//	GET /customers/{id}/orders?status=paid    {"orders": […]}: the customer's twenty newest orders in that status
//
// It reads DATABASE_URL and works on the table of scenarios/missingindex/schema.sql. Each variant brings the table to its own
// indexes when it starts, as a migration would, and is not ready before: the rows are the same for all of them. INDEX=customer
// gives the naive variant its index on the customer.
package missingindex

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const (
	pause     = 50 * time.Millisecond // between two tries to make the indexes
	ordersSQL = `SELECT id, status, total_cents, created_at, note FROM orders WHERE customer_id = $1 AND status = $2 ORDER BY created_at DESC LIMIT 20`
)

// Order is one order of a customer.
type Order struct {
	ID         int64     `json:"id"`
	Status     string    `json:"status"`
	TotalCents int64     `json:"total_cents"`
	CreatedAt  time.Time `json:"created_at"`
	Note       string    `json:"note"`
}

func statuses() []string { return []string{"pending", "paid", "shipped", "cancelled"} }

// Target is the reference target of this package.
func Target() kit.Target {
	return kit.Target{Name: "missingindex", About: "a customer's latest orders, in a large table", Open: open}
}

func open(ctx context.Context, env kit.Environment) (kit.Service, error) {
	indexes, err := fixedIndexes(env)
	if env.Variant == kit.Naive {
		indexes, err = naiveIndexes(env)
	}
	if err != nil {
		return kit.Service{}, err
	}
	pool, err := kit.OpenPool(ctx, env, kit.PoolSize)
	if err != nil {
		return kit.Service{}, err
	}
	m := migrate(ctx, pool, indexes, env.Logger)
	a := &api{db: pool, logger: env.Logger}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /customers/{id}/orders", a.orders)
	return kit.Service{
		Handler: mux,
		Dependencies: []kit.Dependency{
			{Name: "postgres", Ping: pool.Ping},
			{Name: "indexes", Ping: m.ready, Optional: true},
		},
		Close: func() {
			m.stop()
			pool.Close()
		},
	}, nil
}

// api is the same for all variants: they differ in nothing but the table's indexes.
type api struct {
	db     *kit.Pool
	logger *slog.Logger
}

func (a *api) orders(w http.ResponseWriter, r *http.Request) {
	customer, ok := kit.PathID(w, r)
	if !ok {
		return
	}
	status := r.URL.Query().Get("status")
	if !slices.Contains(statuses(), status) {
		http.Error(w, "status is one of "+strings.Join(statuses(), ", "), http.StatusBadRequest)
		return
	}
	// A plan for any customer expects ten orders and may read them all to sort them, which of the largest is a tenth of the table.
	orders, err := kit.Select[Order](r.Context(), a.db, ordersSQL, kit.PlannedAnew, customer, status)
	kit.Reply(w, a.logger, http.StatusOK, map[string]any{"orders": orders}, err)
}

// migration brings the table to the variant's indexes, in the background: Postgres may not be there yet, and a large index
// takes longer than anyone who asks for readiness waits.
type migration struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when it has ended

	mu  sync.Mutex
	err error // why the indexes are not there; nil: they are
}

func migrate(ctx context.Context, db *kit.Pool, statements []string, logger *slog.Logger) *migration {
	ctx, cancel := context.WithCancel(ctx)
	m := &migration{cancel: cancel, done: make(chan struct{}), err: errors.New("being made")}
	go func() {
		defer close(m.done)
		began := time.Now()
		for m.try(ctx, db, statements) != nil {
			if !kit.Rest(ctx, pause) { // Postgres, or the table, is not there yet
				return
			}
		}
		logger.Info("the indexes are there", "took", time.Since(began).String())
	}()
	return m
}

func (m *migration) try(ctx context.Context, db *kit.Pool, statements []string) error {
	err := apply(ctx, db, statements)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
	return err
}

func apply(ctx context.Context, db *kit.Pool, statements []string) error {
	for _, sql := range statements {
		if _, err := db.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// ready says why the indexes are not there, or nil.
func (m *migration) ready(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

func (m *migration) stop() {
	m.cancel()
	<-m.done
}
