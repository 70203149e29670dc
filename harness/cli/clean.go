package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/harness/lease"
	"github.com/devcraft-studio/brunt/harness/topology"
)

func (a *app) cleanCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "clean",
		Short: "remove what a killed run left, and images that no run has used lately",
		Long: `clean removes containers, processes and folders of runs whose brunt process is dead. A run that is alive is never
touched, and stored runs are kept. Every run does the same when it starts.

It also removes images that were built of a Dockerfile (brunt/build:*). The eight that were used last stay, so that a build
that comes back is not made anew, and so do those that a living run or any container uses. Every run that builds one does
the same.`,
		Example: "  brunt clean",
		Args:    exactArgs(0),
		RunE:    func(c *cobra.Command, _ []string) error { return a.clean(c.Context()) },
	}
}

func (a *app) clean(ctx context.Context) error {
	removed, err := lease.SweepDead(ctx, topology.Sweep)
	more, moreErr := cleanUnrecorded(ctx)
	images, imagesErr := topology.PruneBuilds(ctx) // what a killed run left would keep its image
	removed, err = slices.Concat(removed, more, images), errors.Join(err, moreErr, imagesErr)
	text := "nothing was left behind\n"
	if len(removed) > 0 {
		text = "removed " + strings.Join(removed, "\nremoved ") + "\n"
	}
	if err != nil {
		err = broken(fmt.Errorf("not all could be removed: %w", err))
		if len(removed) == 0 {
			return err
		}
	}
	return errors.Join(a.print(text), err)
}

// cleanUnrecorded removes what the engine has of runs that left no record here, as when the temporary folder was emptied. A
// record may also be another user's, or stand in another temporary folder: only runs of dead processes are touched.
func cleanUnrecorded(ctx context.Context) ([]string, error) {
	runs, err := topology.RunsOfTheDead(ctx)
	if err != nil {
		return nil, err
	}
	var removed []string
	for _, run := range runs {
		if err := topology.Sweep(ctx, run); err != nil {
			return removed, err
		}
		removed = append(removed, "containers of run "+run)
	}
	return removed, nil
}
