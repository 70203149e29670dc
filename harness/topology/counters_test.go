package topology

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// tell reads what a server counts.
func tell(t *testing.T, c *dependency.Counters) map[string]float64 {
	t.Helper()
	text, err := c.Tell(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]float64{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var name string
		var v float64
		if n, _ := fmt.Sscan(lines.Text(), &name, &v); n == 2 {
			told[name] = v
		}
	}
	return told
}

func countersOf(t *testing.T, n *site.Node) *dependency.Counters {
	t.Helper()
	i, err := dependency.Of(n)
	if err != nil {
		t.Fatal(err)
	}
	c := i.Counters(nil)
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

// added is by how much the counters rose.
func added(before, after map[string]float64) map[string]float64 {
	by := map[string]float64{}
	for name, v := range after {
		if by[name] = v - before[name]; !strings.HasSuffix(name, "_total") {
			by[name] = v
		}
	}
	return by
}

// testCounters asks both servers of a started topology what a known piece of work was.
func testCounters(t *testing.T, s *site.Site) {
	db, cache := s.Node("orders-db"), s.Node("cache")
	t.Run("postgres", func(t *testing.T) { testPostgresCounters(t, db) })
	t.Run("redis", func(t *testing.T) { testRedisCounters(t, cache) })
	t.Run("tallies", func(t *testing.T) { testTallies(t, db, cache) })
}

// tally connects to a node, and returns what does what it counts.
func tally(t *testing.T, n *site.Node) (*dependency.Tally, func(work func()) dependency.Done) {
	t.Helper()
	i, err := dependency.Of(n)
	if err != nil {
		t.Fatal(err)
	}
	c, err := i.Tally(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	read := func() dependency.Done {
		done, err := c.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	read() // of redis, the greeting
	return c, func(work func()) dependency.Done {
		before := read()
		work()
		done, err := read().Since(before)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
}

// testTallies does the same work twice, and nothing once.
func testTallies(t *testing.T, db, cache *site.Node) {
	conn := openDB(t, db)
	exec1(t, conn, "CREATE TABLE tallied (id int PRIMARY KEY, note text)")
	exec1(t, conn, "INSERT INTO tallied VALUES (0, 'x')")
	postgres, during := tally(t, db)
	var written [2]int64
	for round := range written {
		done := during(func() {
			exec1(t, conn, "BEGIN")
			for i := range 3 {
				exec1(t, conn, fmt.Sprintf("INSERT INTO tallied VALUES (%d, 'x')", 10*(round+1)+i))
			}
			exec1(t, conn, "COMMIT")
		})
		if len(done.Statements) != 1 {
			t.Fatalf("three inserts in a transaction are %+v", done.Statements)
		}
		texts, err := postgres.Texts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for id, s := range done.Statements {
			if s.Calls != 3 || s.Rows != 3 || s.Buffers < 3 || texts[id] != "INSERT INTO tallied VALUES ($1, $2)" {
				t.Errorf("three inserts are %+v of %q", s, texts[id])
			}
			written[round] = s.WAL
		}
	}
	if written[0] == 0 || written[0] != written[1] {
		t.Errorf("the same inserts wrote %d and %d bytes to the log", written[0], written[1])
	}
	if idle := during(func() {}); len(idle.Statements) > 0 {
		t.Errorf("our own questions are counted: %+v", idle)
	}

	client := redis.NewClient(&redis.Options{Addr: cache.Address, DisableIdentity: true})
	defer client.Close()
	client.Ping(t.Context()) // the greeting is over
	commands, during := tally(t, cache)
	done := during(func() {
		client.Set(t.Context(), "tallied", strings.Repeat("x", 1000), 0)
		client.Get(t.Context(), "tallied")
		client.Get(t.Context(), "tallied")
	})
	if want := map[string]int64{"SET": 1, "GET": 2}; !maps.Equal(done.Commands, want) || done.Bytes < 3000 || done.Bytes > 3300 {
		t.Errorf("a value of 1000 bytes there and twice back: %+v", done)
	}
	if idle := during(func() {}); len(idle.Commands) > 0 || idle.Bytes != 0 {
		t.Errorf("our own questions are counted: %+v", idle)
	}
	for what, reset := range map[*dependency.Tally]func(){
		postgres: func() { exec1(t, conn, "SELECT pg_stat_statements_reset()") },
		commands: func() { client.ConfigResetStat(t.Context()) },
	} {
		before, err := what.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		reset()
		after, err := what.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if done, err := after.Since(before); !errors.As(err, new(*dependency.WentBackError)) {
			t.Errorf("%s: counters that were set to nothing are %+v, %v", what.Kind(), done, err)
		}
	}
}

func testPostgresCounters(t *testing.T, n *site.Node) {
	conn := openDB(t, n)
	c := countersOf(t, n)
	tell(t, c)
	before := tell(t, c)
	if lacks := c.Lacks(); lacks != "" {
		t.Fatal(lacks)
	}
	for i := range 20 { // ten in transactions of their own, ten not
		if i%2 == 0 {
			exec1(t, conn, "/* shop */ BEGIN")
		}
		exec1(t, conn, fmt.Sprintf("INSERT INTO orders VALUES (%d, 'x')", 100+i))
		if i%2 == 0 {
			exec1(t, conn, "COMMIT")
		}
		var note string
		if err := conn.QueryRow(t.Context(), "SELECT note FROM orders WHERE id = $1", 100+i).Scan(&note); err != nil {
			t.Fatal(err)
		}
	}
	after := tell(t, c)
	by := added(before, after)
	if by["postgres_queries_total"] != 40 || by["postgres_rows_total"] != 40 || by["postgres_connections"] != 1 {
		t.Errorf("of 20 inserts and 20 selects: %v", by)
	}
	if by["postgres_buffers_total"] < 40 || by["postgres_wal_bytes_total"] < 1000 || by["postgres_statements_evicted_total"] != 0 {
		t.Errorf("of 20 inserts and 20 selects: %v", by)
	}
	if idle := added(after, tell(t, c)); idle["postgres_queries_total"] != 0 || idle["postgres_rows_total"] != 0 {
		t.Errorf("our own questions are counted: %v", idle)
	}
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		exec1(t, conn, "SELECT 1") // a busy session adds to pg_stat_database once a second
		if by := added(before, tell(t, c)); by["postgres_transactions_total"] >= 40 {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("40 transactions are not told: %v", by)
		}
	}
	small := tell(t, c)["postgres_relation_bytes"]
	exec1(t, conn, "CREATE TABLE bulk AS SELECT repeat('x', 100) FROM generate_series(1, 10000)")
	large := tell(t, c)["postgres_relation_bytes"]
	exec1(t, conn, "DROP TABLE bulk")
	if grown := large - small; grown < 1e6 || grown > 3e6 {
		t.Errorf("10,000 rows of 100 bytes are %v bytes", grown)
	}
}

func testRedisCounters(t *testing.T, n *site.Node) {
	client := redis.NewClient(&redis.Options{Addr: n.Address, DisableIdentity: true})
	defer client.Close()
	if err := client.Set(t.Context(), "first", 1, 0).Err(); err != nil {
		t.Fatal(err)
	}
	c := countersOf(t, n)
	tell(t, c)
	before := tell(t, c)
	for i := range 10 {
		if err := client.Set(t.Context(), fmt.Sprint("k", i), strings.Repeat("x", 1000), time.Duration(i%2)*time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
		client.Get(t.Context(), fmt.Sprint("k", i))
		client.Get(t.Context(), "nothing")
	}
	after := tell(t, c)
	by := added(before, after)
	want := map[string]float64{
		"redis_commands_total": 30, "redis_keyspace_hits_total": 10, "redis_keyspace_misses_total": 10, "redis_keys": 11,
		"redis_keys_without_ttl": 6, "redis_connected_clients": 1, "redis_connections_total": 0,
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if by[name] != want[name] {
			t.Errorf("%s is %v, want %v", name, by[name], want[name])
		}
	}
	if in, out := by["redis_net_input_bytes_total"], by["redis_net_output_bytes_total"]; in < 10000 || in > 12000 || out < 10000 || out > 11000 {
		t.Errorf("ten values of 1000 bytes there and back are %v and %v bytes", in, out)
	}
	idle := added(after, tell(t, c))
	for _, name := range []string{"redis_commands_total", "redis_net_input_bytes_total", "redis_net_output_bytes_total"} {
		if math.Abs(idle[name]) > 0 {
			t.Errorf("our own questions are counted: %v of %s", idle[name], name)
		}
	}
}

func TestLocalServersTellWhatTheyCount(t *testing.T) {
	o, _ := options(t, orders(t))
	testCounters(t, start(t, o).Site())
}

// BenchmarkCounters is what a reading takes: brunt's and the server's part together.
func BenchmarkCounters(b *testing.B) {
	for _, name := range []string{"orders-db", "cache"} {
		b.Run(name, func(b *testing.B) {
			top, err := Start(b.Context(), Options{
				RunID: fmt.Sprint("bench", time.Now().UnixNano()), Provider: ProviderLocal, Lookup: os.LookupEnv, CacheDir: sharedCache(),
				Experiment: experiment.Experiment{Dependencies: []experiment.Dependency{{Name: "orders-db", Kind: "postgres"}, {Name: "cache", Kind: "redis"}}},
			})
			if err != nil {
				b.Fatal(err)
			}
			defer top.Stop(context.Background())
			n := top.Site().Node(name)
			i, err := dependency.Of(n)
			if err != nil {
				b.Fatal(err)
			}
			c := i.Counters(nil)
			defer c.Close(context.Background())
			for b.Loop() {
				if _, err := c.Tell(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestContainersTellWhatTheyCount(t *testing.T) {
	t.Parallel()
	exp := orders(t)
	exp.Services, exp.Faults, exp.Load = nil, nil, experiment.Load{}
	o, engine := dockerOptions(t, exp)
	testCounters(t, startContainers(t, o, engine).Site())
}
