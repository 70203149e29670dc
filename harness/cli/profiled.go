package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// profilePair runs one more pair of a gate that failed, with profiles of both builds, and counts what requests cost in each. It is
// evidence: the verdict stands whatever becomes of it, and what is not there is said. spent is how much of the budget is used up.
func (inv *invocation) profilePair(ctx context.Context, spent func() time.Duration) {
	already := inv.run.Profiled != nil && inv.run.Profiled.Status == results.StatusComplete
	gate := inv.run.Question.Calibration == nil // a calibration's builds are the same
	if !gate || inv.run.Verdict.Outcome != results.Fail || inv.question.timing.unprofiled || already || ctx.Err() != nil {
		return
	}
	text := "one more pair, with profiles: not part of the test"
	if last := inv.readings(); spent().Seconds()+last[len(last)-1].Seconds > inv.run.Question.Gate.Budget {
		text += ", and taken though --budget is used up"
	}
	inv.progress.Step(text)
	pair := inv.gate().After(inv.readings())
	before := inv.run
	found := &results.Profiled{
		Pair: pair.Number, Status: results.StatusComplete, Profiles: []results.ProfileComparison{}, Without: []string{}, Warnings: []string{},
	}
	inv.run.Profiled, inv.profiling = found, newProfiling(inv.question.duration)
	defer func() { inv.side, inv.pair, inv.profiling = nil, nil, nil }()
	found.Seconds = inv.profiling.length.Seconds()
	if err := inv.underProfiles(ctx, pair, found); err != nil {
		found.Status = results.StatusBroken
		inv.lack(ctx, found, "where the time went", err)
	} else if err := inv.countDifference(ctx, 2*pair.Number+1, found); err != nil {
		inv.lack(ctx, found, "what requests cost", err)
	}
	found.BeyondBudget = max(0, spent().Seconds()-inv.run.Question.Gate.Budget)
	if err := inv.save(ctx, nil); err != nil { // what was stored of the verdict stands
		inv.log.Warn("the profiled pair was not stored", "error", err)
		inv.run = before
		inv.run.Warnings = append(slices.Clone(before.Warnings), "where the time went was not stored: "+inv.redactor.Redact(oneLine(err.Error())))
	}
}

// lack notes what is not known, and why.
func (inv *invocation) lack(ctx context.Context, found *results.Profiled, what string, err error) {
	reason := inv.redactor.Redact(oneLine(err.Error()))
	if ctx.Err() != nil {
		found.Status = results.StatusAborted
		reason = "it was interrupted; brunt gate --resume " + inv.run.ID + " takes it up again"
	}
	found.Warnings = append(found.Warnings, what+" is not known: "+reason)
	inv.progress.Step(what + " is not known: " + reason)
}

// underProfiles measures the pair and compares its profiles.
func (inv *invocation) underProfiles(ctx context.Context, pair campaign.GatePair, found *results.Profiled) error {
	trials, err := inv.conductPair(ctx, pair)
	if err != nil {
		return err
	}
	alone := inv.run
	alone.Trials = trials
	pairs, doubts, err := verdict.GatePairs(alone, opener(inv.store, inv.run.ID))
	if err != nil {
		return err
	}
	if len(pairs) == 0 {
		return fmt.Errorf("the pair was not measured%s", withDoubt(doubts))
	}
	found.BaselineServed, found.CandidateServed = servedPerSecond(pairs[0].Baseline), servedPerSecond(pairs[0].Candidate)
	inv.profiling.compare(found)
	return nil
}

func withDoubt(doubts []string) string {
	if len(doubts) == 0 {
		return ""
	}
	return ": " + doubts[0]
}

// servedPerSecond are the iterations that a build served in each second under load.
func servedPerSecond(s verdict.GateSide) float64 {
	served, seconds := int64(0), 0.0
	for _, w := range s.Windows {
		served, seconds = served+w.Served, seconds+w.Seconds
	}
	if seconds == 0 {
		return 0
	}
	return float64(served) / seconds
}

// countDifference counts what the same requests cost in both builds, as a cost gate does, in starts whose trials are numbered from
// first on.
func (inv *invocation) countDifference(ctx context.Context, first int, found *results.Profiled) error {
	asked, sides := inv.question, inv.question.timing.sides
	defer func() { inv.question = asked }()
	q := &inv.question
	if q.experiment.Load.Target == "" {
		return errors.New("the load has no target whose requests could be counted")
	}
	q.timing, q.script.Builds, inv.pair = nil, nil, nil
	q.askForCosts()
	if err := inv.replan(ctx); err != nil {
		return err
	}
	q.duration = listTime
	var costs [2][]results.Costs
	order := startOrder()
	for i, number := range order {
		inv.side = &sides[number]
		q.experiment.Services = sides[number].services
		inv.progress.Step(fmt.Sprintf("counting what requests cost, which is not part of the test: start %d of %d, the %s", i+1, len(order), inv.side.name()))
		trial, err := inv.conduct(ctx, first+i)
		if err != nil {
			return err
		}
		costs[number] = append(costs[number], *trial.Costs)
	}
	var doubt string
	if found.Costs, found.CostChanges, doubt = verdict.CompareCosts(costs[0], costs[1]); doubt != "" {
		found.Warnings = append(found.Warnings, doubt)
	}
	return nil
}
