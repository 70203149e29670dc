package fault

import (
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// slowClose passes the upstream's end of a connection on to the client delay later. Data are not delayed.
var slowClose = Kind{
	Name: "slow-close", On: OnLink, Span: Lasts, Fields: []string{"delay"},
	What:     "passes the end of connections on later",
	check:    checkDelay,
	strength: func(f experiment.Fault) strength { return strength{Close: f.Delay} },
	expect:   func(f experiment.Fault, _ int) time.Duration { return f.Delay },
	judge: func(f experiment.Fault, seen Samples) *results.Effect {
		e := judgeRoundTrip(seen, f.Delay)
		e.Note = joinNotes(e.Note, "until the end of a connection that the probe closed on its side")
		return e
	},
}
