package fault

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
)

// The distributions of a jitter J around a latency L. A chunk's delay is never below 0.
const (
	uniform = "uniform" // L − J to L + J, all alike
	normal  = "normal"  // of mean L and standard deviation J
	pareto  = "pareto"  // L + J·(u^(−1/3) − 1) for u evenly between 0 and 1: a long tail
)

const (
	// tailShape is the exponent of pareto. It is that of tc-netem's (iproute2, netem/pareto.c: a = 3.0).
	tailShape = 3.0
	// tailCut is the smallest u: one delay in a thousand has the largest value, L + 9·J.
	tailCut = 0.001
)

// scheduleKey is the key of a fault's random numbers in the run of that seed.
func scheduleKey(seed int64, f experiment.Fault) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%s/%d", seed, f.Name, f.Occurrence) // never fails
	return h.Sum64()
}

// schedule is the random numbers of one fault on one connection. Only the specified output of PCG is used, so that they are the
// same in every version.
type schedule struct{ pcg rand.PCG }

// newSchedule is that of the connection with that ordinal on its link.
func newSchedule(key, ordinal uint64) *schedule {
	s := &schedule{}
	s.pcg.Seed(key, ordinal)
	s.pcg.Uint64() // neighbouring ordinals begin alike
	return s
}

// float is a number between 0 and 1, both excluded.
func (s *schedule) float() float64 { return (float64(s.pcg.Uint64()>>12) + 0.5) / (1 << 52) }

// delay is how long the next chunk is kept by a fault that came into force that long ago.
func (s *schedule) delay(of strength, age time.Duration) time.Duration {
	if of.Share > 0 && s.float() >= of.Share {
		return 0
	}
	delay := float64(of.Latency)
	if of.Jitter > 0 {
		delay += float64(of.Jitter) * spread(of.Distribution, s.float())
	}
	if age < of.Ramp {
		delay *= float64(age) / float64(of.Ramp)
	}
	return time.Duration(max(0, delay))
}

// spread is the inverse of a distribution's function, in units of the jitter.
func spread(distribution string, u float64) float64 {
	switch distribution {
	case normal:
		return math.Sqrt2 * math.Erfinv(2*u-1)
	case pareto:
		return math.Pow(max(u, tailCut), -1/tailShape) - 1
	}
	return 2*u - 1
}
