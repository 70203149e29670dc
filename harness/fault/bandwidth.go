package fault

import (
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// kilobyte is the unit of Toxiproxy's rates.
const kilobyte = 1000

// maxRate is far beyond what any link carries, and far from overflow.
const maxRate = 1 << 40

// bandwidth limits each connection to rate bytes per second in either direction, rounded to whole kilobytes (1000 bytes).
// Like Toxiproxy's, the limit is each connection's own: ten pooled connections carry ten times as much.
var bandwidth = Kind{
	Name: "bandwidth", On: OnLink, Span: Lasts, Fields: []string{"rate"},
	What: "limits each connection, both ways",
	check: func(f experiment.Fault) (string, string) {
		switch {
		case f.Rate <= 0:
			return "rate", "has to be positive"
		case f.Rate < kilobyte:
			return "rate", "is below 1000 bytes per second"
		case f.Rate > maxRate:
			return "rate", "is above 1 TiB per second"
		}
		return "", ""
	},
	strength: func(f experiment.Fault) strength {
		return strength{Rate: (f.Rate + kilobyte/2) / kilobyte}
	},
	expect: bandwidthDelay,
	judge: func(f experiment.Fault, seen Samples) *results.Effect {
		e := judgeRoundTrip(seen, bandwidthDelay(f, echoBytes(f)))
		e.Note = joinNotes(e.Note, "of a probe as large as the limit carries in 50 ms, at most 256 KiB")
		return e
	},
}

// bandwidthDelay is how long the limit keeps that many bytes, there and back.
func bandwidthDelay(f experiment.Fault, bytes int) time.Duration {
	return 2 * time.Duration(float64(bytes)/float64(f.Rate)*float64(time.Second))
}
