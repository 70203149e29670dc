package verdict

import (
	"fmt"

	"github.com/devcraft-studio/brunt/results"
)

// acceptances are the regressions that a run's question says are intended, and what becomes of them. Whether one has expired
// depends on when the run was made, never on when it is judged.
type acceptances struct{ all []results.Accepted }

// acceptancesOf takes those that choose selects.
func acceptancesOf(run results.Run, choose func(results.Acceptance) bool) *acceptances {
	var a acceptances
	for _, x := range run.Question.Accept {
		if choose(x) {
			a.all = append(a.all, results.Accepted{Acceptance: x, Expired: x.Expired(run.Created)})
		}
	}
	return &a
}

// take notes a rise with those that cover it, and says whether one of them makes it no fail: the first that has not expired and allows
// as much. Where none does, beyond says how much the last would have allowed; "" where none covers it.
func (a *acceptances) take(c results.CostComparison, rise string) (by *results.Acceptance, beyond string) {
	for i := range a.all {
		x := &a.all[i]
		if !x.Covers(c.Count, c.Endpoint) || by != nil && !x.Expired {
			continue
		}
		if !x.Expired && !x.Allows(c.Baseline, c.Candidate) {
			x.Exceeded, beyond = true, "only "+x.Most()+" is accepted"
			x.Rises = append(x.Rises, rise+": "+beyond)
			continue
		}
		x.Rises = append(x.Rises, rise)
		if !x.Expired {
			by = &x.Acceptance
		}
	}
	return by, beyond
}

// told keeps what became of them, and warns of those that no longer do what they are there for. endpoints are those that there are.
func (a *acceptances) told(v *results.Verdict, endpoints []string) {
	v.Accepted = a.all
	for _, x := range a.all {
		known := x.Endpoint == ""
		for _, e := range endpoints {
			known = known || e == x.Endpoint
		}
		switch {
		case x.Expired:
			v.Warnings = append(v.Warnings, fmt.Sprintf("%s: %s was accepted until %s and counts no more", x.Origin, x.Metric, x.Expires))
		case !known:
			v.Warnings = append(v.Warnings, fmt.Sprintf("%s: %s is accepted at %s, which was not asked", x.Origin, x.Metric, x.Endpoint))
		}
	}
}
