package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/harness/topology"
)

func (a *app) imagesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "images",
		Short: "build postgres and redis images from Debian packages, for engines without a registry",
		Long: `images builds the images brunt/postgres and brunt/redis from the packages of this Debian or Ubuntu machine's
distribution. They serve where the official images can't be pulled. What is already there is not built again.`,
		Example: "  brunt images",
		Args:    exactArgs(0),
		RunE: func(c *cobra.Command, _ []string) error {
			progress := newProgress(a.Stderr, false, false)
			built, err := topology.BuildImages(c.Context(), progress.Step)
			if err != nil {
				return broken(fmt.Errorf("build the images: %w", err))
			}
			return a.print(strings.Join(built, "\n") + "\n")
		},
	}
}
