package verdict

import (
	"fmt"
	"slices"

	"github.com/devcraft-studio/brunt/results"
)

// judgeTiming judges a timing gate by what its pairs recorded.
func judgeTiming(v *results.Verdict, run results.Run, open Opener) error {
	plan := run.Question.Gate.WithDefaults()
	pairs, doubts, err := GatePairs(run, open)
	if err != nil {
		return err
	}
	v.Warnings = append(v.Warnings, doubts...)
	readings := []results.GateReading{}
	for _, p := range pairs {
		r := ReadPair(plan, p)
		r.Unfit = append(r.Unfit, faultsAmiss(run, p.Number)...)
		readings = append(readings, r)
	}
	judged := JudgeGate(plan, readings)
	v.Gate, v.Outcome = &judged.Findings, judged.Outcome
	v.Comparisons = append(v.Comparisons, judged.Comparisons...)
	v.Evidence = append(v.Evidence, judged.Evidence...)
	for _, t := range run.Trials {
		if t.Fitness.Exceptions > 0 && !(t.Tagged != "" && t.Build > 0) { // the load of both builds tells of both
			v.Warnings = append(v.Warnings, fmt.Sprintf("trial %d: %s", t.Number, exceptionReason(t.Fitness)))
		}
	}
	return nil
}

// faultsAmiss says which faults were not in both trials of a pair what they were to be, so that its builds did not bear the same.
func faultsAmiss(run results.Run, pair int) []string {
	var reasons []string
	for _, t := range run.Trials {
		if t.Pair != pair {
			continue
		}
		for _, f := range t.Faults {
			why := ""
			switch {
			case !f.Applied:
				why = withReason("was not applied", f.Error)
			case !f.Removed:
				why = withReason("was not removed for sure", f.Error)
			case f.Effect != nil && !f.Effect.Seen:
				why = withReason("did nothing", effectText(*f.Effect))
			default:
				continue
			}
			if text := "in one of its trials the fault " + f.Label() + " " + why; !slices.Contains(reasons, text) {
				reasons = append(reasons, text)
			}
		}
	}
	return reasons
}
