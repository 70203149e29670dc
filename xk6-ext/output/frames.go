package output

import (
	"sort"
	"time"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
)

const second = int64(time.Second)

// grid divides time into intervals of at most a second that begin at whole seconds from the anchor and at marks. Before
// t = 0 is known the anchor is the start of the process; re-anchoring leaves the intervals before `from` as they were.
type grid struct {
	anchor, old int64
	from        int64   // intervals from here on count from anchor, those before from old
	marks       []int64 // sorted
}

// interval is the interval that contains t.
func (g *grid) interval(t int64) (start, end int64) {
	anchor := g.anchor
	if t < g.from {
		anchor = g.old
	}
	start = anchor + floorSecond(t-anchor)
	end = start + second
	if t < g.from {
		end = min(end, g.from)
	} else {
		start = max(start, g.from)
	}
	after := sort.Search(len(g.marks), func(i int) bool { return g.marks[i] > t })
	if after < len(g.marks) {
		end = min(end, g.marks[after])
	}
	if after > 0 {
		start = max(start, g.marks[after-1])
	}
	return start, end
}

func floorSecond(d int64) int64 {
	rest := d % second
	if rest < 0 {
		rest += second
	}
	return d - rest
}

// maxMarks is how many marks are remembered. Only what is later than that many phases could straddle one.
const maxMarks = 4096

func (g *grid) mark(at int64) {
	i := sort.Search(len(g.marks), func(i int) bool { return g.marks[i] >= at })
	if i < len(g.marks) && g.marks[i] == at {
		return
	}
	g.marks = append(g.marks, 0)
	copy(g.marks[i+1:], g.marks[i:])
	g.marks[i] = at
	if len(g.marks) > maxMarks {
		g.marks = append(g.marks[:0], g.marks[len(g.marks)-maxMarks:]...)
	}
}

// series is a series of the recording.
type series struct {
	id   int // place in a frame's points
	key  recording.Key
	kind recording.Kind

	precision histogram.Precision // of a trend
}

// frame is an interval that is being filled.
type frame struct {
	start, end int64
	points     []*recording.Point // by series id; nil: nothing yet
}

func (f *frame) add(s *series, v float64) {
	p, fresh := f.touch(s)
	if fresh && s.kind == recording.Gauge {
		p.Min, p.Max = v, v
	}
	addTo(p, v)
}

// touch is the point of a series in the frame, empty when it is fresh.
func (f *frame) touch(s *series) (p *recording.Point, fresh bool) {
	if missing := s.id + 1 - len(f.points); missing > 0 {
		f.points = append(f.points, make([]*recording.Point, missing)...)
	}
	if p := f.points[s.id]; p != nil {
		return p, false
	}
	p = &recording.Point{Key: s.key, Kind: s.kind}
	if s.kind == recording.Trend {
		p.Trend = histogram.NewWith(s.precision)
	}
	f.points[s.id] = p
	return p, true
}

func addTo(p *recording.Point, v float64) {
	switch p.Kind {
	case recording.Trend:
		p.Trend.Record(v)
	case recording.Counter:
		p.Sum += v
	case recording.Rate:
		if v != 0 {
			p.Trues++
		}
		p.Total++
	case recording.Gauge:
		p.Min, p.Max, p.Last = min(p.Min, v), max(p.Max, v), v
	}
}

// frames are the intervals that have not been sent yet.
type frames struct {
	grid
	open map[int64]*frame
}

func newFrames(anchor int64) *frames {
	return &frames{grid: grid{anchor: anchor, old: anchor}, open: map[int64]*frame{}}
}

// at is the frame of a moment.
func (fs *frames) at(t int64) *frame {
	start, end := fs.interval(t)
	f := fs.open[start]
	if f == nil {
		f = &frame{start: start, end: end}
		fs.open[start] = f
	}
	return f
}

// last is the latest frame that has not been sent yet; where there is none, that of the moment now.
func (fs *frames) last(now int64) *frame {
	var last *frame
	for _, f := range fs.open {
		if last == nil || f.start > last.start {
			last = f
		}
	}
	if last == nil {
		last = fs.at(now)
	}
	return last
}

// mark cuts at a moment. What an open frame has gathered stays before the cut.
func (fs *frames) mark(at int64) {
	fs.grid.mark(at)
	for _, f := range fs.open {
		if f.start < at && at < f.end {
			f.end = at
		}
	}
}

// anchorAt makes seconds count from zero, for all that happens from the moment `first` on. Frames that were begun before
// and lie behind it move over.
func (fs *frames) anchorAt(zero, first int64) {
	fs.old, fs.anchor = fs.anchor, zero
	fs.from = zero + floorSecond(first-zero)
	for start, f := range fs.open {
		switch {
		case f.start >= fs.from:
			delete(fs.open, start)
			fs.merge(f)
		case f.end > fs.from:
			f.end = fs.from
		}
	}
}

func (fs *frames) merge(f *frame) {
	into := fs.at(f.start)
	for id, p := range f.points {
		if p == nil {
			continue
		}
		if id >= len(into.points) {
			into.points = append(into.points, make([]*recording.Point, id+1-len(into.points))...)
		}
		if into.points[id] == nil {
			into.points[id] = p
			continue
		}
		mergePoint(into.points[id], p)
	}
}

func mergePoint(into, p *recording.Point) {
	switch p.Kind {
	case recording.Trend:
		into.Trend.Merge(p.Trend)
	case recording.Counter:
		into.Sum += p.Sum
	case recording.Rate:
		into.Trues += p.Trues
		into.Total += p.Total
	case recording.Gauge:
		into.Min, into.Max, into.Last = min(into.Min, p.Min), max(into.Max, p.Max), p.Last
	}
}

// maxOpen is how many frames may be open. What was kept waiting for minutes may end within one second, and each of it
// belongs to a second of its own.
const maxOpen = 64

// crowded says whether frames must be sent before it is time. More of their intervals follow in further frames.
func (fs *frames) crowded() bool { return len(fs.open) > maxOpen }

// take removes and returns the frames that end by then, in order of time.
func (fs *frames) take(until int64) []*recording.Frame {
	var done []*recording.Frame
	for start, f := range fs.open {
		if f.end > until {
			continue
		}
		delete(fs.open, start)
		out := &recording.Frame{Start: f.start, End: f.end}
		for _, p := range f.points {
			if p != nil {
				out.Points = append(out.Points, *p)
			}
		}
		done = append(done, out)
	}
	sort.Slice(done, func(a, b int) bool { return done[a].Start < done[b].Start })
	return done
}
