package verdict

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/slo"
)

// What the scraper writes of its own in each frame of the recording of scrapes (see package probe), and what tells of garbage
// collections in Go.
const (
	metricUp       = "up"       // 1: the node was scraped, 0: the scrape was missed
	metricProbeUp  = "probe_up" // the same, of what brunt asks for by itself: the label source says what
	labelNode      = "node"
	labelSource    = "source"
	gcCount        = "go_gc_duration_seconds_count"
	gcTime         = "go_memstats_last_gc_time_seconds"
	liveHeap       = "go_gc_heap_live_bytes"
	shortHeap      = "heap"
	mostSeriesTold = 3 // in a reason
)

// scraping follows the recording of scrapes: a frame for each scrape of a node, with what changed since the one before.
type scraping struct {
	nodes    map[scrapedSource]*scrapedNode
	series   map[recording.Key]*scrapedSeries
	matchers map[string]*matcher // by selector
	torn     bool
}

// matcher is the series of one selector, for all who measure it.
type matcher struct {
	metric string // its Prometheus name
	tags   map[string]string
	kind   slo.Kind
	all    []*scrapedSeries // in order of their first appearance
	byNode map[*scrapedNode][]*scrapedSeries

	perRequest bool // its course is wanted, scrape by scrape
}

// scrapedSource is who tells something of a node; the name of a service's own page is empty.
type scrapedSource struct{ node, name string }

// scrapedNode is a node as the last scrapes of one source left it.
type scrapedNode struct {
	scrapedSource
	times  []scrapeTime     // of the scrapes that answered
	lost   bool             // the last one was missed
	last   *recording.Frame // the last scrape that answered; nil before the first
	gcTime float64
	series []*scrapedSeries
	marks  bool // collections can be seen
}

// scrapedSeries is a series as the last scrape left it.
type scrapedSeries struct {
	key   recording.Key
	kind  recording.Kind
	node  *scrapedNode
	tags  map[string]string
	alive bool    // told by the last scrape
	value float64 // gauge: its value; counter: its increase since the first scrape
	added float64 // counter: its increase in the last scrape

	kept   bool      // its course is
	course []float64 // by scrape: of a gauge its value, of a counter its increase
}

func newScraping() *scraping {
	return &scraping{nodes: map[scrapedSource]*scrapedNode{}, series: map[recording.Key]*scrapedSeries{}, matchers: map[string]*matcher{}}
}

// matcher is the one of a selector.
func (s *scraping) matcher(selector slo.Selector) *matcher {
	name := selector.String()
	if s.matchers[name] == nil {
		s.matchers[name] = &matcher{metric: slo.ScrapedName(selector.Metric), tags: selector.Tags, byNode: map[*scrapedNode][]*scrapedSeries{}}
	}
	return s.matchers[name]
}

// add takes the series in, if it is one of the selector's.
func (m *matcher) add(known *scrapedSeries) {
	if known.key.Metric != m.metric || !subset(m.tags, known.tags) {
		return
	}
	m.all = append(m.all, known)
	m.byNode[known.node] = append(m.byNode[known.node], known)
	m.kind = slo.ScrapedGauge
	if known.kind == recording.Counter {
		m.kind = slo.ScrapedCounter
	}
}

// frame takes in a scrape and tells all that measure it.
func (s *scraping) frame(f *recording.Frame, line timeline, all []*sampled) error {
	node, up, err := s.node(f)
	if err != nil || node == nil {
		return err
	}
	phase := line.phaseOf(f)
	if !up {
		node.lost = true
		for _, m := range all {
			m.missed(node, f, phase)
		}
		return nil
	}
	collected, err := s.take(node, f)
	if err != nil {
		return err
	}
	node.note(f)
	for _, m := range all {
		m.scraped(node, f, phase, collected)
	}
	node.last = f
	return nil
}

// node is whose scrape the frame is, and whether it answered.
func (s *scraping) node(f *recording.Frame) (*scrapedNode, bool, error) {
	for i := range f.Points {
		if metric := f.Points[i].Key.Metric; metric != metricUp && metric != metricProbeUp {
			continue
		}
		tags, err := recording.SplitTags(f.Points[i].Key.Tags)
		if err != nil {
			return nil, false, err
		}
		source := scrapedSource{tags[labelNode], ""}
		if f.Points[i].Key.Metric == metricProbeUp {
			source.name = tags[labelSource]
		}
		if s.nodes[source] == nil {
			s.nodes[source] = &scrapedNode{scrapedSource: source, gcTime: math.NaN()}
		}
		return s.nodes[source], f.Points[i].Last == 1, nil
	}
	return nil, false, nil
}

// take brings the series of the node up to date. It reports whether garbage was collected since the scrape before.
func (s *scraping) take(node *scrapedNode, f *recording.Frame) (collected bool, err error) {
	for _, known := range node.series {
		known.added = 0
	}
	for i := range f.Points {
		p := &f.Points[i]
		known := s.series[p.Key]
		if known == nil {
			known = &scrapedSeries{key: p.Key, kind: p.Kind, node: node}
			if known.tags, err = recording.SplitTags(p.Key.Tags); err != nil {
				return false, err
			}
			s.series[p.Key] = known
			node.series = append(node.series, known)
			for _, m := range s.matchers {
				m.add(known)
			}
			known.kept = s.keeps(known)
		}
		if p.Kind == recording.Counter {
			known.alive, known.added = true, p.Sum
			known.value += p.Sum
		} else {
			known.alive, known.value = !math.IsNaN(p.Last), p.Last
		}
		switch {
		case p.Key.Metric == gcCount:
			node.marks = true
			collected = collected || p.Sum > 0
		case p.Key.Metric == gcTime:
			node.marks = true
			collected = collected || !math.IsNaN(node.gcTime) && p.Last != node.gcTime
			node.gcTime = p.Last
		}
	}
	return collected, nil
}

// names are the metrics that were told, sorted.
func (s *scraping) names() []string {
	var names []string
	for key := range s.series {
		names = append(names, key.Metric)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// readScrapes reads the recording of scrapes, if there is one. That nothing is measured of it makes its want no error.
func (j *judge) readScrapes(open Opener, r *reader) error {
	if j.trial.Metrics == "" {
		return nil
	}
	of := j.trial
	of.Recording = j.trial.Metrics
	src, err := open(of)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && j.trial.Status != results.StatusComplete || len(r.sampled) == 0 {
			return nil
		}
		return fmt.Errorf("open the recording of the services' metrics: %w", err)
	}
	defer func() { _ = src.Close() }() // only read from
	r.scraping.torn, err = read(src, func(f *recording.Frame) error { return r.scraping.frame(f, r.line, r.sampled) })
	if err != nil && j.trial.Status == results.StatusComplete && len(r.sampled) > 0 {
		return fmt.Errorf("read the recording of the services' metrics: %w", err)
	}
	r.scraping.torn = r.scraping.torn || err != nil
	return nil
}
