package fault

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

func TestPipelinedAnswersAreDelayedOnceAndKeepTheirOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	conn := dial(t, b.link.Address)
	f := b.fault(experiment.Fault{Kind: "latency", Latency: 150 * time.Millisecond, Jitter: 100 * time.Millisecond})
	b.apply(t, f)
	const n = 100
	start := time.Now()
	go func() {
		for i := range n {
			_, _ = conn.Write([]byte{byte(i)})
			time.Sleep(time.Millisecond)
		}
	}()
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	got := make([]byte, n)
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 200*time.Millisecond || took > 3*time.Second { // once for each would be 15 s
		t.Errorf("%d pipelined answers took %v, want the latency once", n, took)
	}
	for i := range n {
		if got[i] != byte(i) {
			t.Fatalf("byte %d is %d", i, got[i])
		}
	}
	b.lift(t, f)
}

func TestWhatIsOnItsWayGoesOnWhenALatencyEnds(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	conn := dial(t, b.link.Address)
	roundTrip(t, conn)
	f := b.fault(experiment.Fault{Kind: "latency", Latency: time.Minute})
	b.apply(t, f)
	_, _ = conn.Write([]byte("abc"))
	_ = conn.CloseWrite() // the end waits behind the data
	time.Sleep(50 * time.Millisecond)
	b.lift(t, f)
	_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
	if got, err := io.ReadAll(conn); err != nil || string(got) != "abc" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAStallMeetsItsShareOfAnswers(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	b.Seed = 3
	conn := dial(t, b.link.Address)
	f := b.fault(experiment.Fault{Kind: "stall", Share: 0.2, Delay: 200 * time.Millisecond})
	watched := b.Watch(t.Context(), f)
	time.Sleep(300 * time.Millisecond)
	at := b.apply(t, f)
	plan := newSchedule(scheduleKey(3, f), 1)
	met := 0
	for i := range 60 {
		took := roundTrip(t, conn)
		if want := plan.delay(stall.strength(f), time.Hour); want > 0 {
			met++
			if took < want {
				t.Errorf("answer %d took %v, want it to wait", i, took)
			}
		} else if took > 150*time.Millisecond {
			t.Errorf("answer %d took %v, want it to pass", i, took)
		}
	}
	r := b.lift(t, f)
	if e := watched(at, r.At); e == nil || !e.Seen {
		t.Errorf("the effect is %+v", e)
	}
	if n := b.outcome(f).met; met == 0 || n != int64(met) {
		t.Errorf("%d answers were met, want %d", n, met)
	}
}

func TestAStallWithoutADelayLastsUntilTheFaultEnds(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	conn := dial(t, b.link.Address)
	f := b.fault(experiment.Fault{Kind: "stall", Share: 1})
	b.apply(t, f)
	if err := ping(conn, 150*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want nothing at all", err)
	}
	b.lift(t, f)
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Errorf("after the fault: %v", err)
	}
}

func TestASlicerSendsPieces(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	conn := dial(t, b.link.Address)
	f := b.fault(experiment.Fault{Kind: "slicer", Bytes: 10, Delay: 10 * time.Millisecond})
	b.apply(t, f)
	_, _ = conn.Write(make([]byte, 95))
	start, reads, got := time.Now(), 0, 0
	for got < 95 {
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := conn.Read(make([]byte, 100))
		if err != nil {
			t.Fatal(err)
		}
		reads, got = reads+1, got+n
	}
	if took := time.Since(start); reads < 5 || reads > 10 || took < 85*time.Millisecond {
		t.Errorf("95 bytes came in %d reads and %v, want 10 and 90 ms", reads, took)
	}
	b.lift(t, f)
}

func TestLimitDataCutsAnAnswerShort(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	pooled := dial(t, b.link.Address)
	roundTrip(t, pooled) // does not count
	f := b.fault(experiment.Fault{Kind: "limit-data", Bytes: 100})
	b.apply(t, f)
	for name, conn := range map[string]*net.TCPConn{"pooled": pooled, "new": dial(t, b.link.Address)} {
		_, _ = conn.Write(make([]byte, 60))
		_, _ = io.ReadFull(conn, make([]byte, 60))
		_, _ = conn.Write(make([]byte, 60))
		_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		if rest, err := io.ReadAll(conn); err != nil || len(rest) != 40 {
			t.Errorf("the %s connection reads %d more bytes and %v, want 40 and its end", name, len(rest), err)
		}
	}
	b.lift(t, f)
	conn := dial(t, b.link.Address)
	_, _ = conn.Write(make([]byte, 1000))
	if _, err := io.ReadFull(conn, make([]byte, 1000)); err != nil {
		t.Errorf("after the fault: %v", err)
	}
}

func TestASlowCloseDelaysTheEndAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	conn := dial(t, b.link.Address)
	f := b.fault(experiment.Fault{Kind: "slow-close", Delay: 400 * time.Millisecond})
	b.apply(t, f)
	if took := quickest(t, conn); took > 100*time.Millisecond {
		t.Errorf("data took %v", took)
	}
	end := func(conn *net.TCPConn) time.Duration {
		start := time.Now()
		_ = conn.CloseWrite()
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.ReadAll(conn); err != nil {
			t.Error(err)
		}
		return time.Since(start)
	}
	if took := end(conn); took < 395*time.Millisecond || took > 2*time.Second {
		t.Errorf("the end took %v, want 400 ms", took)
	}
	b.lift(t, f)
	if took := end(dial(t, b.link.Address)); took > 300*time.Millisecond {
		t.Errorf("after the fault the end took %v", took)
	}
}

// lasting is how long a fault has to last until probes have seen it. One whose request to connect is lost waits for a second, and
// is given up after two and a half when the next one is lost as well: once in 25 times at a share of 0.2.
func lasting(f experiment.Fault) time.Duration {
	if f.Kind == loss.Name {
		return 8 * time.Second
	}
	return 1500 * time.Millisecond
}

// clearly is a delay that no machine is late by on its own: half of it counts as seen, of three probes by the median.
const clearly = 150 * time.Millisecond

func TestTheProbeOfEveryLinkFaultSeesIt(t *testing.T) {
	t.Parallel()
	for _, f := range []experiment.Fault{
		{Kind: "latency", Latency: clearly},
		{Kind: "latency", Name: "long-tail", Latency: clearly, Jitter: clearly, Distribution: pareto},
		{Kind: "latency", Name: "growing", Latency: 200 * time.Millisecond, Ramp: 1500 * time.Millisecond, For: 1500 * time.Millisecond},
		{Kind: "timeout"}, {Kind: "reset"}, {Kind: "down"}, {Kind: "bandwidth", Rate: 200_000},
		{Kind: "connect-blackhole"}, {Kind: "connect-delay", Delay: clearly},
		{Kind: "stall", Share: 0.6, Delay: 100 * time.Millisecond}, {Kind: "stall", Name: "stall-to-the-end", Share: 0.6},
		{Kind: "slicer", Bytes: 100, Delay: 5 * time.Millisecond}, {Kind: "limit-data", Bytes: 10_000}, {Kind: "slow-close", Delay: clearly}, {Kind: "loss", Share: 0.2},
		{Kind: "http-error", Status: 503}, {Kind: "http-abort", Share: 0.6}, {Kind: "http-slow", Delay: clearly},
	} {
		t.Run(f.Kind+f.Name, func(t *testing.T) {
			t.Parallel()
			node := &site.Node{Address: server(t, echo)}
			if strings.HasPrefix(f.Kind, "http-") {
				plain := httptest.NewServer(http.HandlerFunc(serveSizes))
				t.Cleanup(plain.Close)
				node = &site.Node{Ready: "/small", Address: plain.Listener.Addr().String()}
			}
			b := newBench(t, node)
			f := b.fault(f)
			watched := b.Watch(t.Context(), f)
			time.Sleep(600 * time.Millisecond)
			at := b.apply(t, f)
			time.Sleep(lasting(f))
			r := b.lift(t, f)
			time.Sleep(500 * time.Millisecond)
			if e := watched(at, r.At); e == nil || !e.Seen || e.Probes == 0 {
				t.Errorf("the effect is %+v", e)
			} else {
				t.Logf("%s: %s %.3f -> %.3f -> %.3f %s, %d probes", f.Name, e.What, e.Before, e.During, e.After, e.Note, e.Probes)
			}
			// The same watch over a fault that never came sees nothing.
			watched = b.Watch(t.Context(), f)
			time.Sleep(300 * time.Millisecond)
			at = time.Now()
			time.Sleep(500 * time.Millisecond)
			i := b.Injector
			i.mu.Lock()
			clear(i.lifts)
			clear(i.told)
			i.mu.Unlock()
			if e := watched(at, time.Now()); e == nil || e.Seen {
				t.Errorf("of no fault the effect is %+v", e)
			}
		})
	}
}
