package fault

import (
	"context"
	"errors"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// Commander runs a command on a dependency in its own language: words for redis, a statement for postgres.
type Commander interface {
	Command(ctx context.Context, node *site.Node, words []string) error
}

var errNoCommander = errors.New("no commander is wired")

// command runs a command on a dependency. It happens at once, and there is nothing to lift.
var command = Kind{
	Name: "command", On: OnNode, Span: Strikes, Fields: []string{"run"},
	What: "runs a command on a dependency",
	check: func(f experiment.Fault) (string, string) {
		if len(f.Run) == 0 || f.Run[0] == "" {
			return "run", "is empty"
		}
		return "", ""
	},
	begin: func(ctx context.Context, i *Injector, n *site.Node, f experiment.Fault, _ time.Time) error {
		if i.Commander == nil {
			return errNoCommander
		}
		return i.Commander.Command(ctx, n, f.Run)
	},
	end:   func(context.Context, *Injector, *site.Node) error { return nil },
	judge: func(experiment.Fault, Samples) *results.Effect { return nil },
}
