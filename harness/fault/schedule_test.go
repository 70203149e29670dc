package fault

import (
	"fmt"
	"math"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// A stored seed must give the same delays in every later version.
func TestDelaysAreTheSameForEver(t *testing.T) {
	got := []string{}
	for _, of := range []struct {
		seed         int64
		fault        experiment.Fault
		distribution string
		ordinal      uint64
	}{
		{1, experiment.Fault{Name: "slow"}, "", 1}, {1, experiment.Fault{Name: "slow"}, uniform, 2}, {2, experiment.Fault{Name: "slow"}, uniform, 1},
		{1, experiment.Fault{Name: "other"}, normal, 1}, {1, experiment.Fault{Name: "slow", Occurrence: 2}, pareto, 1},
	} {
		s := newSchedule(scheduleKey(of.seed, of.fault), of.ordinal)
		strength := strength{Latency: 100 * time.Millisecond, Jitter: 50 * time.Millisecond, Distribution: of.distribution}
		line := fmt.Sprintf("%d/%s/%d/%d %s:", of.seed, of.fault.Name, of.fault.Occurrence, of.ordinal, of.distribution)
		for range 4 {
			line += fmt.Sprintf(" %.3f", s.delay(strength, time.Hour).Seconds()*1000)
		}
		got = append(got, line)
	}
	want := []string{
		"1/slow/0/1 : 76.275 54.212 100.791 143.966",
		"1/slow/0/2 uniform: 123.589 93.814 93.770 127.089",
		"2/slow/0/1 uniform: 129.668 78.873 133.025 102.982",
		"1/other/0/1 normal: 14.981 103.108 18.601 168.756",
		"1/slow/2/1 pareto: 108.595 128.986 122.955 116.466",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDistributionsOfAJitter(t *testing.T) {
	const ms = float64(time.Millisecond)
	for _, row := range []struct {
		distribution       string
		p50, p99, mean     float64 // milliseconds, of a latency of 100 and a jitter of 20
		least, most, slack float64
	}{
		{uniform, 100, 119.6, 100, 80, 120, 1},
		{normal, 100, 146.5, 100, 0, 220, 1.5},
		{pareto, 105.2, 172.8, 109.7, 100, 280, 4}, // 100 + 20·(2^(1/3) − 1), 100 + 20·(100^(1/3) − 1)
	} {
		t.Run(row.distribution, func(t *testing.T) {
			s := newSchedule(7, 1)
			of := strength{Latency: 100 * time.Millisecond, Jitter: 20 * time.Millisecond, Distribution: row.distribution}
			var all []float64
			sum := 0.0
			for range 20_000 {
				d := float64(s.delay(of, time.Hour)) / ms
				all = append(all, d)
				sum += d
			}
			slices.Sort(all)
			for name, pair := range map[string][2]float64{
				"p50": {all[len(all)/2], row.p50}, "p99": {all[len(all)*99/100], row.p99}, "mean": {sum / float64(len(all)), row.mean},
			} {
				if math.Abs(pair[0]-pair[1]) > row.slack {
					t.Errorf("%s is %.2f, want %.2f", name, pair[0], pair[1])
				}
			}
			if all[0] < row.least || all[len(all)-1] > row.most {
				t.Errorf("from %.2f to %.2f, want %.0f to %.0f", all[0], all[len(all)-1], row.least, row.most)
			}
		})
	}
}

func TestAShareIsMetAsOftenAsAsked(t *testing.T) {
	s := newSchedule(7, 1)
	met := 0
	for range 20_000 {
		if s.delay(strength{Latency: time.Second, Share: 0.05}, time.Hour) > 0 {
			met++
		}
	}
	if met < 900 || met > 1100 {
		t.Errorf("met %d of 20000, want 1000", met)
	}
}

func TestARampGrowsEvenly(t *testing.T) {
	s := newSchedule(7, 1)
	of := strength{Latency: 100 * time.Millisecond, Ramp: 10 * time.Second}
	for age, want := range map[time.Duration]time.Duration{
		0: 0, time.Second: 10 * time.Millisecond, 5 * time.Second: 50 * time.Millisecond, 10 * time.Second: 100 * time.Millisecond, time.Minute: 100 * time.Millisecond,
	} {
		if got := s.delay(of, age); got != want {
			t.Errorf("after %v it is %v, want %v", age, got, want)
		}
	}
}

// The delays that a client measures are those that the seed gives, on each connection its own.
func TestTheJitterOfALinkIsThatOfTheSeed(t *testing.T) {
	for _, seed := range []int64{11, 11, 12} {
		b := newBench(t, &site.Node{Address: server(t, echo)})
		b.Seed = seed
		f := b.fault(experiment.Fault{Kind: "latency", Latency: 40 * time.Millisecond, Jitter: 30 * time.Millisecond})
		conns := []net.Conn{dial(t, b.link.Address), dial(t, b.link.Address)}
		b.apply(t, f)
		close, all := 0, 0
		for n, conn := range conns {
			plan := newSchedule(scheduleKey(seed, f), uint64(n+1))
			for range 15 {
				took, want := roundTrip(t, conn), plan.delay(latency.strength(f), time.Hour)
				if took < want {
					t.Errorf("seed %d: an answer on connection %d took %v, which is less than its %v", seed, n+1, took, want)
				}
				if took < want+5*time.Millisecond {
					close++
				}
				all++
			}
		}
		if close < all*2/3 { // the machine may be busy
			t.Errorf("seed %d: only %d of %d delays are those of the seed", seed, close, all)
		}
		b.lift(t, f)
	}
}
