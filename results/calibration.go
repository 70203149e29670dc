package results

import "time"

// AskerCalibrate is the command that measures how small a change can be seen, as Question.Asker has it.
const AskerCalibrate = "calibrate"

// PlantedPairs is how many pairs a planted change is measured in.
const PlantedPairs = 3

// Calibration is what is asked of a build against itself, beside the gate in whose shape it is measured.
type Calibration struct {
	Pairs   int           `json:"pairs"`   // of the build against itself
	Planted []PlantedKind `json:"planted"` // each is measured in PlantedPairs pairs after those
	// Rate is what the load is asked for, in iterations per second; 0: what its script says.
	Rate float64 `json:"rate,omitempty"`
}

// PlantedKind says what is planted in the candidate of a pair of which both builds are the same.
type PlantedKind string

// The kinds of planted changes.
const (
	PlantedDelay PlantedKind = "delay" // of every answer, on the link from the load to its target
	PlantedCPU   PlantedKind = "cpu"   // a quota on the load's target
)

// Planted is a change that was planted in the candidate of a pair, to see whether it is read back.
type Planted struct {
	Kind  PlantedKind `json:"kind"`
	On    string      `json:"on"`                 // the link or the node
	Delay float64     `json:"delay_ms,omitempty"` // that was asked for
	// Cores is the quota, and Uses how many the node used without it, on average.
	Cores float64 `json:"cores,omitempty"`
	Uses  float64 `json:"uses_cores,omitempty"`
}

// NoiseCard says how far pairs of a build against itself lie apart on a machine, and what a gate can see there. Changes are as in
// GateFindings: the natural logarithm of candidate by baseline, of errors the difference of the shares.
type NoiseCard struct {
	Pairs int `json:"pairs"` // of the build against itself
	Used  int `json:"used"`  // of them, that count
	// PairSeconds is how long a pair took on average, from the first start to the end, and Affordable how many pairs a gate has with
	// its budget.
	PairSeconds float64       `json:"pair_s"`
	Affordable  int           `json:"affordable_pairs"`
	Metrics     []NoiseMetric `json:"metrics"`
	Machine     NoiseMachine  `json:"machine"`
	// FalseAlarms are gates that were drawn from the pairs; nil: there were too few pairs.
	FalseAlarms *FalseAlarms     `json:"false_alarms"`
	Planted     []PlantedReading `json:"planted"`
	// MirrorRefused says why both builds should not be loaded at once on this machine; "": they may be.
	MirrorRefused string        `json:"mirror_refused,omitempty"`
	Readings      []GateReading `json:"readings"` // of all pairs, those with a planted change included
}

// NoiseMetric is one primary metric of a build against itself. What is not known is nil.
type NoiseMetric struct {
	Metric string   `json:"metric"`
	Unit   string   `json:"unit"`             // of Level
	Level  *float64 `json:"level"`            // median of the baselines
	Reason string   `json:"reason,omitempty"` // why nothing can be said of it

	SD *float64 `json:"sd"` // of a pair's change
	// Offset is the mean change, which is 0 but for chance where neither place is better than the other; OffsetLow and OffsetHigh are
	// the ends of its interval of 95 %.
	Offset          *float64 `json:"offset"`
	OffsetLow       *float64 `json:"offset_low"`
	OffsetHigh      *float64 `json:"offset_high"`
	Autocorrelation *float64 `json:"autocorrelation"` // of successive pairs' changes
	// MDE is the change that a gate finds four times out of five at the last look that its budget allows, and PairsNeeded how many
	// pairs it takes to find a change of the limit of a pass as often.
	MDE         *float64 `json:"mde"`
	PairsNeeded *int     `json:"pairs_needed"`
}

// NoiseMachine is what generator and machine were like, pair by pair.
type NoiseMachine struct {
	LatenessP99 *float64 `json:"lateness_p99_ms"` // of the iterations of all pairs together; nil: not known
	// Steal and Foreign are medians over pairs: of the share of the CPU that the hypervisor gave to others, and that other programs
	// took, each as Machine has it; nil: not known. Stolen is the share of the pairs of which more than a tenth was stolen in more than
	// a fifth of their windows.
	Steal   *float64 `json:"steal_share"`
	Stolen  *float64 `json:"stolen_pairs_share"`
	Foreign *float64 `json:"foreign_cpu_share"`
}

// FalseAlarms are what gates came to whose pairs were drawn from those of a build against itself.
type FalseAlarms struct {
	Gates        int `json:"gates"`
	Failed       int `json:"failed"`
	Passed       int `json:"passed"`
	Inconclusive int `json:"inconclusive"`
}

// PlantedReading is what was read back of a planted change.
type PlantedReading struct {
	Planted
	Pairs int `json:"pairs"`
	Used  int `json:"used"` // of them, in which it was in force and could be read
	// Metric is the one that it was read off: p50 for a delay, for a quota the one that it changed most surely. Ratio is candidate by
	// baseline, with the ends of its interval of 95 %.
	Metric string   `json:"metric,omitempty"`
	Level  *float64 `json:"baseline_ms"` // median
	Ratio  *float64 `json:"ratio"`
	Low    *float64 `json:"low"`
	High   *float64 `json:"high"`
	// Share is how much of what was asked for was read back, with the ends of its interval of 95 %; nil for a quota, of which nobody
	// can say what it has to come to.
	Share     *float64 `json:"read_back_share"`
	ShareLow  *float64 `json:"read_back_low"`
	ShareHigh *float64 `json:"read_back_high"`
	Outcome   Outcome  `json:"outcome"`
	Reason    string   `json:"reason,omitempty"`
}

// Foresight is what a gate is told in advance by a calibration of this machine.
type Foresight struct {
	Run     string        `json:"run"`   // of the calibration
	Created time.Time     `json:"date"`  // of it
	Pairs   int           `json:"pairs"` // that the gate has with its budget
	Metrics []NoiseMetric `json:"metrics"`
}
