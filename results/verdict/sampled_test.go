package verdict

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// scraped is what a node tells in one second of a synthetic trial, in full; nil: the scrape was missed.
type scraped func(s int) map[string]float64

// scrapes is the recording of a trial's scrapes from −10 s to `to`, by node. A name that ends in _total or _count is a counter,
// given as what was added. As the scraper does, a gauge is written when it changes.
func scrapes(t *testing.T, to int, nodes map[string]scraped) []byte {
	t.Helper()
	var all []*recording.Frame
	last := map[recording.Key]float64{}
	for s := -10; s < to; s++ {
		for _, node := range []string{"api", "worker"} {
			if nodes[node] == nil {
				continue
			}
			f := &recording.Frame{Start: zero.UnixNano() + int64(s)*1e9 + 5e8, End: zero.UnixNano() + int64(s)*1e9 + 501e6}
			told := nodes[node](s)
			up := 0.0
			if told != nil {
				up = 1
			}
			f.Points = append(f.Points, gaugePoint("up", tags{"node": node}, up, up, up))
			for name, v := range told {
				metric, label, _ := strings.Cut(name, " ")
				by := tags{"node": node}
				if label != "" {
					by["label"] = label
				}
				if strings.HasSuffix(metric, "_total") || strings.HasSuffix(metric, "_count") {
					f.Points = append(f.Points, counter(metric, by, v))
					continue
				}
				p := gaugePoint(metric, by, v, v, v)
				if before, ok := last[p.Key]; !ok || before != v {
					f.Points = append(f.Points, p)
				}
				last[p.Key] = v
			}
			all = append(all, f)
		}
	}
	return record(t, all)
}

// scrapedRun asks a trial of that many seconds of the services' metrics, beside a quiet load.
func scrapedRun(t *testing.T, to int, slo string, nodes map[string]scraped, metrics ...string) (results.Verdict, error) {
	t.Helper()
	trial := completeTrial()
	trial.Metrics = "metrics-1.brunt"
	if to != 120 {
		trial.Faults = nil
		trial.Phases = []results.Phase{{Name: results.PhaseWarmup, Start: -10, End: 0}, {Name: results.PhaseSteady, Start: 0, End: float64(to)}}
	}
	run := askRun(trial, asked(slo)...)
	run.Question.Scraped = append([]string{
		"queue", "heap", "go_memstats_heap_alloc_bytes", "jobs_total", "busy_seconds_total", "wait_seconds", "nobody_tells_this", "quue",
	}, metrics...)
	files := map[string][]byte{
		"recording-1.brunt": record(t, frames(func(int) second { return quiet() })),
		"metrics-1.brunt":   scrapes(t, to, nodes),
	}
	return Judgement(run, func(t results.Trial) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files[t.Recording])), nil
	})
}

func TestScraped(t *testing.T) {
	one := func(told scraped) map[string]scraped { return map[string]scraped{"api": told} }
	level := func(v float64) scraped { return func(int) map[string]float64 { return map[string]float64{"queue": v} } }
	between := func(from, to int, v, otherwise float64) scraped {
		return func(s int) map[string]float64 {
			if s >= from && s < to {
				return map[string]float64{"queue": v}
			}
			return map[string]float64{"queue": otherwise}
		}
	}
	jobs := func(s int) map[string]float64 {
		if s >= 40 && s < 60 {
			return map[string]float64{"jobs_total": 5, "busy_seconds_total": 0.9}
		}
		return map[string]float64{"jobs_total": 2, "busy_seconds_total": 0.1}
	}
	gaps := func(share int) scraped {
		return func(s int) map[string]float64 {
			if s%10 < share {
				return nil
			}
			return map[string]float64{"queue": 7}
		}
	}
	tests := []struct {
		name    string
		slo     string
		nodes   map[string]scraped
		outcome results.Outcome
		value   float64
		reason  string
	}{
		{"the largest value", "max(queue) < 20", one(between(50, 51, 30, 7)), results.Fail, 30, ""},
		{"the smallest value", "min(queue) >= 7", one(between(50, 51, 30, 7)), results.Pass, 7, ""},
		{"the average is over time, though a gauge is written only when it changes", "avg(queue) < 20", one(between(0, 60, 10, 20)), results.Pass, 15, ""},
		{"the last value", "value(queue) == 9", one(between(119, 120, 9, 7)), results.Pass, 9, ""},
		{"the warm-up is not covered", "max(queue) < 20", one(between(-10, 0, 30, 7)), results.Pass, 7, ""},
		{"a phase, but for its guards", "max(queue) < 20 in redis-slow", one(between(59, 70, 30, 7)), results.Pass, 7, ""},
		{"a value from before the phase holds on in it", "min(queue in redis-slow) == 7", one(level(7)), results.Pass, 7, ""},
		{"a fifth", "avg(queue in last-fifth) < 1.5 * avg(queue in first-fifth)", one(between(96, 120, 30, 7)), results.Fail, 30, ""},
		{"every window", "avg(queue) < 20 in every 30s", one(between(60, 90, 30, 7)), results.Fail, 30, "the worst of 4 windows is 60s to 90s"},
		{"a counter's rate", "rate(jobs_total) < 4/s in redis-slow", one(jobs), results.Fail, 5, ""},
		{"a counter's increase", "count(jobs_total) <= 300", one(jobs), results.Pass, 300, ""},
		{"a rate of seconds is a share", "rate(busy_seconds_total) < 80% in redis-slow", one(jobs), results.Fail, 0.9, ""},
		{"a rate against the load's", "rate(jobs_total) <= 0.25 * rate(http_reqs) in steady", one(jobs), results.Pass, 2, ""},
		{"seconds are held against milliseconds", "max(wait_seconds) < 300ms", one(func(int) map[string]float64 { return map[string]float64{"wait_seconds": 0.2} }), results.Pass, 200, ""},
		{"seconds as they are", "max(wait_seconds) < 0.3", one(func(int) map[string]float64 { return map[string]float64{"wait_seconds": 0.2} }), results.Pass, 0.2, ""},
		{"a label tells two series apart", "max(queue{label:a}) < 20", one(func(int) map[string]float64 { return map[string]float64{"queue a": 7, "queue b": 30} }), results.Pass, 7, ""},
		{"two series of a gauge are not one", "max(queue) < 20", one(func(int) map[string]float64 { return map[string]float64{"queue a": 7, "queue b": 30} }), results.Inconclusive, none, "queue are 2 series; name one: queue{label:a,node:api}, queue{label:b,node:api}"},
		{"two series of a counter are added up", "rate(jobs_total) == 5/s", one(func(int) map[string]float64 { return map[string]float64{"jobs_total a": 2, "jobs_total b": 3} }), results.Pass, 5, ""},
		{"two nodes are not one", "max(queue) < 20", map[string]scraped{"api": level(7), "worker": level(30)}, results.Inconclusive, none, "queue is told by api and worker; name one: queue{node:api}"},
		{"not for a counter either", "rate(jobs_total) < 20/s", map[string]scraped{"api": jobs, "worker": jobs}, results.Inconclusive, none, "told by api and worker"},
		{"a node is named", "max(queue{node:worker}) < 20", map[string]scraped{"api": level(7), "worker": level(30)}, results.Fail, 30, ""},
		{"nobody tells it", "max(nobody_tells_this) < 20", one(level(7)), results.Inconclusive, none, "no samples of nobody_tells_this: no service told it"},
		{"a slip of the pen", "max(quue) < 20", one(level(7)), results.Inconclusive, none, "did you mean queue?"},
		{"a statistic that a counter does not have", "max(jobs_total) < 20", one(jobs), results.Inconclusive, none, "is a scraped counter and has no max"},
		{"missed scrapes are told", "max(queue) < 20", one(gaps(2)), results.Pass, 7, "24 of 120 scrapes missed"},
		{"too many missed scrapes say nothing", "max(queue) < 20", one(gaps(6)), results.Inconclusive, none, "more scrapes were missed than answered: 72 of 120 scrapes missed"},
		{"a slope", "slope(queue) < 5/min", one(func(s int) map[string]float64 { return map[string]float64{"queue": float64(s) / 6} }), results.Fail, 10, ""},
		{"a slope of what grows ever faster", "slope(queue) <= 0/min", one(func(s int) map[string]float64 { return map[string]float64{"queue": float64(s*s) / 714} }), results.Fail, 10, ""},
		{"a slope of what does not change", "slope(queue) <= 0/min", one(level(7)), results.Pass, 0, ""},
		{"a slope of a counter", "slope(jobs_total) < 200/min in first-fifth", one(func(int) map[string]float64 { return map[string]float64{"jobs_total": 3} }), results.Inconclusive, none, "a slope needs 30 samples, and there are 22"},
		{"after_gc of what tells of no collection", "max(after_gc(queue)) < 20", one(level(7)), results.Inconclusive, none, "api does not tell of garbage collections"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := scrapedRun(t, 120, test.slo, test.nodes)
			if err != nil {
				t.Fatal(err)
			}
			check(t, v, test.outcome, test.value, test.reason)
		})
	}
}

func TestAGaugeThatIsToldNoMoreHasNoValue(t *testing.T) {
	all := []*recording.Frame{}
	for s := range 60 {
		f := &recording.Frame{Start: zero.UnixNano() + int64(s)*1e9, End: zero.UnixNano() + int64(s)*1e9 + 1e6}
		f.Points = append(f.Points, gaugePoint("up", tags{"node": "api"}, 1, 1, 1))
		switch s {
		case 0:
			f.Points = append(f.Points, gaugePoint("queue", tags{"node": "api"}, 7, 7, 7))
		case 10:
			f.Points = append(f.Points, gaugePoint("queue", tags{"node": "api"}, math.NaN(), math.NaN(), math.NaN()))
		case 50:
			f.Points = append(f.Points, gaugePoint("queue", tags{"node": "api"}, 27, 27, 27))
		}
		all = append(all, f)
	}
	trial := completeTrial()
	trial.Metrics = "metrics-1.brunt"
	run := askRun(trial, asked("avg(queue) < 20")...)
	run.Question.Scraped = []string{"queue"}
	files := map[string][]byte{"recording-1.brunt": record(t, frames(func(int) second { return quiet() })), "metrics-1.brunt": record(t, all)}
	v, err := Judgement(run, func(t results.Trial) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files[t.Recording])), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	check(t, v, results.Pass, 17, "") // ten seconds at 7, ten at 27, and nothing in between
}

const mib = 1 << 20

// goHeap is a process of Go: it allocates height in period seconds, then collects, and keeps leak bytes of each second.
func goHeap(period, height, leak float64, live bool) scraped {
	rng := rand.New(rand.NewPCG(1, 2))
	collected := 0.0
	return func(s int) map[string]float64 {
		at := float64(s) + 10
		cycle := math.Floor(at / period)
		kept := 20*mib + leak*at
		told := map[string]float64{
			"go_memstats_heap_alloc_bytes":     kept + height*(at/period-cycle) + 0.1*mib*rng.Float64(),
			"go_memstats_last_gc_time_seconds": 1e9 + cycle*period,
			"go_gc_duration_seconds_count":     cycle - collected,
		}
		collected = cycle
		if live {
			told["go_gc_heap_live_bytes"] = 20*mib + leak*cycle*period
		}
		return told
	}
}

// TestALeakIsToldFromASawtooth judges ten minutes of a process of Go, with and without a leak of 1 MiB/min.
func TestALeakIsToldFromASawtooth(t *testing.T) {
	const leak = 1.0 * mib / 60
	tests := []struct {
		name    string
		slo     string
		heap    scraped
		outcome results.Outcome
		value   float64 // MiB/min
		reason  string
	}{
		{"a sawtooth is no leak", "slope(after_gc(heap)) < 0.5MiB/min", goHeap(7, 30*mib, 0, false), results.Pass, 0, ""},
		{"a slow sawtooth is no leak", "slope(after_gc(heap)) < 0.5MiB/min", goHeap(90, 30*mib, 0, false), results.Pass, 0, ""},
		{"a leak under a sawtooth", "slope(after_gc(heap)) < 0.5MiB/min", goHeap(7, 30*mib, leak, false), results.Fail, 1, ""},
		{"a leak under a slow sawtooth", "slope(after_gc(heap)) < 0.5MiB/min", goHeap(90, 30*mib, leak, false), results.Fail, 1, ""},
		{"a leak by the live heap", "slope(after_gc(heap)) < 0.5MiB/min", goHeap(7, 30*mib, leak, true), results.Fail, 1, "of go_gc_heap_live_bytes"},
		{"by its Prometheus name the heap is what it says", "slope(after_gc(go_memstats_heap_alloc_bytes)) < 0.5MiB/min", goHeap(7, 30*mib, leak, true), results.Fail, 1, ""},
		{"too few collections", "slope(after_gc(heap)) < 0.5MiB/min", goHeap(200, 30*mib, leak, false), results.Inconclusive, none, "it needs 5 garbage collections, ten scrapes from one to the next, and 3 were seen; let the load run longer"},
		{"the heap itself, sawtooth and all, is no leak", "slope(heap) < 0.5MiB/min", goHeap(90, 30*mib, 0, false), results.Inconclusive, 0, "with 95 % confidence it lies between"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := scrapedRun(t, 600, test.slo, map[string]scraped{"api": test.heap})
			if err != nil {
				t.Fatal(err)
			}
			e := v.Evidence[0]
			if e.Outcome != test.outcome || !strings.Contains(e.Reason, test.reason) {
				t.Fatalf("%s (%s), want %s (…%s…)", e.Outcome, e.Reason, test.outcome, test.reason)
			}
			if e.Unit != "B/min" || e.Bound != "< 512KiB/min" {
				t.Errorf("evidence %+v", e)
			}
			if test.value == none {
				return
			}
			if e.Low == nil || e.High == nil {
				t.Fatalf("evidence %+v", e)
			}
			if *e.Low > *e.Value || *e.Value > *e.High {
				t.Errorf("%v is not between %v and %v", *e.Value, *e.Low, *e.High)
			}
			if off := math.Abs(*e.Value/mib - test.value); test.outcome != results.Inconclusive && off > 0.1 {
				t.Errorf("%.3f MiB/min, want %.1f", *e.Value/mib, test.value)
			}
		})
	}
}

// TestASaturatedGeneratorDoesNotExcuseALeak: what the service tells of itself does not depend on when the generator read a clock.
func TestASaturatedGeneratorDoesNotExcuseALeak(t *testing.T) {
	trial := completeTrial()
	trial.Metrics = "metrics-1.brunt"
	trial.Fitness.Fit, trial.Fitness.Saturated = false, true
	run := askRun(trial, asked("max(queue) < 20", "max(latency) < 50ms")...)
	run.Question.Scraped = []string{"queue"}
	files := map[string][]byte{
		"recording-1.brunt": record(t, frames(func(int) second { return quiet() })),
		"metrics-1.brunt":   scrapes(t, 120, map[string]scraped{"api": func(int) map[string]float64 { return map[string]float64{"queue": 30} }}),
	}
	v, err := Judgement(run, func(t results.Trial) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files[t.Recording])), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if v.Evidence[0].Outcome != results.Fail || v.Evidence[1].Outcome != results.Inconclusive {
		t.Errorf("%+v", v.Evidence[:2])
	}
}
