// Package webhooks is a shop that tells ten endpoints of its orders, each of them of a tenth.
//
// What happened: an order is only accepted when its endpoint has heard of it: the request calls the endpoint, within the transaction
// of the order, and tries again at once when that fails. So each order is as slow and as fragile as whoever listens. One endpoint of
// ten that takes five seconds holds transactions and connections for five seconds, until there is none left for the other nine.
//
// How it looks from outside: a customer of the shop has trouble, and nobody can order any more. Nothing is wrong with the shop's
// database, whose connections are all idle in a transaction.
//
// What mends it: the order and the duty to tell of it are written in one transaction, which is all that a request waits for. Workers
// see to the duty: they try until it is done, at most five at a time for one endpoint, after random and growing pauses, and keep
// away from an endpoint that fails. They may die at any moment: then the same order is told again, under the same key.
//
//	POST /orders          {"id": 17, "endpoint": 3, "total_cents": 999}   201; ROLE=api, the default
//	POST /hooks/{number}  an order                                        200; ROLE=receiver
//	GET  /ledger          what arrived at this receiver                        ROLE=receiver
//
// ROLE=workers answers no requests but those of every target. The api and the workers read DATABASE_URL and work on the tables of
// scenarios/webhooks/schema.sql. The api registers the endpoints: the first at FIRST_URL, the other nine at OTHERS_URL. After a
// failure the workers pause for up to LONGEST_PAUSE, which is 5s.
package webhooks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const (
	endpoints   = 10
	hookTimeout = 10 * time.Second
	lateness    = 2 * time.Second // after the order, and its endpoint hears of it late

	registerSQL = `INSERT INTO endpoints (id, url) SELECT i, CASE WHEN i = 1 THEN $2 ELSE $3 END || '/hooks/' || i
	FROM generate_series(1, $1::int) i ON CONFLICT (id) DO UPDATE SET url = excluded.url`
	backlogSQL = `SELECT count(*) FROM outbox x JOIN orders o ON o.id = x.order_id WHERE x.dead_at IS NULL AND o.created_at < now() - interval '1 s'`
)

// Order is what a customer asks for, and what an endpoint is told.
type Order struct {
	ID         int64     `json:"id"`
	Endpoint   int       `json:"endpoint"`
	TotalCents int64     `json:"total_cents"`
	At         time.Time `json:"at"` // when the request came
}

// Target is the reference target of this package.
func Target() kit.Target {
	return kit.Target{Name: "webhooks", About: "a shop that tells others of its orders", Open: open}
}

// open opens a role. The variants differ in how an order is accepted, and in what workers do.
func open(ctx context.Context, env kit.Environment) (kit.Service, error) {
	accept, workers := acceptFixed, workersFixed
	if env.Variant == kit.Naive {
		accept, workers = acceptNaive, workersNaive
	}
	return kit.OpenRole(ctx, env,
		kit.Role{Name: "api", Open: func(ctx context.Context, env kit.Environment) (kit.Service, error) { return openAPI(ctx, env, accept) }},
		kit.Role{Name: "workers", Open: workers}, kit.Role{Name: "receiver", Open: openReceiver},
	)
}

func openAPI(ctx context.Context, env kit.Environment, accept acceptance) (kit.Service, error) {
	first, errFirst := env.Require("FIRST_URL")
	others, errOthers := env.Require("OTHERS_URL")
	if err := errors.Join(errFirst, errOthers); err != nil {
		return kit.Service{}, err
	}
	pool, err := kit.OpenPool(ctx, env, kit.PoolSize, insertNaiveSQL, insertFixedSQL, backlogSQL)
	if err != nil {
		return kit.Service{}, err
	}
	a := &api{db: pool, accept: accept, logger: env.Logger}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", a.order)
	return kit.Service{
		Handler: mux,
		Dependencies: []kit.Dependency{
			{Name: "postgres", Ping: pool.Ping},
			// It is asked until it has succeeded once: the service is not ready before everyone can know of the endpoints.
			{Name: "endpoints", Optional: true, Ping: func(ctx context.Context) error {
				_, err := pool.Exec(ctx, registerSQL, endpoints, first, others)
				return err
			}},
		},
		Close: pool.Close,
	}, kit.ExportCount(env, pool, "webhooks_backlog", "Orders that nobody was told of in a second.", backlogSQL)
}

// acceptance makes an order the shop's duty.
type acceptance func(ctx context.Context, db *kit.Pool, o Order) error

// api turns HTTP into orders; it is the same for both variants.
type api struct {
	db     *kit.Pool
	accept acceptance
	logger *slog.Logger
}

func (a *api) order(w http.ResponseWriter, r *http.Request) {
	o := Order{At: time.Now()}
	if err := kit.ReadJSON(w, r, &o); err != nil || o.ID < 1 || o.Endpoint < 1 || o.Endpoint > endpoints {
		http.Error(w, "the body is no order: an id above 0, an endpoint from 1 to "+strconv.Itoa(endpoints), http.StatusBadRequest)
		return
	}
	if err := a.accept(r.Context(), a.db, o); err != nil {
		a.logger.Error("an order was not accepted", "order", o.ID, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

// tell calls an endpoint. The key is the same whenever the order is told, so that its receiver can see that it knows it.
func tell(ctx context.Context, url string, o Order) error {
	ctx, cancel := context.WithTimeout(ctx, hookTimeout)
	defer cancel()
	body, _ := json.Marshal(o) // never fails for an order
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", "order-"+strconv.FormatInt(o.ID, 10))
	answer, err := kit.Call(http.DefaultClient, request)
	if err == nil && answer.Code > 299 {
		err = fmt.Errorf("%s answered %d", url, answer.Code)
	}
	return err
}

// openReceiver makes a stub of endpoints: it notes what arrives, each time that it does.
func openReceiver(_ context.Context, env kit.Environment) (kit.Service, error) {
	arrived, err := env.Tally("webhooks_arrived_total", "Orders that arrived, again or not.")
	late, errLate := env.Tally("webhooks_late_total", "Those that did more than 2 s after the request.")
	var ledger kit.Ledger
	mux := http.NewServeMux()
	mux.Handle("GET /ledger", &ledger)
	mux.HandleFunc("POST /hooks/{number}", func(w http.ResponseWriter, r *http.Request) {
		var o Order
		if err := kit.ReadJSON(w, r, &o); err != nil || o.ID < 1 {
			http.Error(w, "the body is no order", http.StatusBadRequest)
			return
		}
		ledger.Seen(uint64(o.ID))
		arrived.Add(1)
		if time.Since(o.At) > lateness {
			late.Add(1)
		}
	})
	return kit.Service{Handler: mux, Close: func() {}}, errors.Join(err, errLate)
}
