package topology

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/moby/moby/client"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// needEngine returns a client of the real engine. Without one it announces the skip, which BRUNT_REQUIRE_DOCKER=1 forbids.
func needEngine(t *testing.T) *client.Client {
	t.Helper()
	engine, _, err := connectEngine(t.Context())
	if err != nil {
		if os.Getenv("BRUNT_REQUIRE_DOCKER") == "1" {
			t.Fatalf("BRUNT_REQUIRE_DOCKER=1 and the engine can't be used: %v", err)
		}
		t.Skipf("SKIPPED, %v", err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	return engine
}

// echoBinary is testdata/echo, built once without C so that it runs in an image made from nothing.
var echoBinary = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(sharedCache(), "echo")
	build := exec.Command("go", "build", "-o", dir, "./testdata/echo")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return dir, nil
})

// dockerOptions are those of a run in the real engine.
func dockerOptions(t *testing.T, exp experiment.Experiment) (Options, *client.Client) {
	t.Helper()
	engine := needEngine(t)
	o, _ := options(t, exp)
	o.Provider = ProviderDocker
	o.TargetBinary = func(context.Context) (string, error) { return echoBinary() }
	return o, engine
}

// startContainers is start for the docker provider: nothing may be left in the engine either.
func startContainers(t *testing.T, o Options, engine *client.Client) *Topology {
	t.Helper()
	t.Cleanup(func() { noContainers(t, engine, o.RunID) })
	return start(t, o)
}

func noContainers(t *testing.T, engine *client.Client, runID string) {
	t.Helper()
	for _, left := range inEngine(t, engine, runID) {
		t.Errorf("the run left %s in the engine", left)
	}
}

// inEngine lists what the engine has of a run.
func inEngine(t *testing.T, engine *client.Client, runID string) []string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	filter := make(client.Filters).Add("label", labelRun+"="+runID)
	var found []string
	containers, err := engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: filter})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range containers.Items {
		found = append(found, "container "+strings.Join(c.Names, ","))
	}
	volumes, err := engine.VolumeList(ctx, client.VolumeListOptions{Filters: filter})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range volumes.Items {
		found = append(found, "volume "+v.Name)
	}
	return found
}

func query(t *testing.T, url, sql string) (string, error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var text string
	err = conn.QueryRow(t.Context(), sql).Scan(&text)
	return text, err
}

func TestContainersHaveTheirOwnCredentialsNamesAndLinks(t *testing.T) {
	t.Parallel()
	o, engine := dockerOptions(t, experiment.Experiment{
		Dependencies: []experiment.Dependency{
			{Name: "orders-db", Kind: "postgres", Env: map[string]string{
				"POSTGRES_USER": `o'rder "x"`, "POSTGRES_PASSWORD": `p'a"ss\word`, "POSTGRES_DB": "order-s",
			}},
			{Name: "cache", Kind: "redis"},
		},
		Services: []experiment.Service{{
			Name: "api", Reference: "echo", Port: 8080, Ready: experiment.Ready{HTTP: "/healthz"},
			Env: map[string]string{"DATABASE_URL": "${orders-db.url}", "REDIS_URL": "${cache.url}"},
		}},
		Faults: []experiment.Fault{{Name: "slow", Link: "api->cache", Kind: "latency"}},
	})
	top := startContainers(t, o, engine)
	s := top.Site()

	db, api := s.Node("orders-db"), s.Node("api")
	server, _ := dependency.Known(dependency.Postgres)
	got, err := query(t, server.URL(db.Address, db.Params),
		"SELECT current_user || ',' || current_database() || ',' || (SELECT count(*) FROM pg_roles WHERE rolsuper)")
	if want := `o'rder "x",order-s,1`; err != nil || got != want {
		t.Errorf("user, database and number of superusers are %q (%v), want %q", got, err, want)
	}
	wrong := map[string]string{"user": db.Params["user"], "database": db.Params["database"], "password": "wrong"}
	if _, err := query(t, server.URL(db.Address, wrong), "SELECT '1'"); err == nil {
		t.Error("a wrong password was let in")
	}
	if _, err := query(t, server.URL(db.Address, db.Params), "SELECT 'x' FROM pg_stat_statements LIMIT 1"); err != nil {
		t.Errorf("pg_stat_statements: %v", err)
	}
	if got := get(t, s.TargetURL+"/env/DATABASE_URL"); !strings.Contains(got, db.Address) {
		t.Errorf("the service was given %s, and the database is at %s", got, db.Address)
	}
	// Its usual name and port lead a container through the link, without any variable.
	if got := get(t, s.TargetURL+"/ping/cache:6379"); got != "+PONG<nil>" {
		t.Errorf("cache:6379 answered %q from inside the service", got)
	}
	if n := o.Linker.(*forwarder).connections("api->cache"); n != 1 {
		t.Errorf("%d connections went through the link api->cache, want 1", n)
	}
	for _, n := range s.Nodes {
		if n.PID == 0 || n.Container == "" || !strings.HasPrefix(n.ImageDigest, "sha256:") {
			t.Errorf("%s: pid %d, container %q, digest %q", n.Name, n.PID, n.Container, n.ImageDigest)
		}
	}
	logger, err := site.As[site.Logger](api)
	if err != nil {
		t.Fatal(err)
	}
	stop(t, top)
	if got := logged(t, logger); !strings.Contains(got, "listens on "+api.Address) {
		t.Errorf("after its end the service's log reads %q", got)
	}
}

func stop(t *testing.T, top *Topology) {
	t.Helper()
	began := time.Now()
	if err := top.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Logf("stopped in %d ms", time.Since(began).Milliseconds())
}

func logged(t *testing.T, l site.Logger) string {
	t.Helper()
	r, err := l.Log(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestContainersComeBackAtTheirAddressWithWhatACrashLeaves(t *testing.T) {
	o, engine := dockerOptions(t, experiment.Experiment{Dependencies: []experiment.Dependency{
		{Name: "db", Kind: "postgres"}, {Name: "cache", Kind: "redis"},
	}})
	top := startContainers(t, o, engine)
	db, cache := top.Site().Node("db"), top.Site().Node("cache")
	server, _ := dependency.Known(dependency.Postgres)
	url := server.URL(db.Address, db.Params)
	if _, err := dependency.Command(t.Context(), db, []string{"CREATE TABLE kept AS SELECT 42 AS n"}); err != nil {
		t.Fatal(err)
	}
	for _, node := range []*site.Node{db, cache} {
		killer, err := site.As[site.Killer](node)
		if err != nil {
			t.Fatal(err)
		}
		before, began := node.PID, time.Now()
		if err := killer.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		killed := time.Now()
		if conn, err := net.Dial("tcp", node.Address); err == nil {
			_ = conn.Close()
			t.Errorf("%s accepts connections after it was killed", node.Name)
		}
		if err := killer.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: kill %d ms, restart %d ms", node.Name, killed.Sub(began).Milliseconds(), time.Since(killed).Milliseconds())
		if node.PID == before || node.PID == 0 {
			t.Errorf("%s: process %d before and %d after", node.Name, before, node.PID)
		}
	}
	restarted(t, db)
	restarted(t, cache)
	if text := logged(t, db.Control.(site.Logger)); !strings.Contains(text, "database system is shut down") {
		t.Errorf("postgres did not end in good order: %s", text)
	}
	if got, err := query(t, url, "SELECT n::text FROM kept"); err != nil || got != "42" {
		t.Errorf("after kill and restart the table holds %q (%v), want 42", got, err)
	}

	pauser, err := site.As[site.Pauser](cache)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // both are idempotent
		if err := pauser.Pause(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	instance, err := dependency.Of(cache)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := instance.Version(short); err == nil {
		t.Error("a paused cache answers")
	}
	if err := Resume(t.Context(), cache.Container); err != nil { // as the watchdog does
		t.Fatal(err)
	}
	if err := pauser.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := instance.Version(t.Context()); err != nil {
		t.Errorf("after the pause: %v", err)
	}
	// What is paused or dead when the run ends goes all the same.
	if err := pauser.Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop(t, top)
}

func TestSetupIsRestoredIntoAContainer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	schema := filepath.Join(dir, "schema.sql")
	if err := os.WriteFile(schema, []byte("CREATE TABLE made AS SELECT 'by setup' AS how;"), 0o600); err != nil {
		t.Fatal(err)
	}
	exp := experiment.Experiment{
		Dir:          dir,
		Dependencies: []experiment.Dependency{{Name: "db", Kind: "postgres"}},
		Setup:        []experiment.SetupStep{{SQL: schema, On: "db"}},
	}
	for i, want := range []string{"setup of db", "setup of db: restored from its snapshot"} {
		o, engine := dockerOptions(t, exp)
		o.CacheDir = filepath.Join(dir, "cache")
		var steps []string
		var mu sync.Mutex
		o.Progress = func(text string) { mu.Lock(); defer mu.Unlock(); steps = append(steps, text); t.Log(text) }
		top := startContainers(t, o, engine)
		if !slices.Contains(steps, want) {
			t.Errorf("start %d did not say %q", i+1, want)
		}
		db := top.Site().Node("db")
		server, _ := dependency.Known(dependency.Postgres)
		if got, err := query(t, server.URL(db.Address, db.Params), "SELECT how FROM made"); err != nil || got != "by setup" {
			t.Errorf("start %d: the table holds %q (%v)", i+1, got, err)
		}
		stop(t, top)
	}
}

func TestFailuresToStartAContainerSayWhyAndLeaveNothing(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		exp   experiment.Experiment
		check func(error) bool
		want  []string
	}{
		{
			"an image that can't be had",
			experiment.Experiment{Dependencies: []experiment.Dependency{{Name: "events", Kind: "image", Image: "127.0.0.1:1/nobody/nothing:v1", Port: 9}}},
			func(err error) bool { var e *ImageError; return errors.As(err, &e) && e.Node == "events" && !e.Known },
			[]string{"127.0.0.1:1/nobody/nothing:v1", "events"},
		},
		{
			"an image of the user's own for a known kind is not replaced",
			experiment.Experiment{Dependencies: []experiment.Dependency{{Name: "db", Kind: "postgres", Image: "127.0.0.1:1/acme/postgres:17"}}},
			func(err error) bool { var e *ImageError; return errors.As(err, &e) && e.Known },
			[]string{"127.0.0.1:1/acme/postgres:17"},
		},
		{
			"a service that ends at once",
			experiment.Experiment{Services: []experiment.Service{{Name: "api", Reference: "echo", Variant: "broken", Port: 8080}}},
			func(err error) bool { var e *NotReadyError; return errors.As(err, &e) && e.After == 0 },
			[]string{"exit code 3", "cannot start: planted"},
		},
		{
			"a service that is not ready in time",
			experiment.Experiment{Services: []experiment.Service{{
				Name: "api", Reference: "echo", Port: 8080, Ready: experiment.Ready{Log: "never", Timeout: time.Second},
			}}},
			func(err error) bool { var e *NotReadyError; return errors.As(err, &e) && e.After == time.Second },
			[]string{`logs "never"`, "listens on"},
		},
		{
			"a server that refuses its arguments",
			experiment.Experiment{Dependencies: []experiment.Dependency{{Name: "db", Kind: "postgres", Args: []string{"-c", "no_such_setting=1"}}}},
			func(err error) bool { var e *NotReadyError; return errors.As(err, &e) && e.After == 0 },
			[]string{"no_such_setting"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			o, engine := dockerOptions(t, row.exp)
			top, err := Start(t.Context(), o)
			if err == nil {
				stop(t, top)
				t.Fatal("it started")
			}
			if !row.check(err) {
				t.Errorf("the error is of another kind: %v", err)
			}
			for _, w := range row.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the error does not tell %q: %v", w, err)
				}
			}
			noContainers(t, engine, o.RunID)
		})
	}
}
