package verdict

import (
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// Lost says, in one line each, which limits that an earlier verdict found a later one finds weaker: where the two intervals do not
// meet. Limits that only one of them found, or that were found at another rate, are not compared.
func Lost(before, now results.Verdict) []string {
	var lost []string
	for _, n := range now.Breakpoints {
		for _, b := range before.Breakpoints {
			if b.Held != nil && n.Held != nil && n.Broke != nil && *n.Broke < *b.Held {
				lost = append(lost, "the largest rate is "+display(*n.Held, slo.UnitPerSecond)+", not "+display(*b.Held, slo.UnitPerSecond))
			}
		}
	}
	for _, n := range now.Tolerances {
		i := slices.IndexFunc(before.Tolerances, func(b results.Tolerance) bool {
			return b.Link == n.Link && b.Kind == n.Kind && b.With == n.With && b.Rate == n.Rate
		})
		if i < 0 || n.Held == nil || n.Broke == nil || before.Tolerances[i].Held == nil {
			continue
		}
		b := before.Tolerances[i]
		weaker := *n.Broke < *b.Held
		if n.Unit == unitThroughput { // the smaller it is, the stronger is the fault; 0 is a sound link
			weaker = *b.Held != 0 && *n.Broke > *b.Held
		}
		if weaker {
			told := func(t results.Tolerance) string { return (&tolerance{Tolerance: t}).most() }
			lost = append(lost, n.Kind+" tolerated on "+n.Link+" is "+told(n)+", not "+told(b))
		}
	}
	return lost
}

// most is the strongest fault that held.
func (t *tolerance) most() string {
	if *t.Held == 0 {
		return "none"
	}
	return t.strength(*t.Held)
}
