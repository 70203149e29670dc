package fault

import (
	"fmt"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

const (
	// leastLoss is the smallest share whose effect a fault of some seconds shows.
	leastLoss = 0.001
	// mostLoss is the largest: beyond it hardly a connection lives, and timeout is the fault for that.
	mostLoss = 0.5
	// connectAgain is when Linux sends a request to connect again that was lost. No other packet waits as long: one of an open
	// connection is sent again 200 ms after it was lost, or sooner when others follow it.
	connectAgain = time.Second
	// enoughLost is how many lost packets have to be expected before less than half of them are no chance: one in ten thousand.
	enoughLost = 40
	mostRounds = 50
)

// loss loses a share of the packets of the link's connections, both ways: of what clients and the upstream send, their
// acknowledgements, requests to connect and ends among it. The kernel drops them where they come to the proxy's sockets, before
// TCP sees them, so that TCP sends them again as on a network that loses packets: nothing is corrupted, and calls wait for the
// retransmission (200 ms and twice as long each time, 1 s for a request to connect). Every packet is met by itself, by the
// kernel's random numbers: the run's seed does not decide which. When it ends, what was lost several times waits for its next
// retransmission, as on a network that recovers. On loopback a packet carries up to 64 KiB, so that a large answer has fewer of
// them than on a wire.
//
// Its strength is what the kernel counted of the packets that came and that were dropped (SO_MEMINFO and TCP_INFO, see
// sock_diag(7) and tcp(7)), which is known when it is lifted. Before and after it is the share that probes had to send again.
var loss = Kind{
	Name: "loss", On: OnLink, Span: Lasts, Fields: []string{"share"}, drops: true,
	What: "loses packets, both ways",
	check: func(f experiment.Fault) (string, string) {
		switch {
		case !(f.Share >= leastLoss):
			return "share", "is below 0.1%"
		case f.Share > mostLoss:
			return "share", "is above 50%"
		}
		return "", ""
	},
	strength: func(f experiment.Fault) strength { return strength{Loss: f.Share} },
	expect:   func(experiment.Fault, int) time.Duration { return connectAgain },
	judge:    judgeLoss,
}

// lossRounds is how often a probe goes back and forth: so often that about one of its packets is lost.
func lossRounds(f experiment.Fault) int {
	return min(max(int(1/(2*f.Share)+0.5), 1), mostRounds)
}

// judgeLoss is the share of packets that were lost. It is seen when any was; of many that should have been, at least half.
func judgeLoss(f experiment.Fault, seen Samples) *results.Effect {
	e := &results.Effect{What: "packet loss", Unit: "share", Probes: len(seen.During)}
	for _, s := range []struct {
		name   string
		probes []ProbeResult
		to     *float64
	}{{"before", seen.Before, &e.Before}, {"during", seen.During, &e.During}, {"after", seen.After, &e.After}} {
		if len(s.probes) == 0 {
			e.Note = joinNotes(e.Note, "no probe "+s.name)
		}
		*s.to = resentBy(s.probes).share()
	}
	lost := resentBy(seen.During)
	if all := seen.Load.plus(seen.Probes); all.Sent > 0 { // else nobody was there to count
		lost, e.During = all, all.share()
		e.Note = joinNotes(e.Note, fmt.Sprintf("%d of %d packets were lost, of the load's own %d of %d", all.Lost, all.Sent, seen.Load.Lost, seen.Load.Sent))
	}
	if trips := lossRounds(f); len(seen.During) > 0 {
		before, _ := medianTrip(seen.Before)
		during, ok := medianTrip(seen.During)
		text := fmt.Sprintf("%d round trips of a probe took %s instead of %s", trips, during.Round(time.Microsecond), before.Round(time.Microsecond))
		if !ok {
			text = "no probe was answered"
		}
		e.Note = joinNotes(e.Note, text)
	}
	e.Added = e.During - e.Before
	asked := f.Share * float64(lost.Sent)
	e.Seen = lost.Lost > 0 && (asked < enoughLost || float64(lost.Lost) >= seenShare*asked)
	return e
}

// resentBy is what probes sent, and how much of it again.
func resentBy(probes []ProbeResult) Packets {
	var p Packets
	for _, r := range probes {
		p = p.plus(Packets{Sent: int64(r.Sent), Lost: int64(r.Resent)})
	}
	return p
}

// medianTrip is the median of the probes that were answered; not ok when none was.
func medianTrip(probes []ProbeResult) (time.Duration, bool) {
	var took []time.Duration
	for _, r := range probes {
		if r.Answered {
			took = append(took, r.RoundTrip)
		}
	}
	if len(took) == 0 {
		return 0, false
	}
	slices.Sort(took)
	return took[(len(took)-1)/2], true
}
