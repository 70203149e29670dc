package cli

import (
	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/harness/experiment"
)

// k6Command is only there for the help: `brunt k6 …` never reaches cobra, because k6 reads its arguments itself.
func (a *app) k6Command() *cobra.Command {
	return &cobra.Command{
		Use:                "k6 [k6's own arguments]",
		Short:              "plain k6, with the brunt extension built in",
		Example:            "  brunt k6 run script.js",
		DisableFlagParsing: true,
		RunE:               func(*cobra.Command, []string) error { return nil },
	}
}

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "print the JSON Schema of the experiment file",
		Example: "  brunt schema > experiment.schema.json",
		Args:    exactArgs(0),
		RunE: func(*cobra.Command, []string) error {
			schema, err := experiment.Schema()
			if err != nil {
				return broken(err)
			}
			return a.print(string(schema) + "\n")
		},
	}
}
