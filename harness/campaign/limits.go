package campaign

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/verdict"
)

const (
	// closeEnough ends a search: the stronger fault is no more than a tenth above the weaker one. A share is searched less closely:
	// of 300 requests a twentieth is 15, give or take 4.
	closeEnough      = 1.1
	closeEnoughShare = 1.35
	// openTries is how often a strength is tried that can't be told.
	openTries = 3
	// checkFactor is how far from the edge it is checked that weaker faults hold and stronger ones break.
	checkFactor, checkFactorShare = 1.5, 2
)

// Scale is how strong faults of a kind can be.
type Scale struct {
	Unit        string
	Least, Most float64 // the weakest and the strongest that is tried
	First       float64 // the first that is tried
	Factor      float64 // from one to the next while they hold
	Whole       float64 // strengths are whole multiples of it
	Falling     bool    // a smaller number is a stronger fault
	Share       bool    // strengths are per cent of what passes
	With        string  // what of the fault stays the same, for people
}

const (
	// StallDelay is how long a stall keeps what it meets while its share is searched.
	StallDelay = 500 * time.Millisecond
	// ErrorStatus is what http-error answers with in limits and in the matrix.
	ErrorStatus = 503
)

// ScaleOf is the scale of a kind whose strength can be searched. It is not ok for others, such as `down`, which is or is not: of
// a length it can't be told from a step whether it is tolerated, for that depends on how long the step is. The matrix tries two.
func ScaleOf(kind string) (Scale, bool) {
	share := Scale{Unit: "%", Least: 1, Most: 100, First: 6, Factor: 3, Whole: 1, Share: true}
	switch kind {
	case "latency", "connect-delay":
		return Scale{Unit: "ms", Least: 1, Most: 10_000, First: 8, Factor: 4, Whole: 1}, true
	case "bandwidth":
		return Scale{Unit: "B/s", Least: 16_000_000, Most: 1000, First: 4_000_000, Factor: 0.25, Whole: 1000, Falling: true}, true
	case "stall":
		share.With = "by " + StallDelay.String()
		return share, true
	case "http-error":
		share.With = fmt.Sprintf("status %d", ErrorStatus)
		return share, true
	case "http-abort":
		return share, true
	}
	return Scale{}, false
}

// Searchable are the kinds that have a scale.
func Searchable() []string {
	return []string{"latency", "bandwidth", "connect-delay", "stall", "http-error", "http-abort"}
}

// round is the nearest strength that can be made.
func (s Scale) round(v float64) float64 { return max(s.Whole, math.Round(v/s.Whole)*s.Whole) }

// stronger says whether a is a stronger fault than b.
func (s Scale) stronger(a, b float64) bool {
	if s.Falling {
		return a < b
	}
	return a > b
}

// grown is the next strength while faults hold.
func (s Scale) grown(v float64) float64 {
	next := s.round(v * s.Factor)
	if !s.stronger(s.Most, next) {
		return s.Most
	}
	return next
}

// between is the strength half-way between a weaker and a stronger one, if there is room for any.
func (s Scale) between(weak, strong float64) (float64, bool) {
	apart := strong / weak
	if s.Falling {
		apart = weak / strong
	}
	near := closeEnough
	if s.Share {
		near = closeEnoughShare
	}
	middle := s.round(math.Sqrt(weak * strong))
	return middle, apart > near && s.stronger(middle, weak) && s.stronger(strong, middle)
}

// Limits looks for the strongest fault of one kind on one link that the SLOs tolerate.
type Limits struct{ Scale Scale }

// Next is the strength to try after those that were tried, 0 for a sound link, or why none comes.
func (l Limits) Next(tried []results.FaultOutcome) (strength float64, end results.SearchEnd) {
	if len(tried) == 0 {
		return 0, ""
	}
	e := verdict.EdgeOf(tried, l.Scale.Falling)
	if again, end := l.open(e, tried[len(tried)-1]); again || end != "" {
		return tried[len(tried)-1].Strength, end
	}
	switch sound := e.Levels[0]; {
	case sound.Breaks() && sound.Sure():
		return 0, results.SearchFirst
	case sound.Breaks():
		return 0, ""
	case e.Uneven():
		return l.uneven(e)
	}
	held := e.Levels[e.Held].Strength
	if e.Broke < 0 {
		switch {
		case held == 0:
			return l.Scale.First, ""
		case held == l.Scale.Most:
			return confirm(e, results.SearchMost, e.Held)
		}
		return l.Scale.grown(held), ""
	}
	broke := e.Levels[e.Broke].Strength
	if held == 0 {
		return l.below(e, broke)
	}
	if middle, room := l.Scale.between(held, broke); room {
		return middle, ""
	}
	if again, end := confirm(e, results.SearchFound, e.Broke, e.Held); end == "" {
		return again, ""
	}
	return l.check(e)
}

// check tries a weaker and a stronger fault than any near the edge, once the edge is known: bisection alone would never see
// that a weaker one breaks, or that a stronger one holds.
func (l Limits) check(e verdict.Edge) (float64, results.SearchEnd) {
	apart := checkFactor
	switch {
	case l.Scale.Share:
		apart = checkFactorShare
	case l.Scale.Falling:
		apart = 1 / checkFactor
	}
	held, broke := e.Levels[e.Held].Strength, e.Levels[e.Broke].Strength
	weaker, stronger := l.Scale.round(held/apart), l.Scale.round(broke*apart)
	if l.Scale.stronger(held, weaker) && !l.Scale.stronger(l.Scale.Least, weaker) && !was(e, weaker) {
		return weaker, ""
	}
	if l.Scale.stronger(stronger, broke) && !l.Scale.stronger(stronger, l.Scale.Most) && !was(e, stronger) {
		return stronger, ""
	}
	return 0, results.SearchFound
}

// was says whether a strength was tried.
func was(e verdict.Edge, strength float64) bool {
	return slices.ContainsFunc(e.Levels, func(l verdict.Level) bool { return l.Strength == strength })
}

// open says whether the last strength has to be tried again because it is not told yet, or that it never will be.
func (l Limits) open(e verdict.Edge, last results.FaultOutcome) (again bool, end results.SearchEnd) {
	for _, level := range e.Levels {
		switch {
		case level.Strength != last.Strength || level.Sure():
		case last.Unfit && level.Open > 1:
			return false, results.SearchUnfit
		case level.Open >= openTries:
			return false, results.SearchUnclear
		case level.Holds() || level.Breaks():
		default:
			return true, ""
		}
	}
	return false, ""
}

// below looks below the first strength when that broke.
func (l Limits) below(e verdict.Edge, broke float64) (float64, results.SearchEnd) {
	if broke == l.Scale.Least {
		return confirm(e, results.SearchFound, e.Broke)
	}
	if middle, room := l.Scale.between(l.Scale.Least, broke); room {
		return middle, ""
	}
	return l.Scale.Least, ""
}

// uneven makes sure of the strengths that contradict each other, and then ends the search between those that do not.
func (l Limits) uneven(e verdict.Edge) (float64, results.SearchEnd) {
	if again, end := confirm(e, results.SearchUneven, e.FirstBroke, e.LastHeld); end == "" {
		return again, ""
	}
	last := e.Levels[e.LastHeld].Strength
	if e.Broke < 0 && last != l.Scale.Most {
		return l.Scale.grown(last), ""
	}
	return confirm(e, results.SearchUneven, e.Broke, e.Held)
}

// confirm is the first of some levels that is not sure yet, or the end when all are. That of a sound link need not be: every
// step that held has shown it.
func confirm(e verdict.Edge, end results.SearchEnd, levels ...int) (float64, results.SearchEnd) {
	for _, i := range levels {
		if i >= 0 && e.Levels[i].Strength != 0 && !e.Levels[i].Sure() {
			return e.Levels[i].Strength, ""
		}
	}
	return 0, end
}
