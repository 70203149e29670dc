package fault

import (
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// reset ends the connections of the link, pooled ones included, with a TCP reset at both ends, and while it lasts every
// new one after it was accepted. Without `for` it strikes the connections of that moment alone.
var reset = Kind{
	Name: "reset", On: OnLink, Span: MayLast,
	What:     "resets connections, open and new",
	strength: func(experiment.Fault) strength { return strength{Reset: true} },
	judge: func(f experiment.Fault, seen Samples) *results.Effect {
		if f.For == 0 {
			return nil // no probe can meet a single moment
		}
		return judgeShare(seen, "answer")
	},
}
