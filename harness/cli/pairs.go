package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/results"
)

// name is what the side is called.
func (s *side) name() results.Side {
	if s.index() == 0 {
		return results.SideBaseline
	}
	return results.SideCandidate
}

// beside sets the site of a build apart from that of the other, and from those of the pairs before.
func (inv *invocation) beside() string {
	if inv.pair == nil || inv.side == nil {
		return ""
	}
	return fmt.Sprintf("%.1s%d", inv.side.name(), inv.pair.Number)
}

// loadSeed is the seed of the load that is offered: each pair has one of its own, which both of its builds get.
func (inv *invocation) loadSeed() int64 {
	if inv.pair == nil {
		return inv.run.Seed
	}
	return inv.pair.Seed>>32 + 1 // which JavaScript can hold
}

// measurePairs conducts pair after pair until they decide or the budget is used up, saving the run after each. The returned error
// says why the run is not complete; the run itself is stored all the same.
func (inv *invocation) measurePairs(ctx context.Context) error {
	defer func() { inv.side, inv.pair = nil, nil }()
	inv.nameBuilds()
	before := spent(inv.run.Trials) + time.Duration(inv.run.Question.Gate.Spent*float64(time.Second))
	if _, end := inv.pairing().Next(inv.readings(), before); end == "" {
		err := inv.rehearse(ctx)
		if err == nil {
			err = inv.foresee(ctx)
		}
		if err != nil {
			trial, err := unstarted(ctx, 1+len(inv.run.Trials), err)
			return inv.endPairs(ctx, []results.Trial{trial}, err)
		}
	}
	began := time.Now()
	for {
		elapsed, pairs := before+time.Since(began), inv.pairing()
		next, end := pairs.Next(inv.readings(), elapsed)
		if end != "" {
			inv.progress.Step("no further pair: " + endText(end))
			if err := inv.endPairs(ctx, nil, nil); err != nil {
				return err
			}
			inv.profilePair(ctx, func() time.Duration { return before + time.Since(began) })
			return nil
		}
		if p := next.Planted; p != nil && inv.leaveOut(p, inv.unplantable(p.Kind), nil) {
			continue
		}
		inv.tellPair(next, pairs.Remaining(inv.readings(), elapsed))
		trials, err := inv.conductPair(ctx, next)
		if err != nil && inv.leaveOut(next.Planted, "", err) {
			continue
		}
		if err != nil {
			return inv.endPairs(ctx, trials, err)
		}
		if inv.makeRoom(trials, before+time.Since(began)) {
			inv.run.Foresight = nil // which was of the other mode
			if err := inv.foresee(ctx); err != nil {
				return inv.endPairs(ctx, trials, err)
			}
			continue
		}
		inv.run.Trials = append(inv.run.Trials, trials...)
		inv.options.trials = len(inv.run.Trials) + 2 // more than there are: the run is not complete yet
		if err := inv.save(ctx, nil); err != nil {
			return err
		}
	}
}

// endPairs ends the gate, with the trials of a pair that was cut off; failed is why not all pairs are there.
func (inv *invocation) endPairs(ctx context.Context, cutOff []results.Trial, failed error) error {
	inv.run.Trials = append(inv.run.Trials, cutOff...)
	inv.options.trials = len(inv.run.Trials)
	if failed != nil {
		if err := inv.save(ctx, failed); err != nil {
			return errors.Join(failed, err)
		}
	}
	return inv.conclude(ctx, failed)
}

// nameBuilds completes what is known of both builds, of a run that begins.
func (inv *invocation) nameBuilds() {
	sides := &inv.question.timing.sides
	if len(inv.run.Builds) == len(sides) { // the run goes on
		sides[0].build, sides[1].build = inv.run.Builds[0], inv.run.Builds[1]
		return
	}
	inv.run.Builds = inv.builds(inv.run.Builds[0])
	sides[0].build, sides[1].build = inv.run.Builds[0], inv.run.Builds[1]
}

// builds are the baseline and the candidate, given what is checked out.
func (inv *invocation) builds(candidate results.Build) []results.Build {
	baseline := inv.question.timing.sides[0]
	for _, s := range inv.question.timing.sides[1].services {
		if s.Reference != "" {
			candidate.Variant = s.Variant
		}
	}
	inv.tellSame(&baseline, candidate)
	return []results.Build{baseline.build, candidate}
}

// readings are what the pairs so far came to, as the run was judged when it was saved.
func (inv *invocation) readings() []results.GateReading {
	switch v := inv.run.Verdict; {
	case v.Noise != nil:
		return v.Noise.Readings
	case v.Gate != nil:
		return v.Gate.Readings
	}
	return nil
}

// spent is how much of the budget pairs have used.
func spent(trials []results.Trial) time.Duration {
	took := map[int]float64{}
	for _, t := range trials {
		took[t.Pair] = max(took[t.Pair], t.PairSeconds)
	}
	all := 0.0
	for _, s := range took {
		all += s
	}
	return time.Duration(all * float64(time.Second))
}

func endText(end campaign.GateEnd) string {
	switch end {
	case campaign.GateDecided:
		return "the pairs have decided"
	case campaign.GatePairs:
		return "as many as were planned are measured"
	}
	return "there is no time for another within --budget"
}

// rehearse starts each build once before the budget begins: what is built for it, and what its setup makes, is there then.
func (inv *invocation) rehearse(ctx context.Context) error {
	inv.pair = &campaign.GatePair{}
	for i := range inv.question.timing.sides {
		inv.side = &inv.question.timing.sides[i]
		inv.progress.Step("building and setting up the " + string(inv.side.name()) + ", which is not counted")
		if err := inv.rehearseOne(ctx); err != nil {
			return fmt.Errorf("start the %s: %w", inv.side.name(), err)
		}
	}
	return inv.unchanged(ctx)
}

func (inv *invocation) rehearseOne(ctx context.Context) error {
	as, err := inv.assemble(ctx, 0)
	if err != nil {
		return err
	}
	defer as.close()
	started, err := as.startTopology(as.ctx)
	if err != nil {
		return err
	}
	inv.run.Provider = as.provider()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(as.ctx), rehearsalStop)
	defer cancel()
	return started.Stop(stopping)
}

// rehearsalStop bounds the stop of a site that was started to have been built.
const rehearsalStop = 45 * time.Second

// conductPair measures one pair. Its trials are returned whatever became of them.
func (inv *invocation) conductPair(ctx context.Context, pair campaign.GatePair) (trials []results.Trial, err error) {
	inv.pair = &pair
	defer inv.plant(pair)()
	began := time.Now()
	conduct := inv.conductMirrored
	if inv.run.Question.Gate.Mode == results.GateTrials {
		conduct = inv.conductTrials
	}
	trials, err = conduct(ctx, pair)
	if err == nil {
		err = inv.unchanged(ctx, trials...)
	}
	for i := range trials {
		trials[i].Pair, trials[i].PairFirst, trials[i].PairSeconds = pair.Number, pair.First, time.Since(began).Seconds()
		trials[i].Planted = pair.Planted
	}
	return trials, err
}

// firstOf are the sides in the order in which a pair starts them.
func firstOf(pair campaign.GatePair) []int {
	if pair.First == results.SideCandidate {
		return []int{1, 0}
	}
	return []int{0, 1}
}

// conductTrials measures a whole trial of each build, one after the other.
func (inv *invocation) conductTrials(ctx context.Context, pair campaign.GatePair) (trials []results.Trial, err error) {
	services := inv.question.experiment.Services
	defer func() { inv.question.experiment.Services = services }()
	for place, i := range firstOf(pair) {
		inv.side = &inv.question.timing.sides[i]
		inv.question.experiment.Services = inv.side.services
		inv.progress.Step(fmt.Sprintf("pair %d: the %s", pair.Number, inv.side.name()))
		trial, err := inv.conduct(ctx, 2*pair.Number-1+place)
		trial.Build = i
		trials = append(trials, trial)
		if err != nil {
			return trials, err
		}
	}
	return trials, nil
}

// tellPair tells people which pair begins, what those before say, and how long it may take.
func (inv *invocation) tellPair(pair campaign.GatePair, left time.Duration) {
	if inv.run.Question.Calibration != nil {
		inv.tellCalibration(pair, left)
		return
	}
	number, plan := pair.Number, inv.run.Question.Gate
	text := fmt.Sprintf("pair %d of at most %d", number, plan.MostPairs)
	if g := inv.run.Verdict.Gate; g != nil {
		if g.Most > 0 {
			text = fmt.Sprintf("pair %d of at most %d", number, max(number, min(g.Most, plan.MostPairs)))
		}
		if found := estimateText(g.Metrics); found != "" {
			text += ", " + found
		}
	}
	inv.progress.Step(text + ", about " + minutes(left) + " left")
}

// estimateText is the estimate that people ask for first: that of p95, else of the first metric that has one.
func estimateText(metrics []results.GateEstimate) string {
	known := slices.DeleteFunc(slices.Clone(metrics), func(m results.GateEstimate) bool {
		return m.Estimate == nil || m.Low == nil || m.High == nil || m.Metric == results.GateErrors
	})
	if len(known) == 0 {
		return ""
	}
	m := known[max(0, slices.IndexFunc(known, func(m results.GateEstimate) bool { return m.Metric == "p95" }))]
	percent := func(change float64) string {
		return strings.ReplaceAll(fmt.Sprintf("%+.1f", 100*(math.Exp(change)-1)), "-", "−")
	}
	text := fmt.Sprintf("%s %s %% [%s, %s]", m.Metric, percent(*m.Estimate), percent(*m.Low), percent(*m.High))
	if m.State() == results.GateAccepted {
		text += ", which is accepted"
	}
	return text
}

func minutes(d time.Duration) string {
	if d < 90*time.Second {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return fmt.Sprintf("%d min", int(math.Round(d.Minutes())))
}
