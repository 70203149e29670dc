package fault

import (
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// maxLatency keeps sums of faults far from overflow.
const maxLatency = time.Hour

// latency delays what the upstream sends by latency, and with a jitter by more or less of it (the distributions stand in
// schedule.go): each chunk, which is what one read of the upstream's socket gives, by its own. It is one-way: a request and
// its answer take latency longer together, whatever is pipelined; dialling is not delayed. Data keep their order, so an
// answer also waits for a slower one before it. The delays are a function of the run's seed, the fault's name and the
// connection's ordinal on its link. With a ramp they grow from nothing, evenly over that time.
//
// It is not Toxiproxy's toxic, whose random numbers can't be repeated and whose removal waits for peers that do not read.
var latency = Kind{
	Name: "latency", On: OnLink, Span: Lasts, Fields: []string{"latency", "jitter", "distribution", "ramp"},
	What: "delays what the upstream sends",
	check: func(f experiment.Fault) (string, string) {
		switch {
		case f.Latency < time.Millisecond:
			return "latency", "is below 1ms"
		case f.Latency > maxLatency:
			return "latency", "is above 1h"
		case f.Jitter < 0:
			return "jitter", "is negative"
		case f.Jitter > maxLatency:
			return "jitter", "is above 1h"
		case f.Jitter > f.Latency && f.Distribution != pareto:
			return "jitter", "is larger than the latency"
		case f.Distribution != "" && !slices.Contains([]string{uniform, normal, pareto}, f.Distribution):
			return "distribution", "is not known"
		case f.Distribution != "" && f.Jitter == 0:
			return "distribution", "has no meaning without a jitter"
		case f.Ramp < 0:
			return "ramp", "is negative"
		case f.Ramp > f.For:
			return "ramp", "is longer than the fault"
		}
		return "", ""
	},
	strength: func(f experiment.Fault) strength {
		return strength{Latency: f.Latency, Jitter: f.Jitter, Distribution: f.Distribution, Ramp: f.Ramp}
	},
	expect: func(f experiment.Fault, _ int) time.Duration { return f.Latency },
	judge: func(f experiment.Fault, seen Samples) *results.Effect {
		asked := f.Latency
		if 2*f.Ramp > f.For { // in the middle of its time it had not its full strength yet
			asked = time.Duration(float64(asked) * float64(f.For) / float64(2*f.Ramp))
		}
		return judgeRoundTrip(seen, asked)
	},
}
