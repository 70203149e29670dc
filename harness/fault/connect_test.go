package fault

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

func TestUnderAConnectBlackholeDiallingHangs(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	b := newBench(t, &site.Node{Address: server(t, func(conn *net.TCPConn) {
		reached.Add(1)
		echo(conn)
	})})
	pooled := dial(t, b.link.Address)
	roundTrip(t, pooled)
	f := b.fault(experiment.Fault{Kind: "connect-blackhole"})
	b.apply(t, f)
	start := time.Now()
	conn, err := net.DialTimeout("tcp", b.link.Address, 700*time.Millisecond)
	var timeout net.Error
	if err == nil {
		_ = conn.Close()
	}
	if took := time.Since(start); !errors.As(err, &timeout) || !timeout.Timeout() || took < 650*time.Millisecond {
		t.Errorf("dialling gave %v after %v, want it to hang until its limit", err, took)
	}
	roundTrip(t, pooled)
	hanging := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", b.link.Address)
		if err == nil {
			err = ping(conn, time.Second)
			_ = conn.Close()
		}
		hanging <- err
	}()
	time.Sleep(200 * time.Millisecond)
	if n := reached.Load(); n != 1 {
		t.Errorf("%d connections reached the upstream, want the pooled one alone", n)
	}
	if r := b.lift(t, f); len(r.Ladder) > 0 {
		t.Errorf("lifting took %v", r.Ladder)
	}
	start = time.Now()
	roundTrip(t, dial(t, b.link.Address))
	if took := time.Since(start); took > 500*time.Millisecond {
		t.Errorf("after the fault a new connection took %v", took)
	}
	if err := <-hanging; err != nil {
		t.Errorf("the dial that hung ended with %v, want it to succeed when its SYN is sent again", err)
	}
	roundTrip(t, pooled)
}

func TestAConnectBlackholeOutlivesALinkThatWasDownMeanwhile(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	hole := b.fault(experiment.Fault{Kind: "connect-blackhole"})
	down := b.fault(experiment.Fault{Kind: "down"})
	b.apply(t, down)
	b.apply(t, hole)
	b.lift(t, down)
	if conn, err := net.DialTimeout("tcp", b.link.Address, 300*time.Millisecond); err == nil {
		_ = conn.Close()
		t.Error("a new connection was taken")
	}
	b.lift(t, hole)
	roundTrip(t, dial(t, b.link.Address))
}

func TestUnderAConnectDelay(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	b := newBench(t, &site.Node{Address: server(t, func(conn *net.TCPConn) {
		reached.Add(1)
		echo(conn)
	})})
	pooled := dial(t, b.link.Address)
	roundTrip(t, pooled)
	f := b.fault(experiment.Fault{Kind: "connect-delay", Delay: 300 * time.Millisecond})
	b.apply(t, f)
	if took := quickest(t, pooled); took > 100*time.Millisecond {
		t.Errorf("the open connection took %v", took)
	}
	fresh := dial(t, b.link.Address)
	if took := roundTrip(t, fresh); took < 295*time.Millisecond || took > 600*time.Millisecond {
		t.Errorf("the first answer on a new connection took %v, want 300 ms", took)
	}
	if took := quickest(t, fresh); took > 100*time.Millisecond {
		t.Errorf("later answers on it took %v", took)
	}
	impatient := dial(t, b.link.Address)
	if err := ping(impatient, 100*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a client that gives up gets %v", err)
	}
	_ = impatient.Close()
	time.Sleep(400 * time.Millisecond)
	if n := reached.Load(); n != 2 {
		t.Errorf("%d connections reached the upstream, want two: not the one that was given up", n)
	}
	b.lift(t, f)

	long := b.fault(experiment.Fault{Kind: "connect-delay", Delay: time.Hour})
	b.apply(t, long)
	waiting := dial(t, b.link.Address)
	_, _ = waiting.Write([]byte{'x'})
	time.Sleep(100 * time.Millisecond)
	b.lift(t, long)
	_ = waiting.SetReadDeadline(time.Now().Add(time.Second))
	if _, err := io.ReadFull(waiting, make([]byte, 1)); err != nil {
		t.Errorf("a connection that waited reads %v after the fault, want its answer", err)
	}
}

// TestADelayLongerThanAProbeUsuallyWaitsIsSeen: how long a probe waits follows from what the fault adds.
func TestADelayLongerThanAProbeUsuallyWaitsIsSeen(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	f := b.fault(experiment.Fault{Kind: "connect-delay", Delay: probeTime + 300*time.Millisecond})
	seen := b.Watch(t.Context(), f)
	time.Sleep(300 * time.Millisecond)
	start := time.Now()
	b.apply(t, f)
	time.Sleep(f.Delay + time.Second)
	b.lift(t, f)
	if e := seen(start, time.Now()); e == nil || !e.Seen || e.During < float64(f.Delay.Milliseconds()) {
		t.Errorf("%+v", e)
	}
}
