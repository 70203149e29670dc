package simulation

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// Simulation is a gate on a machine with two builds.
type Simulation struct {
	Plan   results.Gate
	Noise  Noise
	Effect Effect
}

// Played is a gate that was played to its end.
type Played struct {
	Judgement verdict.GateJudgement
	End       campaign.GateEnd
	Seconds   float64 // of the simulated clock, from the first start on
}

// Play plays one gate, which is a function of its seed. It fails as a real one would before anything starts.
func (s Simulation) Play(seed uint64) (Played, error) {
	g := campaign.Gate{Plan: s.Plan, Seed: int64(seed >> 1)}
	if err := g.Check(); err != nil {
		return Played{}, err
	}
	plan := s.Plan.WithDefaults()
	c := &conductor{Simulation: s, plan: plan, random: rand.New(rand.NewPCG(seed, 1))}
	c.machine = newMachine(s.Noise, c.random)
	c.baseline.length, c.candidate.length = plan.Window, plan.Window
	var done []results.GateReading
	elapsed := 0.0
	for {
		next, end := g.Next(done, time.Duration(elapsed*float64(time.Second)))
		if end != "" {
			return Played{Judgement: verdict.JudgeGate(plan, done), End: end, Seconds: elapsed}, nil
		}
		p := c.pair(next)
		elapsed += p.Seconds
		done = append(done, verdict.ReadPair(plan, p))
	}
}

// conductor runs pairs.
type conductor struct {
	Simulation
	plan    results.Gate
	random  *rand.Rand
	machine *machine

	baseline, candidate windows
}

const (
	stopping    = 1 // second
	warmLeast   = 15
	warmMost    = 30
	warmWindow  = 3
	warmWithin  = 0.10
	slice       = 4 // seconds
	sliceLeaves = 1 // second, at its beginning
)

// pair runs a pair.
func (c *conductor) pair(next campaign.GatePair) verdict.GatePair {
	began := c.machine.now
	c.baseline.reset()
	c.candidate.reset()
	baseline, candidate := newProcess(c.Noise, Effect{}, c.random), newProcess(c.Noise, c.Effect, c.random)
	switch c.plan.Mode {
	case results.GateSlices:
		c.inSlices(next, baseline, candidate)
	case results.GateTrials:
		c.inTrials(next, baseline, candidate)
	default:
		c.inMirror(baseline, candidate)
	}
	return verdict.GatePair{
		Number: next.Number, First: next.First, Seconds: c.machine.now - began,
		Baseline:  verdict.GateSide{Windows: c.baseline.all[:c.baseline.used]},
		Candidate: verdict.GateSide{Windows: c.candidate.all[:c.candidate.used]},
	}
}

func (c *conductor) start() { c.machine.pass(1 + float64(c.random.IntN(3))) }

// warm loads processes until their times are level.
func (c *conductor) warm(all ...*process) {
	medians := make([][]float64, len(all))
	sums := make([]float64, len(all))
	for second := 1; second <= warmMost; second++ {
		machine := c.machine.second()
		for i, p := range all {
			sums[i] += machine + p.cold()
			p.second(machine, 0, nil)
			if second%warmWindow == 0 {
				// The median of n has a standard error of 1.25/√n standard deviations.
				drawn := 1.25 * chance / math.Sqrt(warmWindow*rate/2) * c.random.NormFloat64()
				medians[i] = append(medians[i], sums[i]/warmWindow+drawn)
				sums[i] = 0
			}
		}
		if second >= warmLeast && second%warmWindow == 0 && level(medians) {
			return
		}
	}
}

// level says whether the last three medians of each are about the same.
func level(medians [][]float64) bool {
	for _, m := range medians {
		last := m[len(m)-3:]
		if max(last[0], last[1], last[2])-min(last[0], last[1], last[2]) > warmWithin {
			return false
		}
	}
	return true
}

func (c *conductor) inMirror(baseline, candidate *process) {
	c.start()
	c.warm(baseline, candidate)
	for range int(c.plan.Measured) {
		machine := c.machine.second()
		baseline.second(machine, cross, c.baseline.current())
		candidate.second(machine, cross, c.candidate.current())
	}
	c.machine.pass(stopping)
}

func (c *conductor) inTrials(next campaign.GatePair, baseline, candidate *process) {
	one := func(p *process, w *windows) {
		c.start()
		c.warm(p)
		for range int(c.plan.Measured) {
			p.second(c.machine.second(), 0, w.current())
		}
		c.machine.pass(stopping)
	}
	if next.First == results.SideCandidate {
		one(candidate, &c.candidate)
		one(baseline, &c.baseline)
		return
	}
	one(baseline, &c.baseline)
	one(candidate, &c.candidate)
}

// inSlices loads the builds in turn, in the slices that the pair of a real gate has. A block is a window.
func (c *conductor) inSlices(next campaign.GatePair, baseline, candidate *process) {
	c.start()
	c.warm(baseline)
	c.warm(candidate)
	own, other := next.Slices(c.plan)
	for len(own) > 0 && len(other) > 0 {
		first, second := baseline, candidate
		firstWindow, secondWindow := c.baseline.add(), c.candidate.add()
		if other[0].Start < own[0].Start {
			first, second, firstWindow, secondWindow = second, first, secondWindow, firstWindow
		}
		c.slice(first, firstWindow)
		c.slice(second, secondWindow)
		c.slice(second, secondWindow)
		c.slice(first, firstWindow)
		own, other = own[2:], other[2:]
	}
	c.machine.pass(stopping)
}

func (c *conductor) slice(p *process, w *verdict.GateWindow) {
	for second := range slice {
		into := w
		if second < sliceLeaves {
			into = nil
		}
		p.second(c.machine.second(), 0, into)
	}
}
