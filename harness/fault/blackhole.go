package fault

import (
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// connectBlackhole leaves new requests to connect without an answer, like a host that is gone or a firewall that drops: a
// client's connect() hangs until its own limit. The listener drops every SYN (see lose), so that no connection is
// established that nobody serves. Connections that are open live on. When it ends new clients connect at once; one that still
// hangs does so when its kernel sends its SYN again, which Linux does 1, 3, 7, 15 and 31 seconds after the first.
var connectBlackhole = Kind{
	Name: "connect-blackhole", On: OnLink, Span: Lasts, drops: true,
	What:     "leaves new connections unanswered; open ones live",
	strength: func(experiment.Fault) strength { return strength{Unanswered: true} },
	judge: func(_ experiment.Fault, seen Samples) *results.Effect {
		return judgeShare(seen, "connect")
	},
}
