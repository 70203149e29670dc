package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/harness/build"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
)

// startOrder is which build is started, time after time: what drifts meets both alike.
func startOrder() []int { return []int{0, 1, 1, 0} }

// confirming are the starts that a rise has to survive: a count that is nearly always the same can be so twice by chance.
func confirming() []int { return []int{1, 0} }

// askForCosts leaves of the question its requests, one after another.
func (q *question) askForCosts() {
	q.experiment.Faults, q.experiment.SLOs, q.experiment.Expect, q.experiment.Ledgers = nil, nil, nil, nil
	q.experiment.Warmup, q.experiment.Settle, q.experiment.Load.Escape = 0, 0, false
	q.slos, q.selectors = nil, nil
	q.script.Each, q.script.Warmup, q.script.Scripted = listed, 0, false
}

// measureCosts conducts the trials of both builds, saving the run after each.
func (inv *invocation) measureCosts(ctx context.Context, baseline, candidate side) error {
	candidate.build = inv.run.Builds[0]
	for _, s := range candidate.services {
		if s.Reference != "" {
			candidate.build.Variant = s.Variant
		}
	}
	inv.tellSame(&baseline, candidate.build)
	inv.run.Builds = []results.Build{baseline.build, candidate.build}
	if err := inv.replan(ctx); err != nil {
		return err
	}
	inv.question.duration = listTime
	defer func() { inv.side = nil }()
	var failed error
	order := startOrder()
	for i := 0; i < len(order); i++ {
		number := order[i]
		inv.side = &[]side{baseline, candidate}[number]
		inv.progress.Step(fmt.Sprintf("start %d of %d: the %s", i+1, len(order), inv.side.name()))
		inv.question.experiment.Services = inv.side.services
		var trial results.Trial
		trial, failed = inv.conduct(ctx, i+1)
		if failed != nil && ctx.Err() == nil {
			failed = fmt.Errorf("the %s: %w", inv.side.name(), failed)
		}
		trials := []results.Trial{trial}
		if failed == nil {
			failed = inv.unchanged(ctx, trials...)
		}
		inv.run.Trials = append(inv.run.Trials, trials...)
		if err := inv.save(ctx, failed); err != nil {
			return err
		}
		if failed != nil {
			break
		}
		if i+1 == len(startOrder()) && inv.run.Verdict.Outcome == results.Fail {
			order = append(order, confirming()...)
			inv.options.trials = len(order)
		}
	}
	switch {
	case failed == nil:
		return nil
	case ctx.Err() != nil:
		return &exitError{exitInterrupted, failed}
	}
	return brokenUnlessClassified(failed)
}

// tellSame completes what is known of a baseline that is built from what is checked out, and warns where both builds are one.
func (inv *invocation) tellSame(baseline *side, candidate results.Build) {
	if baseline.build.SHA == "" && baseline.build.ImageDigest == "" {
		variant := baseline.build.Variant
		baseline.build = candidate
		baseline.build.Variant = variant
		return
	}
	if baseline.build.SHA == "" || baseline.build.SHA != candidate.SHA || baseline.build.Variant != candidate.Variant {
		return
	}
	warning := "baseline and candidate are the same commit: " + candidate.SHA
	if candidate.Dirty {
		warning = "baseline and candidate are the same commit but for what is not committed: " + candidate.SHA
	}
	inv.run.Warnings = appendNew(inv.run.Warnings, warning)
}

// place makes the experiment one whose services are those of the side, in a tree of its commit where they are built there.
func (as *assembly) place(ctx context.Context, o *topology.Options) error {
	e := &o.Experiment
	sha := as.inv.side.sha
	apart := false
	for _, s := range e.Services {
		apart = apart || s.Build != nil || len(s.Command) > 0
	}
	if sha == "" || !apart {
		return nil
	}
	repository := build.Repository{Dir: e.Dir, Environ: as.inv.Environ}
	root, err := repository.Root(ctx)
	if err != nil {
		return err
	}
	cache, err := as.inv.cacheDir()
	if err != nil {
		return err
	}
	// Another gate may have a tree of the same commit. Images of it have the same name all the same.
	o.CopyOf = filepath.Join(cache, "trees", sha)
	as.tree = o.CopyOf + "-" + as.inv.run.ID
	o.Copy = as.tree
	if err := as.lease.Path(as.tree); err != nil {
		return err
	}
	if err := os.RemoveAll(as.tree); err != nil { // of an earlier part of this run
		return fmt.Errorf("make room for the tree of the baseline: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(as.tree), 0o755); err != nil {
		return fmt.Errorf("make room for the tree of the baseline: %w", err)
	}
	if err := repository.Tree(ctx, sha, as.tree); err != nil {
		return err
	}
	lacks, err := repository.Lacks(ctx, sha)
	if err != nil {
		return err
	}
	as.inv.run.Warnings = appendNew(as.inv.run.Warnings, lacks...)
	return relocate(e, root, as.tree)
}

// relocate makes what an experiment builds and starts below root that below tree.
func relocate(e *experiment.Experiment, root, tree string) error {
	services := slices.Clone(e.Services)
	for i, s := range services {
		var err error
		if s.Build != nil {
			services[i].Build = &experiment.BuildRecipe{Dockerfile: s.Build.Dockerfile}
			services[i].Build.Context, err = moved(s.Build.Context, root, tree)
		}
		if len(s.Command) > 0 && filepath.IsAbs(s.Command[0]) {
			services[i].Command, err = movedCommand(s.Command, root, tree)
		}
		if err != nil {
			return usage(fmt.Errorf("service %s: %w", s.Name, err))
		}
	}
	dir, err := moved(e.Dir, root, tree)
	if err != nil {
		return usage(err)
	}
	e.Services, e.Dir = services, dir
	return nil
}

// moved is where a path of the repository at root is in its tree.
func moved(path, root, tree string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	below, err := filepath.Rel(root, real)
	if err != nil || below == ".." || strings.HasPrefix(below, "../") {
		return "", fmt.Errorf("%s: %w %s", path, errOutside, root)
	}
	return filepath.Join(tree, below), nil
}

// errOutside says that something has no earlier build in the repository.
var errOutside = errors.New("it is outside of the repository")

// movedCommand is a command as it is started in the tree. A program from outside of the repository is no part of a build.
func movedCommand(command []string, root, tree string) ([]string, error) {
	program, err := moved(command[0], root, tree)
	if errors.Is(err, errOutside) {
		return command, nil
	}
	if err == nil {
		_, err = os.Stat(program)
	}
	if err != nil {
		return nil, fmt.Errorf("the baseline has no %s: %w (a program that is built is no part of a commit; start it by building it, as [go, run, .] does)", command[0], err)
	}
	return append([]string{program}, command[1:]...), nil
}
