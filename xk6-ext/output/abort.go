package output

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"go.k6.io/k6/errext"
	"go.k6.io/k6/errext/exitcodes"
	"go.k6.io/k6/lib/types"
	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// abortPeriod is how often k6 itself judges thresholds while the load runs.
const abortPeriod = 2 * time.Second

// rule is a metric, or a part of it, with thresholds of which one can abort the load. k6's own sinks and judgement are
// used, so that the load ends when k6 would end it. A trend's sink keeps every value, 8 bytes each: the price of abortOnFail.
type rule struct {
	name       string // as k6 names it
	thresholds metrics.Thresholds
	sink       metrics.Sink // nil until the first sample
}

func (r *rule) sinkOf(kind recording.Kind) metrics.Sink {
	if r.sink == nil {
		r.sink = metrics.NewSink(typeOf(kind))
	}
	return r.sink
}

func typeOf(kind recording.Kind) metrics.MetricType {
	switch kind {
	case recording.Counter:
		return metrics.Counter
	case recording.Gauge:
		return metrics.Gauge
	case recording.Rate:
		return metrics.Rate
	}
	return metrics.Trend
}

// abortRules are the script's thresholds that can abort the load, and those that were asked for beside them.
func abortRules(script map[string]metrics.Thresholds, asked []wire.AbortThreshold) ([]watch, error) {
	var watches []watch
	known := map[string]bool{}
	for name, thresholds := range script {
		aborts := false
		for _, t := range thresholds.Thresholds {
			aborts = aborts || t.AbortOnFail
		}
		if !aborts {
			continue
		}
		w, err := watchOf(name, thresholds)
		if err != nil {
			return nil, err
		}
		for _, t := range thresholds.Thresholds {
			known[recording.JoinTags(w.Tags)+w.Metric+t.Source] = true
		}
		watches = append(watches, w)
	}
	for _, a := range asked {
		if known[recording.JoinTags(a.Tags)+a.Metric+a.Threshold] {
			continue
		}
		thresholds := metrics.NewThresholds([]string{a.Threshold})
		thresholds.Thresholds[0].AbortOnFail = true
		thresholds.Thresholds[0].AbortGracePeriod = types.NullDurationFrom(time.Duration(a.GraceNanos))
		if err := thresholds.Parse(); err != nil {
			return nil, fmt.Errorf("threshold on %s: %w", a.Metric, err)
		}
		name := a.Metric
		if len(a.Tags) > 0 {
			name += "{" + recording.JoinTags(a.Tags) + "}"
		}
		watches = append(watches, watch{
			Selector: wire.Selector{Metric: a.Metric, Tags: a.Tags}, rule: &rule{name: name, thresholds: thresholds},
		})
	}
	sort.Slice(watches, func(i, j int) bool { return watches[i].rule.name < watches[j].rule.name })
	return watches, nil
}

// watchOf is what the thresholds under a name of options.thresholds watch.
func watchOf(name string, thresholds metrics.Thresholds) (watch, error) {
	if err := thresholds.Parse(); err != nil {
		return watch{}, fmt.Errorf("threshold on %s: %w", name, err)
	}
	selector, err := selectorOf(name)
	if err != nil {
		return watch{}, fmt.Errorf("threshold on %s: %w", name, err)
	}
	return watch{Selector: selector, rule: &rule{name: name, thresholds: thresholds}}, nil
}

// crossed judges the rules and returns the error that ends the load, or nil.
func crossed(watches []watch, elapsed time.Duration) error {
	var names []string
	abort := false
	for _, w := range watches {
		r := w.rule
		if r == nil || r.sink == nil || r.sink.IsEmpty() {
			continue
		}
		if ok, err := r.thresholds.Run(r.sink, elapsed); err != nil || ok {
			continue
		}
		names = append(names, r.name)
		abort = abort || r.thresholds.Abort
	}
	if !abort {
		return nil
	}
	err := fmt.Errorf("thresholds on metrics '%s' were crossed; at least one has abortOnFail enabled, stopping test prematurely",
		strings.Join(names, ", "))
	return errext.WithAbortReasonIfNone(
		errext.WithExitCodeIfNone(err, exitcodes.ThresholdsHaveFailed), errext.AbortedByThreshold)
}
