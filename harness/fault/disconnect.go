package fault

import (
	"context"
	"errors"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// disconnect takes a node off its network and puts it back, under the same names and addresses. It goes on to run
// meanwhile; its open connections hang, and new ones are refused. It is for nodes that have a network of their own. One that
// shares the machine's can't be taken off it, and cutting its proxied links alone would leave the direct ones: it is refused.
var disconnect = Kind{
	Name: "disconnect", On: OnNode, Span: Lasts, stops: true,
	What: "takes a node off its network",
	begin: func(ctx context.Context, i *Injector, n *site.Node, f experiment.Fault, expires time.Time) error {
		d, err := site.As[site.Disconnecter](n)
		if err != nil {
			return err
		}
		return d.Disconnect(ctx, i.preparing(ctx, f, expires))
	},
	end: func(ctx context.Context, i *Injector, n *site.Node, f experiment.Fault) error {
		d, err := site.As[site.Disconnecter](n)
		if err != nil {
			return err
		}
		if err := d.Connect(ctx); err != nil {
			return err // the expiry stands
		}
		i.undone(ctx, f)
		if !i.answersAgain(ctx, n) {
			return errors.New("back on its network, but it does not answer")
		}
		return nil
	},
	judge: func(_ experiment.Fault, seen Samples) *results.Effect {
		return judgeShare(seen, "answer")
	},
}
