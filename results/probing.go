package results

// Probing is what a trial tried under a constant load: faults of one kind, one after another, each for a step, with a rest
// on a sound link between them.
type Probing struct {
	Aim     ProbingAim `json:"aim"`
	Kind    string     `json:"kind"`              // of the faults
	With    string     `json:"with,omitempty"`    // what of them stays the same: by 500ms, status 503
	Links   []string   `json:"links,omitempty"`   // that they act on
	Unit    string     `json:"unit"`              // of their strengths: ms, B/s, %
	Rate    float64    `json:"rate"`              // iterations per second
	VUs     int        `json:"vus"`               // that the generator could use at most
	Falling bool       `json:"falling,omitempty"` // a smaller number is a stronger fault, as of a bandwidth
	// Most is the strongest that was to be tried.
	Most  float64     `json:"most"`
	Steps []FaultStep `json:"steps"`
	Ended SearchEnd   `json:"ended"`
	// Earlier are the steps of a trial that was cut off and that this one goes on with, as they were judged. EarlierTrips are
	// what they measured of round trips.
	Earlier      []FaultOutcome `json:"earlier,omitempty"`
	EarlierTrips []RoundTrips   `json:"earlier_trips,omitempty"`
}

// ProbingAim is what a trial tried faults for.
type ProbingAim string

// The aims of a probing.
const (
	AimTolerance  ProbingAim = "tolerance"   // the strongest fault that the SLOs tolerate
	AimRoundTrips ProbingAim = "round-trips" // how much latency each millisecond on a link costs
)

// The ends of a probing that a search for the breakpoint has not.
const (
	SearchUnclear SearchEnd = "unclear" // a strength could not be told, however often it was tried
	SearchUneven  SearchEnd = "uneven"  // a stronger fault held where a weaker one broke
	SearchDone    SearchEnd = "done"    // all that was planned was measured
)

// FaultStep is a step under one fault. Times are seconds from t = 0.
type FaultStep struct {
	Step
	Link     string  `json:"link"`
	Strength float64 `json:"strength"` // 0: no fault, the link was sound
	Lifted   float64 `json:"lifted_s"` // the fault was in force until here: longer than End, for what was on its way
	Effect   *Effect `json:"effect,omitempty"`
	Error    string  `json:"error,omitempty"` // it was not applied, or ended early
}

// FaultOutcome is a step under a fault as it was judged.
type FaultOutcome struct {
	StepOutcome
	Link     string  `json:"link"`
	Strength float64 `json:"strength"`
	Added    float64 `json:"added,omitempty"` // as the probe measured it, in milliseconds
}

// Tolerance answers how strong a fault the SLOs tolerate on a link.
type Tolerance struct {
	Trial int     `json:"trial"`
	Link  string  `json:"link"`
	Kind  string  `json:"kind"`
	With  string  `json:"with,omitempty"` // what of the faults stays the same: by 500ms, status 503
	Unit  string  `json:"unit"`           // of Held and Broke
	Rate  float64 `json:"rate"`           // iterations per second that were offered meanwhile
	// Held is the strongest fault up to which every one that was tried held; 0: none did. Broke is the weakest from which on
	// every one broke. nil: none was found. The limit lies between them.
	Held  *float64 `json:"held"`
	Broke *float64 `json:"broke"`
	// Uneven says that between them a stronger fault held where a weaker one broke, each in two of three tries.
	Uneven bool `json:"uneven,omitempty"`
	// SLO is the first that broke at Broke, and Value what it measured there, in ValueUnit.
	SLO       string         `json:"slo"`
	Value     *float64       `json:"value"`
	ValueUnit string         `json:"value_unit"`
	Outcome   Outcome        `json:"outcome"`
	Answer    string         `json:"answer"` // one sentence
	Steps     []FaultOutcome `json:"steps"`
}

// RoundTrips answers how often an endpoint crosses a link one after another, on the way to its answer.
type RoundTrips struct {
	Trial int     `json:"trial"`
	Link  string  `json:"link"`
	Name  string  `json:"name"` // of the requests
	Rate  float64 `json:"rate"` // iterations per second of all endpoints together
	// Count is the slope of the median duration over what a round trip on the link takes, with its interval of 95 %; nil: unclear.
	Count  *float64 `json:"count"`
	Low    *float64 `json:"low"`
	High   *float64 `json:"high"`
	Reason string   `json:"reason,omitempty"` // why it is unclear
	// Points are the medians that it rests on, one for each step.
	Points []RoundTripPoint `json:"points"`
}

// RoundTripPoint is what one step measured, in milliseconds.
type RoundTripPoint struct {
	Asked    float64 `json:"asked_ms"`    // latency that was added
	Trip     float64 `json:"trip_ms"`     // a round trip of the probe through the link
	Duration float64 `json:"duration_ms"` // median duration of the requests
	Samples  int64   `json:"samples"`
	Failed   int64   `json:"failed,omitempty"` // of the requests
}
