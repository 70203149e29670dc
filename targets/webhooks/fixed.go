package webhooks

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const (
	bulkhead = 5                      // deliveries at a time to one endpoint
	poll     = 500 * time.Millisecond // while there is nothing to do
	attempts = 12                     // then the order is left to a person
	failures = 5                      // in a row open an endpoint's circuit

	insertFixedSQL = `WITH accepted AS (
		INSERT INTO orders (id, endpoint_id, total_cents, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING RETURNING *
	) INSERT INTO outbox (order_id, endpoint_id, next_at) SELECT id, endpoint_id, created_at FROM accepted`
	// The lock is the claim: others skip the row, and when the worker dies Postgres gives it back at once.
	claimSQL = `SELECT o.id, o.endpoint_id, o.total_cents, o.created_at, e.url, x.attempts
	FROM outbox x JOIN orders o ON o.id = x.order_id JOIN endpoints e ON e.id = x.endpoint_id
	WHERE x.endpoint_id = $1 AND x.dead_at IS NULL AND x.next_at <= now() ORDER BY x.next_at LIMIT 1 FOR UPDATE OF x SKIP LOCKED`
	toldSQL   = `DELETE FROM outbox WHERE order_id = $1`
	failedSQL = `UPDATE outbox SET attempts = $2, next_at = clock_timestamp() + $3 * interval '1 microsecond',
	dead_at = CASE WHEN $4 THEN clock_timestamp() END WHERE order_id = $1`
)

// acceptFixed writes the order and the duty to tell of it, in one statement and so in one transaction. An order that comes again
// is accepted again, and told once.
func acceptFixed(ctx context.Context, db *kit.Pool, o Order) error {
	_, err := db.Exec(ctx, insertFixedSQL, o.ID, o.Endpoint, o.TotalCents, o.At)
	return err
}

// workersFixed are five for each endpoint, with a circuit of its own, so that none can take what others need.
func workersFixed(ctx context.Context, env kit.Environment) (kit.Service, error) {
	longest, err := env.Duration("LONGEST_PAUSE", 5*time.Second)
	dead, errDead := env.Tally("webhooks_dead_total", "Orders that were given up.")
	if err := errors.Join(err, errDead); err != nil {
		return kit.Service{}, err
	}
	// Each delivery under way holds a connection, and /healthz asks for one.
	db, err := kit.OpenPool(ctx, env, endpoints*bulkhead+1, claimSQL, toldSQL, failedSQL)
	if err != nil {
		return kit.Service{}, err
	}
	var jobs []kit.Job
	for endpoint := 1; endpoint <= endpoints; endpoint++ {
		w := &worker{db: db, endpoint: endpoint, longest: longest, circuit: kit.NewCircuit(failures, longest/10, time.Now), dead: dead}
		jobs = append(jobs, slices.Repeat([]kit.Job{w.next}, bulkhead)...)
	}
	end := kit.Work(ctx, env, poll, jobs...)
	return kit.Service{
		Handler:      http.NotFoundHandler(),
		Dependencies: []kit.Dependency{{Name: "postgres", Ping: db.Ping}},
		Close:        func() { end(); db.Close() },
	}, nil
}

// worker tells one endpoint of its orders. Those of one endpoint share it.
type worker struct {
	db       *kit.Pool
	endpoint int
	longest  time.Duration // pause after a failure
	circuit  *kit.Circuit
	dead     *atomic.Int64
}

// next tells of one order that is due, and reports whether it could try.
func (w *worker) next(ctx context.Context) (tried bool, err error) {
	err = kit.Transaction(ctx, w.db, func(tx kit.Tx) error {
		var o Order
		var url string
		var tries int
		err := tx.QueryRow(ctx, claimSQL, w.endpoint).Scan(&o.ID, &o.Endpoint, &o.TotalCents, &o.At, &url, &tries)
		if errors.Is(err, kit.ErrNoRow) {
			return nil
		}
		if err != nil || !w.circuit.Allow() {
			return err
		}
		tried = true
		failure := tell(ctx, url, o)
		w.circuit.Report(failure == nil)
		if failure == nil {
			_, err = tx.Exec(ctx, toldSQL, o.ID)
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err() // the worker ends, which is no fault of the endpoint's
		}
		tries++
		if tries == attempts {
			w.dead.Add(1)
		}
		pause := kit.Backoff(w.longest/50, w.longest, tries)
		_, err = tx.Exec(ctx, failedSQL, o.ID, tries, pause.Microseconds(), tries >= attempts)
		return err
	})
	return tried, err
}
