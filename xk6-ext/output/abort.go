package output

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	"time"

	"go.k6.io/k6/errext"
	"go.k6.io/k6/errext/exitcodes"
	"go.k6.io/k6/lib/types"
	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// abortPeriod is how often k6 itself judges thresholds while the load runs.
const abortPeriod = 2 * time.Second

// rule is a metric, or a part of it, with thresholds of which one can abort the load. k6's own sinks and judgement are
// used, so that the load ends when k6 would end it. As k6's sink of a trend keeps every value for ever, trends of many values
// go on as histograms; see trendSink.
type rule struct {
	name       string // as k6 names it
	thresholds metrics.Thresholds
	sink       metrics.Sink // nil until the first sample
}

func (r *rule) sinkOf(kind recording.Kind) metrics.Sink {
	if r.sink == nil {
		r.sink = metrics.NewSink(typeOf(kind))
		if kind == recording.Trend {
			r.sink = newTrendSink()
		}
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
		broken, aborts := r.judge(elapsed)
		if broken {
			names = append(names, r.name)
			abort = abort || aborts
		}
	}
	if !abort {
		return nil
	}
	err := fmt.Errorf("thresholds on metrics '%s' were crossed; at least one has abortOnFail enabled, stopping test prematurely",
		strings.Join(names, ", "))
	return errext.WithAbortReasonIfNone(
		errext.WithExitCodeIfNone(err, exitcodes.ThresholdsHaveFailed), errext.AbortedByThreshold)
}

// judge says whether a threshold is crossed, and whether one that is aborts the load.
func (r *rule) judge(elapsed time.Duration) (crossed, aborts bool) {
	trend, ok := r.sink.(*trendSink)
	if !ok {
		held, err := r.thresholds.Run(r.sink, elapsed)
		return err == nil && !held, r.thresholds.Abort
	}
	if trend.exact != nil {
		held, err := r.thresholds.Run(trend.exact, elapsed)
		return err == nil && !held, r.thresholds.Abort
	}
	for _, t := range r.thresholds.Thresholds {
		one := metrics.Thresholds{Thresholds: []*metrics.Threshold{t}}
		if held, err := one.Run(trend.standIn(t.Source), elapsed); err == nil && !held {
			crossed, aborts = true, aborts || one.Abort
		}
	}
	return crossed, aborts
}

// exactValues is how many values of a trend are judged exactly as k6 judges them.
const exactValues = 100_000

// trendSink keeps the values of a trend, and beyond exactValues a histogram of them: percentiles are then within 0.1 % of
// what k6 would find, all else is the same, and memory stays what it is.
type trendSink struct {
	exact *metrics.TrendSink // nil: too many
	all   *histogram.Histogram
}

func newTrendSink() *trendSink {
	return &trendSink{exact: metrics.NewTrendSink(), all: histogram.New()}
}

// Add adds a sample.
func (s *trendSink) Add(sample metrics.Sample) {
	s.all.Record(sample.Value)
	if s.exact == nil {
		return
	}
	if s.exact.Add(sample); s.exact.Count() > exactValues {
		s.exact = nil
	}
}

// IsEmpty reports whether there was no sample.
func (s *trendSink) IsEmpty() bool { return s.all.Count() == 0 }

// Format is k6's, of no use here.
func (s *trendSink) Format(time.Duration) map[string]float64 { return nil }

// standIn is a sink for k6 to judge one threshold by: its only value is that of the statistic that the threshold is on.
func (s *trendSink) standIn(threshold string) *metrics.TrendSink {
	value := math.NaN()
	switch statistic, _, _ := strings.Cut(strings.TrimSpace(threshold), "("); {
	case statistic == "p":
		text := threshold[strings.Index(threshold, "(")+1:]
		text, _, _ = strings.Cut(text, ")")
		if percent, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil {
			value = s.all.Quantile(percent / 100)
		}
	case strings.HasPrefix(statistic, "med"):
		value = s.all.Quantile(0.5)
	case strings.HasPrefix(statistic, "avg"):
		value = s.all.Mean()
	case strings.HasPrefix(statistic, "min"):
		value = s.all.Min()
	case strings.HasPrefix(statistic, "max"):
		value = s.all.Max()
	}
	sink := metrics.NewTrendSink()
	sink.Add(metrics.Sample{Value: value})
	return sink
}
