// Package simulation plays gates on machines that exist in numbers only, so that it can be counted how often a gate is wrong: the
// campaign and the judge are those of real gates, and what is made up is the clock, the machine, and the latency of each request.
//
// The natural logarithm of a request's latency is the sum of what the machine does to all (a session's offset, a fast and a slow
// drift, bursts), what is the process's own from its start to its end, what wears off as it warms up, what a slice of 200 ms has in
// common (among it stalls like those of garbage collection), and chance; a few requests take much longer. What GATE.md leaves open is
// settled like this:
//
//   - slices of 200 ms are the process's own: those of the two builds have nothing in common;
//   - in mirror, each such slice of either build has 5 % of normal noise more, for the other build is in its way;
//   - what befalls p95 alone lengthens the requests whose own chance is between the 86th and the 98th percentile;
//   - a build takes 1 to 3 s to start and 1 s to stop, and in mirror both do at once;
//   - the warm-up, under half the load, ends after 15 s or as soon thereafter as three medians of 3 s are within 10 %, at the latest
//     after 30 s; medians are drawn, not measured.
package simulation

import (
	"math"
	"math/rand/v2"
)

// Noise is what a machine adds to the logarithm of latencies.
type Noise struct {
	Name       string
	Fast, Slow Drift
	Bursts     Bursts
	Session    float64 // standard deviation of what a whole gate has in common
	Start      float64 // standard deviation of what the requests of a start of a process have in common
	Tail       float64 // the same, of its slowest requests alone
}

// Drift is an autoregressive process of the first order.
type Drift struct {
	SD     float64
	Memory float64 // seconds
}

// Bursts begin at random, last exponentially long, and are of a normal size, but not below 0. Every is the mean time between two
// beginnings in seconds; 0: there are none.
type Bursts struct {
	Every, Length float64
	Size, Spread  float64
}

// Quiet is a machine that does nothing else.
func Quiet() Noise {
	return Noise{Name: "quiet", Fast: Drift{0.01, 60}, Slow: Drift{0.005, 900}, Session: 0.01, Start: 0.005, Tail: 0.01}
}

// Noisy is a machine shared with others, as CI has them.
func Noisy() Noise {
	return Noise{
		Name: "noisy", Fast: Drift{0.05, 60}, Slow: Drift{0.04, 900}, Bursts: Bursts{90, 6, 0.35, 0.15},
		Session: 0.06, Start: 0.01, Tail: 0.03,
	}
}

// Hostile is a machine that is hardly fit to measure.
func Hostile() Noise {
	return Noise{
		Name: "hostile", Fast: Drift{0.10, 45}, Slow: Drift{0.08, 900}, Bursts: Bursts{30, 10, 0.60, 0.25},
		Session: 0.12, Start: 0.02, Tail: 0.05,
	}
}

// machine is a machine as time goes by.
type machine struct {
	noise      Noise
	random     *rand.Rand
	session    float64
	fast, slow float64
	now        float64 // seconds
	next       float64 // when the next burst begins
	bursts     []burst // that go on
}

type burst struct{ end, size float64 }

func newMachine(n Noise, random *rand.Rand) *machine {
	m := &machine{noise: n, random: random, next: math.Inf(1)}
	m.session = n.Session * random.NormFloat64()
	m.fast, m.slow = n.Fast.SD*random.NormFloat64(), n.Slow.SD*random.NormFloat64()
	if n.Bursts.Every > 0 {
		m.next = n.Bursts.Every * random.ExpFloat64()
		m.pass(20 * n.Bursts.Length) // bursts of before the gate may go on
		m.next, m.now = m.next-m.now, 0
		for i := range m.bursts {
			m.bursts[i].end -= 20 * n.Bursts.Length
		}
	}
	return m
}

// pass lets time go by.
func (m *machine) pass(seconds float64) {
	m.fast = m.noise.Fast.after(m.fast, seconds, m.random)
	m.slow = m.noise.Slow.after(m.slow, seconds, m.random)
	m.now += seconds
	b := m.noise.Bursts
	for m.next < m.now {
		m.bursts = append(m.bursts, burst{m.next + b.Length*m.random.ExpFloat64(), max(0, b.Size+b.Spread*m.random.NormFloat64())})
		m.next += b.Every * m.random.ExpFloat64()
	}
	going := m.bursts[:0]
	for _, one := range m.bursts {
		if one.end > m.now {
			going = append(going, one)
		}
	}
	m.bursts = going
}

// second lets a second go by, and is what it adds to the logarithm of latencies.
func (m *machine) second() float64 {
	m.pass(1)
	v := m.session + m.fast + m.slow
	for _, one := range m.bursts {
		v += one.size
	}
	return v
}

func (d Drift) after(v, seconds float64, random *rand.Rand) float64 {
	kept := math.Exp(-seconds / d.Memory)
	return kept*v + math.Sqrt(1-kept*kept)*d.SD*random.NormFloat64()
}
