package cli_test

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
)

// clerk is a service that does three queries, in a transaction, and two commands for each request, over one connection each.
func clerk() {
	ctx := context.Background()
	db, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		panic(err)
	}
	options, err := redis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		panic(err)
	}
	options.PoolSize, options.DisableIdentity, options.MaxRetries = 1, true, -1
	cache := redis.NewClient(options)
	if err := cache.Set(ctx, "kept", "for ever", 0).Err(); err != nil {
		panic(err)
	}
	var one sync.Mutex
	work := func() error {
		one.Lock()
		defer one.Unlock()
		tx, err := db.Begin(ctx)
		if err != nil {
			return err
		}
		for i := range 3 {
			if _, err := tx.Exec(ctx, "SELECT $1::int", i); err != nil {
				return err
			}
		}
		if err := tx.Commit(ctx); err != nil {
			return err
		}
		if err := cache.Get(ctx, "kept").Err(); err != nil {
			return err
		}
		return cache.Incr(ctx, "asked").Err()
	}
	http.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		if err := work(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	panic(http.ListenAndServe(net.JoinHostPort(os.Getenv("HOST"), os.Getenv("PORT")), nil))
}

// clerkExperiment has a fault that lasts for so many requests that those under way at its edges are few among them, also where a busy
// machine asks the servers late.
const clerkExperiment = `
name: clerk
services:
  api:
    command: [clerk]
    port: 8080
    ready: {http: /healthz}
    env: {DATABASE_URL: "${orders-db.url}", REDIS_URL: "${cache.url}"}
dependencies:
  orders-db: {kind: postgres%s}
  cache: {kind: redis}
load: {script: script.js, env: {BASE_URL: "${api.url}"}, shape: soak, rate: 20/s, duration: 22s}
warmup: 2s
settle: 3s
faults:
  - {name: cache-slow, link: api->cache, kind: latency, latency: 10ms, at: 6s, for: 11s}
slos:
%s`

func (p *place) clerk(args string, slos ...string) {
	p.Helper()
	p.write("script.js", soakScript)
	p.write("experiment.yaml", fmt.Sprintf(clerkExperiment, args, "  - "+strings.Join(slos, "\n  - ")+"\n"))
}

// TestWorkPerRequestIsCounted: a service that does three queries and two commands for each request is seen to do so, in every phase,
// though brunt itself asks both servers all the while and probes the effect of the fault with commands of its own.
func TestWorkPerRequestIsCounted(t *testing.T) {
	t.Parallel()
	for _, provider := range providers() {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			testWorkPerRequest(t, newPlace(t, provider))
		})
	}
}

// covers says whether a row found a count: within 2 %, or within what the requests under way at the edges of a short phase leave
// open, which the row says itself and which is 10 % at most.
func covers(e results.Evidence, count float64) bool {
	if math.Abs(*e.Value-count) <= count*0.02 {
		return true
	}
	return e.Low != nil && e.High != nil && *e.Low <= count && count <= *e.High && *e.High-*e.Low <= count*0.2
}

func testWorkPerRequest(t *testing.T, p *place) {
	holds := map[string]float64{
		"per_request(postgres.queries) == 3": 3, "per_request(redis_commands_total{node:cache}) == 2": 2, "per_request(redis.commands) <= 2.2 in cache-slow": 2,
		"per_request(redis.commands in cache-slow) < 1.2 * per_request(redis.commands in steady)": 2, "max(redis.keys_without_ttl) == 2": 2,
		"max(postgres.connections) == 1": 1,
	}
	breaks := map[string]float64{"per_request(postgres.queries) < 3": 3, "per_request(postgres.wal) > 100KiB": 0}
	told := []string{"rate(node.cpu{node:api}) < 500%", "max(node.fds{node:api}) < 500", "avg(node.memory{node:orders-db}) > 1MiB"}
	var slos []string
	for _, m := range []map[string]float64{holds, breaks} {
		for text := range m {
			slos = append(slos, text)
		}
	}
	p.clerk("", append(slos, told...)...)
	v := p.start(p.runArgs()...)
	if code := v.exit(); code != 1 {
		t.Fatalf("ended with %d\n%s%s", code, v.stderr(), v.stdout.String())
	}
	run := p.runs()[0]
	for _, e := range run.Verdict.Evidence {
		want, sound := holds[e.What]
		broken, unsound := breaks[e.What]
		switch {
		case e.Value == nil:
			t.Errorf("%s: %+v", e.What, e)
		case sound && (e.Outcome == results.Fail || !covers(e, want)):
			t.Errorf("%s is %v: %+v", e.What, *e.Value, e)
		case unsound && (e.Outcome != results.Fail || broken != 0 && !covers(e, broken)):
			t.Errorf("%s is %v: %+v", e.What, *e.Value, e)
		}
	}
	for _, u := range run.Verdict.Uses {
		if u.Amplification != nil && u.Kind != "link" && (*u.Amplification < 0.9 || *u.Amplification > 1.1) {
			t.Errorf("amplification %v: %+v", *u.Amplification, u)
		}
		if u.Node == "api" && (u.Memory == nil || *u.Memory < 1<<20 || u.CPUPercent == nil || u.OpenFDs == nil) {
			t.Errorf("the node: %+v", u)
		}
	}
	if n := len(run.Verdict.Uses); n != 5*4 {
		t.Errorf("%d rows of what phases asked of nodes and links\n%s", n, v.stdout.String())
	}
	for _, s := range run.Trials[0].Scrapes {
		t.Logf("%+v", s)
	}
	t.Log(v.stdout.String())
	again := p.run(1, "rejudge", run.ID)
	if v.stdout.String() != again.stdout.String() {
		t.Errorf("judged otherwise:\n%s\n%s", v.stdout.String(), again.stdout.String())
	}
}

// TestWhatPostgresDoesNotTellIsSaid: without pg_stat_statements the run says so once, and a bound on queries is refused with the reason.
func TestWhatPostgresDoesNotTellIsSaid(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, slo string
		code      int
		says      string
	}{
		{"a bound on queries", "per_request(postgres.queries) <= 3", 2, "postgres.queries is not known: orders-db: pg_stat_statements does not work"},
		{"a bound on what it tells all the same", "per_request(postgres.wal) < 1MiB", 0, "warning"},
		{"a slip of the pen", "per_request(postgres.querys) <= 3", 2, "did you mean postgres.queries?"},
		{"a node that is none", "per_request(postgres.queries{node:order-db}) <= 3", 2, "did you mean orders-db?"},
		{"a gauge per request", "per_request(redis.memory) <= 3", 2, "per_request takes a counter"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPlace(t, topology.ProviderLocal)
			p.clerk(`, args: [-c, "shared_preload_libraries="]`, row.slo)
			v := p.start(p.runArgs("--time-scale", "0.2")...) // how much is counted is not asked here
			code := v.exit()
			if text := v.stderr() + v.stdout.String(); code != row.code && (row.code != 0 || code != 4) || !strings.Contains(strings.ToLower(text), strings.ToLower(row.says)) {
				t.Errorf("ended with %d\n%s", code, text)
			}
		})
	}
}
