package results

// BuildTag is the tag of series by which the two builds of a pair are told apart in a recording that holds both. Its values are
// SideBaseline and SideCandidate.
const BuildTag = "build"

// Side says which of the two builds of a gate is meant.
type Side string

// The sides of a gate. The baseline is the first of the run's builds, the candidate the second.
const (
	SideBaseline  Side = "baseline"
	SideCandidate Side = "candidate"
)

// GateMode is how the two builds of a pair are put under load.
type GateMode string

// The modes of a timing gate.
const (
	GateMirror GateMode = "mirror" // both at once, at the same rate, with the same iterations
	GateSlices GateMode = "slices" // in turn, in slices of a few seconds
	GateTrials GateMode = "trials" // a whole trial of each
)

// Gate is what a timing gate asks. The zero value of a field is its default, which WithDefaults fills in.
type Gate struct {
	Mode   GateMode `json:"mode"`             // default mirror
	Metric string   `json:"metric,omitempty"` // whose quantiles are compared: latency (default) or http_req_duration
	// Budget is the wall time from the first start to the end of the last pair, in seconds, builds excluded; default 1200.
	Budget float64 `json:"budget_s"`
	// Spent is how much of it was used before the first pair, for one in another mode that does not count, in seconds.
	Spent float64 `json:"spent_s,omitempty"`
	// Measured is how long each build of a pair is measured, in seconds, slices of the other build and what is left out at the
	// beginning of each not counted; default 45. A pair of whole trials takes as long as its trials do.
	Measured float64 `json:"measured_s"`
	// Window is how long a window is in which the builds are compared, in seconds of load on each; default 5.
	Window float64 `json:"window_s"`
	// PairSeconds is how long a pair is expected to take from the first start to the end, in seconds, before one was seen;
	// default 75. LeastPairs is how many pairs there have to be before the first look, default 5 (fewer than 3 are 3), and
	// MostPairs how many there may be, default 20, which is also the most.
	PairSeconds float64 `json:"pair_s"`
	LeastPairs  int     `json:"least_pairs"`
	MostPairs   int     `json:"most_pairs"`
	// Alpha is how often a build may fail against itself, all primary metrics together; default 0.01. PassAlpha is how often a
	// metric may be found to be within its limit when it lies just beyond; default 0.05, for each.
	Alpha     float64 `json:"alpha"`
	PassAlpha float64 `json:"pass_alpha"`
	// Primary are the metrics that decide; default p50, p95, p99 and errors.
	Primary []GateMetric `json:"primary"`
	// Limits bound what generator and machine may show in a pair that counts.
	Limits GateLimits `json:"limits"`
}

// GateMetric is a metric that decides. The zero value of a number is the default of that name.
type GateMetric struct {
	Name string `json:"name"` // p50, p90, p95, p99, ... of the gate's Metric; errors; throughput
	// Floor is the smallest change for the worse that is worth a fail, and PassLimit the change that has to be ruled out for a
	// pass: shares, so that 0.01 is 1 %. Of errors both are differences of the share that failed, so that 0.001 is 0.1 points.
	// Defaults: p50 0.01 and 0.03, p95 0.02 and 0.05, p99 0.03 and 0.08, other quantiles those of the nearest of these above
	// (beyond p99: of p99), throughput 0.02 and 0.05, errors 0 and 0.001.
	Floor     float64 `json:"floor"`
	PassLimit float64 `json:"pass_limit"`
}

// The names of metrics that are no quantiles.
const (
	GateErrors     = "errors"     // share of what was offered that failed
	GateThroughput = "throughput" // served per second; for loads whose rate the target sets
)

// GateLimits bound what generator and machine may show in a pair that counts, beside what a fitness is judged by anyhow. The zero
// value of a field is its default.
type GateLimits struct {
	// LatenessShare is of a quantile of latency, that the same quantile of lateness may be; default 0.1. Where it is known what lateness
	// adds to the quantile, LatenessAdded is how much of it that may be; default a third.
	LatenessShare float64 `json:"lateness_share"`
	LatenessAdded float64 `json:"lateness_added,omitempty"`
	// LatenessApart is of a quantile of latency, that those of the builds' lateness may be apart; default 0.02. Where it is known what
	// lateness adds, it is how much of the change that may be, over all pairs, before a fail and a pass have to hold without it, too.
	LatenessApart   float64 `json:"lateness_apart"`
	OfferedApart    float64 `json:"offered_apart"`      // by which share the offered rates may differ; default 0.005
	BaselineErrors  float64 `json:"baseline_errors"`    // share of what the baseline was offered that may fail; default 0.01
	Excluded        float64 `json:"excluded"`           // share of the pairs that may be left out; default 0.2
	Autocorrelation float64 `json:"autocorrelation"`    // of the pairs' values, from 8 pairs on; default 0.6
	FewestExtremes  int64   `json:"fewest_exceedances"` // beyond a quantile, per pair and build, from which on it is gated; default 20
}

// GateSlice is a slice of a trial in which its build alone was under load, in seconds from t = 0.
type GateSlice struct {
	Start float64 `json:"start_s"`
	From  float64 `json:"from_s"` // measured from here on: what came before may suffer from the change
	End   float64 `json:"end_s"`
	Block int     `json:"block"` // the ABBA or BAAB that it belongs to, from 0; the slices of a build in a block make one window
}

// GateFindings are what a timing gate found. A change is the natural logarithm of candidate by baseline, of errors the difference
// of the shares; a larger one is always for the worse.
type GateFindings struct {
	Pairs    int  `json:"pairs"`      // that were measured, up to the look that decided
	Used     int  `json:"used"`       // of them, that count
	Most     int  `json:"most_pairs"` // for which the bounds are made: what the budget allowed by the time that the first pairs took
	Looks    int  `json:"looks"`
	Decided  bool `json:"decided"`   // a pass or a fail, so that no further pair is needed
	LastLook int  `json:"last_look"` // the pair, by its number, after which the figures below stand; 0: there was no look

	Metrics  []GateEstimate `json:"metrics"`
	Unfit    []string       `json:"unfit"` // why neither a pass nor a fail can be believed; none: they can
	Readings []GateReading  `json:"readings"`
}

// GateEstimate is one primary metric at the last look. What is not known is nil.
type GateEstimate struct {
	Metric string `json:"metric"`
	Gated  bool   `json:"gated"`            // it decides
	Reason string `json:"reason,omitempty"` // why it does not

	Baseline  *float64 `json:"baseline"` // median of the pairs, for people: ms, /s; of errors the share of all
	Candidate *float64 `json:"candidate"`
	Unit      string   `json:"unit"`

	Estimate *float64 `json:"estimate"` // the change
	// Low and High are the ends of the interval that decides: a fail needs Low above 0 (and the estimate at the floor), a pass
	// High below the limit. They have the two levels of a fail and of a pass, and hold at all looks together.
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
	// FailBound and PassBound are the critical values of t that were used at the last look (errors have none), and FailSpent and
	// PassSpent the error that had been spent by then.
	FailBound *float64 `json:"fail_bound"`
	PassBound *float64 `json:"pass_bound"`
	FailSpent float64  `json:"fail_spent"`
	PassSpent float64  `json:"pass_spent"`

	SD *float64 `json:"sd"` // of a pair's value
	// Late is the share of the quantile that the generator's lateness made up, the mean of the pairs: a pass takes that much less than
	// PassLimit, as a change of the target's own time is seen that much smaller than it is; nil: not known.
	Late *float64 `json:"late,omitempty"`
	// MDE is the change that FailBound with that sd and as many pairs would have found four times out of five, and PairsNeeded how
	// many pairs a gate needs that finds a change of PassLimit as often; nil beyond 1000.
	MDE             *float64 `json:"mde"`
	PairsNeeded     *int     `json:"pairs_needed"`
	Autocorrelation *float64 `json:"autocorrelation"` // of successive pairs' values

	Worse  bool `json:"worse"`  // it alone makes a fail, unless that is accepted
	Within bool `json:"within"` // it allows a pass
	// Accepted is the acceptance in force that covers it, of several the one that allows most; nil: there is none.
	Accepted *GateAcceptance `json:"accepted,omitempty"`
}

// GateAcceptance is an acceptance at the last look, and what it does to its metric.
type GateAcceptance struct {
	Acceptance
	Beyond  bool `json:"beyond"`  // the metric is worse by more than that for sure, and fails all the same
	Settled bool `json:"settled"` // the metric is not far beyond it for sure, and is not waited for; always where there is no limit
}

// GateState is what a metric at the last look does to the outcome.
type GateState string

// The states of a metric.
const (
	GateWorse    GateState = "worse"     // makes a fail
	GateWithin   GateState = "within"    // allows a pass
	GateAccepted GateState = "accepted"  // is worse, or may be, and that is accepted: it makes no fail, and is not waited for
	GateOpen     GateState = "open"      // is none of these, and rules out a pass
	GateUngated  GateState = "not gated" // does not decide
)

// State is what the metric does to the outcome.
func (m GateEstimate) State() GateState {
	switch {
	case m.Worse && (m.Accepted == nil || m.Accepted.Beyond):
		return GateWorse
	case !m.Gated:
		return GateUngated
	case m.Within && !m.Worse:
		return GateWithin
	case m.Accepted != nil && m.Accepted.Settled:
		return GateAccepted
	}
	return GateOpen
}

// GateReading is what one pair came to.
type GateReading struct {
	Pair    int     `json:"pair"` // from 1
	First   Side    `json:"first"`
	Seconds float64 `json:"seconds"` // wall time from the first start to the end
	// Unfit says why the pair does not count; none: it does. It never depends on which build it is.
	Unfit []string `json:"unfit,omitempty"`
	// Against says what a pair that does not count shows all the same, so that a gate can't pass however the others are; "": nothing.
	Against string      `json:"against,omitempty"`
	Values  []GateValue `json:"values"` // of the primary metrics, in their order
	// Planted is the change that was planted in the candidate of a calibration; nil: none was.
	Planted *Planted `json:"planted,omitempty"`
}

// GateValue is one metric in one pair.
type GateValue struct {
	Metric    string   `json:"metric"`
	Change    *float64 `json:"change"` // nil: there was too little to measure
	Baseline  *float64 `json:"baseline"`
	Candidate *float64 `json:"candidate"`
	Windows   int      `json:"windows"` // that it rests on, after merging
	// Late is the share of a quantile of latency that the generator's lateness made up, of the build with more of it, and LateApart by how
	// much that changed the change, as it is given; nil: not known.
	Late      *float64 `json:"late,omitempty"`
	LateApart *float64 `json:"late_apart,omitempty"`
	// BaselineCount and CandidateCount are how many were beyond the quantile, or failed; the offered numbers go with errors.
	BaselineCount    int64 `json:"baseline_count"`
	CandidateCount   int64 `json:"candidate_count"`
	BaselineOffered  int64 `json:"baseline_offered,omitempty"`
	CandidateOffered int64 `json:"candidate_offered,omitempty"`
}
