package results

// Search is what a search for the breakpoint offered: steps of a constant rate, one after another, each judged by itself.
type Search struct {
	From  float64   `json:"from"` // iterations per second of the first step, which must hold
	Most  float64   `json:"most"` // the most that was to be tried
	VUs   int       `json:"vus"`  // that the generator could use at most
	Steps []Step    `json:"steps"`
	Ended SearchEnd `json:"ended"`
}

// SearchEnd says why a search ended.
type SearchEnd string

// The ends of a search. The zero value is that of one that was cut off.
const (
	SearchFound SearchEnd = "found" // the rate that held and the one that broke are close together
	SearchMost  SearchEnd = "most"  // even the most held
	SearchFirst SearchEnd = "first" // the first rate did not hold
	SearchUnfit SearchEnd = "unfit" // the generator's own limit was reached
	SearchDown  SearchEnd = "down"  // after a step that did not hold the target answered nothing any more
	SearchTime  SearchEnd = "time"  // the duration was over before another step would have been
)

// Step is a part of a search that offered one rate. Times are seconds from t = 0.
type Step struct {
	Rate  float64 `json:"rate"`    // iterations per second
	Start float64 `json:"start_s"` // the rate is offered from here on
	From  float64 `json:"from_s"`  // judged from here on: what came before may suffer from the step before
	End   float64 `json:"end_s"`   // judged until here
	// Again marks the repetition of a step that did not hold, after a rest at a low rate.
	Again      bool    `json:"again"`
	CPUPercent float64 `json:"cpu_percent"` // of the k6 child between From and End, 100 = one core
}

// Breakpoint answers how much load a trial's target holds.
type Breakpoint struct {
	Trial int      `json:"trial"`
	Held  *float64 `json:"held"`  // the highest rate that kept every SLO; nil: none
	Broke *float64 `json:"broke"` // the lowest rate above it that broke one, twice or for good; nil: none
	Unit  string   `json:"unit"`
	// SLO is the first that broke at Broke, and Value what it measured there, in ValueUnit.
	SLO       string        `json:"slo"`
	Value     *float64      `json:"value"`
	ValueUnit string        `json:"value_unit"`
	Answer    string        `json:"answer"` // one sentence
	Steps     []StepOutcome `json:"steps"`
}

// StepOutcome is a step as it was judged: pass when every SLO held.
type StepOutcome struct {
	Step
	Offered int64   `json:"offered"` // iterations due in the judged part, and what became of them
	Served  int64   `json:"served"`
	Failed  int64   `json:"failed"`
	Outcome Outcome `json:"outcome"`
	// Unfit says that not the target but the generator could do no more.
	Unfit bool `json:"unfit,omitempty"`
	// SLO is the first that did not hold, and Value what it measured, in Unit.
	SLO    string   `json:"slo,omitempty"`
	Value  *float64 `json:"value,omitempty"`
	Unit   string   `json:"unit,omitempty"`
	Reason string   `json:"reason,omitempty"`
}
