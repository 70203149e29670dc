package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/report"
	"github.com/devcraft-studio/brunt/scenarios"
)

// demoOptions are the flags of `brunt demo`.
type demoOptions struct {
	runOptions
	all          bool
	alternatives bool
}

// demoPart is what a run needs to know of the demo that it is a part of.
type demoPart struct {
	id      string   // what its runs have in common
	claimed bool     // the machine is the demo's already
	command []string // that repeats the run by itself, without the name of the program
}

func (a *app) demoCommand() *cobra.Command {
	var o demoOptions
	c := &cobra.Command{
		Use:   "demo [NAME...]",
		Short: "a reference target's naive and fixed variant, side by side",
		Long: `demo runs the naive and then the fixed variant of a reference target under the same load and the same faults, and sets them side by
side. Its experiment declares what each is there to show, below expect: naive has to fail, by the SLO that is named, and fixed to
pass. Where one of them does not, demo ends with 1.

NAME is one of the targets that brunt brings along, or the experiment of one of your own. Without a name they are listed. --all
runs all of them: the track record. --alternatives runs what else an experiment declares below expect, too, and gives each a column
of the same table. Every run is stored; --resume goes on with a demo that was interrupted, or that alternatives are still to be
added to.`,
		Example: `  brunt demo restapi
  brunt demo restapi --time-scale 0.25 --provider local
  brunt demo missingindex --alternatives
  brunt demo --all --markdown record.md`,
		RunE: func(c *cobra.Command, args []string) error { return a.demo(c.Context(), args, o) },
	}
	o.registerShared(c)
	f := c.Flags()
	f.Float64Var(&o.timeScale, "time-scale", 0, "multiplies every duration, never a rate, strength or bound")
	f.BoolVar(&o.all, "all", false, "every reference target: the track record")
	f.BoolVar(&o.alternatives, "alternatives", false, "the alternatives that are declared beside naive and fixed, too")
	f.StringVar(&o.resume, "resume", "", "go on with the demo of this run: an id, the beginning of one, or latest")
	return c
}

// demo is `brunt demo` from the names to the exit code.
func (a *app) demo(ctx context.Context, names []string, o demoOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	switch {
	case o.all && len(names) > 0:
		return usage(errors.New("demo takes names or --all, not both"))
	case o.all:
		names = experiment.Names(scenarios.Files)
	case len(names) == 0:
		return a.listTargets()
	}
	s := &stage{app: a, options: o, progress: newProgress(a.Stderr, terminal(a.Process.Stderr), o.quiet)}
	if err := s.ask(ctx, names); err != nil {
		return err
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	unlock, err := a.claimMachine(ctx, o.noWait, s.progress)
	defer unlock()
	if err != nil {
		return err
	}
	defer surviveReaders()()
	defer context.AfterFunc(ctx, func() { s.progress.Step("interrupted: ending in good order; once more, and at once") })()
	failed := s.play(ctx)
	document := report.NewTrack(s.finished(ctx))
	reported := a.deliver(document, o.outputs, report.Options{Store: s.kept, InconclusivePass: o.outputs.inconclusive == "pass"})
	if failed != nil || reported != nil {
		return errors.Join(failed, reported)
	}
	return trackExit(document, o.outputs.inconclusiveExit())
}

// trackExit is what a track record that is complete means for the exit code.
func trackExit(d report.Document, inconclusive int) error {
	switch {
	case d.Track.Status != results.StatusComplete:
		return &exitError{exitBroken, nil}
	case d.Answer.Outcome == results.Pass || d.Answer.Outcome == results.Inconclusive && inconclusive == exitPass:
		return nil
	case d.Answer.Outcome == results.Fail:
		return &exitError{exitFail, nil}
	}
	return &exitError{inconclusive, nil}
}

// listTargets says what there is to be shown.
func (a *app) listTargets() error {
	cache, err := a.cacheDir()
	if err != nil {
		return err
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TARGET\tALTERNATIVES\tWHAT IS WRONG WITH NAIVE")
	for _, name := range experiment.Names(scenarios.Files) {
		e, err := experiment.Read(name, experiment.Options{Dir: a.Dir, Scenarios: scenarios.Files, Unpack: filepath.Join(cache, "scenarios")})
		if err != nil {
			return usage(err)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", e.Name, orDash(strings.Join(alternativesOf(e), ", ")), orDash(causeOf(e)))
	}
	if err := w.Flush(); err != nil {
		return broken(err)
	}
	return a.print(text.String() + "\nnaive and fixed of one side by side: brunt demo restapi; of all: brunt demo --all; --alternatives shows these, too\n")
}

// causeOf is what is wrong with naive.
func causeOf(e experiment.Experiment) string {
	for _, x := range e.Expect {
		if x.Name == "naive" {
			return x.Cause
		}
	}
	return ""
}

// alternativesOf are the names of the alternatives that an experiment declares.
func alternativesOf(e experiment.Experiment) []string {
	var names []string
	for _, x := range e.Alternatives() {
		names = append(names, x.Name)
	}
	return names
}
