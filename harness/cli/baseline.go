package cli

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/store"
)

func (a *app) baselineCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "baseline",
		Short: "name releases: `brunt compare release:NAME` finds them",
		Long: `baseline gives runs or commits of the store names, so that later builds can be compared against them: release:NAME stands for what was
named. A commit stands for all of its runs, those that are still to come included. Names are what tags are usually called.`,
		Example: `  brunt baseline set v1.2 latest
  brunt baseline show
  brunt compare release:v1.2 latest`,
		Args: exactArgs(0),
		RunE: func(*cobra.Command, []string) error {
			return usage(errors.New("baseline takes set NAME RUN|SHA, show [NAME] or remove NAME"))
		},
	}
	var flag storeFlag
	set := &cobra.Command{
		Use: "set NAME RUN|SHA", Short: "give a run, or a commit with all its runs, the name of a release", Example: "  brunt baseline set v1.2 latest", Args: exactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withReleases(c, flag, func(s *store.Store) error { return a.setBaseline(c, s, args[0], args[1]) })
		},
	}
	show := &cobra.Command{
		Use: "show [NAME]", Short: "show the releases that have names", Example: "  brunt baseline show",
		Args: func(c *cobra.Command, args []string) error {
			if err := cobra.MaximumNArgs(1)(c, args); err != nil {
				return usage(err)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return a.withReleases(c, flag, func(s *store.Store) error { return a.showBaselines(c, s, args) })
		},
	}
	remove := &cobra.Command{
		Use: "remove NAME", Short: "take a name away; the runs stay", Example: "  brunt baseline remove v1.2", Args: exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withReleases(c, flag, func(s *store.Store) error {
				if err := s.RemoveRelease(c.Context(), args[0]); err != nil {
					return refusedName(err)
				}
				return a.print("release:" + args[0] + " names nothing any more; the runs stay\n")
			})
		},
	}
	for _, sub := range []*cobra.Command{set, show, remove} {
		flag.register(sub)
		c.AddCommand(sub)
	}
	return c
}

func (a *app) withReleases(c *cobra.Command, flag storeFlag, do func(*store.Store) error) error {
	s, err := a.openStore(c.Context(), flag, store.Redacting(a.redactor.Redact))
	if err != nil {
		return err
	}
	defer s.Close()
	return do(s)
}

// refusedName makes exit 2 of what a user can write otherwise, and leaves a store that does not work broken.
func refusedName(err error) error {
	var ambiguous *store.AmbiguousError
	for _, known := range []error{store.ErrBadName, store.ErrReleaseTaken, store.ErrNoRelease, store.ErrNotFound} {
		if errors.Is(err, known) {
			return usage(err)
		}
	}
	if errors.As(err, &ambiguous) {
		return usage(err)
	}
	if err != nil {
		return broken(err)
	}
	return nil
}

func (a *app) setBaseline(c *cobra.Command, s *store.Store, name, reference string) error {
	r, err := s.NameRelease(c.Context(), name, reference, time.Now())
	if err != nil {
		return refusedName(err)
	}
	return a.print(fmt.Sprintf("release:%s is %s\n", r.Name, releaseText(r)))
}

func releaseText(r store.Release) string {
	switch {
	case r.Run == "":
		return "the commit " + r.SHA
	case r.SHA == "":
		return "the run " + r.Run
	}
	return "the run " + r.Run + " of the commit " + r.SHA
}

func (a *app) showBaselines(c *cobra.Command, s *store.Store, names []string) error {
	var all []store.Release
	var err error
	if len(names) == 1 {
		var r store.Release
		r, err = s.Release(c.Context(), names[0])
		all = append(all, r)
	} else {
		all, err = s.Releases(c.Context())
	}
	switch {
	case err != nil:
		return refusedName(err)
	case len(all) == 0:
		return a.print("no release has a name yet; give one with: brunt baseline set NAME latest\n")
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RELEASE\tRUN\tSHA\tNAMED")
	for _, r := range all {
		run := r.Run
		if run == "" {
			run = "all of the commit"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Name, run, orDash(results.ShortSHA(r.SHA)), r.Created.Local().Format(time.DateTime))
	}
	if err := w.Flush(); err != nil {
		return broken(err)
	}
	return a.print(text.String())
}
