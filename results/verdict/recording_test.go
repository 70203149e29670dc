package verdict

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
)

var zero = time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.UTC)

// second is what was offered in one second of a synthetic trial.
type second struct {
	served, failed, dropped, interrupted int
	latency                              float64 // of each request that ran, in milliseconds
	requests                             int     // per iteration that ran
	points                               []recording.Point
}

// quiet is a second like any other: ten iterations of one request each, served in 100 ms.
func quiet() second { return second{served: 10, latency: 100, requests: 1} }

func point(kind recording.Kind, metric string, tags map[string]string) recording.Point {
	return recording.Point{Key: recording.Key{Metric: metric, Tags: recording.JoinTags(tags)}, Kind: kind}
}

func trend(metric string, tags map[string]string, values ...float64) recording.Point {
	p := point(recording.Trend, metric, tags)
	p.Trend = histogram.New()
	for _, v := range values {
		p.Trend.Record(v)
	}
	return p
}

func counter(metric string, tags map[string]string, sum float64) recording.Point {
	p := point(recording.Counter, metric, tags)
	p.Sum = sum
	return p
}

func rate(metric string, tags map[string]string, trues, total uint64) recording.Point {
	p := point(recording.Rate, metric, tags)
	p.Trues, p.Total = trues, total
	return p
}

func gaugePoint(metric string, tags map[string]string, last, low, high float64) recording.Point {
	p := point(recording.Gauge, metric, tags)
	p.Last, p.Min, p.Max = last, low, high
	return p
}

type tags = map[string]string

// frame is the second as a frame of a recording.
func (s second) frame(at float64, length time.Duration) *recording.Frame {
	start := zero.UnixNano() + int64(at*1e9)
	f := &recording.Frame{Start: start, End: start + int64(length)}
	add := func(p recording.Point) { f.Points = append(f.Points, p) }
	for outcome, n := range map[string]int{"served": s.served, "failed": s.failed, "dropped": s.dropped, "interrupted": s.interrupted} {
		if n > 0 {
			add(counter("offered", tags{"scenario": "main", "outcome": outcome}, float64(n)))
		}
	}
	for outcome, n := range map[string]int{"ok": s.served * s.requests, "failed": s.failed * s.requests} {
		if n == 0 {
			continue
		}
		by := tags{"scenario": "main", "name": "list", "outcome": outcome}
		latency, duration := trend("latency", by), trend("http_req_duration", by)
		latency.Trend.RecordN(s.latency, uint64(n))
		duration.Trend.RecordN(s.latency/2, uint64(n))
		add(latency)
		add(duration)
		add(counter("http_reqs", by, float64(n)))
	}
	if ran := (s.served + s.failed) * s.requests; ran > 0 {
		add(rate("http_req_failed", tags{"scenario": "main", "name": "list"}, uint64(s.failed*s.requests), uint64(ran)))
		add(counter("iterations", tags{"scenario": "main"}, float64(s.served+s.failed)))
	}
	f.Points = append(f.Points, s.points...)
	return f
}

// frames is a trial of 130 s with a warm-up of 10 s, each second as given.
func frames(at func(s int) second) []*recording.Frame {
	var all []*recording.Frame
	for s := -10; s < 120; s++ {
		all = append(all, at(s).frame(float64(s), time.Second))
	}
	return all
}

func record(t testing.TB, all []*recording.Frame) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := recording.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func opening(b []byte) Opener {
	return func(results.Trial) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
}

// completeTrial is a trial with one fault, fit and complete.
func completeTrial() results.Trial {
	return results.Trial{
		Number: 1, Status: results.StatusComplete, Zero: zero, Recording: "recording-1.brunt", OpenModel: true, ConstantRate: true,
		Phases: []results.Phase{
			{Name: results.PhaseWarmup, Start: -10, End: 0},
			{Name: results.PhaseSteady, Start: 0, End: 40},
			{Name: results.PhaseFault, Faults: []string{"redis-slow"}, Start: 40, End: 60},
			{Name: results.PhaseRecovery, Faults: []string{"redis-slow"}, Start: 60, End: 90},
			{Name: results.PhaseSteady, Start: 90, End: 120},
		},
		Faults:  []results.Fault{{Name: "redis-slow", Start: 40, End: 60, Applied: true, Removed: true, Effect: &results.Effect{Seen: true}}},
		Fitness: results.Fitness{Fit: true, Reasons: []string{}, Cores: 2, Offered: 1200, Served: 1200},
	}
}

func askRun(trial results.Trial, slos ...results.SLO) results.Run {
	return results.Run{
		Status: results.StatusComplete, Provider: "local", Trials: []results.Trial{trial},
		Question: results.Question{SLOs: slos, Guard: 1, FitnessBlocks: true},
	}
}

func asked(texts ...string) []results.SLO {
	var all []results.SLO
	for _, text := range texts {
		all = append(all, results.SLO{Text: text, Origin: "experiment.yaml:1"})
	}
	return all
}
