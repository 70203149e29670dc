package fault

import (
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

// maxLimit is the largest limit that a probe can still meet without loading the link.
const maxLimit = 1 << 20

// limitData passes on bytes of what the upstream sends over each connection, counted from the fault's start, and then closes
// it, in order and in the middle of whatever goes on: an answer that is cut short.
var limitData = Kind{
	Name: "limit-data", On: OnLink, Span: Lasts, Fields: []string{"bytes"},
	What: "closes connections after so many bytes",
	check: func(f experiment.Fault) (string, string) {
		switch {
		case f.Bytes < 1:
			return "bytes", "have to be 1 or more"
		case f.Bytes > maxLimit:
			return "bytes", "are above 1 MiB"
		}
		return "", ""
	},
	strength: func(f experiment.Fault) strength { return strength{Limit: f.Bytes} },
	judge: func(_ experiment.Fault, seen Samples) *results.Effect {
		e := judgeShare(seen, "answer")
		e.Note = joinNotes(e.Note, "of a probe larger than the limit")
		return e
	},
}
