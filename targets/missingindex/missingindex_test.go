package missingindex_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/kit/kittest"
	"github.com/devcraft-studio/brunt/targets/missingindex"
)

// rows are 60,000 orders in about 1,000 pages: one in ten of customer 1, the rest of 2,000 others.
const rows = `
INSERT INTO orders SELECT i, CASE WHEN i % 10 = 0 THEN 1 ELSE 2 + i % 2000 END, (ARRAY['paid', 'paid', 'pending', 'shipped'])[1 + i / 7 % 4], i % 5000,
	timestamptz '2024-01-01' + i * interval '15 s', repeat('note ', 12) FROM generate_series(1, 60000) i;
CREATE EXTENSION pg_stat_statements`

const large, small = 1, 77 // customers

// shop is a server whose database orders serves as the template of others.
type shop struct{ url string }

func start(t *testing.T) shop {
	s := shop{kittest.Postgres(t)}
	schema, err := os.ReadFile("../../scenarios/missingindex/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	s.exec(t, s.url, append(append(strings.Split(string(schema), ";"), strings.Split(rows, ";")...), "VACUUM ANALYZE")...)
	return s
}

func dial(t *testing.T, url string) *kit.Conn {
	t.Helper()
	conn, err := kit.Dial(t.Context(), environment(kit.Fixed, url, ""))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func (s shop) exec(t *testing.T, url string, statements ...string) {
	t.Helper()
	conn := dial(t, url)
	defer conn.Close(context.Background())
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%v: %s", err, sql)
		}
	}
}

// database makes another database, out of a template, and returns its URL.
func (s shop) database(t *testing.T, name, template string) string {
	t.Helper()
	s.exec(t, s.url, "CREATE DATABASE "+name+" TEMPLATE "+template)
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func environment(variant kit.Variant, url, index string) kit.Environment {
	return kittest.Environment(variant, map[string]string{"DATABASE_URL": url, "INDEX": index})
}

// open opens a variant, and waits until it is ready.
func open(t *testing.T, env kit.Environment) http.Handler {
	t.Helper()
	handler := kittest.Open(t, missingindex.Target(), env)
	ready(t, handler)
	return handler
}

func ready(t *testing.T, handler http.Handler) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		code, text := get(handler, "/healthz")
		if code == http.StatusOK {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("it does not become ready: %s", text)
		}
	}
}

func get(handler http.Handler, path string) (int, string) {
	return kittest.Do(handler, http.MethodGet, path, "")
}

// The server is started once for all that needs it.
func TestAgainstRealPostgres(t *testing.T) {
	s := start(t)
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s shop)
	}{
		{"every implementation answers alike, and reads as much as is declared", testImplementations},
		{"each brings the table to its own indexes", testMigration},
		{"not ready before the indexes are there", testReadiness},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s) })
	}
}

func testImplementations(t *testing.T, s shop) {
	const everything, little = 900, 60 // buffers: at least the whole table; at most an index, and the rows that it names
	answers := map[string]string{}
	for _, row := range []struct {
		name         string
		variant      kit.Variant
		index        string
		large, small [2]int // buffers, at least and at most
	}{
		{"naive", kit.Naive, "", [2]int{everything, 1e6}, [2]int{everything, 1e6}},
		{"naive_customer", kit.Naive, "customer", [2]int{everything, 1e6}, [2]int{1, little}},
		{"fixed", kit.Fixed, "", [2]int{1, little}, [2]int{1, little}},
	} {
		t.Run(row.name, func(t *testing.T) {
			url := s.database(t, row.name, "postgres")
			handler := open(t, environment(row.variant, url, row.index))
			// The small one first: what the server learns of it must not make the large one slow.
			for _, of := range []struct {
				customer int
				want     [2]int
			}{{small, row.small}, {large, row.large}} {
				if got := buffers(t, handler, url, of.customer); got < of.want[0] || got > of.want[1] {
					t.Errorf("customer %d: %d buffers, want %d to %d", of.customer, got, of.want[0], of.want[1])
				}
			}
			checkContract(t, handler, answers)
		})
	}
}

// buffers is how many shared buffers a query for a customer's orders asked for, on average of a few.
func buffers(t *testing.T, handler http.Handler, url string, customer int) int {
	t.Helper()
	const times = 8 // the server may plan the sixth in another way
	conn := dial(t, url)
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "SELECT pg_stat_statements_reset()"); err != nil {
		t.Fatal(err)
	}
	for range times {
		if code, text := get(handler, fmt.Sprintf("/customers/%d/orders?status=paid", customer)); code != http.StatusOK {
			t.Fatalf("answered %d: %s", code, text)
		}
	}
	var calls, blocks int
	const counted = `SELECT sum(calls)::int, sum(shared_blks_hit + shared_blks_read)::int FROM pg_stat_statements WHERE query LIKE '%FROM orders WHERE%'`
	if err := conn.QueryRow(t.Context(), counted).Scan(&calls, &blocks); err != nil || calls != times {
		t.Fatalf("%d calls were counted, want %d: %v", calls, times, err)
	}
	return blocks / calls
}

// checkContract asks what every implementation has to answer in the same way. answers are those of the first.
func checkContract(t *testing.T, handler http.Handler, answers map[string]string) {
	for _, row := range []struct {
		path     string
		code     int
		contains string
	}{
		{"/customers/1/orders?status=paid", 200, `"id":59980`},
		{"/customers/1/orders?status=cancelled", 200, `{"orders":[]}`},
		{"/customers/77/orders?status=pending", 200, `"status":"pending"`},
		{"/customers/99999/orders?status=paid", 200, `{"orders":[]}`},
		{"/customers/x/orders?status=paid", 400, "whole number"},
		{"/customers/1/orders?status=settled", 400, "pending, paid, shipped, cancelled"},
		{"/customers/1/orders", 400, "status is one of"},
	} {
		code, text := get(handler, row.path)
		if code != row.code || !strings.Contains(text, row.contains) {
			t.Errorf("%s answered %d, want %d with %q: %.300s", row.path, code, row.code, row.contains, text)
		}
		if first, ok := answers[row.path]; ok {
			if diff := cmp.Diff(first, text); diff != "" {
				t.Errorf("%s: %s", row.path, diff)
			}
		}
		answers[row.path] = text
	}
	_, text := get(handler, "/customers/1/orders?status=paid")
	if n := strings.Count(text, `"id":`); n != 20 {
		t.Errorf("the large customer has %d orders, want 20", n)
	}
}

func testMigration(t *testing.T, s shop) {
	url := s.database(t, "migrated", "postgres")
	for _, row := range []struct {
		variant kit.Variant
		index   string
		want    string
	}{
		{kit.Fixed, "", "orders_by_customer_status_time orders_pkey"},
		{kit.Fixed, "", "orders_by_customer_status_time orders_pkey"},
		{kit.Naive, "customer", "orders_by_customer orders_pkey"},
		{kit.Fixed, "customer", "orders_by_customer_status_time orders_pkey"},
		{kit.Naive, "none", "orders_pkey"},
		{kit.Naive, "customer", "orders_by_customer orders_pkey"},
		{kit.Naive, "", "orders_pkey"},
	} {
		t.Run(string(row.variant)+" "+row.index, func(t *testing.T) {
			open(t, environment(row.variant, url, row.index))
			conn := dial(t, url)
			defer conn.Close(context.Background())
			var got string
			const there = "SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM pg_indexes WHERE tablename = 'orders'"
			if err := conn.QueryRow(t.Context(), there).Scan(&got); err != nil || got != row.want {
				t.Errorf("the indexes are %s, want %s: %v", got, row.want, err)
			}
		})
	}
}

func testReadiness(t *testing.T, s shop) {
	url := s.database(t, "bare", "template1")
	handler := kittest.Open(t, missingindex.Target(), environment(kit.Fixed, url, ""))
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		code, text := get(handler, "/healthz")
		if code != http.StatusServiceUnavailable || time.Now().After(end) {
			t.Fatalf("without its table /healthz answered %d: %s", code, text)
		}
		if strings.Contains(text, `indexes: `) && strings.Contains(text, `"orders" does not exist`) {
			break
		}
	}
	s.exec(t, url, "CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, status text, total_cents bigint, created_at timestamptz, note text)")
	ready(t, handler)
}

func TestAnUnknownIndexIsRefused(t *testing.T) {
	_, err := missingindex.Target().Open(context.Background(), environment(kit.Naive, "postgres://x@127.0.0.1:1/x", "status"))
	if err == nil || !strings.Contains(err.Error(), "INDEX=status: want none or customer") {
		t.Errorf("got %v", err)
	}
}
