package fault

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

func TestLatencyIsWhatWasAskedAndEndsWhenLifted(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	pooled := dial(t, b.link.Address)
	roundTrip(t, pooled)
	f := b.fault(experiment.Fault{Kind: "latency", Latency: 200 * time.Millisecond})
	asked := time.Now()
	at := b.apply(t, f)
	if at.Before(asked) || at.After(time.Now()) {
		t.Errorf("in force at %v, which is not between the call and its return", at)
	}
	var took []time.Duration
	for range 3 {
		took = append(took, roundTrip(t, pooled), roundTrip(t, dial(t, b.link.Address)))
	}
	best := took[0]
	for _, d := range took {
		best = min(best, d)
	}
	if best < 200*time.Millisecond || best > 230*time.Millisecond {
		t.Errorf("of %v the fastest round trip took %v, want 200 ms and a little", took, best)
	}
	r := b.lift(t, f)
	if age := time.Since(r.At); age < 0 || age > time.Second {
		t.Errorf("lifted %v ago", age)
	}
	if after := quickest(t, pooled); after > 100*time.Millisecond {
		t.Errorf("after the fault a round trip took %v", after)
	}
}

func TestAnOpenConnectionUnder(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	t.Run("reset is reset", func(t *testing.T) {
		pooled := dial(t, b.link.Address)
		roundTrip(t, pooled)
		f := b.fault(experiment.Fault{Kind: "reset"})
		b.apply(t, f)
		if _, err := pooled.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the pooled connection reads %v, want a reset", err)
		}
		fresh, err := net.Dial("tcp", b.link.Address) // the reset may come before it returns
		if err == nil {
			_, err = fresh.Read(make([]byte, 1))
			_ = fresh.Close()
		}
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a new connection gives %v, want a reset", err)
		}
		b.lift(t, f)
		roundTrip(t, dial(t, b.link.Address))
	})
	t.Run("a reset that strikes once is reset, and new ones work", func(t *testing.T) {
		pooled := dial(t, b.link.Address)
		roundTrip(t, pooled)
		f := b.fault(experiment.Fault{Kind: "reset"})
		f.For = 0
		b.apply(t, f)
		if _, err := pooled.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the pooled connection reads %v, want a reset", err)
		}
		roundTrip(t, dial(t, b.link.Address))
		b.lift(t, f)
	})
	t.Run("down is closed, and new ones are refused", func(t *testing.T) {
		pooled := dial(t, b.link.Address)
		roundTrip(t, pooled)
		f := b.fault(experiment.Fault{Kind: "down"})
		b.apply(t, f)
		if _, err := pooled.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the pooled connection reads %v, want its end", err)
		}
		if _, err := net.Dial("tcp", b.link.Address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("a new connection gives %v, want it refused", err)
		}
		b.lift(t, f)
		roundTrip(t, dial(t, b.link.Address))
	})
	t.Run("timeout stays, and what was sent arrives when it ends", func(t *testing.T) {
		pooled := dial(t, b.link.Address)
		roundTrip(t, pooled)
		f := b.fault(experiment.Fault{Kind: "timeout"})
		b.apply(t, f)
		for name, conn := range map[string]net.Conn{"pooled": pooled, "new": dial(t, b.link.Address)} {
			if err := ping(conn, 150*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("on the %s connection: %v, want nothing at all", name, err)
			}
			defer func() {
				_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
				if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
					t.Errorf("after the fault the %s connection reads %v", name, err)
				}
			}()
		}
		if r := b.lift(t, f); len(r.Ladder) > 0 {
			t.Errorf("lifting took %v", r.Ladder)
		}
	})
}

func TestAClientThatGivesUpDuringATimeoutNeverReachesTheUpstream(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	b := newBench(t, &site.Node{Address: server(t, func(conn *net.TCPConn) {
		reached.Add(1)
		echo(conn)
	})})
	f := b.fault(experiment.Fault{Kind: "timeout"})
	b.apply(t, f)
	for range 20 {
		conn := dial(t, b.link.Address)
		_, _ = conn.Write([]byte("x"))
		_ = conn.Close()
	}
	within(t, 2*time.Second, "the proxy has noticed them all", func() bool {
		resp, err := b.proxy.call(t.Context(), request{Op: opState})
		return err == nil && resp.Links[0].Open == 0
	})
	b.lift(t, f)
	roundTrip(t, dial(t, b.link.Address))
	if n := reached.Load(); n != 1 {
		t.Errorf("%d connections reached the upstream, want the last one alone", n)
	}
}

func TestFaultsOfOneLinkOverlap(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	conn := dial(t, b.link.Address)
	roundTrip(t, conn)
	short := b.fault(experiment.Fault{Name: "short", Kind: "latency", Latency: 60 * time.Millisecond})
	long := b.fault(experiment.Fault{Name: "long", Kind: "latency", Latency: 120 * time.Millisecond})
	hold := b.fault(experiment.Fault{Name: "hold", Kind: "timeout"})
	slow := b.fault(experiment.Fault{Name: "slow", Kind: "bandwidth", Rate: 1_000_000})
	between := func(what string, low, high time.Duration) {
		t.Helper()
		if took := quickest(t, conn); took < low || took > high {
			t.Errorf("%s: a round trip took %v, want %v to %v", what, took, low, high)
		}
	}
	const slack = 50 * time.Millisecond
	b.apply(t, short)
	between("short", 60*time.Millisecond, 60*time.Millisecond+slack)
	b.apply(t, long)
	between("short and long", 180*time.Millisecond, 180*time.Millisecond+slack)
	b.apply(t, slow)
	b.apply(t, hold)
	if err := ping(conn, 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("all four: %v, want nothing at all", err)
	}
	if r := b.lift(t, short); len(r.Ladder) > 0 {
		t.Errorf("lifting under a timeout took %v", r.Ladder)
	}
	b.lift(t, hold)
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil { // the byte that was held
		t.Fatal(err)
	}
	between("long and slow", 120*time.Millisecond, 120*time.Millisecond+slack)
	b.lift(t, long)
	b.lift(t, slow)
	between("none", 0, 60*time.Millisecond)
}

func TestAFaultThatNobodyLiftsExpires(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	f := b.fault(experiment.Fault{Kind: "down"})
	expires := time.Now().Add(300 * time.Millisecond)
	if _, err := b.Apply(t.Context(), f, expires); err != nil {
		t.Fatal(err)
	}
	lost := <-b.Lost()
	if lost.Name != "down" || lost.At.Before(expires) || lost.At.After(expires.Add(time.Second)) || lost.Reason == "" {
		t.Errorf("lost %+v, want down at %v", lost, expires)
	}
	roundTrip(t, dial(t, b.link.Address))
	if r := b.lift(t, f); !r.At.Equal(lost.At) {
		t.Errorf("lifted at %v, want when it expired, %v", r.At, lost.At)
	}
	if r := b.lift(t, f); len(r.Ladder) > 0 { // twice is once
		t.Errorf("lifting again took %v", r.Ladder)
	}
}

func TestTheProxyEndsWithItsParent(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(executable(t), "__owner", server(t, echo))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	var o owned
	decode(t, out, &o)
	conn := dial(t, o.Address)
	if err := ping(conn, 100*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("under the fault: %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	within(t, 3*time.Second, "the proxy is gone", func() bool {
		return errors.Is(syscall.Kill(o.Proxy, 0), syscall.ESRCH) || zombie(o.Proxy)
	})
	if _, err := net.Dial("tcp", o.Address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the link still answers: %v", err)
	}
}

// zombie tells whether a process is dead and only waits for its new parent to take notice.
func zombie(pid int) bool {
	_, err := os.Readlink("/proc/" + itoa(pid) + "/exe")
	return err != nil
}

// flooding sends more than all buffers hold to a client that asks for it by a 'y', and else what it gets.
func flooding(conn *net.TCPConn) {
	defer conn.Close()
	one := make([]byte, 1)
	for {
		if _, err := conn.Read(one); err != nil {
			return
		}
		answer := one
		if one[0] == 'y' {
			answer = make([]byte, flood)
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

const flood = 64 << 20

func TestAClientThatStopsReadingCostsOnlyItself(t *testing.T) {
	t.Parallel()
	// Toxiproxy alone would wait 25 s here, and answer nothing else meanwhile.
	for _, row := range []struct {
		fault  experiment.Fault
		ladder []string
	}{
		{experiment.Fault{Kind: "bandwidth", Rate: 1_000_000}, []string{stepCut}}, // a toxic, which waits for its peer
		{experiment.Fault{Kind: "latency", Latency: 50 * time.Millisecond}, nil},
		{experiment.Fault{Kind: "stall", Share: 1}, nil},
		{experiment.Fault{Kind: "slicer", Bytes: 100, Delay: time.Millisecond}, nil},
		{experiment.Fault{Kind: "timeout"}, nil},
		{experiment.Fault{Kind: "slow-close", Delay: 50 * time.Millisecond}, nil},
		{experiment.Fault{Kind: "connect-delay", Delay: 50 * time.Millisecond}, nil},
		{experiment.Fault{Kind: "connect-blackhole"}, nil},
		{experiment.Fault{Kind: "loss", Share: 0.2}, nil},
	} {
		t.Run(row.fault.Kind, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, &site.Node{Address: server(t, flooding)})
			good, deaf := dial(t, b.link.Address), dial(t, b.link.Address)
			roundTrip(t, good)
			_, _ = deaf.Write([]byte{'y'})
			time.Sleep(500 * time.Millisecond) // the buffers fill up
			f := b.fault(row.fault)
			b.apply(t, f)
			time.Sleep(200 * time.Millisecond)
			start := time.Now()
			r := b.lift(t, f)
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("lifting took %v", took)
			}
			if diff := cmp.Diff(row.ladder, r.Ladder); diff != "" {
				t.Error(diff)
			}
			if took := quickest(t, good); took > 45*time.Millisecond {
				t.Errorf("the other connection took %v", took)
			}
			_ = deaf.SetReadDeadline(time.Now().Add(20 * time.Second))
			_, err := io.CopyN(io.Discard, deaf, flood)
			if cut := len(row.ladder) > 0; cut != errors.Is(err, syscall.ECONNRESET) || !cut && err != nil {
				t.Errorf("the connection that did not read gets %v", err)
			}
		})
	}
}

func TestAFaultComesIntoForceAlthoughAClientDoesNotRead(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, func(conn *net.TCPConn) {
		defer conn.Close()
		_, _ = conn.Write(make([]byte, 64<<20))
	})})
	dial(t, b.link.Address)
	time.Sleep(500 * time.Millisecond) // the buffers fill up
	f := b.fault(experiment.Fault{Kind: "latency", Latency: 50 * time.Millisecond})
	start := time.Now()
	b.apply(t, f)
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("applying took %v", took)
	}
	fresh := dial(t, b.link.Address)
	start = time.Now()
	if _, err := io.ReadFull(fresh, make([]byte, 1)); err != nil || time.Since(start) < 45*time.Millisecond {
		t.Errorf("a new connection read after %v (%v), want the latency", time.Since(start), err)
	}
	b.lift(t, f)
}

func TestConnectionsAreCountedAndProbesAreNot(t *testing.T) {
	t.Parallel()
	b := newBench(t, startRedis(t))
	for range 3 {
		c := newRedisClient(b.link.Address)
		if err := c.small(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.close()
	}
	for range 5 {
		r, err := b.Probe(t.Context(), b.link)
		if err != nil || !r.Answered || r.Protocol != ProtocolRedis || r.RoundTrip <= 0 {
			t.Fatalf("probe %+v, %v", r, err)
		}
	}
	if n := b.proxy.Connections(t.Context(), linkName); n != 3 {
		t.Errorf("%d connections, want 3", n)
	}
}

func TestOpenSaysThatAnAddressIsTaken(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	if _, err := b.proxy.Open(t.Context(), "other", b.link.Address, b.node.Address); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v, want EADDRINUSE", err)
	}
	if _, err := b.proxy.Open(t.Context(), linkName, "127.77.1.1:0", b.node.Address); err == nil {
		t.Error("the same link was opened twice")
	}
}

func TestTheEndOfAClosedProxyIsQuiet(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	if err := b.proxy.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.proxy.Close(t.Context()); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if _, err := b.proxy.Open(t.Context(), "late", "127.77.1.1:0", b.node.Address); !errors.Is(err, ErrClosed) {
		t.Errorf("opening afterwards: %v", err)
	}
}
