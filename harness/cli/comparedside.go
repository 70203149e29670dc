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
	// beside says that the build was measured as the baseline of gates alone, whose runs the candidate's are; they are read already.
	beside bool
}

// comparedSides finds what two texts name. What no run is of may have been the baseline of the other's gates.
func (a *app) comparedSides(ctx context.Context, s *store.Store, texts [2]string, experiment string) (sides [2]comparedSide, err error) {
	var failed [2]error
	for i, text := range texts {
		sides[i].named, failed[i] = a.refer(ctx, s, text, experiment)
	}
	for i := range sides {
		if errors.Is(failed[i], store.ErrNotFound) && failed[1-i] == nil {
			failed[i] = sides[i].measuredBeside(ctx, s, a.commitOf(ctx, texts[i]), sides[1-i].named, failed[i])
		}
	}
	for _, err := range failed {
		if err != nil {
			return sides, refusedName(err)
		}
	}
	return sides, nil
}

// refer finds what a text names in the store, and where it names nothing there asks git which commit it is.
func (a *app) refer(ctx context.Context, s *store.Store, text, experiment string) (store.Reference, error) {
	named, err := s.Refer(ctx, text, experiment)
	if err == nil || !errors.Is(err, store.ErrNotFound) || text == store.Latest || strings.HasPrefix(text, store.Latest+"~") {
		return named, err
	}
	sha := a.commitOf(ctx, text)
	if sha == "" {
		return named, err
	}
	found, missing := s.Refer(ctx, sha, experiment)
	if missing != nil {
		return named, fmt.Errorf("%w: no run measured %s, which is the commit %s", store.ErrNotFound, text, sha)
	}
	found.Text = text
	return found, nil
}

// commitOf is the commit that git makes of a text; "" where it makes none.
func (a *app) commitOf(ctx context.Context, text string) string {
	cmd := exec.CommandContext(ctx, "git", "rev-parse", "--verify", "--quiet", "--end-of-options", text+"^{commit}")
	cmd.Dir = a.Dir
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// fewestDigits are those of a SHA that may stand for it.
const fewestDigits = 4

// measuredBeside takes the commit that gates of the other side held it against: a run is found by its candidate alone.
// sha is the commit that git makes of what was typed, if any. Where there is no such gate it returns missing.
func (c *comparedSide) measuredBeside(ctx context.Context, s *store.Store, sha string, candidate store.Reference, missing error) error {
	text := c.named.Text
	var runs []results.Run
	if candidate.Run != "" {
		run, err := s.Run(ctx, candidate.Run)
		if err != nil {
			return broken(err)
		}
		runs = append(runs, run)
	} else {
		experiments, err := s.Experiments(ctx, candidate.SHA)
		if err != nil {
			return broken(err)
		}
		for _, e := range experiments {
			of, _, err := s.RunsOf(ctx, candidate.SHA, e, mostCompared)
			if err != nil {
				return broken(err)
			}
			runs = append(runs, of...)
		}
	}
	for _, run := range runs {
		if run.Question.Asker != results.AskerGate || len(run.Builds) != 2 || run.Status != results.StatusComplete {
			continue
		}
		b := run.Builds[0]
		if b.SHA == "" || b.SHA != sha && b.Ref != text && (len(text) < fewestDigits || !strings.HasPrefix(b.SHA, strings.ToLower(text))) {
			continue
		}
		if c.named.SHA == "" {
			c.named.SHA, c.beside = b.SHA, true
		}
		if b.SHA == c.named.SHA {
			c.stored.Runs = append(c.stored.Runs, run)
		}
	}
	if !c.beside {
		return missing
	}
	return nil
}

// preferClean takes the commit as the other's gates held it, without uncommitted changes, where by itself it was measured only with some.
func (c *comparedSide) preferClean(ctx context.Context, s *store.Store, other store.Reference, experiment string) error {
	if c.beside || c.named.Run != "" || slices.ContainsFunc(c.stored.Runs, func(r results.Run) bool {
		return len(r.Builds) == 0 || !r.Builds[len(r.Builds)-1].Dirty
	}) {
		return nil
	}
	clean := comparedSide{named: store.Reference{Text: c.named.Text}}
	if err := clean.measuredBeside(ctx, s, c.named.SHA, other, store.ErrNotFound); errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	clean.stored.Runs = slices.DeleteFunc(clean.stored.Runs, func(r results.Run) bool { return r.Experiment != experiment || r.Builds[0].Dirty })
	if len(clean.stored.Runs) == 0 {
		return nil
	}
	clean.stored.Reference = c.named.Text
	clean.notes = []string{c.named.Text + " by itself was measured only with uncommitted changes: what gates measured of it as their baseline is compared"}
	*c = clean
	return nil
}

// experimentOf is the experiment whose runs are compared: that of a named run, the one that was asked for, or the only one that
// both commits have runs of.
func experimentOf(ctx context.Context, s *store.Store, sides [2]comparedSide, asked string) (string, error) {
	var of [2][]string
	for i, side := range sides {
		for _, run := range side.stored.Runs { // that were read already
			if !slices.Contains(of[i], run.Experiment) {
				of[i] = append(of[i], run.Experiment)
			}
		}
		if side.beside {
			continue
		}
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
	if c.beside {
		c.stored.Runs = slices.DeleteFunc(c.stored.Runs, func(r results.Run) bool { return r.Experiment != experiment })
		return nil
	}
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
		c.notes = append(c.notes, fmt.Sprintf("of the commits of %s the newest that was measured is compared, %s", c.named.Ref, results.ShortSHA(c.named.SHA)))
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
		if c.beside {
			b = run.Builds[0]
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
		notes = appendNew(notes, fmt.Sprintf("of %s there are runs of another build, too (%s): name one by its id to compare it", c.named.Text, what))
	}
	return notes
}
