package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/report"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// calibrationsRead is among how many calibrations of a host and an experiment one is looked for that was measured as the gate is.
const calibrationsRead = 20

// foresee says in advance what a gate can see within its budget, as the newest calibration of this machine has it that was measured in the
// same way and could see anything, or that there is none.
func (inv *invocation) foresee(ctx context.Context) {
	if inv.run.Question.Calibration != nil || inv.run.Foresight != nil {
		return
	}
	runs, err := inv.store.Calibrations(ctx, inv.run.Host.Fingerprint, inv.question.experiment.Name, calibrationsRead)
	if err != nil {
		inv.log.Warn("calibrations were not looked for", "error", err)
		return
	}
	plan, hint := inv.run.Question.Gate.WithDefaults(), "`brunt calibrate "+inv.question.timing.name+"`"
	var other string
	var best *results.Run
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
		if slices.ContainsFunc(run.Verdict.Noise.Metrics, func(m results.NoiseMetric) bool { return m.MDE != nil }) {
			best = &runs[i]
			break
		}
	}
	if best != nil {
		inv.takeForesight(plan, *best)
		return
	}
	text := "this machine has not been calibrated for " + inv.question.experiment.Name + ", so that it is not known what a gate can see here"
	if other != "" {
		text += " (" + other + ")"
	}
	inv.progress.Step(text + "; " + hint + " finds out")
}

// takeForesight takes a calibration for what the gate can see.
func (inv *invocation) takeForesight(plan results.Gate, run results.Run) {
	card := run.Verdict.Noise
	f := results.Foresight{Run: run.ID, Created: run.Created}
	f.Metrics, f.Pairs = verdict.Foresee(plan, card.Readings)
	inv.run.Foresight = &f
	inv.progress.Step(report.ForesightText(f, plan.Budget))
	if card.MirrorRefused != "" && plan.Mode == results.GateMirror {
		inv.run.Warnings = appendNew(inv.run.Warnings, fmt.Sprintf("mirror is not to be trusted on this machine: %s (calibration %s); give --mode trials", card.MirrorRefused, run.ID))
	}
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
