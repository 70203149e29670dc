package campaign

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// ErrTooFewPairs says that the budget of a gate can't bear as many pairs as its first look needs.
var ErrTooFewPairs = errors.New("the budget is too small for a gate")

// Gate compares two builds pair by pair, until the pairs decide or the budget is used up.
type Gate struct {
	Plan results.Gate // zero values are the defaults
	Seed int64
	// Accepted are the regressions that make no fail, see results.Run.AcceptedTimes: no pair is run for their sake.
	Accepted []results.Acceptance
	// Last is the highest number of a pair that there is, of those, too, that can't be read: it is not given away again.
	Last int
}

// GatePair is a pair to run.
type GatePair struct {
	Number int          // from 1
	First  results.Side // the build that is started first, and in the mode trials measured first
	// Seed is for what else is left to chance within the pair: ports, and which build comes first in a slot or in a block of slices.
	Seed int64
	// Planted is the change that is planted in the candidate, without what only who conducts it knows; nil: none is.
	Planted *results.Planted
}

// GateEnd says why a gate runs no further pair.
type GateEnd string

// The ends of a gate. The zero value is that of one that goes on.
const (
	GateDecided GateEnd = "decided" // a pass or a fail
	GatePairs   GateEnd = "pairs"   // as many pairs as the bounds are made for
	GateBudget  GateEnd = "budget"  // no time for another pair
)

// Check says whether as many pairs as the first look needs fit into the budget; if not, the error is an ErrTooFewPairs. It is to be
// asked before anything starts.
func (g Gate) Check() error {
	plan := g.Plan.WithDefaults()
	left := plan.Budget - plan.Spent
	if affordable := int(left / plan.PairSeconds); affordable < plan.LeastPairs {
		return fmt.Errorf("%w: a pair takes about %s, so that %s are enough for %d, and the first look needs %d; give it %s or more",
			ErrTooFewPairs, seconds(plan.PairSeconds), seconds(left), affordable, plan.LeastPairs,
			seconds(math.Ceil((plan.Spent+plan.PairSeconds*float64(plan.LeastPairs))/60)*60))
	}
	return nil
}

// Next is the pair to run after those that were read, or why none comes. Elapsed is the wall time since the first start, which
// counts against the budget.
func (g Gate) Next(done []results.GateReading, elapsed time.Duration) (GatePair, GateEnd) {
	plan := g.Plan.WithDefaults()
	decided, used, most := verdict.GateStanding(plan, done, g.Accepted...)
	switch {
	case decided:
		return GatePair{}, GateDecided
	case len(done) >= plan.MostPairs || used >= most:
		return GatePair{}, GatePairs
	case elapsed.Seconds()+expected(plan, done) > plan.Budget:
		return GatePair{}, GateBudget
	}
	return g.After(done), ""
}

// After is the pair that follows those that were read, whatever they come to. Beyond the last one that Next gives it is for evidence
// alone, and not to be read with the others.
func (g Gate) After(done []results.GateReading) GatePair {
	number := g.Last
	for _, r := range done {
		number = max(number, r.Pair)
	}
	return g.pair(number + 1)
}

// Remaining is how long the gate goes on at most, if its pairs take as long as those before.
func (g Gate) Remaining(done []results.GateReading, elapsed time.Duration) time.Duration {
	plan := g.Plan.WithDefaults()
	if _, end := g.Next(done, elapsed); end != "" {
		return 0
	}
	each := expected(plan, done)
	pairs := min(math.Floor((plan.Budget-elapsed.Seconds())/each), float64(plan.MostPairs-len(done)))
	return time.Duration(pairs * each * float64(time.Second))
}

// pair draws what is left to chance in a pair, from the seed and its number alone.
func (g Gate) pair(number int) GatePair {
	random := rand.New(rand.NewPCG(uint64(g.Seed), uint64(number)))
	p := GatePair{Number: number, First: results.SideBaseline, Seed: int64(random.Uint64() >> 1)}
	if random.Uint64()&1 == 1 {
		p.First = results.SideCandidate
	}
	return p
}

// lastPairs are those by which it is told how long the next one takes.
const lastPairs = 3

// expected is how long the next pair takes, in seconds: no less than any of the last three, so that the budget is kept.
func expected(plan results.Gate, done []results.GateReading) float64 {
	if len(done) == 0 {
		return plan.PairSeconds
	}
	longest := 1.0
	for _, r := range done[max(0, len(done)-lastPairs):] {
		longest = max(longest, r.Seconds)
	}
	return longest
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Second).String()
}
