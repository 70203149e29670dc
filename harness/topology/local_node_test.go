package topology

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

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
