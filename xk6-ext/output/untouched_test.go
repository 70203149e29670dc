package output

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

func TestTheRegistryIsFoundByAnyMetric(t *testing.T) {
	registry := metrics.NewRegistry()
	builtin := metrics.RegisterBuiltinMetrics(registry)
	if got := registryOf(builtin.Iterations); got != registry {
		t.Errorf("found %p, want %p: k6 keeps it elsewhere now, and untouched metrics can't be told apart", got, registry)
	}
}

func TestWhatAThresholdIsOnAndNothingTouchedGetsAnEmptyPoint(t *testing.T) {
	registry := metrics.NewRegistry()
	for name, kind := range map[string]metrics.MetricType{
		"counted": metrics.Counter, "rated": metrics.Rate, "measured": metrics.Trend, "gauged": metrics.Gauge, "busy": metrics.Rate,
	} {
		registry.MustNewMetric(name, kind)
	}
	o := &Output{gather: newGatherer(0), registry: registry}
	script := map[string]metrics.Thresholds{}
	for _, name := range []string{
		"counted", "rated", "rated{ kind : 'novel' }", "measured{kind:novel}", "gauged", "busy", "busy{kind:atlas}", "busy{kind:novel}", "nosuch",
	} {
		script[name] = metrics.Thresholds{}
	}
	o.bounded(script)
	o.gather.index.selectors([]wire.Selector{
		{Metric: "busy", Tags: map[string]string{"kind": "atlas"}}, {Metric: "busy", Tags: map[string]string{"kind": "novel"}},
	})
	tags := registry.RootTagSet().WithTagsFromMap(map[string]string{"scenario": "s", "kind": "novel"})
	o.gather.record(0, origin{metric: "busy", tags: tags}, recording.Rate, 1)
	o.touch()

	got := map[string]uint64{}
	for _, f := range o.gather.frames.take(1 << 62) {
		for _, p := range f.Points {
			samples := p.Total + uint64(p.Sum)
			if p.Trend != nil {
				samples += p.Trend.Count()
			}
			got[string(p.Kind)+" "+p.Key.Metric+"{"+p.Key.Tags+"}"] += samples
		}
	}
	want := map[string]uint64{
		"counter counted{scenario:}":            0,
		"rate rated{scenario:}":                 0,
		"rate rated{kind:novel,selector:1}":     0,
		"trend measured{kind:novel,selector:1}": 0,
		"rate busy{scenario:s}":                 1,
		"rate busy{kind:novel,selector:1}":      1,
		"rate busy{kind:atlas,selector:1}":      0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
