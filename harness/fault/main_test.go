package fault

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// TestMain lets this binary play the parts that are processes of their own.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "__proxy":
			os.Exit(ProxyMain(context.Background(), os.Stdin, os.Stdout))
		case "__owner":
			if err := playOwner(os.Args[2]); err != nil {
				fmt.Fprintln(os.Stderr, "owner:", err)
				os.Exit(1)
			}
		}
	}
	// Of what the tests beside each other take, nearly all is waiting for a fault; they are not bound to the number of cores. Those
	// that measure run before them, one after another.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// owned is what the owner says when its fault is in force.
type owned struct {
	Proxy   int
	Address string
}

// playOwner holds a fault on a link to upstream and then does nothing until it is killed.
func playOwner(upstream string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	ctx := context.Background()
	p, err := StartProxy(ctx, ProxyOptions{Exe: exe})
	if err != nil {
		return err
	}
	address, err := p.Open(ctx, "a->b", "127.0.0.1:0", upstream)
	if err != nil {
		return err
	}
	i := NewInjector(p, &site.Site{
		Nodes: []*site.Node{{Name: "b", Address: upstream}},
		Links: []site.Link{{From: "a", To: "b", Address: address, Upstream: upstream, Proxied: true}},
	}, nil)
	f := experiment.Fault{Name: "held", Link: "a->b", Kind: "timeout", For: time.Hour}
	if _, err := i.Apply(ctx, f, time.Now().Add(time.Hour)); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(owned{p.PID(), address}); err != nil {
		return err
	}
	for { // without cgo the runtime takes `select {}` for a deadlock
		time.Sleep(time.Hour)
	}
}

// bench is a site of one link for tests: load->node.
type bench struct {
	*Injector
	proxy *Proxy
	link  site.Link
	node  *site.Node
}

const linkName = "load->node"

// newBench opens a link to a node.
func newBench(t *testing.T, node *site.Node) *bench {
	t.Helper()
	node.Name = "node"
	p, err := StartProxy(t.Context(), ProxyOptions{Exe: executable(t), Logger: quiet(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	address, err := p.Open(t.Context(), linkName, "127.77.1.1:0", node.Address)
	if err != nil {
		t.Fatal(err)
	}
	link := site.Link{From: site.Load, To: "node", Address: address, Upstream: node.Address, Proxied: true}
	s := &site.Site{Nodes: []*site.Node{node}, Links: []site.Link{link}}
	return &bench{NewInjector(p, s, quiet(t)), p, link, node}
}

// fault is a fault on the bench's link.
func (b *bench) fault(f experiment.Fault) experiment.Fault {
	if f.Name == "" {
		f.Name = f.Kind
	}
	f.Link = linkName
	if f.For == 0 {
		f.For = time.Minute
	}
	return f
}

func (b *bench) apply(t *testing.T, f experiment.Fault) time.Time {
	t.Helper()
	at, err := b.Apply(t.Context(), f, time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func (b *bench) lift(t *testing.T, f experiment.Fault) Removal {
	t.Helper()
	r, err := b.Lift(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// roundTrip is how long a byte takes there and back on an open connection.
func roundTrip(t *testing.T, conn net.Conn) time.Duration {
	t.Helper()
	start := time.Now()
	if err := ping(conn, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	return time.Since(start)
}

// quickest is the shortest of a few round trips: the machine may be busy, which only ever makes one longer.
func quickest(t *testing.T, conn net.Conn) time.Duration {
	t.Helper()
	best := roundTrip(t, conn)
	for range 4 {
		best = min(best, roundTrip(t, conn))
	}
	return best
}

func ping(conn net.Conn, limit time.Duration) error {
	_ = conn.SetDeadline(time.Now().Add(limit))
	defer func() { _ = conn.SetDeadline(time.Time{}) }()
	if _, err := conn.Write([]byte{'x'}); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, 1))
	return err
}

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn)
}

// server listens on loopback and hands every connection to serve, each on a goroutine of its own.
func server(t *testing.T, serve func(conn *net.TCPConn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.77.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(conn.(*net.TCPConn))
		}
	}()
	return listener.Addr().String()
}

// echo answers with what it gets, and closes when its client does.
func echo(conn *net.TCPConn) {
	defer conn.Close()
	_, _ = io.Copy(conn, conn)
}

// redisNode is a real redis that can be paused, killed, asked to end and started again.
type redisNode struct {
	port  string
	cmd   *exec.Cmd
	asked bool
}

const redisHost = "127.77.0.2"

func startRedis(t *testing.T) *site.Node {
	t.Helper()
	r := &redisNode{port: freePort(t, redisHost)}
	if err := r.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Kill(context.Background()) })
	return &site.Node{Kind: "redis", Address: net.JoinHostPort(redisHost, r.port), PID: r.cmd.Process.Pid, Control: r}
}

func (r *redisNode) Pause(context.Context) error  { return r.cmd.Process.Signal(syscall.SIGSTOP) }
func (r *redisNode) Resume(context.Context) error { return r.cmd.Process.Signal(syscall.SIGCONT) }

func (r *redisNode) Kill(context.Context) error {
	if err := r.cmd.Process.Kill(); err != nil {
		return err
	}
	_ = r.cmd.Wait()
	return nil
}

func (r *redisNode) Stop(context.Context) error {
	r.asked = true
	return r.cmd.Process.Signal(syscall.SIGTERM)
}

func (r *redisNode) Restart(ctx context.Context) error {
	if r.asked {
		r.asked = false
		if err := r.cmd.Wait(); err != nil {
			return fmt.Errorf("it did not end in good order: %w", err)
		}
	} else if r.cmd != nil && r.cmd.ProcessState == nil {
		return nil // it runs
	}
	r.cmd = exec.Command("redis-server", "--bind", redisHost, "--port", r.port, "--save", "", "--dir", os.TempDir())
	if err := r.cmd.Start(); err != nil {
		return err
	}
	return ready(ctx, probe{protocol: ProtocolRedis, address: net.JoinHostPort(redisHost, r.port)})
}

func ready(ctx context.Context, p probe) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		r := p.run(ctx)
		if r.Answered {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s at %s is not ready: %s", p.protocol, p.address, r.Err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func freePort(t *testing.T, host string) string {
	t.Helper()
	listener, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

func executable(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

func decode(t *testing.T, from io.Reader, into any) {
	t.Helper()
	line, err := bufio.NewReader(from).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the child said nothing: %v", err)
	}
	if err := json.Unmarshal(line, into); err != nil {
		t.Fatal(err)
	}
}

// within waits for a condition.
func within(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func quiet(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}
