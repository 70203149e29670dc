package fault

import (
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// down closes the connections of the link and refuses new ones, as if nothing listened.
var down = Kind{
	Name: "down", On: OnLink, Span: Lasts,
	What:     "refuses connections and closes those that are open",
	strength: func(experiment.Fault) strength { return strength{Down: true} },
	judge: func(_ experiment.Fault, seen Samples) *results.Effect {
		return judgeShare(seen, "connect")
	},
}
