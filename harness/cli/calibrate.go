package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/results"
)

const (
	// calibrationPairs is how many pairs of a build against itself there are by default, and mostCalibrationPairs at most: from
	// results.MostGatePairs on, gates are drawn from them.
	calibrationPairs, mostCalibrationPairs = 8, 200
)

// calibrateOptions are the flags of `brunt calibrate`. Those of the gate in whose shape it measures have their defaults.
type calibrateOptions struct {
	gateOptions
	pairs    int
	controls bool
}

func (a *app) calibrateCommand() *cobra.Command {
	var o calibrateOptions
	c := &cobra.Command{
		Use:   "calibrate EXPERIMENT",
		Short: "how small a change a gate can see on this machine: a build against itself",
		Long: `calibrate measures what is checked out against itself, in pairs that are those of a timing gate: fresh processes of both, each with
dependencies of its own. From how far the pairs lie apart follows the smallest change of p50, p95, p99 and the share that failed that
a gate finds here within --budget, four times out of five. The card that it makes is kept with the run, and gates of the experiment on
this machine say in advance what they can see.

Then it plants changes in one of the two, and looks whether they are read back: a delay of every answer, of which 80 to 120 % have to
be seen, and a CPU quota of a fifth more than the load's target uses, which has to make some quantile longer for sure. It fails where
they are not, or where a gate would have found the build worse than itself.

With 20 pairs or more, 300 gates are drawn from them, which shows how many would have failed. Finished pairs are kept: --resume goes
on with a calibration that was interrupted.`,
		Example: `  brunt calibrate scenarios/restapi
  brunt calibrate scenarios/restapi --pairs 20 --budget 30m
  brunt calibrate scenarios/restapi --controls=false --markdown card.md
  brunt calibrate --resume latest`,
		Args: func(_ *cobra.Command, args []string) error {
			if o.resume != "" && len(args) == 0 {
				return nil
			}
			return oneExperiment("calibrate")(nil, args)
		},
		PreRunE: func(c *cobra.Command, args []string) error {
			return a.resumedAlike(c.Context(), "calibrate", args, o.gateOptions)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.resumeCommand(c.Context(), "calibrate", o.gateOptions)
			}
			return a.calibrate(c.Context(), args[0], o)
		},
	}
	o.registerCommon(c)
	f := c.Flags()
	f.IntVar(&o.pairs, "pairs", calibrationPairs, "of the build against itself; each planted change takes 3 more")
	f.DurationVar(&o.timing.budget, "budget", gateBudget, "of the gates whose sight is foretold")
	f.StringVar(&o.timing.mode, "mode", "", "how a pair is loaded, as of brunt gate: mirror, slices or trials")
	f.BoolVar(&o.controls, "controls", true, "plant changes, too, and look whether they are read back")
	f.Float64Var(&o.timeScale, "time-scale", 0, "multiplies how long a pair is warmed up and measured, and every duration of the experiment")
	f.StringVar(&o.resume, "resume", "", "go on with this run: an id, the beginning of one, or latest")
	return c
}

// calibrate is `brunt calibrate` from the question to the exit code.
func (a *app) calibrate(ctx context.Context, name string, o calibrateOptions) error {
	o.timing.pairs = results.MostGatePairs
	if o.pairs < results.FewestGatePairs || o.pairs > mostCalibrationPairs {
		return usage(fmt.Errorf("--pairs is %d to %d, not %d", results.FewestGatePairs, mostCalibrationPairs, o.pairs))
	}
	if isScript(name) {
		return usage(errors.New("calibrate takes an experiment, which says how a build is started, not a bare script"))
	}
	if err := o.check(name); err != nil {
		return err
	}
	o.asker = results.AskerCalibrate
	q, err := a.ask(ctx, name, o.runOptions)
	if err != nil {
		return err
	}
	if q.experiment.Load.Target == "" {
		return usage(errors.New("the load has no target that could be measured against itself"))
	}
	o.sources = a.buildsFrom(q.experiment)
	sides := [2]side{{services: slices.Clone(q.experiment.Services)}, {number: 1, services: q.experiment.Services}}
	sides[0].build.Variant = q.variant()
	if err := a.askForTimes(ctx, &q, sides, o.gateOptions); err != nil {
		return err
	}
	q.timing.name = name
	q.timing.calibration = &results.Calibration{Pairs: o.pairs, Planted: []results.PlantedKind{}, Rate: q.script.Rate}
	if o.controls {
		q.timing.calibration.Planted = append(q.timing.calibration.Planted, results.PlantedDelay, results.PlantedCPU)
	}
	return a.conductRun(ctx, q, o.runOptions, func(inv *invocation) error { return inv.measurePairs(ctx) })
}

// calibrating is what is asked of a build against itself, as it is kept with the run; nil where that is not the question.
func (t *timing) calibrating() *results.Calibration {
	if t == nil {
		return nil
	}
	return t.calibration
}

// pairing decides which pair comes next.
type pairing interface {
	// Next is the pair to run after those that were read, or why none comes; elapsed is since the first start.
	Next(done []results.GateReading, elapsed time.Duration) (campaign.GatePair, campaign.GateEnd)
	// Remaining is how long all that is left takes at most.
	Remaining(done []results.GateReading, elapsed time.Duration) time.Duration
}

// gate draws the pairs of the run.
func (inv *invocation) gate() campaign.Gate {
	gate := campaign.Gate{Plan: *inv.run.Question.Gate, Seed: inv.run.Seed, Accepted: inv.run.AcceptedTimes()}
	for _, t := range inv.run.Trials {
		gate.Last = max(gate.Last, t.Pair)
	}
	return gate
}

// pairing is that of the run: a gate, or a calibration.
func (inv *invocation) pairing() pairing {
	gate := inv.gate()
	if asked := inv.run.Question.Calibration; asked != nil {
		return campaign.Calibration{Gate: gate, Asked: *asked}
	}
	return gate
}

// tellCalibration tells people which pair begins, and how far those before lie apart.
func (inv *invocation) tellCalibration(pair campaign.GatePair, left time.Duration) {
	asked := *inv.run.Question.Calibration
	text := fmt.Sprintf("pair %d of %d", pair.Number, campaign.Calibration{Asked: asked}.Pairs())
	if card := inv.run.Verdict.Noise; card != nil {
		for _, m := range card.Metrics {
			if m.Metric == "p95" && m.SD != nil {
				text += fmt.Sprintf(", p95 of a pair lies %.1f %% apart", 100**m.SD)
			}
		}
	}
	if p := pair.Planted; p != nil {
		text += ", with a planted " + plantedFault(*p, 0).Kind
	}
	inv.progress.Step(text + ", about " + minutes(left) + " left")
}
