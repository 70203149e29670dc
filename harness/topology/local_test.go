package topology

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// orders is an experiment with everything that the local provider can start.
func orders(t *testing.T) experiment.Experiment {
	t.Helper()
	dir := t.TempDir()
	schema := "CREATE TABLE orders (id bigint PRIMARY KEY, note text);\nINSERT INTO orders VALUES (1, 'first');\n"
	if err := os.WriteFile(filepath.Join(dir, "schema.sql"), []byte(schema), 0o600); err != nil {
		t.Fatal(err)
	}
	return experiment.Experiment{
		Name: "orders", Dir: dir, TimeScale: 0.5,
		Dependencies: []experiment.Dependency{{Name: "orders-db", Kind: "postgres"}, {Name: "cache", Kind: "redis"}},
		Services: []experiment.Service{{
			Name: "api", Reference: "echo", Variant: "naive", Port: 8080, Ready: experiment.Ready{HTTP: "/healthz"},
			Env: map[string]string{
				"DATABASE_URL": "${orders-db.url}", "REDIS_URL": "${cache.url}", "TTL": "${scaled:60s}", "SELF": "${api.url}",
			},
		}},
		Setup: []experiment.SetupStep{
			{SQL: filepath.Join(dir, "schema.sql"), On: "orders-db"},
			{Dataset: "items", On: "orders-db", Rows: 2000},
		},
		Load:   experiment.Load{Env: map[string]string{"BASE_URL": "${api.url}"}},
		Faults: []experiment.Fault{{Name: "slow", Link: "api->cache", Kind: "latency"}},
	}
}

func TestLocalStartsARealTopology(t *testing.T) {
	o, registered := options(t, orders(t))
	top := start(t, o)
	s := top.Site()

	if s.Provider != "local" {
		t.Errorf("provider is %q", s.Provider)
	}
	var names []string
	for _, n := range s.Nodes {
		names = append(names, n.Role+" "+n.Kind+" "+n.Name)
		host, _, err := net.SplitHostPort(n.Address)
		if err != nil || !strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "127.0.0.") {
			t.Errorf("%s listens on %s", n.Name, n.Address)
		}
		if !slices.Contains(registered.pids, n.PID) || !alive(n.PID) {
			t.Errorf("%s: process %d is not registered or does not run", n.Name, n.PID)
		}
	}
	want := []string{"dependency postgres orders-db", "dependency redis cache", "service reference api"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if got := count(t, s.Node("orders-db"), "items"); got != 2000 {
		t.Errorf("items has %d rows", got)
	}
	if got := count(t, s.Node("orders-db"), "orders"); got != 1 {
		t.Errorf("orders has %d rows", got)
	}
	if v := s.Node("orders-db").Version; !strings.Contains(v, ".") {
		t.Errorf("postgres says version %q", v)
	}
	link, ok := s.Link("api->cache")
	if !ok || !link.Proxied || link.Address == link.Upstream || link.Upstream != s.Node("cache").Address {
		t.Errorf("link %+v", link)
	}
	if direct, ok := s.Link("api->orders-db"); !ok || direct.Proxied || direct.Address != s.Node("orders-db").Address {
		t.Errorf("link %+v", direct)
	}
	if s.LoadEnv["BASE_URL"] != s.TargetURL || s.TargetURL != "http://"+s.Node("api").Address {
		t.Errorf("target %q, load env %v", s.TargetURL, s.LoadEnv)
	}
	for variable, want := range map[string]string{
		"REDIS_URL": "redis://" + link.Address + "/0", "TTL": "30s", "SELF": s.TargetURL,
		"DATABASE_URL": dependencyURL(t, s.Node("orders-db")), "HOME": "",
	} {
		if got := get(t, s.TargetURL+"/"+variable); got != want {
			t.Errorf("%s is %q, want %q", variable, got, want)
		}
	}
	// The link that the service was given leads to the server.
	server, _ := dependency.Known("redis")
	if _, err := server.At(link.Address, nil).Version(t.Context()); err != nil {
		t.Error(err)
	}
	if n := o.Linker.(*forwarder).connections("api->cache"); n != 1 {
		t.Errorf("%d connections crossed the link", n)
	}
}

func TestLocalReusesTheSnapshotOfSetup(t *testing.T) {
	exp := orders(t)
	exp.Services, exp.Faults, exp.Load = nil, nil, experiment.Load{}
	first, _ := options(t, exp)
	start(t, first)

	var steps []string
	second, _ := options(t, exp)
	second.Progress = func(text string) { steps = append(steps, text) }
	began := time.Now()
	top := start(t, second)
	took := time.Since(began)
	if !slices.Contains(steps, "setup of orders-db: restored from its snapshot") {
		t.Errorf("steps: %q", steps)
	}
	if took > 5*time.Second {
		t.Errorf("a start from a snapshot took %s", took)
	}
	if got := count(t, top.Site().Node("orders-db"), "items"); got != 2000 {
		t.Errorf("items has %d rows", got)
	}

	exp.Setup[1].Rows = 3000
	third, _ := options(t, exp)
	if got := count(t, start(t, third).Site().Node("orders-db"), "items"); got != 3000 {
		t.Errorf("other setup, same snapshot: items has %d rows", got)
	}
}

func TestLocalPasswordsDifferBetweenRunsAndAreAsked(t *testing.T) {
	exp := experiment.Experiment{Dependencies: []experiment.Dependency{{Name: "db", Kind: "postgres"}}}
	a, _ := options(t, exp)
	b, _ := options(t, exp)
	var secrets []string
	a.Secret = func(s string) { secrets = append(secrets, s) }
	one, two := start(t, a).Site().Node("db"), start(t, b).Site().Node("db")
	if diff := cmp.Diff([]string{one.Params["password"]}, secrets); diff != "" {
		t.Errorf("secrets told: %s", diff)
	}
	if one.Params["password"] == two.Params["password"] || len(one.Params["password"]) < 16 {
		t.Errorf("passwords %q and %q", one.Params["password"], two.Params["password"])
	}
	wrong := dependency.Instance{Server: mustKnow(t, "postgres"), Address: one.Address, Params: two.Params}
	if _, err := wrong.Version(t.Context()); err == nil {
		t.Error("another password opened the database")
	} else if strings.Contains(err.Error(), two.Params["password"]) {
		t.Errorf("the error tells the password: %v", err)
	}
}

func TestLocalSaysWhenAnotherVersionIsUsed(t *testing.T) {
	o, _ := options(t, experiment.Experiment{Dependencies: []experiment.Dependency{{Name: "cache", Kind: "redis", Version: "4", Image: "redis:4"}}})
	s := start(t, o).Site()
	want := []string{
		"cache: redis 4 asked, " + s.Node("cache").Version + " used",
		"cache: the image redis:4 is asked, but the local provider uses this machine's own redis",
	}
	if diff := cmp.Diff(want, s.Warnings); diff != "" {
		t.Error(diff)
	}
}

func TestLocalCommandsGetHostAndPortAndTheirFolder(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	exp := experiment.Experiment{Dir: t.TempDir(), Services: []experiment.Service{{
		Name: "api", Port: 8080, Command: []string{"sh", "-c", `pwd; exec "$0" echo "--listen=$HOST:$PORT"`, exe},
		Env: map[string]string{"GREETING": "$${not a reference}"}, Ready: experiment.Ready{HTTP: "healthz"},
	}}}
	o, _ := options(t, exp)
	s := start(t, o).Site()
	if got := get(t, s.TargetURL+"/GREETING"); got != "${not a reference}" {
		t.Errorf("GREETING is %q", got)
	}
	if log := string(logOf(t.Context(), s.Node("api"))); !strings.HasPrefix(log, exp.Dir+"\n") {
		t.Errorf("it ran in %q, not in %s", log, exp.Dir)
	}
}

func TestLocalTwoSitesAtOnceDoNotMeet(t *testing.T) {
	exp := orders(t)
	a, _ := options(t, exp)
	b, _ := options(t, exp)
	one, two := start(t, a).Site(), start(t, b).Site()
	exec1(t, openDB(t, one.Node("orders-db")), "INSERT INTO orders VALUES (7, 'of the first site')")
	if got := count(t, two.Node("orders-db"), "orders"); got != 1 {
		t.Errorf("the second site sees %d rows", got)
	}
	for i, n := range one.Nodes {
		if n.Address == two.Nodes[i].Address {
			t.Errorf("both sites have a node at %s", n.Address)
		}
	}
}

func mustKnow(t *testing.T, kind string) dependency.Server {
	t.Helper()
	s, ok := dependency.Known(kind)
	if !ok {
		t.Fatal(kind)
	}
	return s
}

func dependencyURL(t *testing.T, n *site.Node) string {
	t.Helper()
	return mustKnow(t, n.Kind).URL(n.Address, n.Params)
}

func openDB(t *testing.T, n *site.Node) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dependencyURL(t, n))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	})
	return conn
}

func exec1(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, n *site.Node, table string) int {
	t.Helper()
	var rows int
	if err := openDB(t, n).QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

func get(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
