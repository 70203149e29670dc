package load

import (
	"math"
	"strconv"
	"time"

	"github.com/devcraft-studio/brunt/results"
	xk6ext "github.com/devcraft-studio/brunt/xk6-ext"
)

// Searches says whether the executors can search.
func Searches(executors []string) bool {
	return len(executors) == 1 && (executors[0] == xk6ext.Arrival || executors[0] == xk6ext.Native)
}

// SearchPlan is what a scenario that searches for its breakpoint asks for.
type SearchPlan struct {
	From, Most float64 // iterations per second of the first step, and the most to be tried
	Factor     float64 // from one step to the next, while they hold
	Step       time.Duration
	VUs        int  // that it may use at most
	Alone      bool // the script has no other scenario
}

// closeEnough ends a search: the rate that broke is no more than an eighth above the one that held. Closer, one step of the
// usual length could not tell them apart.
const closeEnough = 1.125

// attempt is a step that was tried.
type attempt struct {
	rate    float64
	outcome results.Outcome
	unfit   bool // the generator's limit, not the target's
}

func (a attempt) held() bool { return a.outcome == results.Pass }

// next says which rate comes after those that were tried, or why none does. A step that did not hold is repeated once, so
// that one unlucky step decides nothing; a rate held when it did in either. While rates hold they grow by the factor; after
// one that did not, the search halves the (geometric) way between the highest that held and the lowest that did not.
func (p SearchPlan) next(tried []attempt) (rate float64, again bool, end results.SearchEnd) {
	if len(tried) == 0 {
		return p.From, false, ""
	}
	last := tried[len(tried)-1]
	if !last.held() && times(tried, last.rate) == 1 {
		return last.rate, true, ""
	}
	held, broke := 0.0, math.Inf(1)
	for _, a := range tried {
		if a.held() {
			held = max(held, a.rate)
		}
	}
	for _, a := range tried {
		if a.rate > held {
			broke = min(broke, a.rate)
		}
	}
	switch {
	case !last.held() && last.unfit:
		return 0, false, results.SearchUnfit
	case held == 0:
		return 0, false, results.SearchFirst
	case math.IsInf(broke, 1) && held >= p.Most:
		return 0, false, results.SearchMost
	case math.IsInf(broke, 1):
		return min(p.Most, rounded(held*p.Factor)), false, ""
	}
	between := rounded(math.Sqrt(held * broke))
	if broke <= held*closeEnough || between <= held || between >= broke {
		return 0, false, results.SearchFound
	}
	return between, false, ""
}

func times(tried []attempt, rate float64) (n int) {
	for _, a := range tried {
		if a.rate == rate {
			n++
		}
	}
	return n
}

// rounded is a rate that people can read: three significant digits.
func rounded(rate float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(rate, 'g', 3, 64), 64)
	if err != nil {
		return rate // of a number that was just written: never
	}
	return r
}

// due is how many iterations a step offers between two moments after its start, in seconds, at least: one more may fall
// on the edge.
func due(rate, from, to float64) int64 {
	return max(0, int64(math.Ceil(to*rate)-math.Ceil(from*rate))-1)
}
