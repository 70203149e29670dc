package verdict

import (
	"cmp"
	"slices"

	"github.com/devcraft-studio/brunt/results"
)

// sureVotes of at most three decide a strength for good.
const sureVotes = 2

// Level is one strength of a fault with what came of its tries. Strength 0 is a sound link.
type Level struct {
	Strength          float64
	Held, Broke, Open int // tries that held, broke, and could not be told
}

// Holds says whether more tries held than broke.
func (l Level) Holds() bool { return l.Held > l.Broke }

// Breaks says whether more tries broke than held.
func (l Level) Breaks() bool { return l.Broke > l.Held }

// Sure says whether two tries, or two of three, agree.
func (l Level) Sure() bool { return max(l.Held, l.Broke) >= sureVotes && l.Held != l.Broke }

// Edge is where faults begin to break the SLOs, as far as tries show it.
type Edge struct {
	Levels []Level // from the weakest to the strongest
	// Held is the strongest level up to which each that was told held, and Broke the weakest from which on each broke; −1: none.
	Held, Broke int
	// FirstBroke is the weakest that broke and LastHeld the strongest that held; −1: none. They are Broke and Held unless the
	// levels are uneven: a stronger fault held where a weaker one broke.
	FirstBroke, LastHeld int
}

// Uneven says whether a stronger fault held where a weaker one broke.
func (e Edge) Uneven() bool { return e.FirstBroke >= 0 && e.LastHeld > e.FirstBroke }

// EdgeOf sorts tries by strength and finds the edge. falling: a smaller number is a stronger fault.
func EdgeOf(tries []results.FaultOutcome, falling bool) Edge {
	e := Edge{Held: -1, Broke: -1, FirstBroke: -1, LastHeld: -1}
	for _, t := range tries {
		i := slices.IndexFunc(e.Levels, func(l Level) bool { return l.Strength == t.Strength })
		if i < 0 {
			e.Levels = append(e.Levels, Level{Strength: t.Strength})
			i = len(e.Levels) - 1
		}
		switch l := &e.Levels[i]; t.Outcome {
		case results.Pass:
			l.Held++
		case results.Fail:
			l.Broke++
		default:
			l.Open++
		}
	}
	slices.SortFunc(e.Levels, func(a, b Level) int {
		if falling && a.Strength != 0 && b.Strength != 0 {
			return cmp.Compare(b.Strength, a.Strength)
		}
		return cmp.Compare(a.Strength, b.Strength)
	})
	for i, l := range e.Levels {
		switch {
		case l.Holds():
			e.LastHeld = i
			if e.FirstBroke < 0 {
				e.Held = i
			}
		case l.Breaks() && e.FirstBroke < 0:
			e.FirstBroke = i
		}
	}
	for i, l := range e.Levels {
		if l.Breaks() && i > e.LastHeld {
			e.Broke = i
			break
		}
	}
	return e
}
