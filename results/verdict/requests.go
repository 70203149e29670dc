package verdict

import (
	"math"
	"sort"

	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/slo"
)

const (
	metricRequests = "http_reqs"
	metricTook     = "http_req_duration"
	metricSent     = "data_sent" // bytes, over whatever protocol
)

// requests are when the load sent its requests, by the frames of the recording, which are a second long at most.
type requests struct {
	frames []requestFrame // in order of their beginning, once sorted
	sorted bool
	known  map[recording.Key]requestKind

	took, ended float64 // of requests: how long they took together, in milliseconds, and how many that is known of
}

// requestFrame is how many requests began in a frame.
type requestFrame struct {
	start, end int64
	load       float64
	other      float64 // of setup and teardown
}

// requestKind is what a series tells of requests.
type requestKind int

const (
	noRequests requestKind = iota + 1
	ofLoad
	ofSetup
	howLong
)

func newRequests() *requests { return &requests{known: map[recording.Key]requestKind{}} }

// frame takes a frame of the recording in.
func (r *requests) frame(f *recording.Frame) error {
	var load, other float64
	for i := range f.Points {
		p := &f.Points[i]
		if p.Key.Metric != metricRequests && p.Key.Metric != metricTook {
			continue
		}
		kind, err := r.kind(p)
		if err != nil {
			return err
		}
		switch kind {
		case ofLoad:
			load += p.Sum
		case ofSetup:
			other += p.Sum
		case howLong:
			r.took += p.Trend.Sum()
			r.ended += float64(p.Trend.Count())
		}
	}
	if load != 0 || other != 0 {
		r.frames, r.sorted = append(r.frames, requestFrame{f.Start, f.End, load, other}), false
	}
	return nil
}

func (r *requests) kind(p *recording.Point) (requestKind, error) {
	if kind := r.known[p.Key]; kind != 0 {
		return kind, nil
	}
	tags, err := recording.SplitTags(p.Key.Tags)
	if err != nil {
		return 0, err
	}
	_, selected := tags[slo.ReservedTag]
	scenario, told := tags["scenario"]
	kind := ofLoad
	switch {
	case selected:
		kind = noRequests
	case p.Key.Metric == metricTook && p.Kind == recording.Trend:
		kind = howLong
	case p.Key.Metric == metricTook:
		kind = noRequests
	case told && scenario == "":
		kind = ofSetup
	}
	r.known[p.Key] = kind
	return kind, nil
}

// between counts the requests that began in an interval. Of a frame that lies in it in part, that part counts.
func (r *requests) between(from, to int64) (load, other float64) {
	if !r.sorted {
		sort.SliceStable(r.frames, func(a, b int) bool { return r.frames[a].start < r.frames[b].start })
		r.sorted = true
	}
	from = max(from, math.MinInt64/2) // or what is taken off below would turn it around
	first := sort.Search(len(r.frames), func(i int) bool { return r.frames[i].start > from-frameLength })
	for _, f := range r.frames[max(0, first-1):] {
		if f.start >= to {
			break
		}
		length, inside := f.end-f.start, min(f.end, to)-max(f.start, from)
		switch {
		case inside <= 0:
		case inside >= length:
			load, other = load+f.load, other+f.other
		default:
			share := float64(inside) / float64(length)
			load, other = load+share*f.load, other+share*f.other
		}
	}
	return load, other
}

// off is how far a moment is from the nearest edge of a frame that requests began in, in nanoseconds.
func (r *requests) off(at int64) int64 {
	for _, f := range r.frames {
		if f.start <= at && at < f.end {
			return min(at-f.start, f.end-at)
		}
	}
	return 0
}

// last is the moment that the last frame of requests began; 0 where there were none.
func (r *requests) last() int64 {
	var last int64
	for _, f := range r.frames {
		last = max(last, f.start)
	}
	return last
}

// mean is how long a request took, in nanoseconds.
func (r *requests) mean() float64 {
	if r.ended == 0 {
		return 0
	}
	return r.took / r.ended * 1e6
}
