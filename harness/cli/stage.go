package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/store"
)

// stage is a demo while it runs.
type stage struct {
	*app
	options  demoOptions
	progress *progress
	names    map[string]string             // as they were given, by target
	asked    map[campaign.Showing]question // without a seed
	demo     campaign.Demo
	record   results.TrackRecord
	done     []campaign.Showing
	kept     string // where, for people
}

// ask reads the experiments of all targets before anything is started.
func (s *stage) ask(ctx context.Context, names []string) error {
	s.options.trials = 1
	s.names, s.asked, s.demo.Alternatives = map[string]string{}, map[campaign.Showing]question{}, map[string][]string{}
	for _, name := range names {
		q, err := s.app.ask(ctx, targetName(name), s.options.runOptions)
		if err != nil {
			return err
		}
		target := q.experiment.Name
		for _, variant := range []string{"naive", "fixed"} {
			of := q.as(variant)
			if of.expectation() == nil {
				return usage(fmt.Errorf("%s: it does not say what %s is there to show", q.experiment.File, variant))
			}
			s.asked[campaign.Showing{Target: target, Variant: variant}] = of
		}
		if _, twice := s.names[target]; twice {
			return usage(fmt.Errorf("%s is named twice", target))
		}
		s.names[target] = targetName(name)
		s.demo.Targets = append(s.demo.Targets, target)
		record := results.TargetRecord{Target: target, Cause: s.redactor.Redact(causeOf(q.experiment))}
		if !s.options.alternatives {
			record.Unasked = alternativesOf(q.experiment)
		} else if err := s.askAlternatives(ctx, q, &record); err != nil {
			return err
		}
		s.record.Targets = append(s.record.Targets, record)
		s.record.TimeScale = q.experiment.TimeScale
	}
	return nil
}

// askAlternatives reads the experiment once more as each of its alternatives: what one sets may be of what is asked.
func (s *stage) askAlternatives(ctx context.Context, q question, record *results.TargetRecord) error {
	target := record.Target
	for _, x := range q.experiment.Alternatives() {
		o := s.options.runOptions
		o.alternative = x.Name
		of, err := s.app.ask(ctx, s.names[target], o)
		if err != nil {
			return err
		}
		if of.expectation() == nil {
			return usage(fmt.Errorf("%s: it does not say what %s is there to show", q.experiment.File, x.Name))
		}
		s.asked[campaign.Showing{Target: target, Variant: x.Name}] = of
		s.demo.Alternatives[target] = append(s.demo.Alternatives[target], x.Name)
		a := results.AlternativeRecord{Name: x.Name, Variant: x.Variant, Cause: s.redactor.Redact(x.Cause)}
		for _, set := range x.Set {
			a.Set = append(a.Set, s.redactor.Redact(set))
		}
		record.Alternatives = append(record.Alternatives, a)
	}
	return nil
}

// question is what a showing asks.
func (s *stage) question(of campaign.Showing) (question, bool) {
	of.Seed = 0
	q, ok := s.asked[of]
	return q, ok
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
			showing := campaign.Showing{Target: target, Variant: summary.Variant, Seed: run.Seed}
			if q, ok := s.question(showing); ok && run.Demo == of.Demo && slices.Equal(run.Question.SLOs, q.slos) {
				s.took(showing, run)
			}
		}
	}
	return nil
}

// took notes what a showing came to.
func (s *stage) took(of campaign.Showing, run results.Run) {
	s.done = append(s.done, of)
	record := &s.record.Targets[slices.Index(s.demo.Targets, of.Target)]
	switch of.Variant {
	case "naive":
		record.Naive = &run
	case "fixed":
		record.Fixed = &run
	}
	for i := range record.Alternatives {
		if record.Alternatives[i].Name == of.Variant {
			record.Alternatives[i].Run = &run
		}
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
		s.progress.Step(fmt.Sprintf("%d of %d: %s, %s", len(s.done)+1, len(s.demo.Planned()), next.Target, next.Variant))
		run, err := s.show(ctx, next)
		if run.ID == "" {
			return errors.Join(failed, err)
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s (%s): %w", next.Target, next.Variant, err))
		}
		s.took(next, run)
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
	q, _ := s.question(next) // of all that is planned there is one
	inv, err := s.prepare(ctx, q, o)
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
	flag := "--variant"
	if slices.Contains(s.demo.Alternatives[next.Target], next.Variant) {
		flag = "--alternative"
	}
	args := []string{"run", s.names[next.Target], flag, next.Variant, "--seed", strconv.FormatInt(next.Seed, 10)}
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
	whole := slices.DeleteFunc(s.begun(), func(r *results.Run) bool { return r.Status != results.StatusComplete })
	if len(whole) < len(s.demo.Planned()) {
		record.Status, record.Reason = results.StatusBroken, "not all could be measured"
	}
	if ctx.Err() != nil && record.Status != results.StatusComplete {
		record.Status, record.Reason = results.StatusAborted, "interrupted"
	}
	if runs := s.begun(); record.Status != results.StatusComplete && len(runs) > 0 {
		record.Reason += "; --resume " + runs[0].ID + " goes on"
	}
	return record
}

// begun are the runs that there are, in the order in which they are shown.
func (s *stage) begun() (runs []*results.Run) {
	for _, t := range s.record.Targets {
		all := []*results.Run{t.Naive, t.Fixed}
		for _, a := range t.Alternatives {
			all = append(all, a.Run)
		}
		runs = append(runs, slices.DeleteFunc(all, func(r *results.Run) bool { return r == nil })...)
	}
	return runs
}
