package fault

import (
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// maxLatency keeps sums of faults far from overflow.
const maxLatency = time.Hour

// latency delays what the upstream sends by latency ± jitter (evenly spread), in whole milliseconds. It is one-way, like
// Toxiproxy's: a request and its answer take latency longer together, whatever is pipelined; dialling is not delayed.
// Data keep their order, so an answer also waits for a slower one before it.
var latency = Kind{
	Name: "latency", On: OnLink, Span: Lasts, Fields: []string{"latency", "jitter"},
	What: "delays what the upstream sends",
	check: func(f experiment.Fault) (string, string) {
		switch {
		case f.Latency < time.Millisecond:
			return "latency", "is below 1ms"
		case f.Latency > maxLatency:
			return "latency", "is above 1h"
		case f.Jitter < 0:
			return "jitter", "is negative"
		case f.Jitter > f.Latency:
			return "jitter", "is larger than the latency"
		}
		return "", ""
	},
	strength: func(f experiment.Fault) strength {
		return strength{Latency: milliseconds(f.Latency), Jitter: milliseconds(f.Jitter)}
	},
	expect: func(f experiment.Fault, _ int) time.Duration { return f.Latency },
	judge: func(f experiment.Fault, seen Samples) *results.Effect {
		return judgeRoundTrip(seen, f.Latency)
	},
}
