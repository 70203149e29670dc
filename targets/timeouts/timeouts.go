// Package timeouts is a shop's edge that asks an upstream for prices and sends payments to it.
//
//	GET /quote      a price; 502 when the upstream gave none
//	POST /pay       {"id": N}, a payment; 201 when the upstream took it
//
// What happened: the upstream stopped answering, without closing a connection. Nothing in the edge, which was sound, said how long
// to wait, until it held more requests than it could. When connections broke at last, each call was made again at once, up to three
// times: a failing upstream got four times its load, and who had paid paid again. Its own server waited as well, for ever, for heads
// of requests that did not end. It happens to whoever uses http.Get and &http.Server{} as they are, and retries in a loop.
//
// From outside: what asks a slow part is slow as a whole; requests in flight, goroutines and memory grow as long as it lasts.
//
// What mends it: an end to every wait, on both sides; only that is done again which may be done twice, later each time, at a random
// moment, and for at most a tenth of all calls; a circuit that asks a failing upstream once a second; and a limit of what
// is in flight at a time, beyond which the answer is an immediate 503.
//
// ROLE is edge (the default) or upstream, which is the same in both variants: it takes WORK (default 20ms) for an answer and
// tells at /ledger which payments arrived. The edge finds it at UPSTREAM_URL. SECOND (default 1s) is what all waits of fixed are
// multiples of.
package timeouts

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const retries = 3 // of a call that failed, at most

// variant is what the two differ in.
type variant interface {
	// server has the limits of the edge's own server.
	server() *http.Server
	// admit decides which requests are let in.
	admit(next http.Handler) http.Handler
	// call asks the upstream, as often as it sees fit.
	call(ctx context.Context, method, path string, body []byte) (kit.Answer, error)
}

// Target is the reference target of this package.
func Target() kit.Target {
	return kit.Target{Name: "timeouts", About: "an edge that waits for its upstream", Open: open}
}

func open(ctx context.Context, env kit.Environment) (kit.Service, error) {
	return kit.OpenRole(ctx, env, kit.Role{Name: "edge", Open: openEdge}, kit.Role{Name: "upstream", Open: openUpstream})
}

func openEdge(_ context.Context, env kit.Environment) (kit.Service, error) {
	url, err := env.Require("UPSTREAM_URL")
	if err != nil {
		return kit.Service{}, err
	}
	second, err := env.Duration("SECOND", time.Second)
	if err != nil {
		return kit.Service{}, err
	}
	tries, err := env.Tally("upstream_tries_total", "Calls of the upstream, those that were made again too.")
	if err != nil {
		return kit.Service{}, err
	}
	shop := &upstream{url: url, tries: tries}
	edge := &edge{newNaive(shop)}
	if env.Variant == kit.Fixed {
		edge.variant = newFixed(shop, second)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /quote", edge.forward)
	mux.HandleFunc("POST /pay", edge.forward)
	return kit.Service{Handler: edge.admit(mux), Server: edge.server(), Close: func() {}}, nil
}

// edge turns requests into calls of the upstream; it is the same for both variants.
type edge struct{ variant }

func (e *edge) forward(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, kit.LongestBody))
	if err != nil {
		http.Error(w, "the body is longer than 4 KiB, or did not come", http.StatusBadRequest)
		return
	}
	a, err := e.call(r.Context(), r.Method, r.URL.Path, body)
	if err != nil {
		http.Error(w, "the upstream gave no answer", http.StatusBadGateway)
		return
	}
	kit.WriteJSON(w, a.Code, a.Body)
}

// upstream is what the variants call.
type upstream struct {
	url   string
	tries *atomic.Int64
}

// ask asks once. An answer that says that the upstream failed is an error.
func (u *upstream) ask(ctx context.Context, client *http.Client, method, path string, body []byte) (kit.Answer, error) {
	u.tries.Add(1)
	request, err := http.NewRequestWithContext(ctx, method, u.url+path, bytes.NewReader(body))
	if err != nil {
		return kit.Answer{}, err
	}
	return kit.Call(client, request)
}

func openUpstream(_ context.Context, env kit.Environment) (kit.Service, error) {
	work, err := env.Duration("WORK", 20*time.Millisecond)
	if err != nil {
		return kit.Service{}, err
	}
	var payments kit.Ledger
	mux := http.NewServeMux()
	mux.HandleFunc("GET /quote", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(work)
		kit.WriteJSON(w, http.StatusOK, []byte(`{"cents":1299}`))
	})
	mux.HandleFunc("POST /pay", func(w http.ResponseWriter, r *http.Request) {
		var given struct{ ID uint64 }
		if err := kit.ReadJSON(w, r, &given); err != nil || given.ID == 0 {
			http.Error(w, `the body is {"id": N}, from 1`, http.StatusBadRequest)
			return
		}
		payments.Seen(given.ID) // from here on the money has moved, whoever waits for the answer
		time.Sleep(work)
		kit.WriteJSON(w, http.StatusCreated, fmt.Appendf(nil, `{"id":%d}`, given.ID))
	})
	mux.Handle("GET /ledger", &payments)
	return kit.Service{Handler: mux, Close: func() {}}, nil
}
