package cli

import (
	"fmt"
	"math"
	"time"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// turns are the slices of each build in the pair that is measured; none where both are under load all the time.
func (inv *invocation) turns() [2][]results.GateSlice {
	plan := inv.run.Question.Gate
	if plan == nil || plan.Mode != results.GateSlices {
		return [2][]results.GateSlice{}
	}
	baseline, candidate := inv.pair.Slices(*plan)
	return [2][]results.GateSlice{baseline, candidate}
}

// wireSlices are the slices of a build as the load generator is told them: in whole microseconds, so that all are equally long.
func wireSlices(all []results.GateSlice, build int) []wire.Slice {
	nanos := func(s float64) int64 { return int64(math.Round(s*1e6)) * 1000 }
	var told []wire.Slice
	for _, s := range all {
		told = append(told, wire.Slice{StartNanos: nanos(s.Start), FromNanos: nanos(s.From), EndNanos: nanos(s.End), Build: build})
	}
	return told
}

// roomy is the share of the machine's CPU up to which builds that are loaded at once do not wait for each other much.
const roomy = 0.6

// crowded is the share of the machine's CPU that the run used in most of a pair, if it is more than leaves two builds enough of it.
func crowded(trials []results.Trial) (share float64, ok bool) {
	for _, t := range trials {
		if m := t.Fitness.Machine; m != nil && m.Own != nil {
			share = max(share, *m.Own)
		}
	}
	return share, share > roomy
}

// makeRoom looks at a pair of a gate that loads both builds at once. Where they and their load leave too little of the machine, and
// it is the first pair, and nobody asked for the mode, the builds take turns from then on, and that pair does not count: again says so.
// Else there is a warning.
func (inv *invocation) makeRoom(trials []results.Trial, elapsed time.Duration) (again bool) {
	share, ok := crowded(trials)
	if !ok || inv.run.Question.Gate.Mode != results.GateMirror {
		return false
	}
	const found = "both builds and their load used more than %.0f %% of the machine's CPU, so that they waited for each other: "
	warning := fmt.Sprintf(found, 100*roomy)
	if len(inv.run.Trials) > 0 || inv.question.timing.chosen {
		inv.run.Warnings = appendNew(inv.run.Warnings, warning+"lower --rate, or give --mode slices")
		return false
	}
	plan := inv.question.inTurns(*inv.run.Question.Gate, elapsed)
	if err := (campaign.Gate{Plan: plan}).Check(); err != nil {
		inv.run.Warnings = appendNew(inv.run.Warnings, warning+"lower --rate; to measure them in turn, "+err.Error())
		return false
	}
	inv.turn(plan, warning+fmt.Sprintf("in the first pair it was %.0f %%. That pair does not count, and they are measured in turn (--mode slices)", 100*share))
	return true
}

// turn lets the builds take turns from now on by a plan that inTurns made, and says why.
func (inv *invocation) turn(plan results.Gate, why string) {
	inv.question.takeTurns()
	inv.run.Question.Gate, inv.question.timing.plan = &plan, plan
	inv.run.Warnings = appendNew(inv.run.Warnings, why)
	inv.progress.Step(why)
}

// inTurns is what becomes of a plan when the builds take turns after all, once so much of the budget is used.
func (q *question) inTurns(plan results.Gate, used time.Duration) results.Gate {
	scale := q.experiment.TimeScale
	plan.PairSeconds += (measuredFor(results.GateSlices, scale) - q.duration).Seconds()
	plan.Mode, plan.Spent, plan.Measured = results.GateSlices, used.Seconds(), pairMeasured.Seconds()*scale
	return plan
}

// takeTurns makes the load of both builds at once as long as that of builds that take turns.
func (q *question) takeTurns() {
	length := measuredFor(results.GateSlices, q.experiment.TimeScale)
	q.script.Duration, q.duration, q.inspection.Duration = length, length, length
}

// turnedSince takes over that a stored gate went on in turns, which nobody had asked for.
func (inv *invocation) turnedSince(was results.Gate) {
	t := inv.question.timing
	if was.Mode == results.GateSlices && t.plan.Mode == results.GateMirror && !t.chosen {
		t.plan = inv.question.inTurns(t.plan, time.Duration(was.Spent*float64(time.Second)))
		inv.question.takeTurns()
	}
}
