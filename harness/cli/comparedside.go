package cli

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/store"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// comparedSide is one side of a comparison, from what was typed to its runs.
type comparedSide struct {
	named  store.Reference
	stored verdict.Stored
	notes  []string
}

// refer finds what a text names in the store, and where it names nothing there asks git which commit it is.
func (a *app) refer(ctx context.Context, s *store.Store, text, experiment string) (store.Reference, error) {
	named, err := s.Refer(ctx, text, experiment)
	if err == nil || !errors.Is(err, store.ErrNotFound) || text == store.Latest || strings.HasPrefix(text, store.Latest+"~") {
		return named, err
	}
	cmd := exec.CommandContext(ctx, "git", "rev-parse", "--verify", "--quiet", "--end-of-options", text+"^{commit}")
	cmd.Dir = a.Dir
	out, failed := cmd.Output()
	if failed != nil {
		return named, err
	}
	sha := strings.TrimSpace(string(out))
	found, missing := s.Refer(ctx, sha, experiment)
	if missing != nil {
		return named, fmt.Errorf("%w: no run measured %s, which is the commit %s", store.ErrNotFound, text, sha)
	}
	found.Text = text
	return found, nil
}

// experimentOf is the experiment whose runs are compared: that of a named run, the one that was asked for, or the only one that
// both commits have runs of.
func experimentOf(ctx context.Context, s *store.Store, sides [2]comparedSide, asked string) (string, error) {
	var of [2][]string
	for i, side := range sides {
		if side.named.Run != "" {
			run, err := s.Run(ctx, side.named.Run)
			if err != nil {
				return "", broken(err)
			}
			of[i] = []string{run.Experiment}
			continue
		}
		var err error
		if of[i], err = s.Experiments(ctx, side.named.SHA); err != nil {
			return "", broken(err)
		}
	}
	common := slices.DeleteFunc(slices.Clone(of[1]), func(e string) bool { return !slices.Contains(of[0], e) || asked != "" && e != asked })
	switch {
	case len(common) == 1:
		return common[0], nil
	case len(common) > 1:
		return "", usage(fmt.Errorf("both have runs of several experiments: name one of %s with --experiment", strings.Join(common, ", ")))
	case asked != "":
		return "", usage(fmt.Errorf("%s and %s have no experiment %s in common: the first has complete runs of %s, the second of %s",
			sides[0].named.Text, sides[1].named.Text, asked, orNothing(of[0]), orNothing(of[1])))
	}
	return "", usage(fmt.Errorf("%s and %s have no experiment in common: the first has complete runs of %s, the second of %s",
		sides[0].named.Text, sides[1].named.Text, orNothing(of[0]), orNothing(of[1])))
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// read takes the runs of the side out of the store: the one that was named, or those of the commit but for one that is named as the
// other side.
func (c *comparedSide) read(ctx context.Context, s *store.Store, experiment, other string) error {
	c.stored.Reference = c.named.Text
	if c.named.Run != "" {
		run, err := s.Run(ctx, c.named.Run)
		if err != nil {
			return broken(err)
		}
		if run.Status != results.StatusComplete {
			return usage(fmt.Errorf("run %s is %s: only complete runs can be compared", run.ID, run.Status))
		}
		c.stored.Runs = []results.Run{run}
		return nil
	}
	runs, more, err := s.RunsOf(ctx, c.named.SHA, experiment, mostCompared)
	if err != nil {
		return broken(err)
	}
	if more {
		c.notes = append(c.notes, fmt.Sprintf("%s has more than %d runs: the newest are compared", c.named.Text, mostCompared))
	}
	if c.named.Ref != "" {
		c.notes = append(c.notes, fmt.Sprintf("of the commits of %s the newest that was measured is compared, %s", c.named.Ref, short(c.named.SHA)))
	}
	c.stored.Runs = slices.DeleteFunc(runs, func(r results.Run) bool { return r.ID == other })
	if len(c.stored.Runs) == 0 {
		return usage(fmt.Errorf("%s has no other complete run of %s than %s: there is nothing to compare", c.named.Text, experiment, other))
	}
	return nil
}

// choose takes, of the builds of one commit, one without uncommitted changes, of those the one that is called as the other side's, of
// those the newest; and says which others there are.
func (c *comparedSide) choose(called string) (notes []string) {
	var builds []results.Build // newest first
	for _, run := range c.stored.Runs {
		b := results.Build{}
		if n := len(run.Builds); n > 0 {
			b = run.Builds[n-1]
		}
		if !slices.ContainsFunc(builds, func(o results.Build) bool { return verdict.SameBuild(o, b) }) {
			builds = append(builds, b)
		}
	}
	if len(builds) == 0 {
		return nil
	}
	rank := func(b results.Build) (r int) {
		if b.Dirty {
			r += 2
		}
		if called != "" && b.Called() != called {
			r++
		}
		return r
	}
	slices.SortStableFunc(builds, func(a, b results.Build) int { return rank(a) - rank(b) })
	c.stored.Build = builds[0]
	for _, b := range builds[1:] {
		what := orDash(b.Called())
		if b.Dirty {
			what = strings.TrimPrefix(what+" with uncommitted changes", "- ")
		}
		notes = append(notes, fmt.Sprintf("of %s there are runs of another build, too (%s): name one by its id to compare it", c.named.Text, what))
	}
	return notes
}
