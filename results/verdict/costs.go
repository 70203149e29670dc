package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/devcraft-studio/brunt/results"
)

// counts of an endpoint over all requests to it in one trial.
type counts struct {
	requests int64
	by       map[string]int64        // kind, all requests together
	each     map[string][]int64      // kind, request by request
	statuses []int                   // request by request
	uses     map[use]results.CostUse // not yet per request
}

// use is a statement or a command.
type use struct{ kind, text string }

// countKind is something that is counted.
type countKind struct {
	name, unit      string
	postgres, redis bool // it is counted there
	links           bool // it is counted on links
	// sized is what depends on contents, which may agree in sum by chance: it has to agree request by request. Calls need not, since
	// what is done after an answer may be counted with the next request.
	sized bool
}

// countKinds are what is counted, in the order of what says most.
func countKinds() []countKind {
	return []countKind{
		{name: failedAnswers},
		{name: "queries", postgres: true}, {name: "Redis commands", redis: true}, {name: roundTrips, links: true, sized: true},
		{name: "rows", postgres: true}, {name: "buffers", postgres: true, sized: true}, {name: "WAL", unit: "B", postgres: true, sized: true},
		{name: "answer", unit: "B", sized: true}, {name: "Redis traffic", unit: "B", redis: true, sized: true},
	}
}

// allocations is the name of what is counted of the whole list alone, and hardly ever exactly.
const allocations = "allocations"

// roundTrips is the name of the exchanges over links to dependencies. They have to agree request by request: what keeps a pool's
// connections alive, or opens one more, does so by the clock.
const roundTrips = "round trips"

// failedAnswers is the name of the answers with a status of 500 or more, and of those that did not come.
const failedAnswers = "failed answers"

// fewestStarts is of how many starts of a build a count has to be the same to be taken for exact.
const fewestStarts = 2

// A count that is not exact has changed when the builds' values lie further apart than wide times what the values of either differ
// by, when the least of the greater is at least half as much again as the most of the smaller, and when the most of the greater is at
// least one per request, or a hundred bytes, more than the least of the smaller: chance, and what a service does by the clock, do not
// reach that. The last is between the values furthest apart, or a single query by the clock would hide one more in every request.
const (
	wide      = 3
	halfAgain = 1.5
	oneMore   = 1.0
	moreBytes = 100.0
)

// judgeCosts compares what the same requests cost in two builds.
func judgeCosts(v *results.Verdict, run results.Run) {
	var builds [2][]results.Costs
	for _, t := range run.Trials {
		j := &judge{run: run, trial: t, verdict: v}
		j.status()
		if t.Status == results.StatusComplete {
			j.listCut()
		}
		if t.Status == results.StatusComplete && t.Costs != nil && (t.Build == 0 || t.Build == 1) {
			builds[t.Build] = append(builds[t.Build], *t.Costs)
		}
	}
	if len(builds[0]) < fewestStarts || len(builds[1]) < fewestStarts {
		v.Evidence = append(v.Evidence, results.Evidence{What: "costs", Outcome: results.Inconclusive,
			Reason: withReason(fmt.Sprintf("each build has to be measured in %d starts", fewestStarts), run.Reason)})
		return
	}
	length, shortened, most := inCommon(builds)
	if length == 0 {
		v.Evidence = append(v.Evidence, results.Evidence{What: "costs", Outcome: results.Inconclusive,
			Reason: "the builds were not asked the same from the first request on"})
		return
	}
	switch {
	case !most:
		v.Evidence = append(v.Evidence, results.Evidence{What: "requests in common", Outcome: results.Inconclusive, Samples: int64(length), Reason: shortened})
	case shortened != "":
		v.Warnings = append(v.Warnings, shortened)
	}
	accept := acceptancesOf(run, results.Acceptance.OfCosts)
	accept.told(v, compareCosts(v, builds, length, accept))
}

// CompareCosts compares what the same requests cost in the starts of two builds, as a cost gate does, and judges nothing. doubt is what
// kept it from comparing all of them; empty: nothing did.
func CompareCosts(baseline, candidate []results.Costs) (costs []results.CostComparison, changes []results.CostChange, doubt string) {
	builds := [2][]results.Costs{baseline, candidate}
	length, shortened, most := inCommon(builds)
	if length == 0 {
		return nil, nil, "the costs can't be compared: the builds were not asked the same from the first request on"
	}
	if shortened != "" {
		doubt = "costs: " + shortened
	}
	var v results.Verdict
	compareCosts(&v, builds, length, &acceptances{})
	for _, row := range v.Evidence {
		if row.Outcome == results.Inconclusive {
			doubt = join(doubt, row.What+": "+row.Reason)
		}
	}
	for i := range v.Costs {
		if c := &v.Costs[i]; !most && c.Outcome != results.Worse {
			c.Outcome = results.Unclear
		}
	}
	return v.Costs, v.CostChanges, doubt
}

// compareCosts compares the first requests of each list, and returns the endpoints that were asked.
func compareCosts(v *results.Verdict, builds [2][]results.Costs, length int, accept *acceptances) (endpoints []string) {
	var sums [2][]map[string]*counts
	for b, lists := range builds {
		for _, l := range lists {
			sums[b] = append(sums[b], sumUp(l, length))
		}
	}
	first := builds[0][0]
	for _, r := range first.Requests[:length] {
		if !slices.Contains(endpoints, r.Endpoint) {
			endpoints = append(endpoints, r.Endpoint)
		}
	}
	slices.Sort(endpoints)
	allAlike := true // were all endpoints answered
	for _, endpoint := range endpoints {
		requests := sums[0][0][endpoint].requests
		row := results.Evidence{What: "costs of " + endpoint, Outcome: results.Pass, Samples: requests}
		apart := "" // why what was done for the answers can't be compared
		for _, kind := range countKinds() {
			if kind.postgres && !first.Postgres || kind.redis && !first.Redis || kind.links && !everyLinked(builds) {
				continue
			}
			c := compareCount(kind, endpoint, sums)
			if apart != "" {
				c.Outcome = results.Unclear
			}
			noteRise(&row, &c, accept)
			if c.Baseline != 0 || c.Candidate != 0 {
				v.Costs = append(v.Costs, c)
			}
			if kind.name != failedAnswers {
				continue
			}
			if c.Baseline == 1 {
				row.Outcome, row.Reason = results.Inconclusive, "every answer of the baseline failed"
				allAlike = false
				break
			}
			if apart = answersApart(sums, endpoint, c.AcceptedUntil != ""); apart != "" {
				row.Reason = join(row.Reason, apart)
				if row.Outcome != results.Fail {
					row.Outcome = results.Inconclusive
				}
				allAlike = false
			}
		}
		v.Evidence = append(v.Evidence, row)
		v.CostChanges = append(v.CostChanges, changesOf(endpoint, sums)...)
	}
	if c, ok := compareAllocations(builds); ok {
		row := results.Evidence{What: allocations, Outcome: results.Pass, Samples: int64(length)}
		if !allAlike {
			c.Outcome = results.Unclear
		}
		noteRise(&row, &c, accept)
		v.Costs, v.Evidence = append(v.Costs, c), append(v.Evidence, row)
	}
	return endpoints
}

// noteRise makes a row of evidence fail by a count that is worse, unless that is accepted.
func noteRise(row *results.Evidence, c *results.CostComparison, accept *acceptances) {
	if c.Outcome != results.Worse {
		return
	}
	rise := fmt.Sprintf("%s %s to %s", c.Count, display(c.Baseline, ""), display(c.Candidate, ""))
	by, beyond := accept.take(*c, fmt.Sprintf("%s per %s", rise, c.Endpoint))
	if by == nil {
		row.Outcome, row.Reason = results.Fail, join(row.Reason, withReason(rise, beyond))
		return
	}
	c.Accepted, c.AcceptedUntil = by.Reason, by.Expires
	row.Reason = join(row.Reason, fmt.Sprintf("%s, accepted until %s: %s", rise, by.Expires, by.Reason))
}

// everyLinked says whether round trips were counted in every start.
func everyLinked(builds [2][]results.Costs) bool {
	for _, l := range slices.Concat(builds[0], builds[1]) {
		if !l.Links {
			return false
		}
	}
	return true
}

// sumUp adds up the first requests of a list, by endpoint.
func sumUp(l results.Costs, length int) map[string]*counts {
	all := map[string]*counts{}
	for _, r := range l.Requests[:length] {
		c := all[r.Endpoint]
		if c == nil {
			c = &counts{by: map[string]int64{}, each: map[string][]int64{}, uses: map[use]results.CostUse{}}
			all[r.Endpoint] = c
		}
		c.requests++
		c.statuses = append(c.statuses, r.Status)
		for kind, amount := range c.note(l, r) {
			c.by[kind] += amount
		}
	}
	return all
}

// note is what a request did, by kind. It is noted for each kind, and for each statement and command.
func (c *counts) note(l results.Costs, r results.RequestCost) map[string]int64 {
	did := map[string]int64{"answer": r.Bytes, "Redis traffic": r.RedisBytes, roundTrips: r.RoundTrips}
	if classOf(r.Status) == classFailed {
		did[failedAnswers] = 1
	}
	for _, s := range r.Statements {
		did["queries"] += s.Calls
		did["rows"] += s.Rows
		did["buffers"] += s.Buffers
		did["WAL"] += s.WAL
		of := use{"statement", l.Statements[s.Statement]}
		u := c.uses[of]
		u.Calls, u.Rows, u.Buffers, u.WAL = u.Calls+float64(s.Calls), u.Rows+float64(s.Rows), u.Buffers+float64(s.Buffers), u.WAL+float64(s.WAL)
		c.uses[of] = u
	}
	for _, s := range r.Commands {
		did["Redis commands"] += s.Calls
		of := use{"command", l.Commands[s.Command]}
		u := c.uses[of]
		u.Calls += float64(s.Calls)
		c.uses[of] = u
	}
	for _, kind := range countKinds() {
		c.each[kind.name] = append(c.each[kind.name], did[kind.name])
	}
	return did
}

// compareCount compares one count at one endpoint.
func compareCount(kind countKind, endpoint string, sums [2][]map[string]*counts) results.CostComparison {
	var values [2][]float64
	requests := float64(sums[0][0][endpoint].requests)
	exact := true
	for b, starts := range sums {
		for _, s := range starts {
			values[b] = append(values[b], float64(s[endpoint].by[kind.name]))
			exact = exact && (!kind.sized || slices.Equal(s[endpoint].each[kind.name], starts[0][endpoint].each[kind.name]))
		}
	}
	least := oneMore
	if kind.unit != "" {
		least = moreBytes
	}
	c := compareValues(values, least*requests, exact)
	c.Endpoint, c.Count, c.Unit = endpoint, kind.name, kind.unit
	c.Baseline, c.Candidate = c.Baseline/requests, c.Candidate/requests
	return c
}

// compareValues holds the candidate's values, one of each start, against the baseline's. They are exact when they can be and each
// build's are the same. What is not exact has to differ by least.
func compareValues(values [2][]float64, least float64, exact bool) results.CostComparison {
	low0, high0 := slices.Min(values[0]), slices.Max(values[0])
	low1, high1 := slices.Min(values[1]), slices.Max(values[1])
	c := results.CostComparison{Baseline: mean(values[0]), Candidate: mean(values[1]), Exact: exact && low0 == high0 && low1 == high1}
	spread := max(high0-low0, high1-low1)
	apart := max(high0, high1) - min(low0, low1)
	beyond := func(low, high float64) bool {
		return low > high && (c.Exact || low-high >= wide*spread && apart >= least && low >= halfAgain*high)
	}
	switch {
	case beyond(low1, high0):
		c.Outcome = results.Worse
	case beyond(low0, high1):
		c.Outcome = results.Better
	case c.Exact:
		c.Outcome = results.Same
	default:
		c.Outcome = results.Unclear
	}
	return c
}

// compareAllocations compares those of the whole lists, however long: they are per request already.
func compareAllocations(builds [2][]results.Costs) (results.CostComparison, bool) {
	var values [2][]float64
	for b, lists := range builds {
		for _, l := range lists {
			if l.Allocations == nil {
				return results.CostComparison{}, false
			}
			values[b] = append(values[b], *l.Allocations)
		}
	}
	c := compareValues(values, oneMore, true)
	c.Endpoint, c.Count = results.AllEndpoints, allocations
	return c, true
}

// changesOf are the statements and commands of an endpoint that were put to another use, those that changed most first.
func changesOf(endpoint string, sums [2][]map[string]*counts) []results.CostChange {
	names := map[use]bool{}
	for _, starts := range sums {
		for _, s := range starts {
			for u := range s[endpoint].uses {
				names[u] = true
			}
		}
	}
	var changes []results.CostChange
	for u := range names {
		c := results.CostChange{Endpoint: endpoint, Kind: u.kind, Text: u.text}
		changed := false
		for _, of := range []func(results.CostUse) float64{
			func(u results.CostUse) float64 { return u.Calls }, func(u results.CostUse) float64 { return u.Rows },
			func(u results.CostUse) float64 { return u.Buffers }, func(u results.CostUse) float64 { return u.WAL },
		} {
			var values [2][]float64
			for b, starts := range sums {
				for _, s := range starts {
					values[b] = append(values[b], of(s[endpoint].uses[u]))
				}
			}
			outcome := compareValues(values, oneMore*float64(sums[0][0][endpoint].requests), true).Outcome
			changed = changed || outcome == results.Worse || outcome == results.Better
		}
		if changed {
			c.Baseline, c.Candidate = meanUse(sums[0], endpoint, u), meanUse(sums[1], endpoint, u)
			changes = append(changes, c)
		}
	}
	slices.SortFunc(changes, func(a, b results.CostChange) int {
		return cmp.Or(
			cmp.Compare(math.Abs(b.Candidate.Calls-b.Baseline.Calls), math.Abs(a.Candidate.Calls-a.Baseline.Calls)),
			cmp.Compare(math.Abs(b.Candidate.Buffers-b.Baseline.Buffers), math.Abs(a.Candidate.Buffers-a.Baseline.Buffers)),
			cmp.Compare(a.Text, b.Text),
		)
	})
	return changes
}

// meanUse is the use of a build per request, over its starts.
func meanUse(starts []map[string]*counts, endpoint string, u use) results.CostUse {
	var sum results.CostUse
	requests := 0.0
	for _, s := range starts {
		one := s[endpoint].uses[u]
		sum.Calls, sum.Rows, sum.Buffers, sum.WAL = sum.Calls+one.Calls, sum.Rows+one.Rows, sum.Buffers+one.Buffers, sum.WAL+one.WAL
		requests += float64(s[endpoint].requests)
	}
	return results.CostUse{Calls: sum.Calls / requests, Rows: sum.Rows / requests, Buffers: sum.Buffers / requests, WAL: sum.WAL / requests}
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
