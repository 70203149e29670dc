package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/provenance"
	"github.com/devcraft-studio/brunt/results"
)

// changedError says that a build is no longer the one that the run is kept under: every start builds what is there then.
type changedError struct{ what string }

func (e *changedError) Error() string {
	return "what is measured is no longer what it was when the run began: " + e.what
}

// mostNamed is how many files are named that have changed.
const mostNamed = 5

// unchanged says, in an error, that what services are built from or the images that trials were started from are no longer what they
// were. Trials that were measured meanwhile are then broken: they may be of either.
func (inv *invocation) unchanged(ctx context.Context, trials ...results.Trial) error {
	began := time.Now()
	err := inv.sameSources(context.WithoutCancel(ctx)) // a Ctrl-C takes nothing from what was measured
	if err == nil {
		err = inv.sameImages(trials)
	}
	if err == nil {
		inv.looked = began
		return nil
	}
	for i := range trials {
		trials[i].Status, trials[i].Reason = results.StatusBroken, inv.redactor.Redact(oneLine(err.Error()))
	}
	return err
}

// sameSources holds what is checked out against what it was when the run was opened, where anything is built from it.
func (inv *invocation) sameSources(ctx context.Context) error {
	if !slices.ContainsFunc(inv.question.experiment.Services, isBuilt) {
		return nil
	}
	was := inv.checkedOut
	if was.Dirty && was.DiffDigest == "" {
		inv.run.Warnings = appendNew(inv.run.Warnings, "whether the sources stayed as they were is not known: "+inv.redactor.Redact(oneLine(was.Note)))
		return nil
	}
	where := inv.sourcesFrom(ctx)
	is, err := provenance.Build(ctx, where)
	if err != nil {
		return err
	}
	switch {
	case was.SHA != is.SHA:
		return &changedError{fmt.Sprintf("%s is checked out, and not %s", orDash(results.ShortSHA(is.SHA)), orDash(results.ShortSHA(was.SHA)))}
	case was.Dirty == is.Dirty && was.DiffDigest == is.DiffDigest:
		return nil
	case is.Dirty && is.DiffDigest == "":
		return &changedError{is.Note}
	}
	what := "the files that are not committed"
	if files := provenance.ChangedSince(ctx, where, inv.looked); len(files) > 0 {
		more := ""
		if len(files) > mostNamed {
			files, more = files[:mostNamed], fmt.Sprintf(" and %d more", len(files)-mostNamed)
		}
		what = strings.Join(files, ", ") + more
	}
	return &changedError{what + " changed meanwhile"}
}

// sameImages holds the images that nodes were started from against those of the trials before. Those that are built for the run are made
// of its sources.
func (inv *invocation) sameImages(trials []results.Trial) error {
	built := func(name string) bool {
		return slices.ContainsFunc(inv.question.experiment.Services, func(s experiment.Service) bool { return s.Name == name && isBuilt(s) })
	}
	for _, t := range trials {
		i := slices.IndexFunc(inv.run.Trials, func(before results.Trial) bool { return before.Build == t.Build && len(before.Nodes) > 0 })
		if i < 0 {
			continue
		}
		for _, n := range t.Nodes {
			for _, before := range inv.run.Trials[i].Nodes {
				if before.Name == n.Name && before.ImageDigest != n.ImageDigest && !built(n.Name) {
					return &changedError{fmt.Sprintf("%s of %s is %s, and not %s", n.Image, n.Name, n.ImageDigest, before.ImageDigest)}
				}
			}
		}
	}
	return nil
}
