package results

// Resilience is what a fault phase did to a trial, and what became of it afterwards. Package verdict says how each number is
// defined; nil is what could not be measured. Moments and lengths are seconds.
type Resilience struct {
	Trial  int      `json:"trial"`
	Faults []string `json:"faults"`
	Start  float64  `json:"start_s"` // of the fault phase
	End    float64  `json:"end_s"`

	// Goodput, 0 to 1: the median of the windows before the fault, that of the fault phase, and that of the last window seen.
	Before *float64 `json:"goodput_before"`
	During *float64 `json:"goodput_during"`
	After  *float64 `json:"goodput_after"`

	Depth  *float64 `json:"depth"`    // deepest drop of goodput in a second, as a share of Before
	Detect *float64 `json:"detect_s"` // from the fault's start until a second was out of the band
	// Loss is the lost goodput over fault and recovery, in seconds of what goodput was before, and Lost the same in iterations.
	// Where Recovery is censored they are what was lost until then.
	Loss *float64 `json:"loss_s"`
	Lost *float64 `json:"lost_iterations"`

	Recovery Recovery `json:"recovery"`
	// Metastable says that the target stayed down although the trigger was gone; nil: the time was too short to tell.
	Metastable *bool `json:"metastable"`
	// Down is how long goodput stayed below 0.9 of Before at a stretch after the fault's end.
	Down float64 `json:"down_s"`

	// EscapeRate is the rate, stepped down after the load's end, at which the target was as before; nil: at none that was tried,
	// of which EscapeTried are the ones.
	EscapeRate  *float64  `json:"escape_rate,omitempty"`
	EscapeTried []float64 `json:"escape_tried,omitempty"`

	Note string `json:"note,omitempty"` // why something is not known
}

// Recovery is how long after the end of a fault phase the target was as before, in whole seconds.
type Recovery struct {
	Seconds *float64 `json:"s"`        // nil: not known, or not before the end of what was seen
	Low     *float64 `json:"low_s"`    // had every unserved iteration been perfect
	High    *float64 `json:"high_s"`   // had every one been bad; nil: no limit
	Censor  *float64 `json:"censor_s"` // it took longer than this, which is all that was seen; nil: it recovered, or nothing is known
	Never   bool     `json:"never"`    // metastable, and not back at the end of what was seen
}

// Recoveries is the recovery from a fault phase over several trials.
type Recoveries struct {
	Faults  []string `json:"faults"`
	Trials  int      `json:"trials"`    // in which it could be measured, censored ones included
	Median  *float64 `json:"median_s"`  // nil: censored
	Longest *float64 `json:"longest_s"` // nil: censored
	Of      int      `json:"longest_trial"`
}
