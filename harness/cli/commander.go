package cli

import (
	"context"
	"time"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// commander lets a fault of kind command speak to a node: to one of a known kind in its language, to any other with a program.
type commander struct{}

func (commander) Command(ctx context.Context, node *site.Node, words []string) error {
	if _, known := dependency.Known(node.Kind); known {
		_, err := dependency.Command(ctx, node, words)
		return err
	}
	e, err := site.As[site.Executor](node)
	if err != nil {
		return err
	}
	return e.Execute(ctx, words)
}

func (commander) Hold(ctx context.Context, node *site.Node, f experiment.Fault, expires time.Time) (func(context.Context) error, error) {
	return dependency.Hold(ctx, node, f.Name, f.Run, expires)
}

func (commander) Holds(ctx context.Context, node *site.Node, f experiment.Fault) (bool, error) {
	return dependency.Holds(ctx, node, f.Name)
}
