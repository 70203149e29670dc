package fault

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// TestAttemptsThatAreResetAreCounted: a client that asks again finds each of its connections reset, while that lasts. Those that a link
// that is down refuses never come to the proxy.
func TestAttemptsThatAreResetAreCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	pooled := dial(t, b.link.Address)
	roundTrip(t, pooled)
	f := b.fault(experiment.Fault{Kind: "reset"})
	b.apply(t, f)
	for range 3 {
		conn, err := net.Dial("tcp", b.link.Address)
		if err != nil {
			continue // the reset came before the kernel said that it is connected: it was accepted all the same
		}
		if err := ping(conn, 5*time.Second); err == nil {
			t.Error("an answer through a link that resets")
		}
		conn.Close()
	}
	if _, err := b.Probe(t.Context(), b.link); err != nil {
		t.Fatal(err)
	}
	b.lift(t, f)
	down := b.fault(experiment.Fault{Kind: "down"})
	b.apply(t, down)
	for range 3 {
		if conn, err := net.Dial("tcp", b.link.Address); err == nil {
			conn.Close()
			t.Error("connected through a link that is down")
		}
	}
	b.lift(t, down)
	if got := b.proxy.Traffic(t.Context(), linkName); got != (Traffic{Connections: 1, Exchanges: 4}) {
		t.Errorf("after one round trip, three connections that were reset, and three refused: %+v", got)
	}
}

// TestExchangesAreCountedWhetherAnythingPassesOrNot: each attempt of a client counts, also one that is never answered, and no probe.
func TestExchangesAreCountedWhetherAnythingPassesOrNot(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	pooled := dial(t, b.link.Address)
	for range 3 {
		roundTrip(t, pooled)
	}
	if _, err := b.Probe(t.Context(), b.link); err != nil {
		t.Fatal(err)
	}
	if got := b.proxy.Traffic(t.Context(), linkName); got != (Traffic{Connections: 1, Exchanges: 3}) {
		t.Errorf("after three round trips over one connection and a probe: %+v", got)
	}
	f := b.fault(experiment.Fault{Kind: "timeout"})
	b.apply(t, f)
	for range 2 { // one request
		if _, err := pooled.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(5 * time.Second); b.proxy.Traffic(t.Context(), linkName).Exchanges < 4 && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond) // for what is not to come
	}
	if got := b.proxy.Traffic(t.Context(), linkName); got.Exchanges != 4 {
		t.Errorf("after one unanswered request: %+v", got)
	}
}

// TestTheRequestOfANewConnectionIsCounted: once, when the client gives it up, or when it goes through.
func TestTheRequestOfANewConnectionIsCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	f := b.fault(experiment.Fault{Kind: "timeout"})
	b.apply(t, f)
	conn := dial(t, b.link.Address)
	for range 2 { // one request
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	givenUp := dial(t, b.link.Address)
	if _, err := givenUp.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	givenUp.Close()
	for deadline := time.Now().Add(5 * time.Second); b.proxy.Traffic(t.Context(), linkName).Exchanges < 1 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if got := b.proxy.Traffic(t.Context(), linkName); got.Exchanges != 1 {
		t.Errorf("after one was given up, before the other went through: %+v", got)
	}
	b.lift(t, f)
	if _, err := io.ReadFull(conn, make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	if got := b.proxy.Traffic(t.Context(), linkName); got != (Traffic{Connections: 1, Exchanges: 2}) {
		t.Errorf("after the other was answered: %+v", got)
	}
}
