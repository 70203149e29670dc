package fault

import (
	"errors"
	"io"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestAProxyThatDiesIsReplacedAndItsFaultsAreLost(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	conn := dial(t, b.link.Address)
	roundTrip(t, conn)
	if n := b.proxy.Connections(t.Context(), linkName); n != 1 {
		t.Fatalf("%d connections, want 1", n)
	}
	f := b.fault(experiment.Fault{Kind: "down"})
	b.apply(t, f)
	killed := time.Now()
	if err := syscall.Kill(b.proxy.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	lost := <-b.Lost()
	if lost.Name != "down" || lost.At.Before(killed) || lost.Reason != "the proxy died" {
		t.Errorf("lost %+v", lost)
	}
	// Asking waits for the new child.
	if n := b.proxy.Connections(t.Context(), linkName); n != 1 {
		t.Errorf("%d connections are remembered, want 1", n)
	}
	roundTrip(t, dial(t, b.link.Address)) // at the same address
	if n := b.proxy.Connections(t.Context(), linkName); n != 2 {
		t.Errorf("%d connections in all, want 2", n)
	}
	if r := b.lift(t, f); !r.At.Equal(lost.At) {
		t.Errorf("lifted at %v, want when it was lost, %v", r.At, lost.At)
	}
	if n := b.proxy.Restarted(); n != 1 {
		t.Errorf("restarted %d times, want once", n)
	}
	b.apply(t, f) // and the new child takes faults
	b.lift(t, f)
}

func TestAFrozenProxyIsReplacedByTheLadder(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	f := b.fault(experiment.Fault{Kind: "timeout"})
	other := b.fault(experiment.Fault{Name: "other", Kind: "latency", Latency: time.Second})
	b.apply(t, f)
	b.apply(t, other)
	if err := syscall.Kill(b.proxy.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	r := b.lift(t, f)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("lifting took %v", took)
	}
	if diff := cmp.Diff([]string{stepRestart}, r.Ladder); diff != "" {
		t.Error(diff)
	}
	roundTrip(t, dial(t, b.link.Address))
	if lost := <-b.Lost(); lost.Name != "other" {
		t.Errorf("lost %+v, want the other fault", lost)
	}
	select {
	case lost := <-b.Lost():
		t.Errorf("lost %+v, too, which was being lifted", lost)
	default:
	}
}

func TestApplyToAFrozenProxyFailsWithinItsDeadline(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	if err := syscall.Kill(b.proxy.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	f := b.fault(experiment.Fault{Kind: "down"})
	start := time.Now()
	if _, err := b.Apply(t.Context(), f, start.Add(time.Minute)); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("got %v, want ErrNoAnswer", err)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
	b.lift(t, f) // what may be in force is ended
	if _, err := io.ReadFull(dial(t, b.link.Address), nil); err != nil {
		t.Error(err)
	}
}
