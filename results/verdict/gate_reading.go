package verdict

import (
	"math"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/stats"
)

// fewestBeyond is how many values have to lie beyond a quantile in a window, so that the quantile is more than one of the largest
// values: windows are merged until they do.
const fewestBeyond = 8

// ReadPair reduces a pair to the numbers that JudgeGate works with.
func ReadPair(plan results.Gate, p GatePair) results.GateReading {
	plan = plan.WithDefaults()
	r := results.GateReading{Pair: p.Number, First: p.First, Seconds: p.Seconds, Values: []results.GateValue{}}
	windows := sideBySide(p, plan.Window)
	for _, m := range plan.Primary {
		var v results.GateValue
		q, quantile := m.Quantile()
		switch {
		case quantile:
			v = readQuantile(windows, q, plan.Limits.FewestExtremes)
			readLateness(&v, p, q)
		case m.Name == results.GateErrors:
			v = readErrors(windows)
		case m.Name == results.GateThroughput:
			v = readThroughput(windows)
		}
		v.Metric = m.Name
		r.Values = append(r.Values, v)
	}
	if r.Unfit = unfitPair(plan, p, windows, r.Values); len(r.Unfit) > 0 {
		r.Against = against(p, windows)
	}
	return r
}

// bothWindow is a window of both builds.
type bothWindow struct {
	phase               string
	baseline, candidate GateWindow
}

// sideBySide pairs the windows of the two sides and merges them to the length of the gate's.
func sideBySide(p GatePair, length float64) []bothWindow {
	var merged []bothWindow
	for i := range min(len(p.Baseline.Windows), len(p.Candidate.Windows)) {
		w := bothWindow{p.Baseline.Windows[i].Phase, p.Baseline.Windows[i], p.Candidate.Windows[i]}
		if last := len(merged) - 1; last >= 0 && merged[last].phase == w.phase && merged[last].seconds() < length-1e-6 {
			merged[last] = merged[last].and(w)
			continue
		}
		merged = append(merged, w)
	}
	// What is left at the end of a phase may be too short for a window of its own.
	return slices.Collect(func(yield func(bothWindow) bool) {
		for i := 0; i < len(merged); i++ {
			w := merged[i]
			for i+1 < len(merged) && merged[i+1].phase == w.phase && merged[i+1].seconds() < length/2 {
				i++
				w = w.and(merged[i])
			}
			if !yield(w) {
				return
			}
		}
	})
}

func (w bothWindow) seconds() float64 { return min(w.baseline.Seconds, w.candidate.Seconds) }

func (w bothWindow) and(o bothWindow) bothWindow {
	return bothWindow{w.phase, w.baseline.and(o.baseline), w.candidate.and(o.candidate)}
}

// and is a window with what is in another one, too. Neither is changed.
func (w GateWindow) and(o GateWindow) GateWindow {
	both := histogram.New()
	both.Merge(w.Latency)
	both.Merge(o.Latency)
	w.Latency = both
	w.Seconds += o.Seconds
	w.Offered, w.Served, w.Failed, w.Dropped = w.Offered+o.Offered, w.Served+o.Served, w.Failed+o.Failed, w.Dropped+o.Dropped
	return w
}

// count is how many values of latency there are.
func (w GateWindow) count() float64 {
	if w.Latency == nil {
		return 0
	}
	return float64(w.Latency.Count())
}

// readQuantile is the change of a quantile: in each phase the trimmed mean over its windows, and over phases the mean, so that a
// short phase counts as much as a long one.
func readQuantile(windows []bothWindow, q float64, fewest int64) results.GateValue {
	var v results.GateValue
	var beyondBaseline, beyondCandidate float64
	for _, w := range windows {
		beyondBaseline += w.baseline.count() * (1 - q)
		beyondCandidate += w.candidate.count() * (1 - q)
	}
	const rounding = 1e-6 // of a product such as 800 × (1 − 0.99)
	v.BaselineCount, v.CandidateCount = int64(beyondBaseline+rounding), int64(beyondCandidate+rounding)
	if min(v.BaselineCount, v.CandidateCount) < fewest {
		return v
	}
	var seen changes
	for _, phase := range byPhase(windows) {
		var both [][2]float64
		for _, w := range enoughBeyond(phase, q) {
			both = append(both, [2]float64{w.baseline.Latency.Quantile(q), w.candidate.Latency.Quantile(q)})
		}
		seen.add(both, 1)
	}
	seen.tell(&v)
	return v
}

// changes are those of one metric from the baseline to the candidate: of each phase the trimmed mean over its windows.
type changes struct{ ofPhases, baselines, candidates []float64 }

// add takes the windows of a phase, each with its value in both builds; sign is −1 where less is worse. A window without a value
// in one of them says nothing.
func (c *changes) add(windows [][2]float64, sign float64) {
	var logs []float64
	for _, w := range windows {
		if w[0] > 0 && w[1] > 0 {
			logs = append(logs, sign*(math.Log(w[1])-math.Log(w[0])))
			c.baselines, c.candidates = append(c.baselines, w[0]), append(c.candidates, w[1])
		}
	}
	if len(logs) > 0 {
		c.ofPhases = append(c.ofPhases, stats.TrimmedMean(logs, stats.GateTrim))
	}
}

// tell puts what they come to, the mean over phases, into a value, which stays as it is where there are none.
func (c *changes) tell(v *results.GateValue) {
	if len(c.ofPhases) == 0 {
		return
	}
	v.Windows = len(c.baselines)
	v.Change = known(stats.TrimmedMean(c.ofPhases, 0))
	v.Baseline, v.Candidate = known(middle(c.baselines)), known(middle(c.candidates))
}

// byPhase cuts windows where a phase ends.
func byPhase(windows []bothWindow) [][]bothWindow {
	var phases [][]bothWindow
	for i, w := range windows {
		if i == 0 || windows[i-1].phase != w.phase {
			phases = append(phases, nil)
		}
		phases[len(phases)-1] = append(phases[len(phases)-1], w)
	}
	return phases
}

// enoughBeyond merges the windows of a phase until both builds have enough beyond a quantile in each. A rest goes to the window
// before it; where there is none, there is too little altogether.
func enoughBeyond(phase []bothWindow, q float64) []bothWindow {
	enough := func(w bothWindow) bool {
		return min(w.baseline.count(), w.candidate.count())*(1-q) >= fewestBeyond-1e-6
	}
	var merged []bothWindow
	for _, w := range phase {
		if last := len(merged) - 1; last >= 0 && !enough(merged[last]) {
			merged[last] = merged[last].and(w)
			continue
		}
		merged = append(merged, w)
	}
	if last := len(merged) - 1; last >= 0 && !enough(merged[last]) {
		if last > 0 {
			merged[last-1] = merged[last-1].and(merged[last])
		}
		merged = merged[:last]
	}
	return merged
}

func readErrors(windows []bothWindow) results.GateValue {
	var v results.GateValue
	for _, w := range windows {
		v.BaselineCount, v.CandidateCount = v.BaselineCount+w.baseline.Failed, v.CandidateCount+w.candidate.Failed
		v.BaselineOffered, v.CandidateOffered = v.BaselineOffered+w.baseline.Offered, v.CandidateOffered+w.candidate.Offered
	}
	v.Windows = len(windows)
	if v.BaselineOffered > 0 && v.CandidateOffered > 0 {
		baseline := float64(v.BaselineCount) / float64(v.BaselineOffered)
		candidate := float64(v.CandidateCount) / float64(v.CandidateOffered)
		v.Baseline, v.Candidate, v.Change = known(baseline), known(candidate), known(candidate-baseline)
	}
	return v
}

// readThroughput is by how much less is served, so that a larger change is for the worse as everywhere.
func readThroughput(windows []bothWindow) results.GateValue {
	var v results.GateValue
	var seen changes
	for _, phase := range byPhase(windows) {
		var both [][2]float64
		for _, w := range phase {
			v.BaselineCount, v.CandidateCount = v.BaselineCount+w.baseline.Served, v.CandidateCount+w.candidate.Served
			if w.seconds() > 0 {
				both = append(both, [2]float64{float64(w.baseline.Served) / w.baseline.Seconds, float64(w.candidate.Served) / w.candidate.Seconds})
			}
		}
		seen.add(both, -1)
	}
	seen.tell(&v)
	return v
}

// middle is the median; values are sorted on the way.
func middle(values []float64) float64 {
	slices.Sort(values)
	return median(values)
}

// known is a number that is finite, or nil.
func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
