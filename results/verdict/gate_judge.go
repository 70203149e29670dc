package verdict

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

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
	judgeReadings(v, run, readings)
	warnOfPairs(v, run)
	return nil
}

// judgeReadings judges a timing gate by what its pairs came to, and by what its question accepts.
func judgeReadings(v *results.Verdict, run results.Run, readings []results.GateReading) {
	plan := run.Question.Gate.WithDefaults()
	judged := JudgeGate(plan, readings, run.AcceptedTimes()...)
	v.Gate, v.Outcome = &judged.Findings, judged.Outcome
	v.Comparisons = append(v.Comparisons, judged.Comparisons...)
	v.Evidence = append(v.Evidence, judged.Evidence...)
	accept := acceptancesOf(run, func(a results.Acceptance) bool { return !a.OfCosts() })
	accept.takeTimes(judged.Findings)
	accept.toldOfTimes(v, plan)
}

// warnOfPairs tells of the warm-ups that were cut off, and of the trials whose script threw.
func warnOfPairs(v *results.Verdict, run results.Run) {
	if doubt := warmupDoubt(run.Trials); doubt != "" {
		v.Warnings = append(v.Warnings, doubt)
	}
	for _, t := range run.Trials {
		if t.Fitness.Exceptions > 0 && !(t.Tagged != "" && t.Build > 0) { // the load of both builds tells of both
			v.Warnings = append(v.Warnings, fmt.Sprintf("trial %d: %s", t.Number, exceptionReason(t.Fitness)))
		}
	}
}

// warmupDoubt says of which pairs the warm-up ended before their times were level, so that what is left of it may be in what was
// measured; "" where there is none.
func warmupDoubt(trials []results.Trial) string {
	var pairs []string
	longest, apart := 0.0, 0.0
	for _, t := range trials {
		w := t.Warmup
		if t.Pair < 1 || t.Status != results.StatusComplete || w == nil || w.Level {
			continue
		}
		longest, apart = max(longest, w.Seconds), max(apart, w.Apart)
		if name := strconv.Itoa(t.Pair); !slices.Contains(pairs, name) {
			pairs = append(pairs, name)
		}
	}
	if len(pairs) == 0 {
		return ""
	}
	text := fmt.Sprintf("the warm-up ended after %s before times were level, in %s (%s)", seconds(longest), plural(int64(len(pairs)), "pair"), strings.Join(pairs, ", "))
	if apart > 0 {
		text += fmt.Sprintf("; medians were up to %s apart", percent(apart))
	}
	return text
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
			case !f.Removed && t.Planted == nil: // what is planted lasts as long as the load
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
