// Package recording reads and writes the recording of one trial: an append-only stream of frames.
//
// A frame holds what was offered in an interval of at most one second. A request belongs to the frame of its *intended*
// start, however late it ends; a slow request therefore arrives in a later frame that covers the same interval again, and
// frames of equal interval are merged by whoever reads them: that is exact, in any order. A frame never straddles a phase
// mark.
//
// A recording is read as an iterator and is never whole in memory: reader and writer keep what they know of each series
// (some kilobytes), however long the recording is. A torn last frame, as after a crash, costs that frame only; a damaged
// frame that others follow is an error. A newer format is an error too (VersionError); older ones are read for ever, and
// there is a golden file of each.
//
// # Format
//
// A file is a magic (8 bytes), the version (uint32, little-endian) and frames. A frame is the length of its payload, the
// CRC-32C of the payload and the CRC-32C of these two (uint32 each, little-endian), and the payload.
//
//   - Version 1: payloads are those of Encoder, which also carry frames from the k6 child to its parent. Histograms have
//     the precision histogram.Former.
//   - Version 2, which is written: payloads are arithmetic codes of what the frames before could not have told; see
//     packing. There is one payload for a frame after given others, and any other bytes are refused.
//
// # Precision
//
// What is written is read again to the last bit: counts, sums, minima and maxima exactly, the values of trends in the
// buckets of their histogram.Precision (0.1 %, or 3 % for those that whoever recorded them kept coarse).
//
// # Size
//
// How values fall into buckets is information, which no format can leave out. With n values per second and series, spread
// over a width of B buckets, it is about log2(B) - log2(n) + 1.4 bits for each value. Version 2 comes within 1 % of that;
// version 1 took 106 bits for a request in all, of which zstd (best, flushed after each frame) leaves 13.7 where version 2
// takes 7.4. BenchmarkStoredPerMillionRequests in xk6-ext/output, ten minutes of 1,667 requests/s on five names, with all
// that is recorded by default (sigma is that of the logarithm of service times with medians from 0.5 to 20 ms):
//
//	sigma   bytes per million requests   bits per request
//	0.3     833,000                      6.7
//	0.4     923,000                      7.4
//	0.5     996,000                      8.0
//
// Half the rate costs a bit more for each value, and so does twice the spread.
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
