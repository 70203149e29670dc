package fault

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// sentAgainAfter is when TCP sends a lost packet again at the earliest, if no other follows it.
const sentAgainAfter = 190 * time.Millisecond

// someWait tells whether some calls wait for a packet that is sent again. Of a fifth of all packets a third of the calls meet it.
func someWait(ctx context.Context, u caller) error {
	const calls, want = 100, 2
	waited := 0
	for range calls {
		d, err := took(ctx, u.pooled, small)
		switch {
		case d >= sentAgainAfter: // one that was given up had waited too
			waited++
		case err != nil:
			return err
		}
		if waited == want {
			return nil
		}
	}
	return fmt.Errorf("%d of %d calls waited, want %d and more", waited, calls, want)
}

// beat goes back and forth on connections at the same time, for that long or so often each, and says what their own ends have
// sent and sent again meanwhile.
func beat(t *testing.T, conns []net.Conn, length time.Duration, most int) Packets {
	t.Helper()
	var all tolls
	var work sync.WaitGroup
	deadline := time.Now().Add(length)
	for _, conn := range conns {
		work.Go(func() {
			sent, again := packetsOf(conn)
			for n := 0; n < most && time.Now().Before(deadline); n++ {
				if err := ping(conn, 30*time.Second); err != nil {
					t.Error(err)
					return
				}
			}
			nowSent, nowAgain := packetsOf(conn)
			all.add(Packets{Sent: int64(nowSent - sent), Lost: int64(nowAgain - again)}, false)
		})
	}
	work.Wait()
	return all.now().Load
}

func TestALossIsTheShareThatWasAsked(t *testing.T) {
	t.Parallel()
	for _, share := range []float64{0.02, 0.1} {
		t.Run(fmt.Sprint(share), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, &site.Node{Address: server(t, echo)})
			var conns []net.Conn
			open := func() {
				for range 20 {
					conns = append(conns, dial(t, b.link.Address))
				}
			}
			open()
			beat(t, conns, time.Second, 1)
			f := b.fault(experiment.Fault{Kind: "loss", Share: share})
			b.apply(t, f)
			open() // those that come later meet it as well
			during := beat(t, conns, 2*time.Second, 1000)
			b.lift(t, f)
			got := b.outcome(f).toll.Load
			n, lost := float64(got.Sent), float64(got.Lost)
			// Seven standard deviations: a busy machine has other reasons to drop a packet.
			if n < 100 || math.Abs(lost-n*share) > 7*math.Sqrt(n*share*(1-share)) {
				t.Errorf("%d of %d packets were lost, want %g %% of them", got.Lost, got.Sent, 100*share)
			}
			if during.Lost == 0 || during.Lost > got.Lost {
				t.Errorf("of %d lost packets clients sent %d again", got.Lost, during.Lost)
			}
			after := beat(t, conns, 10*time.Second, 100)
			if after.Sent < 4000 || after.share() > share/5 { // a busy machine may send one twice
				t.Errorf("after the fault %d of %d packets were sent again", after.Lost, after.Sent)
			}
			t.Logf("%d of %d lost (%.4f); clients sent %d of %d again, and %d of %d after it", got.Lost, got.Sent, got.share(), during.Lost, during.Sent, after.Lost, after.Sent)
		})
	}
}

func TestALossMeetsRequestsToConnect(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	f := b.fault(experiment.Fault{Kind: "loss", Share: 0.5})
	b.apply(t, f)
	waited := 0
	for try := 0; try < 30 && waited == 0; try++ {
		start := time.Now()
		conn, err := net.DialTimeout("tcp", b.link.Address, connectAgain*11/10)
		var late net.Error
		switch {
		case err == nil:
			_ = conn.Close()
		case !errors.As(err, &late) || !late.Timeout():
			t.Fatal(err)
		}
		if time.Since(start) >= connectAgain*9/10 {
			waited++
		}
	}
	if waited == 0 {
		t.Error("of 30 requests to connect none was lost, of which half should be")
	}
	b.lift(t, f)
	roundTrip(t, dial(t, b.link.Address))
}

// A loss that ends leaves the other one of its link as it is.
func TestLossesOfOneLinkOverlap(t *testing.T) {
	t.Parallel()
	b := newBench(t, &site.Node{Address: server(t, echo)})
	conns := []net.Conn{dial(t, b.link.Address), dial(t, b.link.Address)}
	weak := b.fault(experiment.Fault{Name: "weak", Kind: "loss", Share: 0.001})
	strong := b.fault(experiment.Fault{Name: "strong", Kind: "loss", Share: 0.1})
	b.apply(t, weak)
	b.apply(t, strong)
	beat(t, conns, time.Second, 50)
	b.lift(t, weak)
	within(t, 20*time.Second, "a packet is lost", func() bool { return beat(t, conns, time.Second, 10).Lost > 0 })
	b.lift(t, strong)
	if got := b.outcome(strong).toll.Load; got.Lost <= b.outcome(weak).toll.Load.Lost {
		t.Errorf("%d packets were lost while both lasted, and %d in all", b.outcome(weak).toll.Load.Lost, got.Lost)
	}
	if after := beat(t, conns, 10*time.Second, 200); after.share() > 0.02 {
		t.Errorf("after both %d of %d packets were sent again", after.Lost, after.Sent)
	}
}

func TestALossIsSeenInWhatWasLost(t *testing.T) {
	fault := experiment.Fault{Kind: "loss", Share: 0.05}
	sent := func(n, again int) []ProbeResult {
		return []ProbeResult{{Connected: true, Answered: true, RoundTrip: 3 * time.Millisecond, Sent: n, Resent: again}}
	}
	for _, row := range []struct {
		name string
		seen Samples
		want bool
		part float64 // that was lost
		note string
	}{
		{"by the load", Samples{Before: sent(20, 0), During: sent(20, 0), After: sent(20, 0), Load: Packets{900, 50}, Probes: Packets{100, 0}}, true, 0.05, "50 of 1000 packets were lost, of the load's own 50 of 900; 10 round trips of a probe took 3ms instead of 3ms"},
		{"by the probes alone", Samples{Before: sent(20, 0), During: sent(20, 1), After: sent(20, 0), Probes: Packets{40, 2}}, true, 0.05, "of the load's own 0 of 0"},
		{"by none of a few packets", Samples{Before: sent(20, 0), During: sent(20, 0), After: sent(20, 0), Load: Packets{40, 0}}, false, 0, "0 of 40 packets were lost"},
		{"by far too few", Samples{Before: sent(20, 0), During: sent(20, 0), After: sent(20, 0), Load: Packets{1000, 20}}, false, 0.02, "20 of 1000"},
		{"where nobody counted but the probes", Samples{Before: sent(20, 0), During: sent(20, 2), After: sent(20, 0)}, true, 0.1, "10 round trips of a probe"},
		{"by nobody", Samples{}, false, 0, "no probe before; no probe during; no probe after"},
		{"where no probe came through", Samples{Before: sent(20, 0), During: []ProbeResult{{Connected: true, Sent: 4, Resent: 3}}, After: sent(20, 0)}, true, 0.75, "no probe was answered"},
	} {
		t.Run(row.name, func(t *testing.T) {
			e := Effect(fault, row.seen)
			if e.Seen != row.want || math.Abs(e.During-row.part) > 1e-9 || e.Before != 0 || e.After != 0 || e.Added != e.During || !strings.Contains(e.Note, row.note) {
				t.Errorf("got %+v", e)
			}
		})
	}
}

// What a machine can't make is refused before anything is started, and what it can is not.
func TestKindsThatDropPacketsArePossibleWhereASocketTakesAFilter(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "socket")
	defer file.Close()
	socket, err := file.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	takes := lose(socket, 0.5)
	for _, k := range Kinds {
		err := Possible([]experiment.Fault{{Kind: "latency"}, {Kind: k.Name}})
		var impossible *ImpossibleError
		switch wants := k.Name == "loss" || k.Name == "connect-blackhole"; {
		case (err != nil) != (wants && takes != nil):
			t.Errorf("%s: %v, and a socket says %v", k.Name, err, takes)
		case err != nil && (!errors.As(err, &impossible) || impossible.Kind != k.Name):
			t.Errorf("%s: %v", k.Name, err)
		}
	}
}
