package results

// Outcome is what a verdict, or one row of evidence under it, says.
type Outcome string

// The zero value of Outcome is none of these: not judged.
const (
	Pass         Outcome = "pass"
	Fail         Outcome = "fail"
	Inconclusive Outcome = "inconclusive"
)

// Verdict answers the run's question. It is a pure function of what is stored.
type Verdict struct {
	Outcome Outcome `json:"outcome"`
	// Judge is the version of the rules that gave it; the same version gives the same verdict for ever.
	Judge    int        `json:"judge"`
	Evidence []Evidence `json:"evidence"`
	// Phases summarises each phase, for people: it has no part in the outcome.
	Phases      []PhaseSummary `json:"phase_summaries"`
	Comparisons []Comparison   `json:"comparisons"`
	Warnings    []string       `json:"warnings"`
	// Breakpoints are the answers of the trials that searched for one.
	Breakpoints []Breakpoint `json:"breakpoints,omitempty"`
	// Resilience has a row for each fault phase of each trial, and Recoveries one for each over several trials, for people:
	// what is judged of them stands in Evidence.
	Resilience []Resilience `json:"resilience,omitempty"`
	Recoveries []Recoveries `json:"recoveries,omitempty"`
	// Tolerances and RoundTrips are the answers of the trials that tried faults for them.
	Tolerances []Tolerance  `json:"tolerances,omitempty"`
	RoundTrips []RoundTrips `json:"round_trips,omitempty"`
	// Cells are the outcomes of a scorecard's trials.
	Cells []CellOutcome `json:"cells,omitempty"`
	// Expected says whether the run showed what was declared of its variant; nil: nothing was. Measurements are those of the question,
	// with no outcome. Neither has a part in the outcome.
	Expected     *Expected  `json:"expected,omitempty"`
	Measurements []Evidence `json:"measurements,omitempty"`
	// Costs compare what requests cost in two builds, and CostChanges say which statements and commands make the difference.
	Costs       []CostComparison `json:"costs,omitempty"`
	CostChanges []CostChange     `json:"cost_changes,omitempty"`
	// Accepted says what became of the regressions that are intended.
	Accepted []Accepted `json:"accepted,omitempty"`
	// Gate is what a timing gate found; nil: there was none.
	Gate *GateFindings `json:"gate,omitempty"`
	// Noise is what a calibration found; nil: there was none.
	Noise *NoiseCard `json:"noise,omitempty"`
	// Uses says what each phase asked of each node and link, for people: it has no part in the outcome.
	Uses []Use `json:"uses,omitempty"`
}

// Use is what one phase of one trial asked of a node or of a link that faults act on. What is not known is nil.
type Use struct {
	Trial int     `json:"trial"`
	Phase string  `json:"phase"`
	Start float64 `json:"start_s"`
	End   float64 `json:"end_s"`
	Node  string  `json:"node"` // or link
	Kind  string  `json:"kind"` // of the node; link

	// Per request of the load, between the first scrape in the phase and the last.
	Requests    float64  `json:"requests"`
	Queries     *float64 `json:"queries_per_request,omitempty"`
	Rows        *float64 `json:"rows_per_request,omitempty"`
	Buffers     *float64 `json:"buffers_per_request,omitempty"`
	WAL         *float64 `json:"wal_bytes_per_request,omitempty"`
	Commands    *float64 `json:"commands_per_request,omitempty"`
	Connections *float64 `json:"connections_per_request,omitempty"` // over a link
	Exchanges   *float64 `json:"exchanges_per_request,omitempty"`   // over a link: how often a client began to send, unanswered attempts included
	// Amplification of a fault phase is its work per request (queries, commands, or over a link exchanges, or where those were not
	// counted connections) as a multiple of that in the steady phase before it.
	Amplification *float64 `json:"amplification,omitempty"`

	CPUPercent *float64 `json:"cpu_percent,omitempty"` // 100 = one core
	Memory     *float64 `json:"memory_bytes,omitempty"`
	Read       *float64 `json:"read_bytes_per_s,omitempty"` // from disks
	Written    *float64 `json:"written_bytes_per_s,omitempty"`
	OpenFDs    *float64 `json:"open_fds,omitempty"`
	Sockets    *float64 `json:"sockets,omitempty"`
	// KeysWithoutTTL and what else is a level is the highest in the phase.
	KeysWithoutTTL *float64 `json:"keys_without_ttl,omitempty"`
}

// Evidence is one row under a verdict.
type Evidence struct {
	What    string   `json:"what"`  // the SLO or invariant as it was written
	Trial   int      `json:"trial"` // 0: all trials together
	Phase   string   `json:"phase"`
	Value   *float64 `json:"value"` // nil when there was nothing to measure
	Unit    string   `json:"unit"`
	Bound   string   `json:"bound"`
	Low     *float64 `json:"low"`  // value if every unserved iteration had been perfect; of a slope the end of its interval
	High    *float64 `json:"high"` // value if every unserved iteration had been bad; of a slope the end of its interval
	Samples int64    `json:"samples"`
	Outcome Outcome  `json:"outcome"`
	Reason  string   `json:"reason,omitempty"`
}

// PhaseSummary is one phase of one trial at a glance.
type PhaseSummary struct {
	Trial     int     `json:"trial"`
	Phase     string  `json:"phase"`
	Start     float64 `json:"start_s"`
	End       float64 `json:"end_s"`
	Rate      float64 `json:"rate"` // served iterations per second
	Requests  int64   `json:"requests"`
	ErrorRate float64 `json:"error_rate"` // share of requests that failed
	P50       float64 `json:"p50_ms"`     // of latency; of http_req_duration where latency is not known
	P95       float64 `json:"p95_ms"`
	P99       float64 `json:"p99_ms"`
	// Goodput is the share of the iterations offered that were served in bound; nil where none was offered.
	Goodput *float64 `json:"goodput"`
}

// ComparisonOutcome says how a candidate's measurement stands to the baseline's.
type ComparisonOutcome string

// The outcomes of a comparison.
const (
	Better  ComparisonOutcome = "better"
	Worse   ComparisonOutcome = "worse"
	Same    ComparisonOutcome = "same"
	Unclear ComparisonOutcome = "unclear"
)

// Comparison is candidate against baseline for one measurement.
type Comparison struct {
	Metric    string            `json:"metric"`
	Statistic string            `json:"statistic"`
	Phase     string            `json:"phase"`
	Ratio     float64           `json:"ratio"`
	Low       float64           `json:"low"`
	High      float64           `json:"high"`
	Outcome   ComparisonOutcome `json:"outcome"`
	MDE       float64           `json:"mde"`
}
