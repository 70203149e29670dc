package executor

import (
	"errors"
	"fmt"
	"math"
	"time"

	"go.k6.io/k6/lib/types"
	"gopkg.in/guregu/null.v3"
)

// Search holds the options of a scenario that looks for a rate. It says what may be asked of it; which rates it offers, and
// when, says the brunt that drives this k6.
type Search struct {
	From   null.Float         `json:"from"`   // the first rate, iterations per timeUnit
	Most   null.Float         `json:"most"`   // the highest
	Factor null.Float         `json:"factor"` // from one step to the next
	Step   types.NullDuration `json:"step"`   // how long a rate is offered
}

func (s *Search) validate() []error {
	if s == nil {
		return nil
	}
	var problems []error
	add := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	finite := func(f null.Float) bool { return f.Float64 > 0 && !math.IsInf(f.Float64, 0) }
	add(!finite(s.From) || !finite(s.Most), "a search needs from and most, more than 0")
	add(s.From.Float64 > s.Most.Float64, "from can't be more than most")
	add(!(s.Factor.Float64 > 1) || math.IsInf(s.Factor.Float64, 0), "the factor of a search must be more than 1")
	add(s.Step.TimeDuration() < shortest, "the step of a search must be at least %v, but is %v", shortest, s.Step.TimeDuration())
	if len(problems) > 0 {
		problems = append(problems, errors.New("use breakpoint() of k6/x/brunt"))
	}
	return problems
}

// Rate asks for a rate.
type Rate struct {
	At        time.Time // from when on; what lies behind is from now on
	PerSecond float64
}
