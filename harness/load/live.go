package load

import (
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
)

// liveWindow is how much of the load a Snapshot covers.
const liveWindow = 10 * time.Second

// Snapshot is how the load did during the last 10 s that are known, for people.
type Snapshot struct {
	Rate      float64 // iterations that ended, per second of their intended starts
	P95       float64 // ms, of latency; of http_req_duration where latency is not known; 0 without requests
	ErrorRate float64 // share of requests that failed
	VUs       int     // active
}

// live sums up frames as they arrive: the last seconds for people, and the whole for the case that the child dies before it
// says what it did. It is safe for concurrent use.
type live struct {
	mu     sync.Mutex
	recent []*moment
	latest int64 // end of the latest frame
	vus    int

	zero     int64 // 0: not known yet
	outcomes map[string]int64
	lateness *histogram.Histogram
	started  int64 // iterations that ended, k6's own count
	dropped  int64
}

// moment is what one frame adds to a Snapshot.
type moment struct {
	start                        int64
	iterations, requests, failed float64
	latency, duration            *histogram.Histogram
}

func newLive() *live { return &live{outcomes: map[string]int64{}, lateness: histogram.New()} }

func (l *live) setZero(zero int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.zero = zero
}

// add takes the frame's histograms over.
func (l *live) add(f *recording.Frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := &moment{start: f.Start, latency: histogram.New(), duration: histogram.New()}
	for _, p := range f.Points {
		tags, err := recording.SplitTags(p.Key.Tags)
		if err != nil || tags["selector"] != "" {
			continue
		}
		l.point(m, p, tags)
		if l.zero != 0 && f.Start >= l.zero {
			l.total(p, tags)
		}
	}
	l.latest = max(l.latest, f.End)
	l.recent = append(l.recent, m)
	kept := l.recent[:0]
	for _, m := range l.recent {
		if m.start >= l.latest-int64(liveWindow) {
			kept = append(kept, m)
		}
	}
	clear(l.recent[len(kept):])
	l.recent = kept
}

func (l *live) point(m *moment, p recording.Point, tags map[string]string) {
	switch p.Key.Metric {
	case "vus":
		l.vus = int(p.Last)
		return
	}
	if tags["scenario"] == "" { // setup and teardown
		return
	}
	switch p.Key.Metric {
	case "iterations":
		m.iterations += p.Sum
	case "http_reqs":
		m.requests += p.Sum
		if tags["outcome"] == "failed" {
			m.failed += p.Sum
		}
	case "latency":
		m.latency.Merge(p.Trend)
	case "http_req_duration":
		m.duration.Merge(p.Trend)
	}
}

// total counts what happened after the warm-up.
func (l *live) total(p recording.Point, tags map[string]string) {
	switch p.Key.Metric {
	case "offered":
		l.outcomes[tags["outcome"]] += int64(p.Sum)
	case "lateness":
		l.lateness.Merge(p.Trend)
	case "iterations":
		l.started += int64(p.Sum)
	case "dropped_iterations":
		l.dropped += int64(p.Sum)
	}
}

func (l *live) snapshot() Snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Snapshot{VUs: l.vus}
	if len(l.recent) == 0 {
		return s
	}
	latency, duration := histogram.New(), histogram.New()
	earliest := l.latest
	iterations, requests, failed := 0.0, 0.0, 0.0
	for _, m := range l.recent {
		earliest = min(earliest, m.start)
		iterations += m.iterations
		requests += m.requests
		failed += m.failed
		latency.Merge(m.latency)
		duration.Merge(m.duration)
	}
	s.Rate = iterations / max(1, time.Duration(l.latest-earliest).Seconds())
	if requests > 0 {
		s.ErrorRate = failed / requests
	}
	switch {
	case latency.Count() > 0:
		s.P95 = latency.Quantile(0.95)
	case duration.Count() > 0:
		s.P95 = duration.Quantile(0.95)
	}
	return s
}
