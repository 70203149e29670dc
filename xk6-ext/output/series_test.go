package output

import (
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

func (x *index) names() []string {
	var list []string
	for key := range x.byKey {
		list = append(list, key.Metric+"{"+key.Tags+"}")
	}
	sort.Strings(list)
	return list
}

func TestWhatSeveralBoundsAreOnIsCountedOnce(t *testing.T) {
	tags := metrics.NewRegistry().RootTagSet().WithTagsFromMap(map[string]string{"scenario": "s", "kind": "x"})
	x := newIndex()
	x.selectors([]wire.Selector{
		{Metric: "iterations", Tags: map[string]string{"kind": "x"}},
		{Metric: "iterations", Tags: map[string]string{"scenario": "s"}},
		{Metric: "iterations", Tags: map[string]string{"kind": "x"}},
	})
	if got := len(x.of(origin{"iterations", tags, ""}, recording.Counter)); got != 3 {
		t.Errorf("a value goes to %d series, want the base series and one for each selector", got)
	}
}

func TestBaseSeriesAndSelectorsAreKeptApart(t *testing.T) {
	root := metrics.NewRegistry().RootTagSet()
	create := root.WithTagsFromMap(map[string]string{"scenario": "s", "name": "create", "status": "201", "endpoint": "a,b"})
	list := root.WithTagsFromMap(map[string]string{"scenario": "s", "name": "list", "status": "200"})
	x := newIndex()
	x.selectors([]wire.Selector{
		{Metric: "http_req_duration", Tags: map[string]string{"endpoint": "a,b"}},
		{Metric: "http_req_duration", Tags: map[string]string{"name": "create", "status": "201"}},
		{Metric: "http_req_duration", Tags: map[string]string{"outcome": "failed"}},
		{Metric: "http_req_duration", Tags: map[string]string{"nobody": "bears it"}},
		{Metric: "latency", Tags: map[string]string{"name": "create"}},
		{Metric: "http_req_duration"},
	})
	for row, want := range map[origin]int{
		{"http_req_duration", create, "ok"}:   3,
		{"http_req_duration", list, "ok"}:     1,
		{"http_req_duration", list, "failed"}: 2,
		{"http_req_failed", create, "failed"}: 1,
		{"my_trend", create, ""}:              1,
		{"vus", root, ""}:                     1,
		{"http_req_duration", root, "ok"}:     1, // setup
	} {
		if got := len(x.of(row, recording.Trend)); got != want {
			t.Errorf("%s of %v goes to %d series, want %d", row.metric, row.tags.Map(), got, want)
		}
	}
	want := []string{
		`http_req_duration{endpoint:a\,b,selector:1}`,
		"http_req_duration{name:,outcome:ok,scenario:}",
		"http_req_duration{name:create,outcome:ok,scenario:s}",
		"http_req_duration{name:create,selector:1,status:201}",
		"http_req_duration{name:list,outcome:failed,scenario:s}",
		"http_req_duration{name:list,outcome:ok,scenario:s}",
		"http_req_duration{outcome:failed,selector:1}",
		"http_req_failed{name:create,scenario:s}",
		"my_trend{scenario:s}",
		"vus{}",
	}
	if diff := cmp.Diff(want, x.names()); diff != "" {
		t.Error(diff)
	}
}

func TestSeriesAreKeptByBuildWhereTheScenarioHasBuilds(t *testing.T) {
	root := metrics.NewRegistry().RootTagSet()
	x := newIndex()
	x.builds = map[string][]string{"mirror": {"baseline", "candidate"}}
	for _, scenario := range []string{"mirror", "alone"} {
		for _, build := range []string{"baseline", "candidate"} {
			tags := root.WithTagsFromMap(map[string]string{"scenario": scenario, "name": "list", "build": build})
			for _, metric := range []string{"latency", "lateness", "offered", "http_req_duration", "http_reqs", "http_req_failed", "my_trend"} {
				x.of(origin{metric, tags, "ok"}, recording.Trend)
			}
		}
	}
	want := []string{
		"http_req_duration{build:baseline,name:list,outcome:ok,scenario:mirror}",
		"http_req_duration{build:candidate,name:list,outcome:ok,scenario:mirror}",
		"http_req_duration{name:list,outcome:ok,scenario:alone}",
		"http_req_failed{build:baseline,name:list,scenario:mirror}",
		"http_req_failed{build:candidate,name:list,scenario:mirror}",
		"http_req_failed{name:list,scenario:alone}",
		"http_reqs{build:baseline,name:list,outcome:ok,scenario:mirror}",
		"http_reqs{build:candidate,name:list,outcome:ok,scenario:mirror}",
		"http_reqs{name:list,outcome:ok,scenario:alone}",
		"latency{build:baseline,name:list,outcome:ok,scenario:mirror}",
		"latency{build:candidate,name:list,outcome:ok,scenario:mirror}",
		"latency{name:list,outcome:ok,scenario:alone}",
		"lateness{build:baseline,scenario:mirror}",
		"lateness{build:candidate,scenario:mirror}",
		"lateness{scenario:alone}",
		"my_trend{scenario:alone}",
		"my_trend{scenario:mirror}",
		"offered{build:baseline,outcome:ok,scenario:mirror}",
		"offered{build:candidate,outcome:ok,scenario:mirror}",
		"offered{outcome:ok,scenario:alone}",
	}
	if diff := cmp.Diff(want, x.names()); diff != "" {
		t.Error(diff)
	}
}

func TestNamesBeyondTheCapAreKeptTogether(t *testing.T) {
	root := metrics.NewRegistry().RootTagSet().With("scenario", "s")
	x := newIndex()
	x.limit = 3
	for i := range 10 {
		tags := root.With("name", fmt.Sprintf("/items/%d", i))
		x.of(origin{"http_req_failed", tags, ""}, recording.Rate)
		x.of(origin{"http_req_failed", tags, ""}, recording.Rate)
	}
	x.of(origin{"my_counter", root, ""}, recording.Counter)
	want := []string{
		"http_req_failed{name:/items/0,scenario:s}", "http_req_failed{name:/items/1,scenario:s}",
		"http_req_failed{name:/items/2,scenario:s}", "http_req_failed{name:other,scenario:s}", "my_counter{scenario:s}",
	}
	if diff := cmp.Diff(want, x.names()); diff != "" {
		t.Error(diff)
	}
	if !x.capped || x.full {
		t.Error("nobody is told, or too much")
	}
}

// TestTheNumberOfSeriesIsBoundedWhateverAScriptMakesUp makes up every text that a series is kept by.
func TestTheNumberOfSeriesIsBoundedWhateverAScriptMakesUp(t *testing.T) {
	root := metrics.NewRegistry().RootTagSet()
	for _, row := range []struct {
		name   string
		origin func(i string) origin
		full   bool
	}{
		{"names of requests", func(i string) origin { return origin{"latency", root.With("name", i), "ok"} }, false},
		{"checks", func(i string) origin { return origin{"checks", root.With("check", i), ""} }, false},
		{"groups", func(i string) origin { return origin{"group_duration", root.With("group", i), ""} }, false},
		{"codes of errors", func(i string) origin { return origin{metricErrors, root.With("error_code", i), ""} }, false},
		{"statuses", func(i string) origin { return origin{metricErrors, root.With("status", i), ""} }, false},
		{"scenarios", func(i string) origin { return origin{"iterations", root.With("scenario", i), ""} }, false},
		{"metrics", func(i string) origin { return origin{"metric" + i, root, ""} }, true},
		{"all of them", func(i string) origin {
			return origin{"metric" + i, root.WithTagsFromMap(map[string]string{"name": i, "scenario": i}), ""}
		}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			x := newIndex()
			x.limit = 50
			x.selectors([]wire.Selector{{Metric: "metric999", Tags: map[string]string{"asked": "for"}}})
			for i := range 1000 {
				x.of(row.origin(fmt.Sprint(i)), recording.Counter)
			}
			if len(x.byKey) > 3*x.limit || !x.capped && !x.full || x.full != row.full {
				t.Errorf("%d series, capped %v, full %v", len(x.byKey), x.capped, x.full)
			}
			known := len(x.of(row.origin("7"), recording.Counter))
			asked := len(x.of(origin{"metric999", root.With("asked", "for"), ""}, recording.Counter))
			if known != 1 || asked == 0 {
				t.Errorf("what was known goes to %d series, what was asked for to %d", known, asked)
			}
		})
	}
}

func TestALongNameIsCut(t *testing.T) {
	x := newIndex()
	long := strings.Repeat("ä", 5000)
	x.of(origin{"latency", metrics.NewRegistry().RootTagSet().With("name", long), "ok"}, recording.Trend)
	if got := x.names()[0]; len(got) > maxText+100 || !strings.Contains(got, "ä…") {
		t.Errorf("a name of %d bytes: %.40s", len(got), got)
	}
}

func TestWhatIsRememberedOfTagsIsBounded(t *testing.T) {
	root := metrics.NewRegistry().RootTagSet()
	x := newIndex()
	for i := range maxOrigins + 10 {
		x.of(origin{"c", root.With("url", fmt.Sprint(i)), ""}, recording.Counter)
	}
	if len(x.targets) > maxOrigins || len(x.byKey) != 1 {
		t.Errorf("%d origins, %d series", len(x.targets), len(x.byKey))
	}
}

func TestOnlyWhereTheTimeWentIsKeptCoarser(t *testing.T) {
	tags := metrics.NewRegistry().RootTagSet().WithTagsFromMap(map[string]string{"scenario": "s", "name": "n"})
	x := newIndex()
	x.selectors([]wire.Selector{{Metric: "http_req_waiting"}, {Metric: "http_req_sending", Tags: map[string]string{"name": "n"}}})
	for metric, want := range map[string][]histogram.Precision{
		"latency": {histogram.Fine}, "http_req_duration": {histogram.Fine}, "my_trend": {histogram.Fine},
		"lateness": {histogram.Coarse}, "http_req_blocked": {histogram.Coarse}, "iteration_duration": {histogram.Coarse},
		"http_req_waiting": {histogram.Fine}, "http_req_sending": {histogram.Coarse, histogram.Fine},
	} {
		var got []histogram.Precision
		f := &frame{}
		for _, target := range x.of(origin{metric: metric, tags: tags}, recording.Trend) {
			p, _ := f.touch(target.series)
			got = append(got, p.Trend.Precision())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", metric, diff)
		}
	}
}

func TestAThresholdOnAWholeMetricKeepsItInFull(t *testing.T) {
	o := &Output{gather: newGatherer(0)}
	o.bounded(map[string]metrics.Thresholds{"http_req_blocked": {}, "http_req_sending{name:n}": {}})
	for metric, want := range map[string]histogram.Precision{"http_req_blocked": histogram.Fine, "http_req_sending": histogram.Coarse} {
		if got := o.gather.index.precision(metric); got != want {
			t.Errorf("%s has precision %d, want %d", metric, got, want)
		}
	}
}
