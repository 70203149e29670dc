package fault

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
)

// No answer comes sooner than a latency allows, and the median of what it adds is what was asked, within 1 ms and 2 %. What it adds is
// held against calls over a link beside it that is sound, made in turn with the others, so that a busy machine is busy for both. A sleep
// of the same length at the same time says by how much this machine is late at present, if that is more than 1 ms; the proxy and the
// client, which both sleep meanwhile, are so one after the other.
func TestLatencyIsMeasuredAsAsked(t *testing.T) {
	for _, server := range backends(t) {
		if server.name != "redis" && server.name != "postgres" && server.name != "http" {
			continue
		}
		b := newBench(t, server.node)
		sound, err := b.proxy.Open(t.Context(), "sound->node", "127.77.1.2:0", server.node.Address)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			asked time.Duration
			calls int
		}{{5 * time.Millisecond, 41}, {50 * time.Millisecond, 21}, {200 * time.Millisecond, 9}} {
			t.Run(fmt.Sprint(server.name, " ", row.asked), func(t *testing.T) {
				delayed, prompt := server.client(b.link.Address), server.client(sound)
				defer delayed.close()
				defer prompt.close()
				f := b.fault(experiment.Fault{Kind: "latency", Latency: row.asked})
				inTurn(t, delayed, prompt, 3, 0) // the first call of each connects
				b.apply(t, f)
				during, without, late := inTurn(t, delayed, prompt, row.calls, row.asked)
				b.lift(t, f)
				if least := slices.Min(during); least < row.asked {
					t.Errorf("asked %v, and an answer came after %v", row.asked, least)
				}
				added, slack := median(during)-median(without), 2*max(0, median(late)-time.Millisecond)
				t.Logf("added %v, sleeps were late by %v", added, median(late))
				if most := row.asked + time.Millisecond + row.asked/50 + slack; added > most {
					t.Errorf("asked %v, added %v", row.asked, added)
				}
			})
		}
	}
}

func median(d []time.Duration) time.Duration { slices.Sort(d); return d[len(d)/2] }

// inTurn calls two clients in turn, each so often. While the first is called, something sleeps for that long and says how late it woke.
func inTurn(t *testing.T, delayed, prompt client, times int, sleep time.Duration) (during, without, late []time.Duration) {
	t.Helper()
	for range times {
		woke := make(chan time.Duration, 1)
		start := time.Now()
		go func() {
			time.Sleep(sleep)
			woke <- time.Since(start) - sleep
		}()
		one, err := took(t.Context(), delayed, small)
		if err != nil {
			t.Fatal(err)
		}
		other, err := took(t.Context(), prompt, small)
		if err != nil {
			t.Fatal(err)
		}
		during, without, late = append(during, one), append(without, other), append(late, <-woke)
	}
	return during, without, late
}
