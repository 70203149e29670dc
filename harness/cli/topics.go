package cli

import (
	_ "embed"

	"github.com/spf13/cobra"
)

// ciTopic is the page of `brunt help ci`. Its workflows are executed by a test, step by step.
//
//go:embed help/ci.md
var ciTopic string

// topics are the pages of `brunt help` that belong to no command.
func topics() []*cobra.Command {
	return []*cobra.Command{{Use: "ci", Short: "gates in GitHub and GitLab: exit codes, workflows, what is compared with what", Long: ciTopic}}
}
