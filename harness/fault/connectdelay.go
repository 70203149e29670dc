package fault

import (
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// connectDelay serves each new connection delay later: what its client sends waits, and the upstream is not dialled before.
// Connections that are open are not delayed. The kernel takes the connection at once, so a bare connect() returns; late is
// all that follows, the handshakes of TLS, Postgres and Redis first, which their clients count as connecting. A client that
// gives up meanwhile never reaches the upstream. When it ends, connections that wait are served at once.
var connectDelay = Kind{
	Name: "connect-delay", On: OnLink, Span: Lasts, Fields: []string{"delay"},
	What:     "serves new connections later; open ones are not delayed",
	check:    checkDelay,
	strength: func(f experiment.Fault) strength { return strength{Connect: f.Delay} },
	expect:   func(f experiment.Fault, _ int) time.Duration { return f.Delay },
	judge: func(f experiment.Fault, seen Samples) *results.Effect {
		return judgeRoundTrip(seen, f.Delay)
	},
}

// checkDelay refuses a delay that can't be made.
func checkDelay(f experiment.Fault) (field, problem string) {
	switch {
	case f.Delay < time.Millisecond:
		return "delay", "is below 1ms"
	case f.Delay > maxLatency:
		return "delay", "is above 1h"
	}
	return "", ""
}
