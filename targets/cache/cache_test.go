package cache_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/targets/cache"
	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/kit/kittest"
)

const ttl = time.Minute

// shop is a database and a cache, and both variants on them.
type shop struct {
	db       *kit.Conn
	store    *kit.Cache
	handlers map[kit.Variant]http.Handler
}

func start(t *testing.T) shop {
	urls := map[string]string{"DATABASE_URL": kittest.Postgres(t), "REDIS_URL": kittest.Redis(t), "TTL": ttl.String(), "CACHE_TIMEOUT": "10s"}
	db, err := kit.Dial(t.Context(), kittest.Environment(kit.Fixed, urls))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	schema, err := os.ReadFile("../../scenarios/cache/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	// A hundredth of the rows: 8 products of each category.
	text := strings.NewReplacer("generate_series(1, 40000)", "generate_series(1, 1250)", "1000000", "10000").Replace(string(schema))
	for sql := range strings.SplitSeq(text+"\nCREATE EXTENSION pg_stat_statements;", ";\n") {
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%v: %s", err, sql)
		}
	}
	store, err := kit.OpenCache(kittest.Environment(kit.Fixed, urls), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s := shop{db: db, store: store, handlers: map[kit.Variant]http.Handler{}}
	for _, variant := range []kit.Variant{kit.Naive, kit.Fixed} {
		s.handlers[variant] = kittest.Open(t, cache.Target(), kittest.Environment(variant, urls))
		s.until(t, "connections", func() bool { return s.metric(t, variant, "db_pool_total_connections") == fmt.Sprint(kit.PoolSize) })
	}
	return s
}

func get(handler http.Handler, path string) (int, string) {
	return kittest.Do(handler, http.MethodGet, path, "")
}

// empty begins anew: nothing is in the cache, and Postgres has counted no query.
func (s shop) empty(t *testing.T) {
	t.Helper()
	if err := errors.Join(s.store.FlushAll(t.Context()).Err(), s.store.ConfigResetStat(t.Context()).Err()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec(t.Context(), "SELECT pg_stat_statements_reset()"); err != nil {
		t.Fatal(err)
	}
}

// queries is how often Postgres was asked for an answer since.
func (s shop) queries(t *testing.T) (n int) {
	t.Helper()
	const counted = `SELECT coalesce(sum(calls), 0)::int FROM pg_stat_statements WHERE query LIKE 'SELECT json%'`
	if err := s.db.QueryRow(t.Context(), counted).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// lock keeps the variants' queries waiting until it is released.
func (s shop) lock(t *testing.T) (release func()) {
	t.Helper()
	tx, err := s.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE products, sales"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// waiting is how many queries wait for the lock.
func (s shop) waiting(t *testing.T) (n int) {
	t.Helper()
	if err := s.db.QueryRow(t.Context(), "SELECT count(*) FROM pg_locks WHERE NOT granted").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// metric is what the variant tells of itself.
func (s shop) metric(t *testing.T, variant kit.Variant, name string) string {
	t.Helper()
	_, text := get(s.handlers[variant], "/metrics")
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("%s does not tell of %s", variant, name)
	return ""
}

// The servers are started once for all that needs them.
func TestAgainstRealPostgresAndRedis(t *testing.T) {
	s := start(t)
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s shop)
	}{
		{"answers are the same, from the database and from the cache", testAnswers},
		{"a page is kept once, or under each address", testKeys},
		{"entries end, or never do", testTTL},
		{"what is not there is remembered, or is not", testAbsent},
		{"a hundred that miss make it once, or a hundred times", testStampede},
		{"the database is asked for so much at once", testBound},
		{"wrong requests are refused", testRefusals},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s) })
	}
}

func testAnswers(t *testing.T, s shop) {
	var seen []string
	for variant, handler := range s.handlers {
		s.empty(t)
		for _, path := range []string{"/products?category=7", "/products?category=7", "/top", "/top"} {
			code, text := get(handler, path)
			var answer struct {
				Products []struct{ ID, Sold int64 }
			}
			if err := json.Unmarshal([]byte(text), &answer); err != nil || code != 200 || len(answer.Products) != 20 {
				t.Fatalf("%s: %s answered %d: %v: %.300s", variant, path, code, err, text)
			}
			if first := answer.Products[0]; path == "/products?category=7" && first.ID != 6 || path == "/top" && first.Sold < answer.Products[19].Sold {
				t.Errorf("%s: %s begins with %+v", variant, path, first)
			}
			seen = append(seen, strings.Join(strings.Fields(text), ""))
		}
		if n := s.queries(t); n != 2 {
			t.Errorf("%s asked the database %d times for two answers", variant, n)
		}
	}
	if slices.Sort(seen); len(slices.Compact(seen)) != 2 {
		t.Error("there are more answers than the two that were asked for")
	}
}

func testKeys(t *testing.T, s shop) {
	for _, row := range []struct {
		name        string
		paths       []string
		naive, kept int
	}{
		{"a mark that changes nothing", []string{"/products?category=3", "/products?category=3&utm_id=a", "/products?category=3&utm_id=b"}, 3, 1},
		{"another order", []string{"/products?category=3&page=1", "/products?page=1&category=3"}, 2, 1},
		{"a default that was left out", []string{"/products?category=3", "/products?category=3&page=1"}, 2, 1},
		{"another way to write a number", []string{"/products?category=3", "/products?category=03"}, 2, 1},
		{"other pages", []string{"/products?category=3", "/products?category=4", "/products?category=4&page=2"}, 3, 3},
	} {
		for variant, want := range map[kit.Variant]int{kit.Naive: row.naive, kit.Fixed: row.kept} {
			s.empty(t)
			for _, path := range row.paths {
				if code, text := get(s.handlers[variant], path); code != 200 {
					t.Fatalf("%s: %s answered %d: %s", variant, path, code, text)
				}
			}
			if n := s.store.DBSize(t.Context()).Val(); int(n) != want || s.queries(t) != want {
				t.Errorf("%s: %s: %d entries of %d queries, want %d", row.name, variant, n, s.queries(t), want)
			}
		}
	}
}

func testTTL(t *testing.T, s shop) {
	s.empty(t)
	get(s.handlers[kit.Naive], "/top")
	if left := s.store.TTL(t.Context(), "top").Val(); left != -1 {
		t.Errorf("naive: the entry ends in %v", left)
	}
	s.empty(t)
	var ends []time.Duration
	for category := 1; category <= 50; category++ {
		get(s.handlers[kit.Fixed], fmt.Sprintf("/products?category=%d", category))
		left := s.store.PTTL(t.Context(), fmt.Sprintf("products:%d:1", category)).Val()
		if left <= 0 || left > ttl*11/10 {
			t.Errorf("fixed: the entry of category %d ends in %v", category, left)
		}
		ends = append(ends, left)
	}
	if spread := slices.Max(ends) - slices.Min(ends); spread < ttl/20 {
		t.Errorf("fixed: entries that were made together end within %v", spread)
	}
}

func testAbsent(t *testing.T, s shop) {
	for variant, want := range map[kit.Variant]int{kit.Naive: 5, kit.Fixed: 1} {
		s.empty(t)
		for range 5 {
			if code, _ := get(s.handlers[variant], "/products?category=51"); code != 404 {
				t.Errorf("%s answered %d", variant, code)
			}
		}
		if n := s.queries(t); n != want {
			t.Errorf("%s asked the database %d times for a page that is not there, want %d", variant, n, want)
		}
		if variant != kit.Fixed {
			continue
		}
		if left := s.store.PTTL(t.Context(), "products:51:1").Val(); left <= 0 || left > ttl/4 {
			t.Errorf("fixed remembers for %v that a page is not there", left)
		}
	}
}

// ask sends as many requests at once; wait ends when all are answered.
func ask(t *testing.T, handler http.Handler, n int, path func(i int) string) (wait func()) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if code, text := get(handler, path(i)); code != 200 {
				t.Errorf("%s answered %d: %s", path(i), code, text)
			}
		})
	}
	return all.Wait
}

// The table is locked until all have missed, so that they do so together on any machine.
func testStampede(t *testing.T, s shop) {
	for variant, want := range map[kit.Variant]int{kit.Naive: 100, kit.Fixed: 1} {
		s.empty(t)
		release := s.lock(t)
		wait := ask(t, s.handlers[variant], 100, func(int) string { return "/top" })
		s.until(t, "100 looks into the cache", func() bool { return s.looks(t) >= 100 })
		s.until(t, "queries that wait", func() bool { return s.waiting(t) == min(want, kit.PoolSize) })
		s.until(t, "recomputations", func() bool { return s.metric(t, variant, "cache_recomputations_per_expiry") == fmt.Sprint(want) })
		release()
		wait()
		if n := s.queries(t); n != want {
			t.Errorf("%s asked the database %d times, want %d", variant, n, want)
		}
		if told := s.metric(t, variant, "cache_recomputations_per_expiry"); told != fmt.Sprint(want) {
			t.Errorf("%s tells of %s recomputations per expiry, want %d", variant, told, want)
		}
	}
}

func testBound(t *testing.T, s shop) {
	for variant, want := range map[kit.Variant]int{kit.Naive: kit.PoolSize, kit.Fixed: 4} {
		s.empty(t)
		release := s.lock(t)
		wait := ask(t, s.handlers[variant], 50, func(i int) string { return fmt.Sprintf("/products?category=%d", 1+i) })
		s.until(t, "50 looks into the cache", func() bool { return s.looks(t) >= 50 })
		s.until(t, "queries that wait", func() bool { return s.waiting(t) >= want })
		if n := s.waiting(t); n != want {
			t.Errorf("%s asks the database for %d answers at once, want %d", variant, n, want)
		}
		release()
		wait()
	}
}

// looks is how often the cache was asked for something since it was emptied.
func (s shop) looks(t *testing.T) (n int) {
	t.Helper()
	stats := s.store.Info(t.Context(), "commandstats").Val()
	for line := range strings.Lines(stats) {
		if _, err := fmt.Sscanf(line, "cmdstat_get:calls=%d", &n); err == nil {
			return n
		}
	}
	return 0
}

func (s shop) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there were no %s", what)
		}
	}
}

func testRefusals(t *testing.T, s shop) {
	for _, path := range []string{"/products", "/products?category=", "/products?category=x", "/products?category=0", "/products?category=1&page=-1", "/products?category=1001"} {
		for variant, handler := range s.handlers {
			if code, text := get(handler, path); code != 400 || !strings.Contains(text, "from 1 to 1000") {
				t.Errorf("%s: %s answered %d: %s", variant, path, code, text)
			}
		}
	}
}

func TestATTLThatIsNoTimeIsRefused(t *testing.T) {
	for _, text := range []string{"60", "-1s", "soon"} {
		env := kittest.Environment(kit.Fixed, map[string]string{"DATABASE_URL": "postgres://x@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1", "TTL": text})
		if _, err := cache.Target().Open(t.Context(), env); err == nil || !strings.Contains(err.Error(), "TTL") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Without a cache, the circuit of which is open after five failures, what takes long is made once for as long as its entry lives.
func TestWithoutItsCacheFixedAnswersFromTheDatabase(t *testing.T) {
	env := kittest.Environment(kit.Fixed, map[string]string{"DATABASE_URL": kittest.Postgres(t), "REDIS_URL": "redis://127.0.0.1:1", "CACHE_TIMEOUT": "20ms"})
	db, err := kit.Dial(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	for _, sql := range []string{
		"CREATE TABLE products AS SELECT i AS id, 1 AS category, 'p' AS name, 1 AS price_cents, '' AS description FROM generate_series(1, 30) i",
		"CREATE TABLE paid AS SELECT i AS id, i AS product_id, 1 AS quantity FROM generate_series(1, 30) i",
		"CREATE VIEW sales AS SELECT p.* FROM paid p, pg_sleep(0.03)", // longer than the cache may take
		"CREATE EXTENSION pg_stat_statements",
	} {
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	s := shop{db: db, handlers: map[kit.Variant]http.Handler{kit.Fixed: kittest.Open(t, cache.Target(), env)}}
	for _, path := range []string{"/products?category=1", "/products?category=1&page=2", "/top", "/top", "/top"} {
		if code, text := get(s.handlers[kit.Fixed], path); code != 200 {
			t.Errorf("%s answered %d: %s", path, code, text)
		}
	}
	if n := s.queries(t); n != 3 {
		t.Errorf("the database was asked %d times, want 3", n)
	}
	if code, _ := get(s.handlers[kit.Fixed], "/products?category=2"); code != 404 {
		t.Errorf("a category that is not there answered %d", code)
	}
}
