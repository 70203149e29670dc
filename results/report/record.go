package report

import (
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// jsonRun is the object that --json writes. Scripts rely on its keys: adding some is free, renaming and removing is not.
// What is not known is null. Phases, faults and fitness stand for the first trial; all trials are in Trials.
type jsonRun struct {
	Schema     int         `json:"schema"`
	ID         string      `json:"id"`
	Experiment string      `json:"experiment"`
	Status     string      `json:"status"`
	Verdict    *string     `json:"verdict"` // pass, fail, inconclusive
	Reason     *string     `json:"reason"`
	Answer     string      `json:"answer"` // the first line of the other reports
	Created    *time.Time  `json:"created"`
	Ended      *time.Time  `json:"ended"`
	Command    []string    `json:"command"`
	Seed       int64       `json:"seed"`
	TimeScale  float64     `json:"time_scale"`
	Provider   *string     `json:"provider"`
	Builds     []jsonBuild `json:"builds"`
	Host       jsonHost    `json:"host"`
	CI         *results.CI `json:"ci"`

	Phases  []jsonPhase  `json:"phases"`
	Faults  []jsonFault  `json:"faults"`
	Fitness *jsonFitness `json:"fitness"`

	Judge       int              `json:"judge"` // version of the rules that gave the verdict
	Evidence    []jsonEvidence   `json:"evidence"`
	Comparisons []jsonComparison `json:"comparisons"`
	// Of a timing gate: what it found, and what it asked.
	Gate     *results.GateFindings `json:"gate,omitempty"`
	GatePlan *results.Gate         `json:"gate_plan,omitempty"`
	// Of a timing gate that failed: where the time went, which is no part of the test.
	Profiled *results.Profiled `json:"profiled,omitempty"`
	// Foreseen is what a timing gate was told in advance by a calibration of the machine.
	Foreseen *results.Foresight `json:"foreseen,omitempty"`
	// Of a calibration: what it found, and what it asked.
	NoiseCard   *results.NoiseCard   `json:"noise_card,omitempty"`
	Calibration *results.Calibration `json:"calibration,omitempty"`
	// Of a cost gate: what requests cost in both builds, and the statements and commands that make the difference.
	Costs       []results.CostComparison `json:"costs,omitempty"`
	CostChanges []results.CostChange     `json:"cost_changes,omitempty"`
	// Regressions that the experiment says are intended, and what came of them.
	Accepted []results.Accepted `json:"accepted,omitempty"`
	// Of a search for the breakpoint: the first trial's answer, and all of them.
	Breakpoint  *results.Breakpoint  `json:"breakpoint,omitempty"`
	Breakpoints []results.Breakpoint `json:"breakpoints,omitempty"`
	// Of each fault phase, and of each over several trials.
	Resilience []results.Resilience `json:"resilience,omitempty"`
	Recoveries []results.Recoveries `json:"recoveries,omitempty"`
	// Of a search for limits.
	Tolerances []results.Tolerance  `json:"tolerances,omitempty"`
	RoundTrips []results.RoundTrips `json:"round_trips,omitempty"`
	// Of a scorecard: what came of each fault that was tried, and all that were asked for, in their order.
	Cells          []results.CellOutcome `json:"cells,omitempty"`
	AskedCells     []results.Cell        `json:"asked_cells,omitempty"`
	SLOs           []results.SLO         `json:"slos"`      // what was asked
	Generator      *string               `json:"generator"` // what made the load, and what it does not do; null: k6 and a script
	PhaseSummaries []jsonPhaseSummary    `json:"phase_summaries"`
	// What each phase asked of dependencies, nodes and links, where they were asked.
	Dependencies []results.Use `json:"dependencies,omitempty"`
	// Of a reference target: whether it showed what is declared of its variant, and what was measured to that end.
	Expected     *results.Expected  `json:"expected,omitempty"`
	Measurements []jsonEvidence     `json:"measurements,omitempty"`
	Warnings     []string           `json:"warnings"`
	Artifacts    []results.Artifact `json:"artifacts"`
	Trials       []jsonTrial        `json:"trials"`
}

type jsonBuild struct {
	SHA         *string `json:"sha"`
	Dirty       *bool   `json:"dirty"`
	DiffDigest  *string `json:"diff_digest"`
	Ref         *string `json:"ref"`
	HeadSHA     *string `json:"head_sha"`
	MergeSHA    *string `json:"merge_sha"`
	ImageDigest *string `json:"image_digest"`
	Variant     *string `json:"variant"`
	Alternative string  `json:"alternative,omitempty"`
	Note        *string `json:"note"`
}

type jsonHost struct {
	Fingerprint *string           `json:"fingerprint"`
	Name        *string           `json:"name"`
	OS          *string           `json:"os"`
	Kernel      *string           `json:"kernel"`
	Arch        *string           `json:"arch"`
	CPU         *string           `json:"cpu"`
	Cores       int               `json:"cores"`
	MemoryBytes int64             `json:"memory_bytes"`
	Tools       map[string]string `json:"tools"`
}

type jsonPhase struct {
	Name   string   `json:"name"`  // warmup, steady, fault, recovery
	Fault  *string  `json:"fault"` // names joined by + where faults overlap
	Start  *float64 `json:"start_s"`
	End    *float64 `json:"end_s"`
	Faults []string `json:"faults"`
}

type jsonFault struct {
	Name         string      `json:"name"`
	Link         *string     `json:"link"`
	Node         *string     `json:"node"`
	Kind         string      `json:"kind"`
	PlannedStart *float64    `json:"planned_start_s"`
	PlannedEnd   *float64    `json:"planned_end_s"`
	Start        *float64    `json:"start_s"`
	End          *float64    `json:"end_s"`
	Applied      bool        `json:"applied"`
	Removed      bool        `json:"removed"`
	Effect       *jsonEffect `json:"effect"`
	Ladder       []string    `json:"ladder"`
	Error        *string     `json:"error"`
	Occurrence   int         `json:"occurrence,omitempty"` // of a repeated fault, from 1
}

type jsonEffect struct {
	Seen   bool     `json:"seen"`
	What   string   `json:"what"`
	Unit   string   `json:"unit"`
	Before *float64 `json:"before"`
	During *float64 `json:"during"`
	After  *float64 `json:"after"`
	Added  *float64 `json:"added"`
	Probes int      `json:"probes"`
	Note   *string  `json:"note"`
	Idle   bool     `json:"idle,omitempty"` // a limit that its node never came to
}

type jsonFitness struct {
	Fit            bool     `json:"fit"`
	Reasons        []string `json:"reasons"`
	CPUPercent     *float64 `json:"cpu_percent"`
	Cores          int      `json:"cores"`
	Offered        int64    `json:"offered"`
	Served         int64    `json:"served"`
	Failed         int64    `json:"failed"`
	Dropped        int64    `json:"dropped"`
	Interrupted    int64    `json:"interrupted"`
	Saturated      bool     `json:"saturated"`
	LatenessP99    *float64 `json:"lateness_p99_ms"` // null where the intended start is not known
	Exceptions     int64    `json:"exceptions"`
	FirstException *string  `json:"first_exception"`
	ExitCode       int      `json:"exit_code"`
	Aborted        *string  `json:"aborted"`

	Late           bool             `json:"late"`
	CPUSeconds     *float64         `json:"cpu_s"`
	CPUNeeded      *float64         `json:"cpu_needed_cores"`
	QuotaCores     *float64         `json:"quota_cores"` // null: none, or not known
	Throttled      *float64         `json:"throttled_share"`
	SchedulerP99   *float64         `json:"scheduler_p99_ms"`
	GCPauseP99     *float64         `json:"gc_pause_p99_ms"`
	GCShare        *float64         `json:"gc_share"`
	Due            *int64           `json:"due"`
	LatenessOwnP99 *float64         `json:"lateness_own_p99_ms"`
	Waited         int64            `json:"waited"`
	VUs            *jsonVUs         `json:"vus"`
	Machine        *results.Machine `json:"machine"`
	FirstStack     *string          `json:"first_stack"`
	Signal         *string          `json:"signal"`
	OOMKilled      bool             `json:"oom_killed"`
}

// jsonVUs are of the scenario that came nearest to its bound.
type jsonVUs struct {
	Most    int64    `json:"most"`
	Allowed int64    `json:"allowed"`
	Needed  *float64 `json:"needed"`
}

type jsonEvidence struct {
	What    string   `json:"what"`
	Trial   int      `json:"trial"` // 0: all
	Phase   *string  `json:"phase"`
	Value   *float64 `json:"value"`
	Unit    string   `json:"unit"`
	Bound   string   `json:"bound"`
	Low     *float64 `json:"low"`
	High    *float64 `json:"high"`
	Samples int64    `json:"samples"`
	Outcome *string  `json:"outcome"`
	Reason  *string  `json:"reason"`
}

type jsonComparison struct {
	Metric    string   `json:"metric"`
	Statistic string   `json:"statistic"`
	Phase     string   `json:"phase"`
	Ratio     *float64 `json:"ratio"`
	Low       *float64 `json:"low"`
	High      *float64 `json:"high"`
	Outcome   *string  `json:"outcome"`
	MDE       *float64 `json:"mde"`
}

type jsonPhaseSummary struct {
	Trial     int      `json:"trial"`
	Phase     string   `json:"phase"`
	Start     *float64 `json:"start_s"`
	End       *float64 `json:"end_s"`
	Rate      *float64 `json:"rate"`
	Requests  int64    `json:"requests"`
	ErrorRate *float64 `json:"error_rate"` // null without requests, as are the latencies
	P50       *float64 `json:"p50_ms"`
	P95       *float64 `json:"p95_ms"`
	P99       *float64 `json:"p99_ms"`
	Goodput   *float64 `json:"goodput"` // share of what was offered; null where nothing was
}

type jsonTrial struct {
	Number    int            `json:"number"`
	Pair      int            `json:"pair,omitempty"` // of a timing gate, from 1
	Build     int            `json:"build"`
	Status    string         `json:"status"`
	Reason    *string        `json:"reason"`
	Began     *time.Time     `json:"began"`
	Zero      *time.Time     `json:"zero"`
	Ended     *time.Time     `json:"ended"`
	Phases    []jsonPhase    `json:"phases"`
	Faults    []jsonFault    `json:"faults"`
	Fitness   *jsonFitness   `json:"fitness"`
	Nodes     []results.Node `json:"nodes"`
	Links     []results.Link `json:"links"`
	Selectors []string       `json:"selectors"`
	Recording *string        `json:"recording"`
	// The recording of the services' metrics and what became of the scrapes, where services tell them.
	Metrics      *string          `json:"metrics,omitempty"`
	Scrapes      []results.Scrape `json:"scrapes,omitempty"`
	OpenModel    bool             `json:"open_model"`
	ConstantRate bool             `json:"constant_rate"`
	Drivers      []string         `json:"drivers,omitempty"`
	Ledgers      *results.Ledgers `json:"ledgers,omitempty"`
	// How the load was stepped down after its end, where its target was still down.
	Escape *results.Escape `json:"escape,omitempty"`
}
