package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/report"
	"github.com/devcraft-studio/brunt/results/store"
	"github.com/devcraft-studio/brunt/scenarios"
)

// demoOptions are the flags of `brunt demo`.
type demoOptions struct {
	runOptions
	all bool
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
runs all of them: the track record. Every run is stored; --resume goes on with a demo that was interrupted.`,
		Example: `  brunt demo restapi
  brunt demo restapi --time-scale 0.25 --provider local
  brunt demo --all --markdown record.md`,
		RunE: func(c *cobra.Command, args []string) error { return a.demo(c.Context(), args, o) },
	}
	o.registerShared(c)
	f := c.Flags()
	f.Float64Var(&o.timeScale, "time-scale", 0, "multiplies every duration, never a rate, strength or bound")
	f.BoolVar(&o.all, "all", false, "every reference target: the track record")
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
	fmt.Fprintln(w, "TARGET\tWHAT IS WRONG WITH NAIVE")
	for _, name := range experiment.Names(scenarios.Files) {
		e, err := experiment.Read(name, experiment.Options{Dir: a.Dir, Scenarios: scenarios.Files, Unpack: filepath.Join(cache, "scenarios")})
		if err != nil {
			return usage(err)
		}
		fmt.Fprintf(w, "%s\t%s\n", e.Name, orDash(causeOf(e)))
	}
	if err := w.Flush(); err != nil {
		return broken(err)
	}
	return a.print(text.String() + "\nnaive and fixed of one side by side: brunt demo restapi; of all: brunt demo --all\n")
}

// causeOf is what is wrong with naive.
func causeOf(e experiment.Experiment) string {
	for _, x := range e.Expect {
		if x.Variant == "naive" {
			return x.Cause
		}
	}
	return ""
}

// stage is a demo while it runs.
type stage struct {
	*app
	options  demoOptions
	progress *progress
	names    map[string]string   // as they were given, by target
	asked    map[string]question // by target
	demo     campaign.Demo
	record   results.TrackRecord
	done     []campaign.Showing
	kept     string // where, for people
}

// ask reads the experiments of all targets before anything is started.
func (s *stage) ask(ctx context.Context, names []string) error {
	s.options.trials = 1
	s.names, s.asked = map[string]string{}, map[string]question{}
	for _, name := range names {
		q, err := s.app.ask(ctx, targetName(name), s.options.runOptions)
		if err != nil {
			return err
		}
		target := q.experiment.Name
		for _, variant := range []string{"naive", "fixed"} {
			if of := q.as(variant); of.expectation() == nil {
				return usage(fmt.Errorf("%s: it does not say what %s is there to show", q.experiment.File, variant))
			}
		}
		if _, twice := s.asked[target]; twice {
			return usage(fmt.Errorf("%s is named twice", target))
		}
		s.names[target], s.asked[target] = targetName(name), q
		s.demo.Targets = append(s.demo.Targets, target)
		s.record.Targets = append(s.record.Targets, results.TargetRecord{Target: target, Cause: s.redactor.Redact(causeOf(q.experiment))})
		s.record.TimeScale = q.experiment.TimeScale
	}
	return nil
}

// targetName is the experiment that a name means: a bare word is a target that brunt brings along.
func targetName(name string) string {
	if strings.ContainsAny(name, `/\.`) {
		return name
	}
	return "scenarios/" + name
}

// as is the question of one variant.
func (q question) as(variant string) question {
	q.experiment.Services = slices.Clone(q.experiment.Services)
	for i := range q.experiment.Services {
		if s := &q.experiment.Services[i]; s.Reference != "" {
			s.Variant = variant
		}
	}
	return q
}

// open tries the store, and takes up what a demo that was interrupted has in it.
func (s *stage) open(ctx context.Context) error {
	kept, err := s.openStore(ctx, s.options.store)
	if err != nil {
		return err
	}
	defer kept.Close()
	s.kept = "sqlite:" + kept.Path()
	if s.options.resume != "" {
		if err := s.resume(ctx, kept); err != nil {
			return err
		}
	}
	s.demo.Seed = s.options.seedOrDrawn()
	s.record.Seed, s.record.Created = s.demo.Seed, time.Now()
	s.record.Command = s.repeatable(s.options.runOptions, s.demo.Seed)
	s.options.seed = s.demo.Seed
	if s.options.demo.id == "" {
		s.options.demo.id = runID(s.record.Created, "demo")
	}
	return nil
}

// resume finds the complete runs of a demo.
func (s *stage) resume(ctx context.Context, kept *store.Store) error {
	of, err := kept.Run(ctx, s.options.resume)
	switch {
	case err != nil:
		return usage(err)
	case of.Demo == "":
		return usage(fmt.Errorf("--resume %s: it is no run of a demo", of.ID))
	case s.options.seed != 0 && s.options.seed != of.Seed:
		return usage(fmt.Errorf("--resume %s: it has the seed %d", of.ID, of.Seed))
	case s.record.TimeScale != of.TimeScale:
		return usage(fmt.Errorf("--resume %s: it has the time scale %v", of.ID, of.TimeScale))
	}
	s.options.seed, s.options.demo.id = of.Seed, of.Demo
	for _, target := range s.demo.Targets {
		list, err := kept.List(ctx, store.Filter{Experiment: target, Limit: 1000})
		if err != nil {
			return broken(err)
		}
		for _, summary := range list {
			if summary.Status != results.StatusComplete {
				continue
			}
			run, err := kept.Run(ctx, summary.ID)
			if err != nil {
				return broken(err)
			}
			if same := slices.Equal(run.Question.SLOs, s.asked[target].slos); run.Demo == of.Demo && same {
				s.took(target, summary.Variant, run)
			}
		}
	}
	return nil
}

// took notes what a showing came to.
func (s *stage) took(target, variant string, run results.Run) {
	s.done = append(s.done, campaign.Showing{Target: target, Variant: variant, Seed: run.Seed})
	i := slices.IndexFunc(s.record.Targets, func(t results.TargetRecord) bool { return t.Target == target })
	if variant == "naive" {
		s.record.Targets[i].Naive = &run
	} else {
		s.record.Targets[i].Fixed = &run
	}
}

// play shows what is left. A run that is broken does not keep the others from theirs; the returned error says why the record is
// not complete.
func (s *stage) play(ctx context.Context) error {
	var failed error
	for ctx.Err() == nil {
		next, ok := s.demo.Next(s.done)
		if !ok {
			break
		}
		s.progress.Step(fmt.Sprintf("%d of %d: %s, %s", len(s.done)+1, 2*len(s.demo.Targets), next.Target, next.Variant))
		run, err := s.show(ctx, next)
		if run.ID == "" {
			return errors.Join(failed, err)
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s (%s): %w", next.Target, next.Variant, err))
		}
		s.took(next.Target, next.Variant, run)
		s.tell(next, run)
	}
	if ctx.Err() != nil {
		return &exitError{exitInterrupted, failed}
	}
	if failed != nil {
		return broken(failed)
	}
	return nil
}

// show is one run. One without an id did not come to be.
func (s *stage) show(ctx context.Context, next campaign.Showing) (results.Run, error) {
	o := s.options.runOptions
	o.resume, o.demo.claimed, o.demo.command = "", true, s.command(next)
	inv, err := s.prepare(ctx, s.asked[next.Target].as(next.Variant), o)
	if err != nil {
		return results.Run{}, err
	}
	defer inv.close()
	err = inv.measure(ctx)
	return inv.run, err
}

// command repeats one showing by itself.
func (s *stage) command(next campaign.Showing) []string {
	o := s.options
	args := []string{"run", s.names[next.Target], "--variant", next.Variant, "--seed", strconv.FormatInt(next.Seed, 10)}
	if o.provider != "" {
		args = append(args, "--provider", o.provider)
	}
	if o.timeScale != 0 {
		args = append(args, "--time-scale", strconv.FormatFloat(o.timeScale, 'g', -1, 64))
	}
	for _, set := range o.set {
		args = append(args, "--set", set)
	}
	for _, env := range o.env {
		args = append(args, "-e", env)
	}
	return args
}

// tell tells people what a showing came to.
func (s *stage) tell(next campaign.Showing, run results.Run) {
	text := string(run.Status) + ", " + run.Reason
	if x := run.Verdict.Expected; x != nil && run.Status == results.StatusComplete {
		text = map[bool]string{true: "as declared: ", false: "NOT as declared: "}[x.Met] + x.Reason
	}
	s.progress.Step(fmt.Sprintf("%s, %s: %s", next.Target, next.Variant, s.redactor.Redact(text)))
}

// finished is the record of what was shown.
func (s *stage) finished(ctx context.Context) results.TrackRecord {
	record := s.record
	record.Ended, record.Status = time.Now(), results.StatusComplete
	for _, t := range record.Targets {
		for _, run := range []*results.Run{t.Naive, t.Fixed} {
			if run == nil || run.Status != results.StatusComplete {
				record.Status, record.Reason = results.StatusBroken, "not all could be measured"
			}
		}
	}
	if ctx.Err() != nil && record.Status != results.StatusComplete {
		record.Status, record.Reason = results.StatusAborted, "interrupted"
	}
	if record.Status != results.StatusComplete {
		for _, t := range record.Targets {
			if t.Naive != nil { // the first of a demo
				record.Reason += "; --resume " + t.Naive.ID + " goes on"
				break
			}
		}
	}
	return record
}
