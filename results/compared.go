package results

import "time"

// Compared is a candidate held against a baseline, out of what is stored of both. It is a pure function of the stored runs; package
// verdict says how each outcome comes about.
type Compared struct {
	Experiment string            `json:"experiment"`
	Baseline   ComparedSide      `json:"baseline"`
	Candidate  ComparedSide      `json:"candidate"`
	Outcome    ComparisonOutcome `json:"outcome"` // the worst of the rows; same only when all of them are
	// Pairs are trials of both builds that ran on one machine one right after the other, as often one first as the other.
	// Interleaved says that there are enough of them for an interval; without it only large effects are named.
	Pairs       int  `json:"pairs"`
	Interleaved bool `json:"interleaved"`
	// Differences are what was not the same on both sides beside the build.
	Differences []Difference  `json:"differences"`
	Rows        []ComparedRow `json:"comparisons"`
	SLOs        []ComparedSLO `json:"slos"`
	// Costs compare counts over the same list of requests, from runs of the cost gate.
	Costs       []CostComparison `json:"costs,omitempty"`
	CostChanges []CostChange     `json:"cost_changes,omitempty"`
	Notes       []string         `json:"notes"` // what to know before believing any of it
}

// ComparedSide is one of the two builds, and the runs that speak for it.
type ComparedSide struct {
	Reference string        `json:"reference"` // as it was asked for
	Build     Build         `json:"build"`
	Runs      []ComparedRun `json:"runs"` // oldest first
}

// ComparedRun is a run that speaks for a build.
type ComparedRun struct {
	ID       string            `json:"id"`
	Created  time.Time         `json:"created"`
	Asker    string            `json:"asker,omitempty"` // as Question.Asker has it
	Provider string            `json:"provider"`
	Host     string            `json:"host"` // fingerprint
	HostName string            `json:"host_name"`
	CPU      string            `json:"cpu"`
	Cores    int               `json:"cores"`
	Trials   int               `json:"trials"` // of this build, that were fit to be compared
	Tools    map[string]string `json:"tools"`  // versions
}

// Difference is a part of what was asked, or of what measured, that is not the same on both sides.
type Difference struct {
	Field     string `json:"field"` // "experiment, load", "provider", "host", ...
	Baseline  string `json:"baseline"`
	Candidate string `json:"candidate"`
	// Effect says what follows for the comparison.
	Effect DifferenceEffect `json:"effect"`
}

// DifferenceEffect is what a difference beside the build does to a comparison.
type DifferenceEffect string

// The effects of a difference.
const (
	EffectNone    DifferenceEffect = "none"    // it is told, and changes nothing
	EffectLarge   DifferenceEffect = "large"   // only large effects are named
	EffectUnclear DifferenceEffect = "unclear" // times can't be compared
	EffectAsked   DifferenceEffect = "asked"   // what the SLOs bound can't be compared
)

// The kinds of compared rows.
const (
	KindTime       = "time"       // machine-dependent: latency, throughput
	KindShare      = "share"      // errors, goodput
	KindWork       = "work"       // counts per request behind the service
	KindResilience = "resilience" // recovery, tolerated faults, the breakpoint
	KindTrips      = "round trips"
	KindInvariant  = "invariant" // counts of ledgers
)

// ComparedRow is the candidate against the baseline for one measurement.
type ComparedRow struct {
	Kind      string `json:"kind"`
	Metric    string `json:"metric"`
	Statistic string `json:"statistic"`
	Phase     string `json:"phase"`
	Unit      string `json:"unit"`
	// Baseline and Candidate are the middle of the trials; nil: nothing was measured.
	Baseline        *float64 `json:"baseline_value"`
	Candidate       *float64 `json:"candidate_value"`
	BaselineTrials  int      `json:"baseline_trials"`
	CandidateTrials int      `json:"candidate_trials"`
	// Pairs is how many pairs of a timing gate the row rests on, which has then an interval over them whatever Interleaved says; 0: it
	// rests on trials.
	Pairs int `json:"pairs,omitempty"`
	// Ratio is candidate over baseline, of shares Difference candidate minus baseline; Low and High are the ends of its interval. nil:
	// there is none.
	Ratio      *float64 `json:"ratio"`
	Difference *float64 `json:"difference"`
	Low        *float64 `json:"low"`
	High       *float64 `json:"high"`
	// MDE is the smallest effect that would have been named, as a share of the baseline, or of shares as a difference.
	MDE     *float64          `json:"mde"`
	Outcome ComparisonOutcome `json:"outcome"`
	Reason  string            `json:"reason,omitempty"`
}

// ComparedSLO is how an SLO came out on both sides. It is no comparison: a bound may lie between two values that are the same.
type ComparedSLO struct {
	What      string   `json:"what"`
	Unit      string   `json:"unit"`
	Baseline  *float64 `json:"baseline_value"` // the worst of the trials
	Candidate *float64 `json:"candidate_value"`
	Was       Outcome  `json:"baseline_outcome"`
	Is        Outcome  `json:"candidate_outcome"`
}
