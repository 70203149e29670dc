package cli_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/topology"
)

// engineLine is a socket that leads to the engine, and that can be cut.
type engineLine struct {
	path, engine string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
}

func newEngineLine(t *testing.T, path string) *engineLine {
	t.Helper()
	engine := strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://")
	if engine == "" {
		engine = "/var/run/docker.sock"
	}
	l := &engineLine{path: path, engine: engine}
	l.mend(t)
	t.Cleanup(l.cut)
	return l
}

func (l *engineLine) mend(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("unix", l.path)
	if err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	l.listener = listener
	l.mu.Unlock()
	go func() { // ends with the listener
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", l.engine)
			if err != nil {
				_ = in.Close()
				continue
			}
			l.mu.Lock()
			l.conns = append(l.conns, in, out)
			l.mu.Unlock()
			go func() { _, _ = io.Copy(out, in); _ = out.(*net.UnixConn).CloseWrite() }()
			go func() { _, _ = io.Copy(in, out); _ = in.(*net.UnixConn).CloseWrite() }()
		}
	}()
}

// cut ends every connection and takes no more.
func (l *engineLine) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.listener.Close() // removes the socket, too
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.conns = nil
}

// TestALostEngineIsSurvived cuts the line to the container engine while faults on nodes are in force: for a while, after which
// every fault ends late, and for good, after which the next start removes what is left.
func TestALostEngineIsSurvived(t *testing.T) {
	t.Parallel()
	p := newDeathPlace(t, topology.ProviderDocker)
	line := newEngineLine(t, filepath.Join(p.dir, "engine.sock"))
	p.env = append(p.env, "DOCKER_HOST=unix://"+line.path)
	t.Run("for a while", func(t *testing.T) {
		here := *p
		here.T = t
		v := here.inTheMiddle()
		line.cut()
		time.Sleep(8 * time.Second) // past the planned end of every fault
		line.mend(t)
		code := v.exit()
		run := here.runs()[0]
		if code != 0 && code != 3 {
			t.Errorf("ended with %d\n%s", code, v.stderr())
		}
		for _, f := range run.Trials[0].Faults {
			onEngine := slices.Contains([]string{"starved", "small", "frozen", "rolling", "lone"}, f.Name)
			if !f.Applied || !f.Removed && (!onEngine || f.Error == "") {
				t.Errorf("fault %s: applied %v, removed %v, %q", f.Name, f.Applied, f.Removed, f.Error)
			}
		}
		here.vanishes(run.ID, nil, goneWithin)
	})
	t.Run("for good", func(t *testing.T) {
		here := *p
		here.T = t
		v := here.inTheMiddle()
		line.cut()
		if code := v.exit(); code == 0 {
			t.Errorf("ended with 0 although nothing could be removed\n%s", v.stderr())
		}
		id := here.runs()[0].ID
		left, err := topology.RunsLeft(t.Context())
		if err != nil || !slices.Contains(left, id) {
			t.Fatalf("nothing is left (%v), so that nothing can be shown to be healed", err)
		}
		line.mend(t)
		here.run(0, "clean")
		here.gone(id)
		if left, err := topology.RunsLeft(t.Context()); err != nil || slices.Contains(left, id) {
			t.Errorf("left in the engine after clean: %v", errors.Join(err, fmt.Errorf("%v", left)))
		}
	})
}
