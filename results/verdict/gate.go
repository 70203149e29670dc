package verdict

import "github.com/devcraft-studio/brunt/results"

// JudgeGate says what the pairs that were read so far come to. It is a pure function, and looks at the pairs one after another, in
// the order in which they are given, as the gate did: a pair that comes after the look that decided changes nothing.
func JudgeGate(plan results.Gate, readings []results.GateReading) GateJudgement {
	plan = plan.WithDefaults()
	j := GateJudgement{Outcome: results.Inconclusive, Findings: results.GateFindings{
		Pairs: len(readings), Most: plan.MostPairs, Metrics: []results.GateEstimate{}, Unfit: []string{}, Readings: readings,
	}}
	for _, r := range readings {
		if len(r.Unfit) == 0 {
			j.Findings.Used++
		}
	}
	return j
}
