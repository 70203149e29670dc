package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

const (
	// recoveryFactor and recoveryLeast are how many times, and by how many seconds, every trial of one side has to take longer to
	// recover than every one of the other.
	recoveryFactor = 2.0
	recoveryLeast  = windowSeconds
	// limitFactor is how far limits have to lie apart: a search for one stops at steps of a tenth or so, and where it stops depends on
	// the machine.
	limitFactor = 1.5
)

// recoveries compares how long fault phases took to be over.
func (k *contrast) recoveries() {
	if k.kind != "" && k.kind != kindMatrix {
		return
	}
	var order []string
	var values [2]map[string][]results.Recovery
	for _, s := range []int{1, 0} {
		values[s] = map[string][]results.Recovery{}
		for _, e := range k.sides[s] {
			for _, r := range e.run.Verdict.Resilience {
				faults := k.called(e, strings.Join(r.Faults, "+"))
				if r.Trial != e.trial.Number || e.unfit || r.Recovery.Seconds == nil && r.Recovery.Censor == nil {
					continue
				}
				values[s][faults] = append(values[s][faults], r.Recovery)
				if !slices.Contains(order, faults) {
					order = append(order, faults)
				}
			}
		}
	}
	for _, faults := range order {
		if b, c := values[0][faults], values[1][faults]; len(b) > 0 && len(c) > 0 {
			k.out.Rows = append(k.out.Rows, k.recoveryRow(faults, b, c))
		}
	}
}

// recoveryRow compares the recoveries from one fault phase. One that was not seen to its end is longer than what was seen.
func (k *contrast) recoveryRow(faults string, b, c []results.Recovery) results.ComparedRow {
	r := results.ComparedRow{
		Kind: results.KindResilience, Metric: "recovery(" + faults + ")", Statistic: "longest", Phase: faults, Unit: "s", Outcome: results.Unclear,
		BaselineTrials: len(b), CandidateTrials: len(c),
	}
	least0, most0 := lengths(b)
	least1, most1 := lengths(c)
	r.Baseline, r.Candidate = finite(most0), finite(most1)
	if most0 > 0 {
		r.Ratio = finite(most1 / most0)
	}
	longer := func(least, most float64) bool {
		return least >= recoveryFactor*most && least-most >= recoveryLeast
	}
	switch {
	case k.effect[results.EffectUnclear]:
		r.Reason = "what was asked is not the same"
	case k.effect[results.EffectAsked]:
		r.Reason = "the SLOs are not the same, and with them what counts as good"
	case longer(least1, most0):
		r.Outcome = results.Worse
	case longer(least0, most1):
		r.Outcome = results.Better
	}
	for s, most := range []float64{most0, most1} {
		if math.IsInf(most, 1) {
			r.Reason = join(r.Reason, "the "+[2]string{"baseline", "candidate"}[s]+" was not seen to recover")
		}
	}
	return r
}

// lengths are the least that any recovery took and the most, infinite where one was not seen to its end.
func lengths(all []results.Recovery) (least, most float64) {
	least = math.Inf(1)
	for _, r := range all {
		if r.Seconds == nil {
			least, most = min(least, *r.Censor), math.Inf(1)
			continue
		}
		least, most = min(least, *r.Seconds), max(most, *r.Seconds)
	}
	return least, most
}

// limits compares how much load and how strong a fault the builds held, and how often they cross a link.
func (k *contrast) limits() {
	for _, t := range k.tolerances(1) {
		others := slices.DeleteFunc(k.tolerances(0), func(o results.Tolerance) bool {
			return o.Link != t.Link || o.Kind != t.Kind || o.With != t.With || o.Unit != t.Unit || o.Rate != t.Rate
		})
		if len(others) == 0 {
			continue
		}
		o := others[len(others)-1]
		r := results.ComparedRow{Metric: t.Kind + " on " + t.Link, Statistic: "tolerated", Phase: fmt.Sprintf("at %s/s", display(t.Rate, "")), Unit: t.Unit}
		k.limitRow(&r, bracketOf(o.Held, o.Broke), bracketOf(t.Held, t.Broke))
	}
	was, is := k.breakpoints(0), k.breakpoints(1)
	if len(was) > 0 && len(is) > 0 {
		b, c := was[len(was)-1], is[len(is)-1]
		r := results.ComparedRow{Metric: "load", Statistic: "breakpoint", Unit: c.Unit}
		k.limitRow(&r, bracketOf(b.Held, b.Broke), bracketOf(c.Held, c.Broke))
	}
	for _, c := range k.trips(1) {
		others := slices.DeleteFunc(k.trips(0), func(o results.RoundTrips) bool { return o.Link != c.Link || o.Name != c.Name })
		if len(others) > 0 {
			k.out.Rows = append(k.out.Rows, k.tripsRow(others[len(others)-1], c))
		}
	}
}

// gather is what the verdicts say of the trials of a side.
func gather[T any](k *contrast, side int, all func(results.Verdict) []T, trial func(T) int) (out []T) {
	for _, e := range k.sides[side] {
		for _, v := range all(e.run.Verdict) {
			if trial(v) == e.trial.Number {
				out = append(out, v)
			}
		}
	}
	return out
}

func (k *contrast) tolerances(side int) []results.Tolerance {
	return gather(k, side, func(v results.Verdict) []results.Tolerance { return v.Tolerances }, func(t results.Tolerance) int { return t.Trial })
}

func (k *contrast) breakpoints(side int) []results.Breakpoint {
	return gather(k, side, func(v results.Verdict) []results.Breakpoint { return v.Breakpoints }, func(b results.Breakpoint) int { return b.Trial })
}

func (k *contrast) trips(side int) []results.RoundTrips {
	return gather(k, side, func(v results.Verdict) []results.RoundTrips { return v.RoundTrips }, func(t results.RoundTrips) int { return t.Trial })
}

// limitBracket is where a limit lies: between what held and what broke.
type limitBracket struct {
	held, broke float64 // NaN: not found
	falling     bool    // a smaller number is the stronger fault
}

func bracketOf(held, broke *float64) limitBracket {
	b := limitBracket{held: math.NaN(), broke: math.NaN()}
	if held != nil {
		b.held = *held
	}
	if broke != nil {
		b.broke = *broke
	}
	b.falling = b.broke < b.held
	return b
}

// holdsMore says whether what the bracket held is far beyond where the other broke.
func (b limitBracket) holdsMore(o limitBracket) bool {
	if b.falling || o.falling {
		return b.held > 0 && b.held*limitFactor <= o.broke
	}
	return b.held > 0 && b.held >= limitFactor*o.broke
}

// limitRow finishes the row of a limit, of which more is better.
func (k *contrast) limitRow(r *results.ComparedRow, b, c limitBracket) {
	r.Kind, r.Outcome, r.BaselineTrials, r.CandidateTrials = results.KindResilience, results.Unclear, 1, 1
	r.Baseline, r.Candidate = finite(b.held), finite(c.held)
	if b.held > 0 {
		r.Ratio = finite(c.held / b.held)
	}
	switch {
	case k.effect[results.EffectUnclear], k.effect[results.EffectAsked]:
		r.Reason = "what was asked is not the same"
	case b.holdsMore(c):
		r.Outcome = results.Worse
	case c.holdsMore(b):
		r.Outcome = results.Better
	default:
		r.Reason = fmt.Sprintf("the limits lie between %s and %s, and between %s and %s", limitText(b.held, r.Unit), limitText(b.broke, r.Unit),
			limitText(c.held, r.Unit), limitText(c.broke, r.Unit))
	}
	k.out.Rows = append(k.out.Rows, *r)
}

func limitText(v float64, unit string) string {
	if math.IsNaN(v) {
		return "what was not found"
	}
	return display(v, unit)
}

// tripsRow compares how often an endpoint crosses a link one after another. It is a slope, and does not depend on how fast the machine
// is: where the intervals do not meet, and lie half a round trip apart, the builds differ.
func (k *contrast) tripsRow(b, c results.RoundTrips) results.ComparedRow {
	r := results.ComparedRow{
		Kind: results.KindTrips, Metric: c.Name + " over " + c.Link, Statistic: "count", Outcome: results.Unclear, Baseline: b.Count, Candidate: c.Count,
		BaselineTrials: 1, CandidateTrials: 1,
	}
	switch {
	case b.Count == nil || c.Count == nil || b.Low == nil || b.High == nil || c.Low == nil || c.High == nil:
		r.Reason = join(b.Reason, c.Reason)
		return r
	case k.effect[results.EffectUnclear]:
		r.Reason = "what was asked is not the same"
		return r
	}
	if *b.Count > 0 {
		r.Ratio = finite(*c.Count / *b.Count)
	}
	switch apart := *c.Count - *b.Count; {
	case *c.Low > *b.High && apart >= 0.5:
		r.Outcome = results.Worse
	case *c.High < *b.Low && apart <= -0.5:
		r.Outcome = results.Better
	case math.Abs(apart) < 0.5 && *c.Low <= *b.High && *b.Low <= *c.High:
		r.Outcome = results.Same
	}
	return r
}

// compareStoredCosts compares what the cost gate counted of both builds, whichever runs did.
func compareStoredCosts(out *results.Compared, sides [2]Stored) {
	var builds [2][]results.Costs
	seeds := map[int64]bool{}
	seen := map[string]bool{}
	itself := SameBuild(sides[0].Build, sides[1].Build) // then each side has its own runs
	for from, side := range sides {
		for _, run := range side.Runs {
			if seen[run.ID] || run.Question.Asker != results.AskerGate {
				continue
			}
			seen[run.ID] = true
			for s := range sides {
				if itself && s != from {
					continue
				}
				if costs := costsOf(run, sides[s]); len(costs) > 0 {
					builds[s] = append(builds[s], costs...)
					seeds[run.Seed] = true
				}
			}
		}
	}
	if len(builds[0]) < fewestStarts || len(builds[1]) < fewestStarts {
		return
	}
	costs, changes, doubt := CompareCosts(builds[0], builds[1])
	if doubt != "" {
		out.Notes = append(out.Notes, doubt)
	}
	out.Costs, out.CostChanges = costs, changes
	if len(seeds) > 1 && len(costs) > 0 {
		out.Notes = append(out.Notes, "costs: the runs had other seeds, and so other requests: only counts that differ by half are named")
		for i := range out.Costs {
			c := &out.Costs[i]
			c.Exact = false
			if more, less := max(c.Baseline, c.Candidate), min(c.Baseline, c.Candidate); more < halfAgain*less || more == less {
				c.Outcome = results.Unclear
			}
		}
	}
}

// costsOf are the lists of requests that a run counted the costs of in a build.
func costsOf(run results.Run, side Stored) (all []results.Costs) {
	for _, t := range run.Trials {
		if t.Status == results.StatusComplete && t.Costs != nil && side.is(run, t.Build) {
			all = append(all, *t.Costs)
		}
	}
	return all
}
