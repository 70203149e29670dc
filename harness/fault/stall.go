package fault

import (
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// stall keeps a share of what the upstream sends for delay, or without one until the fault ends: of chunks, and a short
// answer is one chunk. Which ones is a function of the run's seed, the fault's name and the connection's ordinal on its link,
// not of a connection alone: every one of a pool meets its share. What comes behind a stalled chunk waits with it.
var stall = Kind{
	Name: "stall", On: OnLink, Span: Lasts, Fields: []string{"share", "delay"},
	What: "keeps a share of answers",
	check: func(f experiment.Fault) (string, string) {
		if field, problem := checkShare(f); problem != "" || f.Delay == 0 {
			return field, problem
		}
		return checkDelay(f)
	},
	strength: func(f experiment.Fault) strength {
		s := strength{Latency: f.Delay, Share: f.Share}
		if s.Latency == 0 {
			s.Latency = maxLatency // the fault ends before
		}
		return s
	},
	judge: func(f experiment.Fault, seen Samples) *results.Effect {
		return judgeMet(seen, "stalled", f.Share, func(p ProbeResult) bool {
			return p.Connected && (!p.Answered || f.Delay > 0 && p.RoundTrip >= f.Delay/2)
		})
	},
}

// checkShare refuses what is no share.
func checkShare(f experiment.Fault) (field, problem string) {
	if !(f.Share > 0 && f.Share <= 1) {
		return "share", "is not above 0 and at most 1"
	}
	return "", ""
}
