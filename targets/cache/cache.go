// Package cache is a catalogue behind a cache that makes everything worse when it is needed most.
//
// What happened: the best sellers take the database a fifth of a second, and are kept in the cache. Their entry ends, is deleted
// or falls with the cache while 400 requests a second ask for it: each finds nothing and makes it anew, a stampede. The other half
// is slow: pages are kept under the address by which they were asked for, a copy for each campaign's mark in a link, for ever.
//
// How it looks from outside: all is well for weeks; then, within a second of a flush or a failover, the database has no CPU left,
// and stays so although the cache is long back. The cache's memory only grows, until nothing more is kept.
//
// What mends it: keys made of what matters to the answer alone; entries that end, not all at once; one request that makes what is
// missing for all, a little before it is missing; what is not there is remembered too; and for when there is no cache,
// a bound on what the database is asked, and a copy in the process of what takes it long.
//
//	GET /products?category=N&page=N   {"products": […]}: twenty products of a category; 404 where there are none
//	GET /top                          {"products": […]}: the twenty that sold best
//
// It reads DATABASE_URL, REDIS_URL and, in fixed, TTL (else 60s) and CACHE_TIMEOUT (50ms). Its tables are in scenarios/cache/schema.sql.
package cache

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const (
	pageSQL = `SELECT json_build_object('products', json_agg(p)) FROM (
	SELECT id, name, price_cents, description FROM products WHERE category = $1 ORDER BY id LIMIT 20 OFFSET $2) p HAVING count(*) > 0`
	topSQL = `SELECT json_build_object('products', json_agg(t)) FROM (
	SELECT product_id AS id, sum(quantity) AS sold FROM sales GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20) t HAVING count(*) > 0`
)

// maker makes an answer from the database; kit.ErrNoRow is an answer too, that there is no such page.
type maker func(ctx context.Context) ([]byte, error)

// keeper is what the variants differ in: under which key a page is kept, and how an answer is had.
type keeper interface {
	pageKey(address *url.URL, category, page int) string
	body(ctx context.Context, key string, make maker) ([]byte, error)
}

// Target is the reference target of this package.
func Target() kit.Target {
	return kit.Target{Name: "cache", About: "a catalogue behind a cache", Open: open}
}

func open(ctx context.Context, env kit.Environment) (kit.Service, error) {
	begin := beginFixed
	if env.Variant == kit.Naive {
		begin = beginNaive
	}
	losses, err := countLosses(env)
	keeper, store, err2 := begin(env, losses)
	if err := errors.Join(err, err2); err != nil {
		return kit.Service{}, err
	}
	pool, err := kit.OpenPool(ctx, env, kit.PoolSize, pageSQL, topSQL)
	if err != nil {
		return kit.Service{}, err
	}
	a := &api{db: pool, keeper: keeper, logger: env.Logger}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products", a.products)
	mux.HandleFunc("GET /top", func(w http.ResponseWriter, r *http.Request) { a.answer(w, r, "top", topSQL) })
	redis := kit.Dependency{Name: "redis", Ping: func(ctx context.Context) error { return store.Ping(ctx).Err() }, Optional: true}
	return kit.Service{
		Handler: mux, Dependencies: []kit.Dependency{{Name: "postgres", Ping: pool.Ping}, redis},
		Close: func() { pool.Close(); _ = store.Close() }, // nothing is left that could use them
	}, nil
}

// api is the same for both variants.
type api struct {
	db     *kit.Pool
	keeper keeper
	logger *slog.Logger
}

func (a *api) products(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	category, page := number(asked.Get("category")), number(cmp.Or(asked.Get("page"), "1"))
	if category == 0 || page == 0 {
		http.Error(w, "category and page are whole numbers from 1 to 1000", http.StatusBadRequest)
		return
	}
	a.answer(w, r, a.keeper.pageKey(r.URL, category, page), pageSQL, category, 20*(page-1))
}

// number is what a text says, or 0.
func number(text string) int {
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= 1000 {
		return n
	}
	return 0
}

// answer is the JSON that a query makes, had by way of the cache.
func (a *api) answer(w http.ResponseWriter, r *http.Request, key, sql string, args ...any) {
	body, err := a.keeper.body(r.Context(), key, func(ctx context.Context) (made []byte, err error) {
		err = a.db.QueryRow(ctx, sql, args...).Scan(&made)
		return made, err
	})
	kit.Reply(w, a.logger, http.StatusOK, json.RawMessage(body), err)
}

// losses counts how often what the cache had lost was made anew. A loss is of one key, from the first request that begins to make
// it to the first that has; all who began by then are counted with it, however long they take.
type losses struct {
	open  sync.Map // by key: *atomic.Int64, how many have begun
	mu    sync.Mutex
	most  int64
	worst prometheus.Gauge
}

func countLosses(env kit.Environment) (*losses, error) {
	worst := prometheus.NewGauge(prometheus.GaugeOpts{Name: "cache_recomputations_per_expiry", Help: "The most that one loss of an entry cost."})
	return &losses{worst: worst}, env.Registry.Register(worst)
}

// remake tells that a request begins to make what was lost; it calls done when that is kept, or can't be.
func (l *losses) remake(key string) (done func()) {
	loss, _ := l.open.LoadOrStore(key, new(atomic.Int64))
	begun := loss.(*atomic.Int64).Add(1) // nothing else is stored
	l.mu.Lock()
	defer l.mu.Unlock()
	l.most = max(l.most, begun)
	l.worst.Set(float64(l.most))
	return func() { l.open.CompareAndDelete(key, loss) }
}
