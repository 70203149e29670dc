package output

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// SetBuiltinMetrics receives k6's own metrics. They lead to the registry, where the types of the script's metrics stand.
func (o *Output) SetBuiltinMetrics(builtin *metrics.BuiltinMetrics) {
	if o.registry = o.options.Registry(); o.registry == nil {
		o.registry = registryOf(builtin.Iterations)
	}
}

// registryOf is the registry that a metric belongs to, or nil. k6 tells it to JavaScript modules only, and a script that runs
// as it is imports none of ours, so it is read from the field where every metric keeps it.
func registryOf(m *metrics.Metric) *metrics.Registry {
	field := reflect.ValueOf(m).Elem().FieldByName("registry")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*metrics.Registry]() {
		return nil
	}
	return (*metrics.Registry)(field.UnsafePointer())
}

// bounded notes what the script's thresholds are on. Names that can't be read are k6's to refuse.
func (o *Output) bounded(script map[string]metrics.Thresholds) {
	for _, name := range slices.Sorted(maps.Keys(script)) {
		if selector, err := selectorOf(name); err == nil {
			o.bounds = append(o.bounds, selector)
			if len(selector.Tags) == 0 {
				o.gather.index.named[selector.Metric] = true
			}
		}
	}
}

// touch records an empty point for everything that a threshold is on and that saw no sample. k6 lets an untouched rate pass
// and takes an untouched counter for 0, and whoever judges can't tell the one from the other without a point.
func (o *Output) touch() {
	if o.registry == nil {
		return
	}
	for _, b := range o.bounds {
		metric := o.registry.Get(b.Metric)
		if metric == nil || metric.Type == metrics.Gauge { // a gauge has a value or none, and its statistic tells its type
			continue
		}
		if s := o.gather.index.untouched(b, kindOf(metric.Type), o.registry.RootTagSet()); s != nil {
			o.gather.frames.last(time.Now().UnixNano()).touch(s)
		}
	}
}

// untouched is the new series of a selector that saw no sample; nil if it saw one.
func (x *index) untouched(wanted wire.Selector, kind recording.Kind, root *metrics.TagSet) *series {
	if len(wanted.Tags) > 0 {
		key := selectorKey(wanted)
		if x.byKey[key] != nil {
			return nil
		}
		return x.series(key, kind, histogram.Fine)
	}
	for key := range x.byKey {
		if key.Metric == wanted.Metric {
			return nil
		}
	}
	key, ok := x.base(origin{metric: wanted.Metric, tags: root})
	if !ok {
		return nil
	}
	return x.series(key, kind, x.precision(wanted.Metric))
}

// selectorOf reads a name as it stands in options.thresholds.
func selectorOf(name string) (wire.Selector, error) {
	metric, text, selected := strings.Cut(name, "{")
	s := wire.Selector{Metric: metric}
	if !selected {
		return s, nil
	}
	// k6 itself parses the tags; the type makes no difference to that.
	m, err := metrics.NewRegistry().NewMetric(metric, metrics.Trend)
	if err != nil {
		return s, err
	}
	sub, err := m.AddSubmetric(strings.TrimSuffix(text, "}"))
	if err != nil {
		return s, err
	}
	s.Tags = sub.Tags.Map()
	return s, nil
}
