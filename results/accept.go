package results

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// Acceptance is a regression that is intended: what it covers may be worse, which is said and fails nothing, until its last day.
type Acceptance struct {
	Metric   string `json:"metric"`             // one of Acceptable
	Endpoint string `json:"endpoint,omitempty"` // such as POST /orders; empty: every one
	Reason   string `json:"reason"`
	Expires  string `json:"expires"` // the last day on which it counts, as 2030-01-31, in UTC
	// How much worse it may be: UpToShare of the baseline, so that 0.1 is 10 %, or UpToMore per request, in the count's unit. Of errors
	// UpToShare is a share of what was offered, so that 0.001 is 0.1 points. Both 0: as much as it is.
	UpToShare float64 `json:"up_to_share,omitempty"`
	UpToMore  float64 `json:"up_to_more,omitempty"`
	Origin    string  `json:"origin"` // file:line
}

// Accepted is what became of an acceptance.
type Accepted struct {
	Acceptance
	Expired  bool `json:"expired"`            // its last day was over when the run was made: it counted no more
	Exceeded bool `json:"exceeded,omitempty"` // something rose by more than it allows, and fails
	// Rises are what it covers, or would cover if it had not expired: one sentence each. Of times also what may have risen, and was not
	// waited for.
	Rises []string `json:"rises,omitempty"`
}

// Acceptable are the metrics that an acceptance may name: the counts that costs are compared by, and what two builds are timed by.
func Acceptable() []string { return append(CostCounts(), TimingMetrics()...) }

// TimingMetrics are what two builds are timed by, as gates and their reports name it.
func TimingMetrics() []string { return []string{"p50", "p95", "p99", GateErrors, GateThroughput} }

// Covers says whether a metric at an endpoint is what the acceptance is about. What builds are timed by is of all endpoints together: "".
func (a Acceptance) Covers(metric, endpoint string) bool {
	return a.Metric == metric && (a.Endpoint == "" || a.Endpoint == endpoint)
}

// Allows says whether a rise is no larger than what is accepted.
func (a Acceptance) Allows(baseline, candidate float64) bool {
	const rounding = 1 + 1e-9
	switch {
	case a.UpToShare > 0:
		return candidate-baseline <= a.UpToShare*baseline*rounding
	case a.UpToMore > 0:
		return candidate-baseline <= a.UpToMore*rounding
	}
	return true
}

// MostChange is the largest change for the worse that is accepted of what builds are timed by, as GateFindings has changes; +Inf where
// there is no limit.
func (a Acceptance) MostChange() float64 {
	switch {
	case a.UpToShare == 0:
		return math.Inf(1)
	case a.Metric == GateErrors:
		return a.UpToShare
	}
	return math.Log1p(a.UpToShare)
}

// Most is the largest rise that is accepted, for people: +10 %, +1, +0.1 points; "" where there is no limit.
func (a Acceptance) Most() string {
	switch {
	case a.UpToShare > 0 && a.Metric == GateErrors:
		return "+" + strconv.FormatFloat(100*a.UpToShare, 'g', 6, 64) + " points"
	case a.UpToShare > 0:
		return "+" + strconv.FormatFloat(100*a.UpToShare, 'g', 6, 64) + " %"
	case a.UpToMore > 0:
		return "+" + strconv.FormatFloat(a.UpToMore, 'g', 6, 64)
	}
	return ""
}

// Expired says whether the acceptance's last day was over at a time. One whose day can't be read has none left.
func (a Acceptance) Expired(at time.Time) bool {
	last, err := time.Parse(time.DateOnly, a.Expires)
	return err != nil || !at.UTC().Before(last.AddDate(0, 0, 1))
}

// OfCosts says whether the acceptance is about what requests cost.
func (a Acceptance) OfCosts() bool { return slices.Contains(CostCounts(), a.Metric) }

// AcceptedTimes are the acceptances that a timing gate heeds: of what builds are timed by, and not expired when the run was made.
func (r Run) AcceptedTimes() []Acceptance {
	return slices.DeleteFunc(slices.Clone(r.Question.Accept), func(a Acceptance) bool { return a.OfCosts() || a.Expired(r.Created) })
}
