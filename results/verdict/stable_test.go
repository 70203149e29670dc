package verdict

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
)

var update = flag.Bool("update", false, "write the golden files")

// eventful is a trial with all that a trial can have.
func eventful(s int) second {
	q := quiet()
	switch {
	case s >= 40 && s < 60:
		q.latency, q.served, q.failed, q.dropped = 250, 8, 2, s%2
	case s == 119:
		q.served, q.interrupted = 8, 2
	}
	q.latency += float64(s%7) * 3.1
	q.points = []recording.Point{
		rate("checks", tags{"scenario": "main", "check": "ok"}, uint64(q.served), uint64(q.served+q.failed)),
		trend("latency", tags{"name": "create", "selector": "1"}, q.latency*1.5),
		gaugePoint("vus", nil, float64(s%5), 0, 5),
		counter("data_sent", nil, 1234.5),
	}
	return q
}

func eventfulRun() results.Run {
	trial := completeTrial()
	trial.Fitness = Fitness(results.Fitness{Cores: 2, Offered: 1202, Served: 1158, Failed: 40, Dropped: 10, Interrupted: 2, LatenessP99: 2},
		FitnessLimits{LatencyBound: 300, DroppedShare: 0.05})
	return askRun(trial, append(asked(
		"p95(latency) < 300ms in steady", "p99(latency) < 300ms", "p95(latency{name:create}) < 600ms in redis-slow",
		"rate(http_req_failed) < 1%", "rate(http_req_failed) < 25% in redis-slow", "rate(http_reqs) > 9/s", "max(latency) < 3 * p50(latency) in recovery",
		"max(vus) <= 5", "rate(checks) > 95%", "rate(data_sent) < 1MiB/s", "count(offered{outcome:dropped}) < 50", "recovery(redis-slow) < 10s",
	), results.SLO{Text: "http_req_duration: p(95)<200", Origin: "threshold", Threshold: true})...)
}

func verdictJSON(t *testing.T, run results.Run, all []*recording.Frame) string {
	t.Helper()
	v, err := Judgement(run, opening(record(t, all)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestVerdictGolden keeps what this version of the judge says of this recording. When the rules change on purpose, Judge
// is raised and the file written anew.
func TestVerdictGolden(t *testing.T) {
	got := verdictJSON(t, eventfulRun(), frames(eventful)) + "\n"
	file := filepath.Join("testdata", "eventful.json")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestTheSameDataGiveTheSameBytes(t *testing.T) {
	all := frames(eventful)
	first := verdictJSON(t, eventfulRun(), all)
	for range 5 {
		if again := verdictJSON(t, eventfulRun(), all); again != first {
			t.Fatal(cmp.Diff(first, again))
		}
	}
}

// TestFramesMayBeCutAnyhow splits every frame into later parts of the same interval, as slow requests do, and shuffles
// their arrival within a few frames.
func TestFramesMayBeCutAnyhow(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	whole := frames(eventful)
	want := verdictJSON(t, eventfulRun(), whole)
	for range 5 {
		var cut []*recording.Frame
		for _, f := range whole {
			cut = append(cut, split(rng, f)...)
		}
		for i := range cut {
			j := min(len(cut)-1, i+rng.IntN(6))
			cut[i], cut[j] = cut[j], cut[i]
		}
		if got := verdictJSON(t, eventfulRun(), cut); got != want {
			t.Fatal(cmp.Diff(want, got))
		}
	}
}

// TestFramesMayBeShorter halves the interval of every frame, with all its points in one of the halves.
func TestFramesMayBeShorter(t *testing.T) {
	whole := frames(eventful)
	var halves []*recording.Frame
	for i, f := range whole {
		middle := f.Start + (f.End-f.Start)/2
		first, last := &recording.Frame{Start: f.Start, End: middle}, &recording.Frame{Start: middle, End: f.End}
		if i%2 == 0 {
			first.Points = f.Points
		} else {
			last.Points = f.Points
		}
		halves = append(halves, first, last)
	}
	if diff := cmp.Diff(verdictJSON(t, eventfulRun(), whole), verdictJSON(t, eventfulRun(), halves)); diff != "" {
		t.Error(diff)
	}
}

// split deals the samples of a frame out to up to three frames of the same interval.
func split(rng *rand.Rand, f *recording.Frame) []*recording.Frame {
	parts := make([]*recording.Frame, 1+rng.IntN(3))
	for i := range parts {
		parts[i] = &recording.Frame{Start: f.Start, End: f.End}
	}
	deal := func(p recording.Point) {
		i := rng.IntN(len(parts))
		parts[i].Points = append(parts[i].Points, p)
	}
	for _, p := range f.Points {
		switch p.Kind {
		case recording.Trend:
			for rank := uint64(1); rank <= p.Trend.Count(); rank++ {
				one := p
				one.Trend = histogram.New()
				one.Trend.Record(p.Trend.Max()) // all samples of a synthetic point are equal
				deal(one)
			}
		case recording.Rate:
			for n := range p.Total {
				one := p
				one.Total, one.Trues = 1, 0
				if n < p.Trues {
					one.Trues = 1
				}
				deal(one)
			}
		case recording.Counter:
			one := p
			one.Sum = p.Sum / 2
			deal(one)
			deal(one)
		default:
			deal(p)
		}
	}
	return parts
}

func TestFramesThatReachIntoAGuardAreLeftOutWhole(t *testing.T) {
	// Frames of one second that begin half a second late: the first and the last in each phase reach into a guard of 1 s.
	var all []*recording.Frame
	for s := 40; s < 60; s++ {
		q := quiet()
		q.latency = 100
		if s == 40 || s == 58 || s == 59 {
			q.latency = 900
		}
		all = append(all, q.frame(float64(s)+0.5, time.Second))
	}
	v, err := Judgement(askRun(completeTrial(), asked("max(latency) < 300ms in redis-slow", "rate(http_reqs) == 10/s in redis-slow")...), opening(record(t, all)))
	if err != nil {
		t.Fatal(err)
	}
	check(t, v, results.Pass, 100, "guards of 1s left out, with 20 samples at 900ms")
}

func TestAShortPhaseHasShortGuards(t *testing.T) {
	trial := completeTrial()
	trial.Phases = []results.Phase{{Name: results.PhaseSteady, Start: 0, End: 4}}
	var all []*recording.Frame
	for i := range 40 {
		q := quiet()
		if i < 4 || i >= 36 {
			q.latency = 900
		}
		all = append(all, q.frame(float64(i)/10, time.Second/10))
	}
	v, err := Judgement(askRun(trial, asked("max(latency) < 300ms in steady")...), opening(record(t, all)))
	if err != nil {
		t.Fatal(err)
	}
	check(t, v, results.Pass, 100, "guards of 400ms left out")

	trial.Phases[0].End = 0.2
	v, err = Judgement(askRun(trial, asked("max(latency) < 300ms in steady")...), opening(record(t, all[:1])))
	if err != nil {
		t.Fatal(err)
	}
	check(t, v, results.Fail, 900, "") // the middle of its only frame lies within the guards
}
