// Package recording reads and writes the recording of one trial: an append-only stream of frames.
//
// A frame holds what was offered in an interval of at most one second. A request belongs to the frame of its *intended*
// start, however late it ends; a slow request therefore arrives in a later frame that covers the same interval again, and
// frames of equal interval are merged by whoever reads them. A frame never straddles a phase mark.
//
// A recording is read as an iterator and is never whole in memory. A torn last frame, as after a crash, costs that frame
// only. The format has a version and a golden file that is read for ever.
package recording

import "github.com/devcraft-studio/brunt/results/histogram"

// Kind is k6's metric type.
type Kind string

// The kinds of metrics, as in k6.
const (
	Trend   Kind = "trend"
	Counter Kind = "counter"
	Gauge   Kind = "gauge"
	Rate    Kind = "rate"
)

// Key names a series: a metric and the tags it is kept by. Tags is canonical: `name:value` sorted by name, joined by
// commas, with `\`, `,` and `:` escaped by a backslash; see JoinTags.
type Key struct {
	Metric string
	Tags   string
}

// Point is what one series gathered during a frame. Only the fields of its Kind are meaningful.
type Point struct {
	Key  Key
	Kind Kind

	Trend *histogram.Histogram // Trend: values in the metric's own unit, milliseconds for times

	Sum float64 // Counter: the sum of the values added

	Trues uint64 // Rate: values that were not zero
	Total uint64 // Rate: all values

	Last, Min, Max float64 // Gauge
}

// Frame is what was offered between Start (inclusive) and End (exclusive), both wall-clock nanoseconds since 1970.
type Frame struct {
	Start, End int64
	Points     []Point
}
