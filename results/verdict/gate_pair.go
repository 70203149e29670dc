package verdict

import (
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/histogram"
)

// GatePair is what was measured of a pair of a timing gate.
type GatePair struct {
	Number  int // from 1
	First   results.Side
	Seconds float64 // wall time from its first start to its end

	Baseline, Candidate GateSide
	Nothing             string // why there is no window, where that is known
}

// GateSide is one build of a pair. Its windows stand in the order of time, and the windows of the two sides at the same place
// belong together: they are of the same seconds (mirror), of the same block of slices (slices), or of the same time since t = 0
// (trials). What one side has more of is left out.
type GateSide struct {
	Windows []GateWindow
	// Lateness is by how much iterations started after they were due, in milliseconds, over all windows; nil: not known.
	Lateness *histogram.Histogram
	// Service is how long the requests took from their actual start, in milliseconds, over all windows, where the gate's metric is
	// counted from the intended one: what lateness adds is the difference; nil: not known.
	Service *histogram.Histogram
	// Fitness is that of the trial: of generator and machine, which the sides have in common where both were under load at once,
	// and of the counts, which are this side's own.
	Fitness results.Fitness
	// Closed is a load of which is not known what it offered, as the target sets its rate: requests stand for iterations.
	Closed bool
}

// GateWindow is a second or more of one build under load. Several are merged to windows of the gate's length.
type GateWindow struct {
	Phase   string               // windows of different phases are never merged; "" where there is but one
	Seconds float64              // under load
	Latency *histogram.Histogram // of the gate's metric, in milliseconds; nil: nothing was served
	// Iterations that were due in the window, and what became of them. One that was interrupted has failed: it hung until the load ended.
	Offered, Served, Failed, Dropped int64
}

// GateJudgement is what a gate's pairs say so far.
type GateJudgement struct {
	// Outcome is what the verdict is if no further pair comes. Decided says that none is needed.
	Outcome     results.Outcome
	Decided     bool
	Findings    results.GateFindings
	Comparisons []results.Comparison
	Evidence    []results.Evidence // a row for each primary metric, and one for each reason against believing them
}
