package output

import (
	"maps"
	"strings"

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
	tagCode     = "error_code"
	tagStatus   = "status"
	// tagSelector is reserved: it keeps series that were asked for apart from the base series, so that nobody adds them up.
	tagSelector = "selector"
)

// Metrics that brunt measures itself.
const (
	metricLatency  = "latency"
	metricLateness = "lateness"
	metricOffered  = "offered"
	// metricErrors counts the requests that failed by what k6 says of why: its error code, and the status of the response.
	metricErrors = "http_req_errors"
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
	case metricErrors:
		return []string{tagScenario, tagCode, tagStatus}
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
	limit   int             // of series, from which on base series are kept together
	watches []watch
	builds  map[string][]string // by scenario, of those that have builds
	byKey   map[recording.Key]*series
	targets map[origin][]target
	capped  bool // texts were replaced by other
	full    bool // something was not recorded
}

const (
	maxSeries  = 2_000
	maxOrigins = 100_000 // remembered; beyond, they are found anew
	maxRoutes  = 10_000  // likewise
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
	var found []target
	if key, ok := x.base(o); ok {
		found = append(found, target{series: x.series(key, kind, x.precision(o.metric))})
	}
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

// base is the key of an origin's base series; it is not ok where there are too many series to begin another. From the limit
// on texts that a script makes up, and may make up without end, give way to other; from twice the limit on scenarios do; and
// from three times the limit on, which takes a thousand metrics or so, nothing new is recorded but what was asked for.
func (x *index) base(o origin) (key recording.Key, ok bool) {
	tags := x.baseTagsOf(o)
	key = recording.Key{Metric: o.metric, Tags: recording.JoinTags(tags)}
	for _, step := range []struct {
		limit int
		texts []string
	}{
		{x.limit, []string{tagName, tagCheck, tagGroup, tagCode, tagStatus}},
		{2 * x.limit, []string{tagScenario}},
	} {
		if x.byKey[key] != nil || len(x.byKey) < step.limit {
			return key, true
		}
		for _, name := range step.texts {
			if tags[name] != "" {
				tags[name] = other
				x.capped = true
			}
		}
		key.Tags = recording.JoinTags(tags)
	}
	if x.byKey[key] != nil || len(x.byKey) < 3*x.limit {
		return key, true
	}
	x.full = true
	return key, false
}

// baseTagsOf are the tags that an origin's base series is kept by.
func (x *index) baseTagsOf(o origin) map[string]string {
	tags := map[string]string{}
	for _, name := range baseTags(o.metric) {
		if name == tagOutcome {
			tags[name] = o.outcome
			continue
		}
		value, _ := o.tags.Get(name)
		tags[name] = shortened(value)
	}
	if builds := x.builds[tags[tagScenario]]; builds != nil && byBuild(o.metric) {
		tags[executor.BuildTag], _ = o.tags.Get(executor.BuildTag)
	}
	return tags
}

// maxText bounds the value of a tag that a base series is kept by, in bytes.
const maxText = 1 << 10

func shortened(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + "…"
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
