package fault

import (
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
)

const (
	// maxPiece is below what one read of the upstream gives: a larger piece would be the whole of it.
	maxPiece = 16 << 10
	// slicedTime is how long a probe's echo takes about, in pieces.
	slicedTime = 50 * time.Millisecond
)

// slicer cuts what the upstream sends into pieces of bytes and waits delay after each of them, so that a client has to read an
// answer in many parts. It is not Toxiproxy's toxic, which overflows its stack for want of a size.
var slicer = Kind{
	Name: "slicer", On: OnLink, Span: Lasts, Fields: []string{"bytes", "delay"},
	What: "cuts answers into small pieces",
	check: func(f experiment.Fault) (string, string) {
		switch {
		case f.Bytes < 1:
			return "bytes", "have to be 1 or more"
		case f.Bytes > maxPiece:
			return "bytes", "are above 16 KiB"
		}
		return checkDelay(f)
	},
	strength: func(f experiment.Fault) strength { return strength{Piece: int(f.Bytes), Gap: f.Delay} },
	expect:   slicedDelay,
	judge: func(f experiment.Fault, seen Samples) *results.Effect {
		e := judgeRoundTrip(seen, slicedDelay(f, echoBytes(f)))
		e.Note = joinNotes(e.Note, "of a probe of several pieces")
		return e
	},
}

// slicedDelay is how long the last piece of that many bytes waits.
func slicedDelay(f experiment.Fault, bytes int) time.Duration {
	return time.Duration((int64(bytes)-1)/f.Bytes) * f.Delay
}
