package results

import (
	"slices"
	"time"
)

// Acceptance is a regression that is intended: what it covers may be worse, which is said and fails nothing, until its last day.
type Acceptance struct {
	Metric   string `json:"metric"`             // one of Acceptable
	Endpoint string `json:"endpoint,omitempty"` // such as POST /orders; empty: every one
	Reason   string `json:"reason"`
	Expires  string `json:"expires"` // the last day on which it counts, as 2030-01-31, in UTC
	Origin   string `json:"origin"`  // file:line
}

// Accepted is what became of an acceptance.
type Accepted struct {
	Acceptance
	Expired bool `json:"expired"` // its last day was over when the run was made: it counted no more
	// Rises are what it covers, or would cover if it had not expired: one sentence each.
	Rises []string `json:"rises,omitempty"`
}

// Acceptable are the metrics that an acceptance may name: the counts that costs are compared by, and what two builds are timed by.
func Acceptable() []string { return append(CostCounts(), TimingMetrics()...) }

// TimingMetrics are what two builds are timed by.
func TimingMetrics() []string { return []string{"p50", "p95", "p99", "error rate", "throughput"} }

// Covers says whether a metric at an endpoint is what the acceptance is about.
func (a Acceptance) Covers(metric, endpoint string) bool {
	return a.Metric == metric && (a.Endpoint == "" || a.Endpoint == endpoint)
}

// Expired says whether the acceptance's last day was over at a time. One whose day can't be read has none left.
func (a Acceptance) Expired(at time.Time) bool {
	last, err := time.Parse(time.DateOnly, a.Expires)
	return err != nil || !at.UTC().Before(last.AddDate(0, 0, 1))
}

// OfCosts says whether the acceptance is about what requests cost.
func (a Acceptance) OfCosts() bool { return slices.Contains(CostCounts(), a.Metric) }
