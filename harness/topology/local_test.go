package topology

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
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

func TestLocalKilledNodesComeBackWithWhatACrashLeaves(t *testing.T) {
	exp := orders(t)
	o, registered := options(t, exp)
	s := start(t, o).Site()
	db := s.Node("orders-db")
	conn := openDB(t, db)
	exec1(t, conn, "INSERT INTO orders VALUES (2, 'before the crash')")
	for _, name := range []string{"orders-db", "cache", "api"} {
		n := s.Node(name)
		killer, err := site.As[site.Killer](n)
		if err != nil {
			t.Fatal(err)
		}
		old := n.PID
		if err := killer.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c, err := net.DialTimeout("tcp", n.Address, time.Second); err == nil {
			c.Close()
			t.Errorf("%s still accepts after kill", name)
		}
		began := time.Now()
		if err := killer.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s is back after %d ms", name, time.Since(began).Milliseconds())
		if n.PID == old || !slices.Contains(registered.pids, n.PID) {
			t.Errorf("%s: process %d after %d", name, n.PID, old)
		}
	}
	if got := count(t, db, "orders"); got != 2 {
		t.Errorf("orders has %d rows after the crash; a committed one is lost", got)
	}
	if got := get(t, s.TargetURL+"/TTL"); got != "30s" {
		t.Errorf("the service came back without its environment: %q", got)
	}
}

// restarted asks a node to end, waits until it does not accept any more, and starts it again.
func restarted(t *testing.T, n *site.Node) {
	t.Helper()
	stopper, err := site.As[site.Stopper](n)
	if err != nil {
		t.Fatal(err)
	}
	killer, _ := site.As[site.Killer](n)
	old, began := n.PID, time.Now()
	if err := stopper.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked := time.Since(began)
	if err := killer.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: asked within %d ms, back after %d ms", n.Name, asked.Milliseconds(), time.Since(began).Milliseconds())
	if asked > time.Second {
		t.Errorf("%s: stop took %v; it should not wait", n.Name, asked)
	}
	if n.PID == old {
		t.Errorf("%s is still process %d", n.Name, old)
	}
	if err := killer.Restart(t.Context()); err != nil || n.PID == old { // one that runs is left as it is
		t.Errorf("%s: %v", n.Name, err)
	}
}

func TestLocalRestartedNodesEndInGoodOrderFirst(t *testing.T) {
	exp := orders(t)
	exp.Services = append(exp.Services, experiment.Service{
		Name: "deaf", Port: 8090, Ready: experiment.Ready{Log: "up"},
		Command: []string{"sh", "-c", `trap "" TERM; echo up; while :; do sleep 1000; done`},
	})
	exp.Load.Target = "api"
	o, _ := options(t, exp)
	s := start(t, o).Site()
	db := s.Node("orders-db")
	_ = openDB(t, db) // a client does not hold it up
	for _, row := range []struct{ name, says string }{
		{"orders-db", "database system is shut down"},
		{"cache", "User requested shutdown"},
		{"api", ""},
		{"deaf", ""}, // it is killed when its time is over
	} {
		restarted(t, s.Node(row.name))
		if text := logged(t, s.Node(row.name).Control.(site.Logger)); !strings.Contains(text, row.says) {
			t.Errorf("%s did not end in good order: %s", row.name, text)
		}
	}
	if got := count(t, db, "orders"); got != 1 {
		t.Errorf("orders has %d rows after the restart", got)
	}
}

func TestLocalPausedNodesDoNotAnswerUntilResumed(t *testing.T) {
	o, _ := options(t, orders(t))
	s := start(t, o).Site()
	db := s.Node("orders-db")
	conn := openDB(t, db) // the server's child, in a session of its own
	for _, n := range s.Nodes {
		pauser, err := site.As[site.Pauser](n)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := pauser.Pause(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	if _, err := dependency.Command(ctx, s.Node("cache"), []string{"PING"}); err == nil {
		t.Error("a paused redis answered")
	}
	answered := make(chan error, 1)
	go func() {
		_, err := conn.Exec(t.Context(), "SELECT 1")
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Errorf("a paused postgres answered on an open connection: %v", err)
	case <-time.After(150 * time.Millisecond):
	}
	for _, n := range s.Nodes {
		pauser, _ := site.As[site.Pauser](n)
		for range 2 {
			if err := pauser.Resume(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := <-answered; err != nil {
		t.Errorf("after resume: %v", err)
	}
	if _, err := dependency.Command(t.Context(), s.Node("cache"), []string{"PING"}); err != nil {
		t.Error(err)
	}
}

func TestLocalStopsNodesThatArePausedOrKilled(t *testing.T) {
	o, _ := options(t, orders(t))
	top := start(t, o)
	s := top.Site()
	_ = openDB(t, s.Node("orders-db"))
	for _, name := range []string{"orders-db", "api"} {
		pauser, _ := site.As[site.Pauser](s.Node(name))
		if err := pauser.Pause(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	killer, _ := site.As[site.Killer](s.Node("cache"))
	if err := killer.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // a stop runs on a context of its own
	if err := top.Stop(ctx); err != nil {
		t.Error(err)
	}
	t.Logf("stopped after %d ms", time.Since(began).Milliseconds())
}

func TestLocalNodesOfferTheirLogs(t *testing.T) {
	exp := orders(t)
	o, _ := options(t, exp)
	o.LogDir = t.TempDir()
	o.Redact = func(s string) string { return strings.ReplaceAll(s, "naive", "REDACTED") }
	top := start(t, o)
	logger, err := site.As[site.Logger](top.Site().Node("api"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := logger.Log(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(r); !strings.Contains(string(text), "variant naive listens on") {
		t.Errorf("log is %q", text)
	}
	if err := top.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"orders-db.log": "ready to accept connections", "cache.log": "Ready to accept", "api.log": "variant REDACTED"} {
		text, err := os.ReadFile(filepath.Join(o.LogDir, name))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v: %q", name, err, text)
		}
	}
}

func TestLocalStartThatFailsLeavesNothing(t *testing.T) {
	command := func(words ...string) experiment.Service {
		return experiment.Service{Name: "api", Command: words, Port: 8080, Ready: experiment.Ready{Timeout: 400 * time.Millisecond}}
	}
	for _, row := range []struct {
		name   string
		change func(e *experiment.Experiment)
		want   string
	}{
		{"a service that ends at once tells its last lines", func(e *experiment.Experiment) {
			e.Services[0] = command("sh", "-c", "echo no configuration; exit 3")
		}, "api ended before it was ready (accepts a connection at 127.x:8080): exit status 3\nits last lines:\nno configuration"},
		{"a service that ends well at once is no service", func(e *experiment.Experiment) {
			e.Services[0] = command("true")
		}, "exit status 0"},
		{"a service that never listens is given up", func(e *experiment.Experiment) {
			e.Services[0] = command("sh", "-c", "sleep 60 & echo waiting; wait")
		}, "api did not become ready within 400ms (accepts a connection at 127.x:8080)"},
		{"a service that is unhealthy tells its answer", func(e *experiment.Experiment) {
			e.Services[0].Ready = experiment.Ready{Command: []string{"sh", "-c", "echo unhealthy; exit 1"}, Timeout: 300 * time.Millisecond}
		}, "unhealthy"},
		{"a log line that never comes is named", func(e *experiment.Experiment) {
			e.Services[0].Ready = experiment.Ready{Log: "bananas", Timeout: 300 * time.Millisecond}
		}, `(logs "bananas"): no such line yet`},
		{"a program that is not there is named", func(e *experiment.Experiment) {
			e.Services[0] = command("./no-such-program")
		}, "command ./no-such-program: stat"},
		{"a program that is not in PATH is named", func(e *experiment.Experiment) {
			e.Services[0] = command("no-such-program")
		}, "command no-such-program: executable file not found"},
		{"a setup step that fails names file and line", func(e *experiment.Experiment) {
			e.Setup[0].SQL = filepath.Join(e.Dir, "broken.sql")
			if err := os.WriteFile(e.Setup[0].SQL, []byte("SELECT 1;\n\nSELECT\n  nothing_here;\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, `setup of orders-db: broken.sql:4: ERROR: column "nothing_here" does not exist`},
		{"a server that refuses its arguments tells why", func(e *experiment.Experiment) {
			e.Dependencies[0].Args = []string{"-c", "no_such_setting=1"}
		}, "no_such_setting"},
		{"a data set that is not known is named", func(e *experiment.Experiment) {
			e.Setup[1].Dataset = "ships"
		}, `no data set is named "ships" (there are: items, orders, documents, users, posts, comments)`},
		{"a data set without rows is refused", func(e *experiment.Experiment) {
			e.Setup[1].Rows = 0
		}, "0 rows were asked for"},
	} {
		t.Run(row.name, func(t *testing.T) {
			exp := orders(t)
			row.change(&exp)
			o, _ := options(t, exp)
			_, err := Start(t.Context(), o)
			if err == nil {
				t.Fatal("it started")
			}
			if text := maskAddress.ReplaceAllString(err.Error(), "127.x:"); !strings.Contains(text, row.want) {
				t.Errorf("got %q\nwant %q", text, row.want)
			}
			nothingLeft(t, o)
		})
	}
}

func TestLocalSaysWhereAServiceListensInstead(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0") // in place of a service that does not look at HOST
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o, _ := options(t, experiment.Experiment{Services: []experiment.Service{{
		Name: "api", Command: []string{"sleep", "60"}, Port: l.Addr().(*net.TCPAddr).Port, Ready: experiment.Ready{Timeout: 100 * time.Millisecond},
	}}})
	if _, err := Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "something listens on 127.0.0.1:") {
		t.Errorf("got %v", err)
	}
	nothingLeft(t, o)
}

// deaf is a Registrar that fails.
type deaf struct{ records }

func (*deaf) Process(int) error { return errors.New("the watchdog is gone") }

func TestLocalStartsNothingThatCannotBeRegistered(t *testing.T) {
	o, _ := options(t, orders(t))
	o.Registrar = &deaf{}
	if _, err := Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "the watchdog is gone") {
		t.Errorf("got %v", err)
	}
	if left := processesOf(t, o.RunID); len(left) > 0 {
		t.Errorf("left: %v", left)
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

func TestLocalStartThatIsInterruptedLeavesNothing(t *testing.T) {
	for _, after := range []time.Duration{time.Millisecond, 40 * time.Millisecond, 120 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			exp := orders(t)
			exp.Services[0].Ready = experiment.Ready{Log: "never", Timeout: time.Minute}
			o, _ := options(t, exp)
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			if _, err := Start(ctx, o); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			nothingLeft(t, o)
		})
	}
}

func TestLocalServersDieWithTheirParent(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	runID := fmt.Sprintf("killed%d", time.Now().UnixNano())
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "TOPOLOGY_TEST_START="+runID, "TOPOLOGY_TEST_CACHE="+sharedCache())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, parent := range []string{sharedMemory, os.TempDir()} { // the watchdog's work, which is not here
			_ = os.RemoveAll(filepath.Join(parent, "brunt-"+runID))
		}
	})
	said := ""
	for lines := bufio.NewScanner(out); said != "ready" && lines.Scan(); said = lines.Text() {
		if strings.HasPrefix(lines.Text(), "failed") {
			t.Fatal(lines.Text())
		}
	}
	if len(processesOf(t, runID)) < 3 {
		t.Errorf("too few processes before: %v", processesOf(t, runID))
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	deadline := time.Now().Add(10 * time.Second)
	for len(processesOf(t, runID)) > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("left: %v", processesOf(t, runID))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestLocalRefusesWhatNeedsAContainerEngine(t *testing.T) {
	exp := experiment.Experiment{
		Dependencies: []experiment.Dependency{{Name: "events", Kind: "image", Image: "redpanda:v25", Port: 9092}},
		Services: []experiment.Service{
			{Name: "a", Image: "nginx", Port: 80},
			{Name: "b", Build: &experiment.BuildRecipe{Context: "/x", Dockerfile: "Dockerfile"}, Port: 81},
		},
		Load: experiment.Load{Target: "a"},
	}
	o, _ := options(t, exp)
	_, err := Start(t.Context(), o)
	if err == nil {
		t.Fatal("it started")
	}
	for _, want := range []string{"dependency events: the local provider cannot start the image redpanda:v25", "service a:", "service b: the local provider cannot build Dockerfile"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
}

func TestLocalSaysThatLimitsAreNotEnforced(t *testing.T) {
	exp := orders(t)
	exp.Dependencies, exp.Setup, exp.Faults = nil, nil, nil
	exp.Services[0].Env = nil
	exp.Services[0].Resources = experiment.Resources{CPUs: 1}
	o, _ := options(t, exp)
	want := []string{"api: the local provider does not enforce resources; it ran without a limit"}
	if diff := cmp.Diff(want, start(t, o).Site().Warnings); diff != "" {
		t.Error(diff)
	}
}

func TestServicesThatAlreadyRunAreReachedAndNotStarted(t *testing.T) {
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close() })
	exp := experiment.Experiment{
		Services: []experiment.Service{{Name: "api", URL: "http://" + l.Addr().String() + "/v1", Ready: experiment.Ready{HTTP: "/healthz"}}},
		Load:     experiment.Load{Target: "api", Env: map[string]string{"BASE": "${api.url}"}},
		Faults:   []experiment.Fault{{Name: "slow", Link: "load->api", Kind: "latency"}},
	}
	o, _ := options(t, exp)
	o.Provider = ProviderAuto
	s := start(t, o).Site()
	link, _ := s.Link("load->api")
	if want := "http://" + link.Address + "/v1"; !link.Proxied || s.TargetURL != want || s.LoadEnv["BASE"] != want {
		t.Errorf("target %q, want %q through %+v", s.TargetURL, want, link)
	}
	if got := get(t, s.TargetURL); got != "/v1" {
		t.Errorf("the target answered %q", got)
	}

	_ = server.Close()
	exp.Services[0].Ready.Timeout = 200 * time.Millisecond
	again, _ := options(t, exp)
	_, err = Start(t.Context(), again)
	var gone *UnreachableError
	if !errors.As(err, &gone) || gone.Service != "api" {
		t.Errorf("got %v", err)
	}
}

func TestMissingProgramsAreNamedTogether(t *testing.T) {
	empty := t.TempDir()
	if dir := findPostgres(empty, []string{empty + "/*/bin"}, ""); dir != "" {
		t.Errorf("found %s", dir)
	}
	for _, version := range []string{"9.6", "15", "17"} {
		for _, name := range []string{"postgres", "initdb"} {
			path := filepath.Join(empty, version, "bin", name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	for asked, want := range map[string]string{"": "17", "15": "15", "15.3": "15", "12": "17", "9.6": "9.6"} {
		if dir := findPostgres("", []string{empty + "/*/bin"}, asked); dir != filepath.Join(empty, want, "bin") {
			t.Errorf("asked %q, found %q", asked, dir)
		}
	}
	err := &MissingProgramsError{[]string{"postgres", "redis-server"}}
	if want := "the local provider needs postgres and redis-server, which this machine does not have"; err.Error() != want {
		t.Errorf("got %q", err)
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
