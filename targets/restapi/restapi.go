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
	"cmp"
	"context"
	"encoding/json"
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

	itemSQL   = `SELECT id, name, price_cents, stock, description, created_at FROM items WHERE id = $1`
	pageSQL   = `SELECT id, name, price_cents, stock, description, created_at FROM items ORDER BY id LIMIT $1 OFFSET $2`
	insertSQL = `INSERT INTO items (name, price_cents, stock, description) VALUES ($1, $2, $3, $4)
	RETURNING id, name, price_cents, stock, description, created_at`
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

// traits are what the variants differ in.
type traits struct {
	connections int32         // to Postgres
	patience    time.Duration // what a call of the cache may take; 0: as long as it takes
	ask         func(pool *kit.Pool) kit.Querier
	beforeItem  func(ctx context.Context, q kit.Querier, id int64) error // of which nothing is known yet
	around      func(routes http.Handler) http.Handler
	encode      func(value any) (json.RawMessage, error)
}

// Target is the reference target of this package.
func Target() kit.Target {
	return kit.Target{Name: "restapi", About: "a catalogue in Postgres behind a Redis cache", Open: open}
}

func open(ctx context.Context, env kit.Environment) (kit.Service, error) {
	traits, err := fixedTraits(env)
	if env.Variant == kit.Naive {
		traits, err = naiveTraits(env)
	}
	if err != nil {
		return kit.Service{}, err
	}
	pool, err := kit.OpenPool(ctx, env, traits.connections, itemSQL, pageSQL, insertSQL)
	if err != nil {
		return kit.Service{}, err
	}
	cache, err := kit.OpenShelf(env, traits.patience)
	if err != nil {
		return kit.Service{}, err
	}
	a := &api{traits: traits, db: traits.ask(pool), cache: cache, logger: env.Logger}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", a.item)
	mux.HandleFunc("GET /items", a.page)
	mux.HandleFunc("POST /items", a.create)
	return kit.Service{
		Handler: traits.around(mux),
		Dependencies: []kit.Dependency{
			{Name: "postgres", Ping: pool.Ping},
			{Name: "redis", Ping: func(ctx context.Context) error { return cache.Ping(ctx).Err() }, Optional: true},
		},
		Close: func() { pool.Close(); _ = cache.Close() }, // nothing is left that could use them
	}, nil
}

// api is the catalogue; but for its traits it is the same for both variants.
type api struct {
	traits
	db     kit.Querier
	cache  *kit.Shelf
	logger *slog.Logger
}

func (a *api) item(w http.ResponseWriter, r *http.Request) {
	if id, ok := kit.PathID(w, r); ok {
		item, err := a.find(r.Context(), id)
		a.answer(w, http.StatusOK, item, err)
	}
}

func (a *api) find(ctx context.Context, id int64) (item Item, err error) {
	if err := a.beforeItem(ctx, a.db, id); err != nil {
		return Item{}, err
	}
	key := "item:" + strconv.FormatInt(id, 10)
	if found, _ := a.cache.Take(ctx, key, &item); found {
		return item, nil
	}
	if item, err = kit.SelectOne[Item](ctx, a.db, itemSQL, id); err == nil {
		a.cache.Put(ctx, key, item, cacheTTL)
	}
	return item, err
}

func (a *api) page(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(cmp.Or(r.URL.Query().Get("page"), "1"))
	if err != nil || number < 1 || number > lastPage {
		http.Error(w, "page is a whole number from 1 to "+strconv.Itoa(lastPage), http.StatusBadRequest)
		return
	}
	items, err := kit.Select[Item](r.Context(), a.db, pageSQL, pageSize, (number-1)*pageSize)
	a.answer(w, http.StatusOK, map[string]any{"page": number, "items": items}, err)
}

func (a *api) create(w http.ResponseWriter, r *http.Request) {
	var i Item
	input := json.NewDecoder(http.MaxBytesReader(w, r.Body, longestInput))
	input.DisallowUnknownFields()
	if err := input.Decode(&i); err != nil {
		http.Error(w, "the body is not an item: "+err.Error(), http.StatusBadRequest)
		return
	}
	if problem := i.problem(); problem != "" {
		http.Error(w, problem, http.StatusUnprocessableEntity)
		return
	}
	created, err := kit.SelectOne[Item](r.Context(), a.db, insertSQL, i.Name, i.PriceCents, i.Stock, i.Description)
	a.answer(w, http.StatusCreated, created, err)
}

func (a *api) answer(w http.ResponseWriter, code int, value any, err error) {
	if err == nil {
		value, err = a.encode(value)
	}
	kit.Reply(w, a.logger, code, value, err)
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
