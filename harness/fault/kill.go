package fault

import (
	"context"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// kill ends the processes of a node with SIGKILL. When it is lifted the node is started again, at the same address and
// with what a crash has left; it ends when the node is ready. Without `for` the node is started again at once.
var kill = Kind{
	Name: "kill", On: OnNode, Span: MayLast, stops: true, away: true,
	What: "kills a node and starts it again",
	begin: func(ctx context.Context, _ *Injector, n *site.Node, _ experiment.Fault, _ time.Time) error {
		k, err := site.As[site.Killer](n)
		if err != nil {
			return err
		}
		return k.Kill(ctx)
	},
	end: startAgain,
	judge: func(_ experiment.Fault, seen Samples) *results.Effect {
		return judgeShare(seen, "answer")
	},
}

// startAgain brings a node back, and returns when it is ready.
func startAgain(ctx context.Context, _ *Injector, n *site.Node, _ experiment.Fault) error {
	k, err := site.As[site.Killer](n)
	if err != nil {
		return err
	}
	return k.Restart(ctx)
}
