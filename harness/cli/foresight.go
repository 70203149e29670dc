package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/report"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// calibrationsRead is among how many calibrations of a host and an experiment one is looked for that was measured as the gate is.
const calibrationsRead = 20

// foresee says in advance what a gate can see within its budget, as the newest calibration of this machine has it that was measured in the
// same way and could see anything, or that there is none. Where the newest that planted a delay read back too little of it while both builds
// were loaded at once, they take turns; the error says that they can't.
func (inv *invocation) foresee(ctx context.Context) error {
	if inv.run.Question.Calibration != nil || inv.run.Foresight != nil {
		return nil
	}
	runs, err := inv.store.Calibrations(ctx, inv.run.Host.Fingerprint, inv.question.experiment.Name, calibrationsRead)
	if err != nil {
		inv.log.Warn("calibrations were not looked for", "error", err)
		return nil
	}
	plan, hint := inv.run.Question.Gate.WithDefaults(), "`brunt calibrate "+inv.question.timing.name+"`"
	var other string
	var best, sighted, delayed *results.Run // the newest; that which could see anything; that which planted a delay
	for i, run := range runs {
		if why := inv.measuredElsewise(plan, run); why != "" {
			if other == "" {
				other = fmt.Sprintf("on %s it was, but %s", run.Created.UTC().Format("2006-01-02"), why)
			}
			continue
		}
		if best == nil {
			best = &runs[i]
		}
		if sighted == nil && slices.ContainsFunc(run.Verdict.Noise.Metrics, func(m results.NoiseMetric) bool { return m.MDE != nil }) {
			sighted = &runs[i]
		}
		if delayed == nil && slices.ContainsFunc(run.Verdict.Noise.Planted, readBack) {
			delayed = &runs[i]
		}
	}
	if delayed != nil && plan.Mode == results.GateMirror && delayed.Verdict.Noise.MirrorRefused != "" {
		if err := inv.refuseMirror(*delayed); err != nil {
			return err
		}
		return inv.foresee(ctx)
	}
	if best = cmp.Or(sighted, best); best != nil {
		inv.takeForesight(plan, *best)
		return nil
	}
	text := "this machine has not been calibrated for " + inv.question.experiment.Name + ", so that it is not known what a gate can see here"
	if other != "" {
		text += " (" + other + ")"
	}
	inv.progress.Step(text + "; " + hint + " finds out")
	return nil
}

// readBack says whether it is known how much of a planted delay was read back.
func readBack(p results.PlantedReading) bool {
	return p.Kind == results.PlantedDelay && p.Share != nil
}

// mirrorError says that both builds may not be loaded at once on this machine.
type mirrorError struct {
	why  string
	name string // of the experiment
}

func (e *mirrorError) Error() string { return "mirror is refused on this machine: " + e.why }

func (e *mirrorError) hint() string {
	return "give --mode slices, or let `brunt calibrate " + e.name + "` find out again whether a delay is read back"
}

// refuseMirror lets the builds of a gate take turns that were to be loaded at once, unless people asked for that, or pairs were measured so.
func (inv *invocation) refuseMirror(calibration results.Run) error {
	refused := &mirrorError{fmt.Sprintf("%s (calibration %s)", calibration.Verdict.Noise.MirrorRefused, calibration.ID), inv.question.timing.name}
	if inv.question.timing.chosen || len(inv.run.Trials) > 0 {
		return broken(refused)
	}
	was := *inv.run.Question.Gate
	plan := inv.question.inTurns(was, time.Duration(was.Spent*float64(time.Second)))
	if err := (campaign.Gate{Plan: plan}).Check(); err != nil {
		return broken(fmt.Errorf("%w; to measure the builds in turn, %w", refused, err))
	}
	inv.turn(plan, refused.Error()+". The builds are measured in turn (--mode slices)")
	return nil
}

// takeForesight takes a calibration for what the gate can see.
func (inv *invocation) takeForesight(plan results.Gate, run results.Run) {
	card := run.Verdict.Noise
	f := results.Foresight{Run: run.ID, Created: run.Created}
	f.Metrics, f.Pairs = verdict.Foresee(plan, card.Readings)
	inv.run.Foresight = &f
	inv.progress.Step(report.ForesightText(f, plan.Budget))
}

// measuredElsewise says in what the pairs of a calibration were measured in another way than those of a gate, or is "".
func (inv *invocation) measuredElsewise(plan results.Gate, run results.Run) string {
	if run.Question.Gate == nil || run.Question.Calibration == nil || run.Verdict.Noise == nil {
		return "its record is not whole"
	}
	was, rate := run.Question.Gate.WithDefaults(), run.Question.Calibration.Rate
	switch {
	case was.Mode != plan.Mode:
		return "in mode " + string(was.Mode)
	case was.Measured != plan.Measured || was.Window != plan.Window:
		return fmt.Sprintf("with pairs that were measured for %g s", was.Measured)
	case was.Metric != plan.Metric || len(was.Primary) != len(plan.Primary):
		return "by other metrics"
	case run.Provider != inv.run.Provider:
		return "with the provider " + run.Provider
	case rate != inv.question.script.Rate:
		return fmt.Sprintf("at %g iterations a second", rate)
	}
	return ""
}
