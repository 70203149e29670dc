package verdict

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

const (
	// fewestDrawn is from how many pairs on gates are drawn from them: as many as a gate may have.
	fewestDrawn = results.MostGatePairs
	// drawnGates is how many are drawn.
	drawnGates = 300
)

// drawGates plays gates whose pairs are drawn from those of a build against itself, again and again the same ones, and in each of which
// a coin says which of the two is called the baseline, as a coin says it anyhow. So they show what the spread of pairs does, and not that
// one place is better than the other, which the offset shows. nil: there are too few pairs.
func drawGates(plan results.Gate, own []results.GateReading, seed int64) *results.FalseAlarms {
	if len(fitReadings(own)) < fewestDrawn {
		return nil
	}
	random := rand.New(rand.NewPCG(uint64(seed), uint64(len(own))))
	alarms := results.FalseAlarms{Gates: drawnGates}
	for range drawnGates {
		var drawn []results.GateReading
		for i := range results.MostGatePairs {
			r := own[random.IntN(len(own))]
			if random.IntN(2) == 1 {
				r = exchanged(r)
			}
			r.Pair = i + 1
			drawn = append(drawn, r)
		}
		g, seen := lookAt(plan, drawn)
		switch {
		case g.looks == 0 || len(g.misfits(drawn[:seen])) > 0:
			alarms.Inconclusive++
		case g.outcome == results.Fail:
			alarms.Failed++
		case g.outcome == results.Pass:
			alarms.Passed++
		default:
			alarms.Inconclusive++
		}
	}
	return &alarms
}

// againstItself are the rows about the pairs of a build against itself: what a gate would have said of them, and why they can't be believed.
func againstItself(plan results.Gate, card results.NoiseCard) []results.Evidence {
	judged := JudgeGate(plan, unplanted(card.Readings))
	row := results.Evidence{What: "the build against itself", Samples: int64(card.Used), Outcome: results.Pass}
	if judged.Findings.Looks == 0 {
		row.Outcome, row.Reason = results.Inconclusive, fmt.Sprintf("%d of %s count, fewer than the %d after which a gate looks first",
			card.Used, plural(int64(card.Pairs), "pair"), plan.LeastPairs)
	}
	if judged.Outcome == results.Fail {
		var worse []string
		for _, m := range judged.Findings.Metrics {
			if m.Worse {
				worse = append(worse, m.Metric)
			}
		}
		row.Outcome, row.Reason = results.Fail, fmt.Sprintf("a gate would have found it worse than itself in %s: a false alarm, which one gate in %.0f may be",
			strings.Join(worse, ", "), 1/plan.Alpha)
	}
	rows := []results.Evidence{row}
	for _, reason := range judged.Findings.Unfit {
		rows = append(rows, results.Evidence{What: "fitness", Outcome: results.Inconclusive, Reason: reason})
	}
	return rows
}
