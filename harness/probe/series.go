package probe

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/devcraft-studio/brunt/results/recording"
)

// Series is what a source tells under one name with one set of labels.
type Series struct {
	Metric string
	Tags   map[string]string // its labels, with the source as node
	Kind   recording.Kind    // gauge or counter
}

// series are those of one source, as its last answer left them.
type series struct {
	tags    map[string]string // of the scraper's own points
	node    string
	up      string // the names of those
	took    string
	most    int
	redact  func(string) string
	known   map[string]*sampled // by name and labels as they were told
	round   int
	leftOut map[string]bool
	order   []*sampled
}

// sampled is a series as the last answer left it.
type sampled struct {
	Series
	key   recording.Key
	value float64
	round int  // the last answer that told it
	stale bool // a gauge that is told no more
}

func newSeries(source Source, o ScrapeOptions) *series {
	s := &series{
		node: source.Node, up: metricUp, took: metricTook, most: o.MostSeries, redact: o.Redact,
		tags: map[string]string{"node": source.Node}, known: map[string]*sampled{}, leftOut: map[string]bool{},
	}
	if source.Name != "" {
		s.up, s.took, s.tags["source"] = metricProbeUp, metricProbeTook, source.Name
	}
	return s
}

// told lists the series, in the order of their first appearance, after the scraper's own.
func (s *series) told() []Series {
	var all []Series
	for _, own := range []string{s.took, s.up} {
		all = append(all, Series{Metric: own, Tags: maps.Clone(s.tags), Kind: recording.Gauge})
	}
	for _, known := range s.order {
		all = append(all, known.Series)
	}
	return all
}

func (s *series) counts() (kept, leftOut int) { return len(s.order), len(s.leftOut) }

// The metrics of the scraper's own, named as Prometheus names them: whether a scrape answered (1 or 0), and how long that took. Of
// sources that have a name they bear other names, and that as the label source, so that up remains the service's.
const (
	metricUp        = "up"
	metricTook      = "scrape_duration_seconds"
	metricProbeUp   = "probe_up"
	metricProbeTook = "probe_duration_seconds"
)

func ownMetrics() []string { return []string{metricTook, metricUp, metricProbeTook, metricProbeUp} }

// own is a point of the scraper's own.
func (s *series) own(metric string, value float64) recording.Point {
	return gauge(recording.Key{Metric: metric, Tags: recording.JoinTags(s.tags)}, value)
}

func gauge(key recording.Key, value float64) recording.Point {
	return recording.Point{Key: key, Kind: recording.Gauge, Last: value, Min: value, Max: value}
}

// take reads an answer and returns what changed since the last: a gauge with its value, which is NaN when it is told no more, and
// a counter with its increase. A counter that is smaller than before began anew, so that all of it is increase; one that was not
// there before began in between, but for the first answer of all.
//
// Of a histogram or a summary there are the counters NAME_sum and NAME_count; buckets and quantiles are left out, and so
// are values that are no numbers or infinite.
func (s *series) take(body []byte) ([]recording.Point, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("read the metrics: %w", err)
	}
	s.round++
	var points []recording.Point
	for _, name := range slices.Sorted(maps.Keys(families)) {
		for _, m := range families[name].GetMetric() {
			points = s.add(points, families[name].GetType(), name, m)
		}
	}
	for _, known := range s.order {
		if known.round != s.round && known.Kind == recording.Gauge && !known.stale {
			known.stale = true
			points = append(points, gauge(known.key, math.NaN()))
		}
	}
	return points, nil
}

func (s *series) add(points []recording.Point, kind dto.MetricType, name string, m *dto.Metric) []recording.Point {
	counter := func(points []recording.Point, name string, v float64) []recording.Point {
		return s.note(points, name, recording.Counter, m, v)
	}
	switch kind {
	case dto.MetricType_COUNTER:
		return counter(points, name, m.GetCounter().GetValue())
	case dto.MetricType_SUMMARY:
		points = counter(points, name+"_sum", m.GetSummary().GetSampleSum())
		return counter(points, name+"_count", float64(m.GetSummary().GetSampleCount()))
	case dto.MetricType_HISTOGRAM:
		points = counter(points, name+"_sum", m.GetHistogram().GetSampleSum())
		return counter(points, name+"_count", float64(m.GetHistogram().GetSampleCount()))
	case dto.MetricType_GAUGE:
		return s.note(points, name, recording.Gauge, m, m.GetGauge().GetValue())
	case dto.MetricType_UNTYPED:
		return s.note(points, name, recording.Gauge, m, m.GetUntyped().GetValue())
	}
	return points
}

// note appends what changed in a series.
func (s *series) note(points []recording.Point, name string, kind recording.Kind, m *dto.Metric, v float64) []recording.Point {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return points
	}
	known, isNew := s.find(name, kind, m)
	if known == nil {
		return points
	}
	last := known.value
	known.value, known.round = v, s.round
	if kind == recording.Gauge {
		if isNew || known.stale || v != last {
			known.stale = false
			points = append(points, gauge(known.key, v))
		}
		return points
	}
	added := v - last
	switch {
	case isNew && s.round == 1:
		added = 0
	case isNew || v < last:
		added = v
	}
	if isNew || added != 0 {
		points = append(points, recording.Point{Key: known.key, Kind: recording.Counter, Sum: added})
	}
	return points
}

// find is a series by what it was told as, or nil when there are as many as are kept.
func (s *series) find(name string, kind recording.Kind, m *dto.Metric) (known *sampled, isNew bool) {
	if slices.Contains(ownMetrics(), name) {
		return nil, false
	}
	var id strings.Builder
	id.WriteString(name)
	for _, l := range m.GetLabel() {
		id.WriteByte(0)
		id.WriteString(l.GetName())
		id.WriteByte(0)
		id.WriteString(l.GetValue())
	}
	if known := s.known[id.String()]; known != nil {
		return known, false
	}
	if len(s.order) >= s.most {
		if len(s.leftOut) < s.most {
			s.leftOut[id.String()] = true
		}
		return nil, false
	}
	tags := map[string]string{}
	for _, l := range m.GetLabel() {
		label := l.GetName()
		if label == "node" {
			label = "exported_node"
		}
		tags[label] = s.redact(l.GetValue())
	}
	tags["node"] = s.node
	known = &sampled{
		Series: Series{Metric: name, Tags: tags, Kind: kind}, key: recording.Key{Metric: name, Tags: recording.JoinTags(tags)},
	}
	s.known[id.String()] = known
	s.order = append(s.order, known)
	return known, true
}
