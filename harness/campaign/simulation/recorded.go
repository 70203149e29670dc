package simulation

import (
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// ErrNoPairs says that there is nothing that gates could be played from.
var ErrNoPairs = errors.New("no pairs were recorded")

// Recorded are pairs of real gates, of a build against itself, from which other gates are played: the campaign and the judge are those
// of real gates, and what is drawn is which pairs they meet.
//
// Whole pairs are drawn with replacement, with all their metrics, how long they took and whether they count: what the metrics of a pair
// have in common, heavy tails, and pairs that do not count are as often as they were on the machine. Every recorded pair is as likely as
// any other.
//
// A machine drifts. What drifts slowly is in both builds of a pair and mostly cancels, but how far pairs scatter drifts, too, and
// what does not cancel makes successive pairs alike; drawn one by one they would lose that, and a gate would look better than it is.
// So they are drawn in blocks of Block pairs that followed each other in one gate (after its last pair comes its first, so that the first
// and the last are as likely as the others). Block is to be no more than a gate's fewest pairs, or a block would hold a pair
// twice. What lasts longer than a block, or differs between gates, is met as another block, and so scatters. It can't be had out of
// these pairs how gates go on a day that is unlike those on which they were measured.
//
// The builds of a pair are not exchanged by coin, although they are the same: that would hide a harness that favours one side. The price
// is that the mean of all recorded pairs, which is not 0 but by chance, is the truth of the gates that are played: with 100 pairs a
// tenth of a pair's standard deviation. Real gates end early when they know, so that those that do not know give more pairs; their
// mean is as it would be without that (A. Wald, On cumulative sums of random variables, 1944), but the pairs of restless hours are a
// little more frequent than the hours are, which is for the worse.
type Recorded struct {
	Plan  results.Gate
	Gates [][]results.GateReading // the pairs of each gate, in the order in which they were measured
	Block int                     // how many successive pairs are drawn at once; below 2: each by itself
	// Shift is added to the change of a metric in every pair: what a regression of that size would have shown.
	Shift map[string]float64
}

// Pairs is how many were recorded.
func (r Recorded) Pairs() int {
	n := 0
	for _, g := range r.Gates {
		n += len(g)
	}
	return n
}

// Play plays one gate, which is a function of its seed. It fails as a real one would before anything starts, and where there are no
// pairs.
func (r Recorded) Play(seed uint64) (Played, error) {
	g := campaign.Gate{Plan: r.Plan, Seed: int64(seed >> 1)}
	if err := g.Check(); err != nil {
		return Played{}, err
	}
	if r.Pairs() == 0 {
		return Played{}, ErrNoPairs
	}
	d := &drawing{Recorded: r, random: rand.New(rand.NewPCG(seed, 2))}
	var done []results.GateReading
	elapsed := 0.0
	for {
		next, end := g.Next(done, time.Duration(elapsed*float64(time.Second)))
		if end != "" {
			return Played{Judgement: verdict.JudgeGate(r.Plan, done), End: end, Seconds: elapsed}, nil
		}
		reading := d.pair()
		reading.Pair = next.Number
		elapsed += reading.Seconds
		done = append(done, reading)
	}
}

// drawing draws pairs.
type drawing struct {
	Recorded
	random *rand.Rand

	gate, at int // the pair that comes next in the block
	left     int // of the block
}

// pair is the next one, shifted.
func (d *drawing) pair() results.GateReading {
	if d.left == 0 {
		d.begin()
	}
	gate := d.Gates[d.gate]
	reading := gate[d.at]
	d.at = (d.at + 1) % len(gate)
	d.left--
	if len(d.Shift) == 0 {
		return reading
	}
	reading.Values = slices.Clone(reading.Values)
	for i := range reading.Values {
		v := &reading.Values[i]
		if by := d.Shift[v.Metric]; by != 0 && v.Change != nil {
			shifted := *v.Change + by
			v.Change = &shifted
		}
	}
	return reading
}

// begin begins a block at any of the pairs.
func (d *drawing) begin() {
	n := d.random.IntN(d.Pairs())
	d.gate = 0
	for n >= len(d.Gates[d.gate]) {
		n -= len(d.Gates[d.gate])
		d.gate++
	}
	d.at, d.left = n, max(1, d.Block)
}
