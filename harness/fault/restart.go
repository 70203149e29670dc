package fault

import (
	"context"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
)

// restart ends a node as an orchestrator does: it is asked to end, with SIGTERM or what its program takes for that, and
// begins to drain. `for` counts from there. When it is lifted, what has not ended within five seconds is killed, and the
// node is started again, at the same address and with its data; it ends when the node is ready. Without `for` the node is
// started again as soon as it has ended.
var restart = Kind{
	Name: "restart", On: OnNode, Span: MayLast, stops: true, away: true,
	What: "stops a node gracefully and starts it again",
	begin: func(ctx context.Context, _ *Injector, n *site.Node, _ experiment.Fault, _ time.Time) error {
		s, err := site.As[site.Stopper](n)
		if err != nil {
			return err
		}
		return s.Stop(ctx)
	},
	end: startAgain,
	judge: func(_ experiment.Fault, seen Samples) *results.Effect {
		return judgeShare(seen, "answer")
	},
}
