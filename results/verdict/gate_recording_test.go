package verdict

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// pairRun is a run of a timing gate with one pair: 2 s of warm-up, and 6 s of which the first and the last are guard.
func pairRun(change func(baseline, candidate *results.Trial)) results.Run {
	phases := []results.Phase{{Name: results.PhaseWarmup, Start: -2}, {Name: results.PhaseSteady, End: 10}}
	trial := func(build int, side results.Side) results.Trial {
		return results.Trial{
			Number: build + 1, Build: build, Pair: 1, PairFirst: results.SideCandidate, PairSeconds: 12, Status: results.StatusComplete, Zero: zero,
			Phases: phases, Recording: "recording-1.brunt", Tagged: side, OpenModel: true, Fitness: results.Fitness{Due: 40, Offered: 40, Fit: true},
		}
	}
	baseline, candidate := trial(0, results.SideBaseline), trial(1, results.SideCandidate)
	if change != nil {
		change(&baseline, &candidate)
	}
	return results.Run{Question: results.Question{Asker: results.AskerGate, Guard: 1, Gate: &results.Gate{}}, Trials: []results.Trial{baseline, candidate}}
}

// offeredTo is what one build was offered in a second: n iterations of one request each, and that many that were dropped.
func offeredTo(build string, n, dropped int, ms float64) []recording.Point {
	by := func(more tags) tags {
		all := tags{"scenario": "main"}
		if build != "" {
			all["build"] = build
		}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	var values []float64
	for range n {
		values = append(values, ms)
	}
	return []recording.Point{
		trend("latency", by(tags{"name": "list", "outcome": "ok"}), values...),
		trend("lateness", by(nil), values...),
		trend("latency", tags{"selector": "1", "build": "candidate"}, values...),
		counter("offered", by(tags{"outcome": "served"}), float64(n)),
		counter("offered", by(tags{"outcome": "dropped"}), float64(dropped)),
		counter("http_reqs", by(tags{"name": "list", "outcome": "ok"}), float64(n)),
	}
}

func framesOf(from, to int, at func(s int) []recording.Point) []*recording.Frame {
	var all []*recording.Frame
	for s := from; s < to; s++ {
		start := zero.UnixNano() + int64(s)*int64(time.Second)
		all = append(all, &recording.Frame{Start: start, End: start + int64(time.Second), Points: at(s)})
	}
	return all
}

// inEach is what stands in the windows of a side: how many there are, and of the first its median and counts.
type inEach struct {
	Windows          int
	Phase            string
	Median           float64
	Offered, Dropped int64
	Lateness         uint64
	All              int64
}

func sideOf(s GateSide) inEach {
	e := inEach{Windows: len(s.Windows), All: s.Fitness.Offered}
	if s.Lateness != nil {
		e.Lateness = s.Lateness.Count()
	}
	if len(s.Windows) > 0 {
		w := s.Windows[0]
		e.Phase, e.Offered, e.Dropped = w.Phase, w.Offered, w.Dropped
		if w.Latency != nil {
			e.Median = w.Latency.Quantile(0.5)
		}
	}
	return e
}

func near(t *testing.T, got, want inEach) {
	t.Helper()
	if d := got.Median/want.Median - 1; d < -0.002 || d > 0.002 {
		t.Errorf("the median is %v, want %v", got.Median, want.Median)
	}
	got.Median = want.Median
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAPairIsReadFromTheRecordingOfBothBuilds(t *testing.T) {
	b := record(t, framesOf(-2, 11, func(s int) []recording.Point { // the last is beyond the end, and counts as offered alone
		return append(offeredTo("baseline", 2, 0, 10), offeredTo("candidate", 2, 1, 20)...)
	}))
	pairs, doubts, err := GatePairs(pairRun(nil), opening(b))
	if err != nil || len(doubts) > 0 || len(pairs) != 1 {
		t.Fatalf("%d pairs, doubts %q, %v", len(pairs), doubts, err)
	}
	p := pairs[0]
	if p.Number != 1 || p.First != results.SideCandidate || p.Seconds != 12 {
		t.Errorf("the pair is %+v", p)
	}
	near(t, sideOf(p.Baseline), inEach{Windows: 8, Phase: "steady", Median: 10, Offered: 2, Lateness: 16, All: 22})
	near(t, sideOf(p.Candidate), inEach{Windows: 8, Phase: "steady", Median: 20, Offered: 3, Dropped: 1, Lateness: 16, All: 33})
	if p.Baseline.Fitness.Due != 20 {
		t.Errorf("%d were due to the baseline", p.Baseline.Fitness.Due)
	}
}

// TestAnIterationThatHangsHasFailed, though it was still under way when the load ended; and a load on k6's own executors is closed.
func TestAnIterationThatHangsHasFailed(t *testing.T) {
	b := record(t, framesOf(-2, 11, func(s int) []recording.Point {
		hung := counter("offered", tags{"scenario": "main", "build": "candidate", "outcome": "interrupted"}, 1)
		return append(append(offeredTo("baseline", 2, 0, 10), offeredTo("candidate", 2, 0, 20)...), hung)
	}))
	for _, open := range []bool{true, false} {
		pairs, _, err := GatePairs(pairRun(func(b, c *results.Trial) { b.OpenModel, c.OpenModel = open, open }), opening(b))
		if err != nil || len(pairs) != 1 {
			t.Fatalf("%d pairs, %v", len(pairs), err)
		}
		p := pairs[0]
		if w := p.Candidate.Windows[0]; w.Offered != 3 || w.Served != 2 || w.Failed != 1 || p.Baseline.Windows[0].Failed != 0 {
			t.Errorf("%+v", w)
		}
		if f := p.Candidate.Fitness; f.Offered != f.Served+f.Failed+f.Dropped+f.Interrupted {
			t.Errorf("%+v", f)
		}
		if p.Baseline.Closed == open || p.Candidate.Closed == open {
			t.Errorf("of an open load %v: %v, %v", open, p.Baseline.Closed, p.Candidate.Closed)
		}
	}
}

// TestWholeTrialsOfAPairAreReadSecondBySecond: each has a recording of its own, and a fault that began at another moment.
func TestWholeTrialsOfAPairAreReadSecondBySecond(t *testing.T) {
	kept := map[string][]byte{
		"one": record(t, framesOf(-2, 40, func(int) []recording.Point { return offeredTo("", 2, 0, 10) })),
		"two": record(t, framesOf(-2, 40, func(int) []recording.Point { return offeredTo("", 2, 0, 30) })),
	}
	phases := func(fault float64) []results.Phase {
		return []results.Phase{
			{Name: results.PhaseWarmup, Start: -2}, {Name: results.PhaseSteady, End: fault}, {Name: results.PhaseFault, Faults: []string{"slow"}, Start: fault, End: 40},
		}
	}
	run := pairRun(func(baseline, candidate *results.Trial) {
		baseline.Recording, candidate.Recording, baseline.Tagged, candidate.Tagged = "one", "two", "", ""
		baseline.Phases, candidate.Phases = phases(15), phases(16.5)
	})
	pairs, _, err := GatePairs(run, func(t results.Trial) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(kept[t.Recording])), nil
	})
	if err != nil || len(pairs) != 1 {
		t.Fatalf("%d pairs, %v", len(pairs), err)
	}
	p := pairs[0]
	count := map[string]int{}
	for i, w := range p.Baseline.Windows {
		count[w.Phase]++
		if w.Phase != p.Candidate.Windows[i].Phase {
			t.Errorf("window %d is of %s and of %s", i, w.Phase, p.Candidate.Windows[i].Phase)
		}
	}
	// Seconds 1 to 13 of the first phase, and 18 to 38 of the other: all that neither trial has in a guard.
	if diff := cmp.Diff(map[string]int{"steady": 13, "fault slow": 21}, count); diff != "" {
		t.Error(diff)
	}
	near(t, sideOf(p.Candidate), inEach{Windows: 34, Phase: "steady", Median: 30, Offered: 2, Lateness: 68, All: 40})
}

func TestAPairThatIsNotWholeIsNone(t *testing.T) {
	b := record(t, framesOf(-2, 10, func(int) []recording.Point { return offeredTo("baseline", 2, 0, 10) }))
	for _, row := range []struct {
		name   string
		change func(baseline, candidate *results.Trial)
		bytes  []byte
		doubt  string
	}{
		{"a trial is aborted", func(_, c *results.Trial) { c.Status = results.StatusAborted }, b, ""},
		{"a trial is of no pair", func(_, c *results.Trial) { c.Pair = 0 }, b, ""},
		{"both are of one build", func(_, c *results.Trial) { c.Build = 0 }, b, ""},
		{"the recording is torn", nil, b[:len(b)-3], "pair 1: its recording is torn"},
	} {
		t.Run(row.name, func(t *testing.T) {
			pairs, doubts, err := GatePairs(pairRun(row.change), opening(row.bytes))
			if err != nil || len(pairs) > 0 || !strings.Contains(strings.Join(doubts, ""), row.doubt) {
				t.Errorf("%d pairs, doubts %q, %v", len(pairs), doubts, err)
			}
		})
	}
}

// TestAPairWhoseBuildsDidNotBearTheSameDoesNotCount, whichever build it is.
func TestAPairWhoseBuildsDidNotBearTheSameDoesNotCount(t *testing.T) {
	b := record(t, framesOf(-2, 10, func(int) []recording.Point {
		return append(offeredTo("baseline", 20, 0, 10), offeredTo("candidate", 20, 0, 10)...)
	}))
	for _, row := range []struct {
		name   string
		faults [2]results.Fault
		want   string
	}{
		{"both bore it", [2]results.Fault{{Name: "slow", Applied: true, Removed: true}, {Name: "slow", Applied: true, Removed: true}}, ""},
		{"the baseline was spared", [2]results.Fault{{Name: "slow"}, {Name: "slow", Applied: true, Removed: true}}, "in one of its trials the fault slow was not applied"},
		{"the candidate was spared", [2]results.Fault{{Name: "slow", Applied: true, Removed: true}, {Name: "slow"}}, "in one of its trials the fault slow was not applied"},
		{"it did nothing to one", [2]results.Fault{{Name: "slow", Applied: true, Removed: true}, {Name: "slow", Applied: true, Removed: true, Effect: &results.Effect{Note: "no probe"}}},
			"in one of its trials the fault slow did nothing: no probe"},
	} {
		t.Run(row.name, func(t *testing.T) {
			run := pairRun(func(baseline, candidate *results.Trial) {
				baseline.Faults, candidate.Faults = row.faults[:1], row.faults[1:]
				baseline.Fitness, candidate.Fitness = results.Fitness{}, results.Fitness{}
			})
			v, err := Judgement(run, opening(b))
			if err != nil || v.Gate == nil || len(v.Gate.Readings) != 1 {
				t.Fatalf("%+v, %v", v.Gate, err)
			}
			unfit := strings.Join(v.Gate.Readings[0].Unfit, "; ")
			if !strings.Contains(unfit, row.want) || row.want == "" && strings.Contains(unfit, "fault") {
				t.Errorf("it does not count because %q", unfit)
			}
		})
	}
}
