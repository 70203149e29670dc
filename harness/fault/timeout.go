package fault

import (
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// timeout lets nothing pass either way, like a network that loses every packet: connections stay, new ones are accepted
// and never answered, and the upstream does not see them. When it ends, what was sent meanwhile arrives. It is not
// Toxiproxy's toxic, which drops data and so has to close the connections when it ends.
var timeout = Kind{
	Name: "timeout", On: OnLink, Span: Lasts,
	What:     "lets nothing pass; connections stay",
	strength: func(experiment.Fault) strength { return strength{Hold: true} },
	judge: func(_ experiment.Fault, seen Samples) *results.Effect {
		return judgeShare(seen, "answer")
	},
}
