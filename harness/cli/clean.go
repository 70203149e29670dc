package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/harness/lease"
	"github.com/devcraft-studio/brunt/harness/topology"
)

func (a *app) cleanCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "clean",
		Short: "remove what a killed run left",
		Long: `clean removes containers, processes and folders of runs whose brunt process is dead. A run that is alive is never
touched, and stored runs are kept. Every run does the same when it starts.`,
		Example: "  brunt clean",
		Args:    exactArgs(0),
		RunE: func(c *cobra.Command, _ []string) error {
			removed, err := lease.SweepDead(c.Context(), topology.Sweep)
			if len(removed) == 0 && err == nil {
				return a.print("nothing was left behind\n")
			}
			if len(removed) > 0 {
				if printed := a.print("removed " + strings.Join(removed, "\nremoved ") + "\n"); printed != nil {
					return printed
				}
			}
			if err != nil {
				return broken(fmt.Errorf("not all could be removed: %w", err))
			}
			return nil
		},
	}
}
