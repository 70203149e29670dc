package topology

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// executes holds what is said of commands against a node that has a shell, and a variable WHO of its own.
func executes(t *testing.T, n *site.Node, who string) {
	t.Helper()
	e, err := site.As[site.Executor](n)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Execute(t.Context(), []string{"sh", "-c", "echo said by $WHO"}); err != nil {
		t.Error(err)
	}
	if text := logged(t, n.Control.(site.Logger)); !strings.Contains(text, "said by "+who+"\n") {
		t.Errorf("the log of %s lacks what the command said: %s", n.Name, text)
	}
	err = e.Execute(t.Context(), []string{"sh", "-c", "echo planted; exit 3"})
	if err == nil || !strings.Contains(err.Error(), "exit status 3: planted") {
		t.Errorf("a command that fails: %v", err)
	}
	if err := e.Execute(t.Context(), []string{"no-such-program"}); err == nil {
		t.Error("a program that is not there was run")
	}
	short, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	began := time.Now()
	err = e.Execute(short, []string{"sh", "-c", "echo begun; sleep 1234 & wait"})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 4*time.Second {
		t.Errorf("a command that does not end: %v after %v", err, time.Since(began))
	}
	for deadline := time.Now().Add(2 * time.Second); len(sleeping(t, "sleep 1234")) > 0; time.Sleep(gonePoll) {
		if time.Now().After(deadline) {
			t.Fatalf("processes %v of a command that was killed are left", sleeping(t, "sleep 1234"))
		}
	}
}

// sleeping are the processes with that command line.
func sleeping(t *testing.T, command string) (pids []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		line, _ := os.ReadFile(file)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " ")) == command && alive(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func TestLocalNodesExecuteCommands(t *testing.T) {
	o, _ := options(t, experiment.Experiment{
		Services: []experiment.Service{
			{Name: "api", Port: 8080, Ready: experiment.Ready{Log: "up"}, Command: []string{"sh", "-c", "echo up; sleep 1000"}, Env: map[string]string{"WHO": "api"}},
			{Name: "echo", Reference: "echo", Port: 8081, Env: map[string]string{"WHO": "echo"}},
		},
		Load: experiment.Load{Target: "api"},
	})
	s := start(t, o).Site()
	executes(t, s.Node("api"), "api")
	executes(t, s.Node("echo"), "echo") // its own environment has no PATH
}

func TestContainersExecuteCommandsAndGoOffTheirNetwork(t *testing.T) {
	t.Parallel()
	users := usersImage(t, needEngine(t))
	o, engine := dockerOptions(t, experiment.Experiment{
		Dependencies: []experiment.Dependency{
			{Name: "events", Kind: "image", Image: users, Port: 6379, Ready: experiment.Ready{Log: "Ready to accept connections"}, Env: map[string]string{"WHO": "events"}},
			{Name: "cache", Kind: "redis"},
		},
	})
	s := startContainers(t, o, engine).Site()
	events := s.Node("events")
	executes(t, events, "events")

	d, err := site.As[site.Disconnecter](events)
	if err != nil {
		t.Fatal(err)
	}
	ping := func() string {
		conn, err := net.DialTimeout("tcp", events.Address, time.Second)
		if err != nil {
			return "not reached"
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(time.Second))
		if _, err := conn.Write([]byte("PING\r\n")); err != nil {
			return "not reached"
		}
		answer := make([]byte, 7)
		if _, err := conn.Read(answer); err != nil {
			return "not reached"
		}
		return strings.TrimSpace(string(answer))
	}
	if got := ping(); got != "+PONG" {
		t.Fatalf("before: %s", got)
	}
	for _, watchdog := range []bool{false, true} {
		var how site.Undo
		began := time.Now()
		if err := d.Disconnect(t.Context(), func(u site.Undo) error { how = u; return nil }); err != nil {
			t.Fatal(err)
		}
		off := time.Since(began)
		if got := ping(); got != "not reached" {
			t.Errorf("off its network: %s", got)
		}
		if watchdog {
			for range 2 { // twice does no harm
				if err := Undo(t.Context(), how); err != nil {
					t.Error(err)
				}
			}
			if got := ping(); got != "+PONG" {
				t.Errorf("undone: %s", got)
			}
		}
		began = time.Now()
		if err := errors.Join(d.Connect(t.Context()), d.Connect(t.Context())); err != nil {
			t.Fatal(err)
		}
		t.Logf("off after %d ms, on after %d ms", off.Milliseconds(), time.Since(began).Milliseconds())
		if got := ping(); got != "+PONG" {
			t.Errorf("back on its network: %s", got)
		}
	}
	refused := errors.New("no expiry")
	if err := d.Disconnect(t.Context(), func(site.Undo) error { return refused }); !errors.Is(err, refused) || ping() != "+PONG" {
		t.Errorf("without an expiry: %v, %s", err, ping())
	}
	if err := s.Node("cache").Control.(site.Disconnecter).Disconnect(t.Context(), func(site.Undo) error { return nil }); !errors.Is(err, ErrShared) {
		t.Errorf("a node of the machine's network: %v", err)
	}
}
