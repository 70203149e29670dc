package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/harness/build"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/provenance"
	"github.com/devcraft-studio/brunt/results"
)

// gateOptions are the flags of `brunt gate`.
type gateOptions struct {
	runOptions
	baseline     string
	costs        bool
	candidateSet []string
	timing       timingOptions
}

func (a *app) gateCommand() *cobra.Command {
	var o gateOptions
	c := &cobra.Command{
		Use:   "gate EXPERIMENT...",
		Short: "compare two builds: how long they take to answer, or with --costs what a request costs",
		Long: timingHelp + `gate --costs starts the baseline and the candidate twice each, in turn, and makes the same requests of each: up to 200 out of
the experiment's load, one after another, without its faults. It counts what each had to do: queries, rows and buffers of Postgres and
what went to its write-ahead log, commands and bytes of Redis, round trips to both, bytes of the answers, allocations of the service where
its metrics tell.

A count that is the same in all starts of a build is compared exactly, and fails when the candidate has more of it, on any
machine, once a third start of each has confirmed it. What is not the same fails when the candidate has half as much again. It
sees a query more, a missing index, a lost cache; it sees neither locks nor pools nor saturation, which cost time and no work.

The candidate is what is checked out, with its changes. The baseline is a git ref, built as the experiment says in a clone of its
own; or variant:NAME of a reference target; or image@sha256:..., in place of the image of the load's target, or the id of one that
is on this machine, sha256:.... Left out, it is what the pull request is merged into, else the last commit in common with the default branch, else the commit before.

Of several experiments each is a run of its own, and the report tells all of them. The exit code is then 130 when it was interrupted,
else 1 when any fails, 2 or 3 when any can't be measured, 4 when any is inconclusive, and 0 when all pass.

Regressions that are intended stand below accept in the experiment. They are said, and fail nothing until they expire: of counts
with --costs, of p50, p95, p99, errors and throughput without.
` + "`brunt help ci`" + ` has workflows for GitHub and GitLab.`,
		Example: `  brunt gate scenarios/restapi --mode mirror --baseline v1.2
  brunt gate --resume latest
  brunt gate scenarios/restapi --costs
  brunt gate scenarios/restapi --costs --baseline v1.2
  brunt gate scenarios/restapi scenarios/nplusone --costs --junit junit.xml --markdown comment.md
  brunt gate scenarios/nplusone --costs --baseline variant:fixed --variant naive
  brunt gate scenarios/restapi --costs --baseline variant:fixed --variant naive --candidate-set target.env.REGRESSION=query`,
		Args:    func(_ *cobra.Command, args []string) error { return o.takes(args) },
		PreRunE: func(c *cobra.Command, args []string) error { return a.resumedAlike(c.Context(), "gate", args, o) },
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.resumeCommand(c.Context(), "gate", o)
			}
			return a.gate(c.Context(), args, o)
		},
	}
	o.registerShared(c)
	f := c.Flags()
	f.StringVar(&o.variant, "variant", "", "of a reference target, for both builds unless the baseline is another: naive or fixed")
	f.StringVar(&o.baseline, "baseline", "", "a git ref, variant:NAME or image@sha256:... to compare against (default: see above)")
	f.BoolVar(&o.costs, "costs", false, "compare what requests cost")
	o.registerTiming(c)
	f.StringArrayVar(&o.candidateSet, "candidate-set", nil, "as --set, of the candidate's services alone: path=value; may be repeated")
	return c
}

// takes says whether these may be the arguments: one experiment or more; one where a run goes on, or none, for that run knows it.
func (o *gateOptions) takes(args []string) error {
	switch {
	case o.resume == "" && len(args) == 0:
		return usage(errors.New("gate takes one experiment or more, not 0"))
	case o.resume != "" && len(args) > 1:
		return usage(fmt.Errorf("gate --resume goes on with the run of one experiment, not of %d", len(args)))
	}
	return nil
}

// side is one of the builds of a gate.
type side struct {
	number   int // index into the run's builds
	services []experiment.Service
	sha      string // of the commit that it is built from; empty: what is checked out
	build    results.Build
}

// index is 0 where there are no two builds.
func (s *side) index() int {
	if s == nil {
		return 0
	}
	return s.number
}

// askGate reads an experiment, finds the builds that are compared, and leaves of the question what the gate asks.
func (a *app) askGate(ctx context.Context, name string, o gateOptions) (gating, error) {
	if err := o.check(name); err != nil {
		return gating{}, err
	}
	o.asker, o.trials, o.outputs.stepSummary = results.AskerGate, 2*o.timing.pairs, true
	if o.costs {
		o.trials = len(startOrder())
	}
	q, err := a.ask(ctx, name, o.runOptions)
	if err != nil {
		return gating{}, err
	}
	if o.costs && q.experiment.Load.Target == "" {
		return gating{}, usage(errors.New("the load has no target whose requests could be counted"))
	}
	candidate, err := a.candidateServices(ctx, name, o)
	if err != nil {
		return gating{}, err
	}
	baseline, err := a.baselineOf(ctx, q, o)
	if err != nil {
		return gating{}, err
	}
	o.sources = a.buildsFrom(q.experiment)
	sides := [2]side{baseline, {number: 1, services: candidate}}
	if o.costs {
		q.askForCosts()
	} else if err := a.askForTimes(ctx, &q, sides, o); err != nil {
		return gating{}, err
	} else {
		q.timing.name = name
	}
	return gating{name: name, question: q, options: o, sides: sides}, nil
}

// check refuses what can be told without the experiment.
func (o *gateOptions) check(name string) error {
	if err := o.runOptions.check(); err != nil {
		return err
	}
	if err := o.checkTiming(); err != nil {
		return err
	}
	if isScript(name) {
		return usage(errors.New("gate takes an experiment, which says how a build is started, not a bare script"))
	}
	for _, pair := range o.candidateSet {
		if !strings.HasPrefix(pair, "target.") && !strings.HasPrefix(pair, "services.") {
			return usage(fmt.Errorf("--candidate-set %s: only services can differ: write target.env.NAME=value or services.NAME.KEY=value", pair))
		}
	}
	return nil
}

// candidateServices are the services of the candidate, which may be set up in another way than those of the baseline.
func (a *app) candidateServices(ctx context.Context, name string, o gateOptions) ([]experiment.Service, error) {
	set := o.runOptions
	set.set = slices.Concat(o.set, o.candidateSet)
	q, err := a.ask(ctx, name, set)
	return q.experiment.Services, err
}

// baselineOf is the build that was named, or the one that nobody had to name.
func (a *app) baselineOf(ctx context.Context, q question, o gateOptions) (side, error) {
	s := side{services: slices.Clone(q.experiment.Services)}
	if variant, ok := strings.CutPrefix(o.baseline, "variant:"); ok {
		return s, s.takeVariant(variant)
	}
	if isImage(o.baseline) {
		return s, s.takeImage(o.baseline, q.experiment.Load.Target)
	}
	if !slices.ContainsFunc(s.services, isBuilt) {
		return side{}, usage(errors.New("no service of the experiment is built from a git ref: name an image with --baseline image@sha256:DIGEST"))
	}
	repository := build.Repository{Dir: a.buildsFrom(q.experiment), Environ: a.Environ}
	if err := oneRepository(ctx, q.experiment, repository); err != nil {
		return side{}, err
	}
	s.build.Ref = o.baseline
	if o.baseline == "" {
		where := a.environment(ctx, repository.Dir, o.runOptions)
		candidate, err := provenance.Build(ctx, where)
		if err != nil {
			return side{}, err
		}
		var why string
		if s.build.Ref, why, err = repository.Baseline(ctx, candidate, provenance.CI(where)); err != nil {
			return side{}, refused(ctx, err)
		}
		s.build.Note = "the baseline is " + why
	}
	var err error
	if s.sha, err = repository.Resolve(ctx, s.build.Ref); err != nil {
		return side{}, refused(ctx, err)
	}
	s.build.SHA, s.build.Variant = s.sha, q.variant()
	return s, nil
}

// isBuilt says whether a service is made from sources.
func isBuilt(s experiment.Service) bool {
	return s.Reference != "" || s.Build != nil || len(s.Command) > 0
}

// buildsFrom is the folder whose repository services are built from: brunt's own for reference targets, else the experiment's. Where
// none is built it is the working directory, as of every other run.
func (a *app) buildsFrom(e experiment.Experiment) string {
	if !slices.ContainsFunc(e.Services, isBuilt) {
		return a.Dir
	}
	if !slices.ContainsFunc(e.Services, func(s experiment.Service) bool { return s.Reference != "" }) {
		return e.Dir
	}
	if root, ok := (build.Targets{Dir: a.Dir, Exe: a.Exe}).Root(); ok {
		return root
	}
	return a.Dir
}

// oneRepository refuses services that are built from two repositories: no ref is of both.
func oneRepository(ctx context.Context, e experiment.Experiment, r build.Repository) error {
	if r.Dir == e.Dir || !slices.ContainsFunc(e.Services, func(s experiment.Service) bool { return s.Build != nil || len(s.Command) > 0 }) {
		return nil
	}
	one, oneErr := r.Root(ctx)
	other, otherErr := build.Repository{Dir: e.Dir, Environ: r.Environ}.Root(ctx)
	if oneErr == nil && otherErr == nil && one != other {
		return usage(fmt.Errorf("the services are built from two repositories, %s and %s, so that no commit is an earlier build of all of them", one, other))
	}
	return nil
}

// refused makes an unknown ref a wrong use, and leaves an interruption as it is.
func refused(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return usage(err)
}

// takeVariant makes the baseline another variant of the candidate's sources.
func (s *side) takeVariant(variant string) error {
	if variant != "naive" && variant != "fixed" {
		return usage(fmt.Errorf("--baseline variant:%s: variants are naive and fixed", variant))
	}
	found := false
	for i := range s.services {
		if s.services[i].Reference != "" {
			s.services[i].Variant, found = variant, true
		}
	}
	if !found {
		return usage(errors.New("--baseline variant:" + variant + ": no service of the experiment is a reference target"))
	}
	s.build.Variant = variant
	return nil
}

// takeImage makes the baseline another image of the target.
func (s *side) takeImage(image, target string) error {
	i := slices.IndexFunc(s.services, func(v experiment.Service) bool { return v.Name == target && v.Image != "" })
	if i < 0 {
		return usage(fmt.Errorf("--baseline %s: the load's target, %s, is not started from an image", image, target))
	}
	s.services[i].Image = image
	s.build.ImageDigest = image[strings.Index(image, "sha256:"):]
	return nil
}
