package output

import (
	"maps"

	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/executor"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// Names of the tags that series are kept by.
const (
	tagScenario = "scenario"
	tagName     = "name"
	tagOutcome  = "outcome"
	tagCheck    = "check"
	tagGroup    = "group"
	// tagSelector is reserved: it keeps series that were asked for apart from the base series, so that nobody adds them up.
	tagSelector = "selector"
)

// Metrics that brunt measures itself.
const (
	metricLatency  = "latency"
	metricLateness = "lateness"
	metricOffered  = "offered"
)

// other takes the place of names beyond the cap.
const other = "other"

// baseTags says by which tags a metric's base series are kept; all others by scenario alone.
func baseTags(metric string) []string {
	switch metric {
	case metricLatency, "http_req_duration", "http_reqs":
		return []string{tagScenario, tagName, tagOutcome}
	case "http_req_failed":
		return []string{tagScenario, tagName}
	case metricOffered:
		return []string{tagScenario, tagOutcome}
	case "checks":
		return []string{tagScenario, tagCheck}
	case "group_duration":
		return []string{tagScenario, tagGroup}
	case "vus", "vus_max":
		return nil
	}
	return []string{tagScenario}
}

// byBuild says whether the metric's base series are kept by build, in scenarios that have builds.
func byBuild(metric string) bool {
	switch metric {
	case metricLatency, metricLateness, metricOffered, "http_req_duration", "http_reqs", "http_req_failed":
		return true
	}
	return false
}

// target is where a value goes: a series of the recording, or the sink of thresholds that can abort the load.
type target struct {
	series *series
	sink   metrics.Sink
}

// origin is what a value's targets are found by. TagSets are interned, so origins are comparable and cheap to look up.
type origin struct {
	metric  string
	tags    *metrics.TagSet
	outcome string
}

// watch is a selector whose samples go to a series of its own, or to the thresholds of a rule.
type watch struct {
	wire.Selector
	rule *rule // nil: a series
}

// index finds the targets of values, and makes the series.
type index struct {
	named   map[string]bool // metrics that a bound names as a whole: their base series are kept in full
	limit   int             // base series with free-text tags
	watches []watch
	builds  map[string][]string // by scenario, of those that have builds
	byKey   map[recording.Key]*series
	targets map[origin][]target
	capped  bool
}

const (
	maxSeries  = 2_000
	maxOrigins = 100_000 // remembered; beyond, they are found anew
)

func newIndex() *index {
	return &index{limit: maxSeries, named: map[string]bool{}, byKey: map[recording.Key]*series{}, targets: map[origin][]target{}}
}

// selectors asks for a further series of each, and for one of those that several bounds are on: it would count all twice.
// One without tags asks for nothing more than that the metric's base series are kept in full.
func (x *index) selectors(wanted []wire.Selector) {
	known := map[recording.Key]bool{}
	for _, s := range wanted {
		if len(s.Tags) == 0 {
			x.named[s.Metric] = true
			continue
		}
		if key := selectorKey(s); !known[key] {
			known[key] = true
			x.watches = append(x.watches, watch{Selector: s})
		}
	}
}

// of is where values of that origin go. kind is the metric's.
func (x *index) of(o origin, kind recording.Kind) []target {
	if found, ok := x.targets[o]; ok {
		return found
	}
	found := []target{{series: x.series(recording.Key{Metric: o.metric, Tags: x.base(o)}, kind, x.precision(o.metric))}}
	for _, w := range x.watches {
		if w.Metric != o.metric || !selects(w.Tags, o) {
			continue
		}
		if w.rule != nil {
			found = append(found, target{sink: w.rule.sinkOf(kind)})
			continue
		}
		found = append(found, target{series: x.series(selectorKey(w.Selector), kind, histogram.Fine)})
	}
	if len(x.targets) >= maxOrigins {
		clear(x.targets)
	}
	x.targets[o] = found
	return found
}

// selectorKey is the key of a selector's own series.
func selectorKey(s wire.Selector) recording.Key {
	tags := map[string]string{tagSelector: "1"}
	maps.Copy(tags, s.Tags)
	return recording.Key{Metric: s.Metric, Tags: recording.JoinTags(tags)}
}

// base is the text of the tags of an origin's base series.
func (x *index) base(o origin) string {
	tags := map[string]string{}
	free := false
	for _, name := range baseTags(o.metric) {
		if name == tagOutcome {
			tags[name] = o.outcome
			continue
		}
		tags[name], _ = o.tags.Get(name)
		free = free || name == tagName || name == tagCheck || name == tagGroup
	}
	if builds := x.builds[tags[tagScenario]]; builds != nil && byBuild(o.metric) {
		tags[executor.BuildTag], _ = o.tags.Get(executor.BuildTag)
	}
	text := recording.JoinTags(tags)
	if !free || len(x.byKey) < x.limit || x.byKey[recording.Key{Metric: o.metric, Tags: text}] != nil {
		return text
	}
	x.capped = true
	for _, name := range []string{tagName, tagCheck, tagGroup} {
		if _, ok := tags[name]; ok {
			tags[name] = other
		}
	}
	return recording.JoinTags(tags)
}

func (x *index) series(key recording.Key, kind recording.Kind, precision histogram.Precision) *series {
	s := x.byKey[key]
	if s == nil {
		s = &series{id: len(x.byKey), key: key, kind: kind, precision: precision}
		x.byKey[key] = s
	}
	return s
}

// selects reports whether an origin bears all those tags.
func selects(wanted map[string]string, o origin) bool {
	for name, value := range wanted {
		have, ok := o.tags.Get(name)
		if name == tagOutcome && o.outcome != "" {
			have, ok = o.outcome, true
		}
		if !ok || have != value {
			return false
		}
	}
	return true
}
