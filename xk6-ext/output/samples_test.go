package output

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.k6.io/k6/lib/netext/httpext"
	"go.k6.io/k6/metrics"
	"gopkg.in/guregu/null.v3"

	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/executor"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

func TestLatencyCountsFromTheIntendedStartOnceAnIteration(t *testing.T) {
	tags := metrics.NewRegistry().RootTagSet().With("scenario", "s")
	g := newGatherer(0)
	g.led = true
	at := func(milliseconds int64) time.Time { return time.Unix(0, milliseconds*ms) }
	trail := func(end int64, failed bool) *httpext.Trail {
		return &httpext.Trail{
			EndTime: at(end), Duration: 10 * time.Millisecond, Blocked: time.Millisecond, Connecting: 2 * time.Millisecond,
			TLSHandshaking: 3 * time.Millisecond, Failed: null.BoolFrom(failed), Tags: tags, Metadata: map[string]string{"vu": "7"},
		}
	}
	var thrown []string
	g.exception = func(text string) { thrown = append(thrown, text) }
	for _, c := range []metrics.SampleContainer{
		executor.LoadStart{Zero: at(1000)},
		// Due in the second before, began in this one, its second request late in the next.
		executor.IterationStart{VU: "7", Tags: tags, Intended: at(1900), Lateness: 200 * time.Millisecond},
		trail(2150, false),
		trail(3100, true),
		executor.IterationEnd{VU: "7"},
		trail(4500, false), // of no iteration
		executor.IterationStart{VU: "7", Tags: tags, Intended: at(1950), Warmup: true},
		executor.IterationEnd{VU: "7", Exception: "boom"},
		executor.Unserved{Tags: tags, Intended: at(1960), Dropped: true},
		executor.Unserved{Tags: tags, Intended: at(1970)},
	} {
		g.container(c)
	}
	type kept struct {
		Start  int64
		Values []float64
	}
	got := map[string][]kept{}
	offered := map[string]float64{}
	for _, f := range g.frames.take(1 << 62) {
		for _, p := range f.Points {
			switch p.Key.Metric {
			case "latency":
				k := kept{Start: f.Start / ms}
				for rank := uint64(1); rank <= p.Trend.Count(); rank++ {
					k.Values = append(k.Values, float64(int(p.Trend.ValueAtRank(rank)+0.5)))
				}
				got[p.Key.Tags] = append(got[p.Key.Tags], k)
			case "http_reqs":
				got[p.Key.Tags+" http_reqs"] = append(got[p.Key.Tags+" http_reqs"], kept{f.Start / ms, []float64{p.Sum}})
			case "offered":
				offered[p.Key.Tags] += p.Sum
			}
		}
	}
	want := map[string][]kept{
		"name:,outcome:ok,scenario:s":               {{1000, []float64{216}}},
		"name:,outcome:failed,scenario:s":           {{3000, []float64{16}}},
		"name:,outcome:ok,scenario:s http_reqs":     {{1000, []float64{1}}, {4000, []float64{1}}},
		"name:,outcome:failed,scenario:s http_reqs": {{3000, []float64{1}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]float64{
		"outcome:failed,scenario:s": 2, "outcome:dropped,scenario:s": 1, "outcome:interrupted,scenario:s": 1,
	}, offered); diff != "" {
		t.Error(diff)
	}
	if g.totals.offered() != 3 || g.totals.failed != 1 || g.totals.exceptions != 1 || len(thrown) != 1 {
		t.Errorf("totals %+v, thrown %v", g.totals, thrown)
	}
}

func TestLatenessIsSplitByItsCause(t *testing.T) {
	tags := metrics.NewRegistry().RootTagSet().With("scenario", "s")
	g := newGatherer(0)
	g.led = true
	g.container(executor.LoadStart{Zero: time.Unix(1, 0)})
	start := func(late, waited time.Duration, warmup bool) executor.IterationStart {
		return executor.IterationStart{VU: "1", Tags: tags, Intended: time.Unix(1, 0), Lateness: late, Waited: waited, Warmup: warmup}
	}
	for range 10 {
		g.container(start(800*time.Millisecond, 797*time.Millisecond, false))
		g.container(start(2*time.Millisecond, 0, false))
		g.container(start(5*time.Second, 4*time.Second, true))
	}
	for _, c := range []executor.PoolEnd{{Tags: tags, Most: 9, Allowed: 10}, {Tags: tags, Most: 3, Allowed: 3}, {Tags: tags, Most: 90, Allowed: 200}} {
		g.container(c)
	}
	totals := &g.totals
	near := func(got, want float64) bool { return got > want*0.99 && got < want*1.01 }
	if !near(totals.lateness.Quantile(0.99), 800) || !near(totals.own.Quantile(0.99), 3) || totals.waited != 10 {
		t.Errorf("lateness p99 %v ms, own %v ms, %d waited; want 800, 3 and 10",
			totals.lateness.Quantile(0.99), totals.own.Quantile(0.99), totals.waited)
	}
	if totals.mostVUs != 3 || totals.allowedVUs != 3 {
		t.Errorf("%d of %d VUs, want those of the pool that was exhausted", totals.mostVUs, totals.allowedVUs)
	}
}

func TestWithoutOurExecutorTheEarliestSampleBeginsTheLoad(t *testing.T) {
	registry := metrics.NewRegistry()
	builtin := metrics.RegisterBuiltinMetrics(registry)
	root := registry.RootTagSet()
	sample := func(m *metrics.Metric, tags *metrics.TagSet, at, value float64) metrics.Sample {
		return metrics.Sample{TimeSeries: metrics.TimeSeries{Metric: m, Tags: tags}, Time: time.Unix(0, int64(at*1e9)), Value: value}
	}
	s := root.With("scenario", "s")
	iteration := func(end, took float64) metrics.Samples {
		return metrics.Samples{sample(builtin.IterationDuration, s, end, took*1000), sample(builtin.Iterations, s, end, 1)}
	}
	for _, row := range []struct {
		name       string
		containers []metrics.SampleContainer
		began      float64
	}{
		{"setup does not", []metrics.SampleContainer{sample(builtin.Checks, root, 1, 1), iteration(5, 1)}, 4},
		{"the one that began first may end last", []metrics.SampleContainer{iteration(5, 0.5), iteration(6, 4)}, 2},
		{"no sample yet, but a VU is active: at most a second before it was seen",
			[]metrics.SampleContainer{sample(builtin.VUs, root, 2, 0), sample(builtin.VUs, root, 3.5, 1)}, 2.5},
		{"and not before it was seen idle",
			[]metrics.SampleContainer{sample(builtin.VUs, root, 3, 0), sample(builtin.VUs, root, 3.5, 1)}, 3},
		{"setup alone is no load", []metrics.SampleContainer{sample(builtin.Checks, root, 1, 1), sample(builtin.VUs, root, 2, 0)}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := newGatherer(0)
			g.warmup = int64(10 * time.Second)
			zero := 0.0
			g.started = func(at int64) { zero = float64(at) / 1e9 }
			g.lookAhead([]batch{{containers: row.containers}})
			for _, c := range row.containers {
				g.container(c)
			}
			if want := row.began + 10; zero != want && (row.began != 0 || zero != 0) {
				t.Errorf("t = 0 at %v, want %v", zero, want)
			}
		})
	}
}

func TestEverySampleBelongsToTheSecondInWhichItBegan(t *testing.T) {
	registry := metrics.NewRegistry()
	builtin := metrics.RegisterBuiltinMetrics(registry)
	tags := registry.RootTagSet().With("scenario", "s")
	at := func(milliseconds int64) time.Time { return time.Unix(0, milliseconds*ms) }
	sample := func(m *metrics.Metric, end int64, v float64) metrics.Sample {
		return metrics.Sample{TimeSeries: metrics.TimeSeries{Metric: m, Tags: tags}, Time: at(end), Value: v, Metadata: map[string]string{"vu": "7"}}
	}
	g := newGatherer(0)
	g.led = true
	for _, c := range []metrics.SampleContainer{
		executor.LoadStart{Zero: at(1000)},
		executor.IterationStart{VU: "7", Tags: tags, Intended: at(1500), Lateness: time.Second},
		metrics.Samples{sample(builtin.Checks, 3100, 1)},
		metrics.Samples{sample(registry.MustNewMetric("mine", metrics.Counter), 4100, 5)},
		metrics.Samples{sample(builtin.GroupDuration, 5500, 1000)},
		metrics.Samples{sample(builtin.GRPCReqDuration, 5900, 700)},
		metrics.Samples{sample(builtin.DataSent, 7100, 80), sample(builtin.DataReceived, 7100, 90)},
		metrics.Samples{sample(builtin.IterationDuration, 7100, 4600), sample(builtin.Iterations, 7100, 1)},
		executor.IterationEnd{VU: "7"},
	} {
		g.container(c)
	}
	got := map[string]int64{}
	for _, f := range g.frames.take(1 << 62) {
		for _, p := range f.Points {
			got[p.Key.Metric] = f.Start / ms
		}
	}
	want := map[string]int64{
		"lateness": 1000, "iteration_duration": 1000, "iterations": 1000, "data_sent": 1000, "data_received": 1000, "offered": 1000,
		"checks": 3000, "mine": 4000, "group_duration": 4000, "grpc_req_duration": 5000,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsAreCountedByCode(t *testing.T) {
	root := metrics.NewRegistry().RootTagSet().With("scenario", "s")
	g := newGatherer(0)
	for _, tags := range []map[string]string{
		{"status": "204"}, {"error_code": "1212", "status": "0"}, {"error_code": "1503", "status": "503"}, {"error_code": "1503", "status": "503"}, {"status": "200"},
	} {
		g.container(&httpext.Trail{EndTime: time.Unix(1, 0), Failed: null.BoolFrom(len(tags) > 1), Tags: root.WithTagsFromMap(tags)})
	}
	got := map[string]float64{}
	for _, f := range g.frames.take(1 << 62) {
		for _, p := range f.Points {
			if p.Key.Metric == metricErrors {
				got[p.Key.Tags] += p.Sum
			}
		}
	}
	want := map[string]float64{"error_code:,scenario:s,status:204": 0, "error_code:1212,scenario:s,status:0": 1, "error_code:1503,scenario:s,status:503": 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAScriptsOwnMetricOfErrorsIsLeftToTheScript(t *testing.T) {
	registry := metrics.NewRegistry()
	mine := registry.MustNewMetric(metricErrors, metrics.Rate)
	tags := registry.RootTagSet().With("scenario", "s")
	g := newGatherer(0)
	g.foreign = true
	g.container(&httpext.Trail{EndTime: time.Unix(1, 0), Failed: null.BoolFrom(true), Tags: tags})
	g.container(metrics.Sample{TimeSeries: metrics.TimeSeries{Metric: mine, Tags: tags}, Time: time.Unix(1, 0), Value: 1})
	for _, f := range g.frames.take(1 << 62) {
		for _, p := range f.Points {
			if p.Key.Metric == metricErrors && (p.Kind != recording.Rate || p.Total != 1) {
				t.Errorf("got %+v", p)
			}
		}
	}
}

func TestMarkersReachNoOtherOutput(t *testing.T) {
	for _, m := range []metrics.SampleContainer{executor.LoadStart{}, executor.IterationStart{}, executor.IterationEnd{}, executor.Unserved{}, executor.PoolEnd{}} {
		if m.GetSamples() != nil {
			t.Errorf("%T bears samples", m)
		}
	}
}

// BenchmarkTrail is what a request costs the output: every metric of it, base series and one selector.
func BenchmarkTrail(b *testing.B) {
	tags := metrics.NewRegistry().RootTagSet().WithTagsFromMap(map[string]string{"scenario": "s", "name": "list", "status": "200"})
	g := newGatherer(0)
	g.led = true
	g.index.selectors([]wire.Selector{{Metric: "latency", Tags: map[string]string{"status": "200"}}})
	g.container(executor.LoadStart{Zero: time.Unix(1, 0)})
	b.ReportAllocs()
	for i := range b.N {
		at := time.Unix(1, int64(i)*100_000) // 10,000 a second
		g.container(executor.IterationStart{VU: "7", Tags: tags, Intended: at})
		g.container(&httpext.Trail{
			EndTime: at.Add(time.Millisecond), Duration: time.Duration(i%1000) * time.Microsecond, Failed: null.BoolFrom(false),
			Tags: tags, Metadata: map[string]string{"vu": "7"},
		})
		g.container(executor.IterationEnd{VU: "7"})
		if i%10_000 == 0 {
			g.frames.take(at.UnixNano() - 2*int64(time.Second))
		}
	}
}
