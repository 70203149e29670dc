package fault

import (
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

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
	unanswered := dial(t, b.link.Address)
	for range 2 { // two writes of one request
		if _, err := unanswered.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := pooled.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.lift(t, f)
	for deadline := time.Now().Add(5 * time.Second); b.proxy.Traffic(t.Context(), linkName).Exchanges < 5; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			break
		}
	}
	if got := b.proxy.Traffic(t.Context(), linkName); got.Exchanges != 5 {
		t.Errorf("after one unanswered request on each of two connections: %+v", got)
	}
}
