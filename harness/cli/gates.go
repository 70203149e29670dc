package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/report"
)

// gating is a gate whose question is known to be valid.
type gating struct {
	name     string // of the experiment, as it was given
	question question
	options  gateOptions
	sides    [2]side // the baseline and the candidate
}

// gate is `brunt gate` from the questions to the exit code. All experiments are read before anything is started.
func (a *app) gate(ctx context.Context, names []string, o gateOptions) error {
	var all []gating
	for _, name := range names {
		g, err := a.askGate(ctx, name, o)
		if err != nil {
			return err
		}
		all = append(all, g)
	}
	if len(all) > 1 {
		return a.gateAll(ctx, all)
	}
	g := all[0]
	return a.conductRun(ctx, g.question, g.options.runOptions, func(inv *invocation) error { return g.measure(ctx, inv) })
}

// measure conducts the trials of both builds.
func (g gating) measure(ctx context.Context, inv *invocation) error {
	if g.question.timing != nil {
		return inv.measurePairs(ctx)
	}
	return inv.measureCosts(ctx, g.sides[0], g.sides[1])
}

// gateAll measures one experiment after another, and reports all of them together. One that can't be measured does not keep the
// others from theirs.
func (a *app) gateAll(ctx context.Context, all []gating) error {
	o := all[0].options
	p := newProgress(a.Stderr, terminal(a.Process.Stderr), o.quiet)
	unlock, err := a.claimMachine(ctx, o.noWait, p)
	defer unlock()
	if err != nil {
		return err
	}
	defer surviveReaders()()
	defer context.AfterFunc(ctx, func() { p.Step("interrupted: ending in good order; once more, and at once") })()
	return a.gateEach(ctx, all, p, a.gateOne)
}

// gateEach measures each of them by a function, which returns a run without an id where none came to be.
func (a *app) gateEach(ctx context.Context, all []gating, p *progress, one func(context.Context, gating, []gating) (results.Run, report.Options, error)) error {
	o := all[0].options
	var runs []results.Run
	var codes []int
	options := report.Options{InconclusivePass: o.outputs.inconclusive == "pass"}
	for i, g := range all {
		if ctx.Err() != nil {
			a.explain(&exitError{exitInterrupted, fmt.Errorf("interrupted: %d of %d experiments were not begun", len(all)-i, len(all))})
			codes = append(codes, exitInterrupted)
			break
		}
		p.Step(fmt.Sprintf("experiment %d of %d: %s", i+1, len(all), g.name))
		run, where, err := one(ctx, g, all)
		if err != nil {
			a.explain(fmt.Errorf("%s: %w", g.name, err))
		} else {
			err = verdictExit(run, o.outputs.inconclusiveExit())
		}
		code := codeOf(err)
		if ctx.Err() != nil && code == exitBroken { // a signal was the cause
			code = exitInterrupted
		}
		codes = append(codes, code)
		if run.ID == "" { // it did not come to be; the others are reported all the same
			continue
		}
		runs = append(runs, run)
		options.Store, options.Root = where.Store, filepath.Dir(where.Dir)
		p.Step(report.New(run).Answer.String())
	}
	if len(runs) > 0 {
		if err := a.deliver(report.NewGates(runs), o.outputs, options); err != nil {
			a.explain(err)
			codes = append(codes, codeOf(err))
		}
	}
	if worst := worstExit(codes); worst != exitPass {
		return &exitError{worst, nil}
	}
	return nil
}

// gateOne is one of several gates. A run without an id did not come to be.
func (a *app) gateOne(ctx context.Context, g gating, all []gating) (results.Run, report.Options, error) {
	o := g.options.runOptions
	o.demo.claimed, o.demo.command = true, aloneOf(a.Args, g, all)
	inv, err := a.prepare(ctx, g.question, o)
	if err != nil {
		return results.Run{}, report.Options{}, err
	}
	defer inv.close()
	err = g.measure(ctx, inv)
	return inv.run, places(inv.store, inv.run.ID), err
}

// aloneOf are the arguments that ask for one of several gates by itself.
func aloneOf(args []string, g gating, all []gating) []string {
	alone := slices.Clone(args)
	for _, other := range all {
		if i := slices.Index(alone, other.name); i >= 0 && other.name != g.name {
			alone = slices.Delete(alone, i, i+1)
		}
	}
	return alone
}

// worstExit is the exit code of several gates: that of the first of these words which is true of any of them. It was interrupted; one
// failed, which stands whatever became of the others; one could not be asked, or not be measured; one is inconclusive.
func worstExit(codes []int) int {
	for _, code := range []int{exitInterrupted, exitFail, exitUsage, exitBroken, exitInconclusive} {
		if slices.Contains(codes, code) {
			return code
		}
	}
	return exitPass
}
