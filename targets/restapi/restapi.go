// Package restapi is the plain benchmark: a catalogue of items in Postgres behind a cache-aside cache in Redis.
//
//	GET /items/{id}      one item, through the cache
//	GET /items?page=N    twenty items by id, page 1 to 500
//	POST /items          {"name", "price_cents", "stock", "description"}
//
// It reads DATABASE_URL and REDIS_URL and works on a table
// items(id bigint, name text, price_cents, stock, description text, created_at timestamptz).
// The naive variant carries one planted regression, which REGRESSION selects; see naive.go.
package restapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const (
	cacheTTL     = time.Minute
	pageSize     = 20
	lastPage     = 500
	longestName  = 200
	longestText  = 4000
	longestInput = 64 << 10 // bytes of a request's body
)

// Item is one row of the catalogue.
type Item struct {
	ID          int64     `json:"id"`
	Name        string    `json:"name"`
	PriceCents  int64     `json:"price_cents"`
	Stock       int64     `json:"stock"`
	Description string    `json:"description"`
	CreatedAt   time.Time `json:"created_at"`
}

// catalogue is what the variants differ in.
type catalogue interface {
	// item returns one item, or kit.ErrNoRow.
	item(ctx context.Context, id int64) (Item, error)
	page(ctx context.Context, number int) ([]Item, error)
	// create stores a new item and returns it with its id and time.
	create(ctx context.Context, item Item) (Item, error)
	encode(w *bytes.Buffer, value any) error
}

// Target is the reference target of this package.
func Target() kit.Target {
	return kit.Target{Name: "restapi", About: "a catalogue in Postgres behind a Redis cache", Open: open}
}

func open(ctx context.Context, env kit.Environment) (kit.Service, error) {
	if env.Variant == kit.Naive {
		n, err := newNaive(ctx, env)
		if err != nil {
			return kit.Service{}, err
		}
		return service(env, n, n.db, n.cache), nil
	}
	f, err := newFixed(ctx, env)
	if err != nil {
		return kit.Service{}, err
	}
	return service(env, f, f.db, f.cache), nil
}

func service(env kit.Environment, c catalogue, db *kit.Pool, cache *kit.Cache) kit.Service {
	api := &api{catalogue: c, logger: env.Logger}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", api.item)
	mux.HandleFunc("GET /items", api.page)
	mux.HandleFunc("POST /items", api.create)
	return kit.Service{
		Handler: mux,
		Dependencies: []kit.Dependency{
			{Name: "postgres", Ping: db.Ping},
			{Name: "redis", Ping: func(ctx context.Context) error { return cache.Ping(ctx).Err() }, Optional: true},
		},
		Close: func() {
			db.Close()
			_ = cache.Close() // the process ends
		},
	}
}

// api turns HTTP into calls of the catalogue; it is the same for both variants.
type api struct {
	catalogue catalogue
	logger    *slog.Logger
}

func (a *api) item(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		http.Error(w, "an id is a whole number", http.StatusBadRequest)
		return
	}
	item, err := a.catalogue.item(r.Context(), id)
	a.answer(w, http.StatusOK, item, err)
}

func (a *api) page(w http.ResponseWriter, r *http.Request) {
	number := 1
	if text := r.URL.Query().Get("page"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > lastPage {
			http.Error(w, "page is a whole number from 1 to "+strconv.Itoa(lastPage), http.StatusBadRequest)
			return
		}
		number = n
	}
	items, err := a.catalogue.page(r.Context(), number)
	a.answer(w, http.StatusOK, map[string]any{"page": number, "items": items}, err)
}

func (a *api) create(w http.ResponseWriter, r *http.Request) {
	var item Item
	input := json.NewDecoder(http.MaxBytesReader(w, r.Body, longestInput))
	input.DisallowUnknownFields()
	if err := input.Decode(&item); err != nil {
		http.Error(w, "the body is not an item: "+err.Error(), http.StatusBadRequest)
		return
	}
	if problem := item.problem(); problem != "" {
		http.Error(w, problem, http.StatusUnprocessableEntity)
		return
	}
	created, err := a.catalogue.create(r.Context(), item)
	a.answer(w, http.StatusCreated, created, err)
}

// problem says why an item cannot be stored, or "".
func (i Item) problem() string {
	switch {
	case i.Name == "" || len(i.Name) > longestName:
		return "name has 1 to " + strconv.Itoa(longestName) + " bytes"
	case len(i.Description) > longestText:
		return "description has at most " + strconv.Itoa(longestText) + " bytes"
	case i.PriceCents < 0 || i.Stock < 0:
		return "price_cents and stock are not negative"
	}
	return ""
}

func (a *api) answer(w http.ResponseWriter, code int, value any, err error) {
	if errors.Is(err, kit.ErrNoRow) {
		http.Error(w, "no such item", http.StatusNotFound)
		return
	}
	var body bytes.Buffer
	if err == nil {
		err = a.catalogue.encode(&body, value)
	}
	if err != nil {
		a.logger.Error("a request failed", "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(code)
	_, _ = w.Write(body.Bytes()) // a client that left is no concern of ours
}

func cacheKey(id int64) string { return "item:" + strconv.FormatInt(id, 10) }
