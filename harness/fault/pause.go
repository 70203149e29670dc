package fault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// Expirer promises that a paused node goes on at a given time even when this process is dead by then: the watchdog's
// lease is one.
type Expirer interface {
	// NodeFault makes the node go on at expires.
	NodeFault(ctx context.Context, node *site.Node, expires time.Time) error
	// NodeFaultLifted takes that back.
	NodeFaultLifted(ctx context.Context, node *site.Node) error
}

// pause freezes all processes of a node. Its kernel still accepts connections; nothing answers. The expiry is registered
// before the node is frozen, so that at no moment it could stay so for ever.
var pause = Kind{
	Name: "pause", On: OnNode, Span: Lasts, stops: true,
	What: "freezes a node",
	begin: func(ctx context.Context, i *Injector, n *site.Node, _ experiment.Fault, expires time.Time) error {
		p, err := site.As[site.Pauser](n)
		if err != nil {
			return err
		}
		if i.Expirer != nil {
			if err := i.Expirer.NodeFault(ctx, n, expires); err != nil {
				return fmt.Errorf("register the expiry: %w", err)
			}
		}
		return p.Pause(ctx)
	},
	end: func(ctx context.Context, i *Injector, n *site.Node, _ experiment.Fault) error {
		p, err := site.As[site.Pauser](n)
		if err != nil {
			return err
		}
		if err := p.Resume(ctx); err != nil {
			return err // the expiry stands
		}
		if i.Expirer != nil {
			if err := i.Expirer.NodeFaultLifted(ctx, n); err != nil {
				i.log.Warn("the expiry of a pause was not taken back", "node", n.Name, "error", err)
			}
		}
		if !i.answersAgain(ctx, n) {
			return errors.New("resumed, but it does not answer")
		}
		return nil
	},
	judge: func(_ experiment.Fault, seen Samples) *results.Effect {
		return judgeShare(seen, "answer")
	},
}
