package verdict

import (
	"bytes"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// disturbedTrial lasts so many seconds: a warm-up, and a fault from 40 s to 60 s.
func disturbedTrial(to float64) results.Trial {
	trial := completeTrial()
	trial.Phases = []results.Phase{
		{Name: results.PhaseWarmup, Start: -10, End: 0},
		{Name: results.PhaseSteady, Start: 0, End: 40},
		{Name: results.PhaseFault, Faults: []string{"redis-slow"}, Start: 40, End: 60},
		{Name: results.PhaseRecovery, Faults: []string{"redis-slow"}, Start: 60, End: min(70, to)},
		{Name: results.PhaseSteady, Start: min(70, to), End: to},
	}
	return trial
}

func framesTo(to int, at func(s int) second) []*recording.Frame {
	var all []*recording.Frame
	for s := -10; s < to; s++ {
		all = append(all, at(s).frame(float64(s), time.Second))
	}
	return all
}

func halfFailing(s *second) { s.served, s.failed = 5, 5 }

func broken(s *second) { s.served, s.failed = 0, 10 }

// spell gives other seconds to several parts of a trial.
func spell(change func(*second), edges ...int) func(int) second {
	return func(s int) second {
		q := quiet()
		for i := 0; i < len(edges); i += 2 {
			if s >= edges[i] && s < edges[i+1] {
				change(&q)
			}
		}
		return q
	}
}

func TestRecovery(t *testing.T) {
	tests := []struct {
		name    string
		to      int
		slo     string
		seconds func(int) second
		outcome results.Outcome
		value   float64 // seconds
		low     float64
		reason  string
	}{
		{"what was over with the fault takes no time", 120, "recovery(redis-slow) < 1s", spell(halfFailing, 40, 60), results.Pass, 0, 0, "the first 10 s with a goodput of at least 99% and p95 of at most 120ms, as before"},
		{"a tail of failures is counted in seconds", 120, "recovery(redis-slow) < 10s", spell(halfFailing, 40, 68), results.Pass, 8, 8, ""},
		{"a tail that is longer than the bound fails", 120, "recovery(redis-slow) < 5s", spell(halfFailing, 40, 68), results.Fail, 8, 8, ""},
		{"a tail of slow answers, though none breaks a bound", 120, "recovery(redis-slow) < 10s", spell(slow(150), 40, 68), results.Pass, 8, 8, ""},
		{"answers a little slower than before are as before", 120, "recovery(redis-slow) < 1s", spell(slow(115), 40, 120), results.Pass, 0, 0, ""},
		{"a tenth of what is allowed more than before is as before", 120, "recovery(redis-slow) < 1s\np95(latency) < 600ms", spell(slow(155), 40, 120), results.Pass, 0, 0, "p95 of at most 160ms"},
		{"more than that is not", 120, "recovery(redis-slow) < 1s\np95(latency) < 600ms", spell(slow(170), 40, 68), results.Fail, 8, 8, ""},
		{"p95 within the spread of before is as before", 120, "recovery(redis-slow) < 1s", func(s int) second {
			return spell(slow(190), 30, 36, 60, 90)(s)
		}, results.Pass, 0, 0, "p95 of at most 190"},
		{"a relapse is no part of it", 120, "recovery(redis-slow) < 10s", spell(halfFailing, 40, 64, 90, 95), results.Pass, 4, 4, ""},
		{"a pause shorter than a window is none", 120, "recovery(redis-slow) < 30s", spell(halfFailing, 40, 64, 70, 80), results.Pass, 20, 20, ""},
		{"a single failure among a hundred is within the band", 120, "recovery(redis-slow) < 1s", spell(func(s *second) { s.served, s.failed = 9, 1 }, 61, 62), results.Pass, 0, 0, ""},
		{"what does not end before the run is censored", 120, "recovery(redis-slow) < 60s", spell(halfFailing, 40, 120), results.Inconclusive, none, 50, "> 49s, end of run"},
		{"but longer than the bound is longer", 120, "recovery(redis-slow) < 50s", spell(halfFailing, 40, 120), results.Fail, none, 50, "> 49s, end of run"},
		{"a run that ends with the fault tells nothing", 65, "recovery(redis-slow) < 1s", spell(halfFailing, 40, 65), results.Inconclusive, none, 0, "less than 10 s followed: end of run"},
		{"a target that never comes back", 200, "recovery(redis-slow) < 10s", spell(broken, 40, 200), results.Fail, none, 130, "never: > 129s, end of run"},
		{"what was not served may have been perfect", 120, "recovery(redis-slow) < 4s", spell(func(s *second) { *s = second{dropped: 10} }, 60, 68), results.Inconclusive, 8, 0, "80 iterations that went unserved could decide it: it lies between 0ms and 8s"},
		{"or bad, which holds the bound", 120, "recovery(redis-slow) < 9s", spell(func(s *second) { *s = second{dropped: 10} }, 60, 68), results.Pass, 8, 0, ""},
		{"a fault that never came", 120, "recovery(db-down) < 9s", nil, results.Inconclusive, none, 0, "the fault db-down was never in force"},
		{"the bound can follow another measurement", 120, "recovery(redis-slow) < 50 * p95(latency)", spell(halfFailing, 60, 64), results.Pass, 4, 4, ""},
		{"and be one", 120, "p95(latency) < 0.1 * recovery(redis-slow)", spell(halfFailing, 60, 64), results.Pass, 0.1, 0.1, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.seconds == nil {
				test.seconds = ever(func(*second) {})
			}
			run := askRun(disturbedTrial(float64(test.to)), asked(strings.Split(test.slo, "\n")...)...)
			v, err := Judgement(run, opening(record(t, framesTo(test.to, test.seconds))))
			if err != nil {
				t.Fatal(err)
			}
			if test.value != none {
				test.value *= 1000
			}
			check(t, v, test.outcome, test.value, test.reason)
			if e := v.Evidence[0]; test.low > 0 && *e.Low != 1000*test.low {
				t.Errorf("at least %g ms, want %g s", *e.Low, test.low)
			}
		})
	}
}

func TestRecoveryIsNotDefined(t *testing.T) {
	tests := []struct {
		name   string
		change func(*results.Trial)
		reason string
	}{
		{"where the rate changes", func(t *results.Trial) { t.ConstantRate = false }, "not defined where the offered rate changes"},
		{"where nothing is known of before", func(t *results.Trial) { t.Phases[1].Start, t.Phases[0].End = 33, 33 }, "no steady phase before the fault that has 10 s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			trial := disturbedTrial(120)
			test.change(&trial)
			v, err := Judgement(askRun(trial, asked("recovery(redis-slow) < 10s")...), opening(record(t, framesTo(120, spell(halfFailing, 40, 60)))))
			if err != nil {
				t.Fatal(err)
			}
			check(t, v, results.Inconclusive, none, test.reason)
			if r := v.Resilience[0]; !strings.Contains(r.Note, test.reason) || r.During == nil || *r.During != 0.5 {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestResilience looks at what is told of each fault phase, asked or not.
func TestResilience(t *testing.T) {
	p := func(v float64) *float64 { return &v }
	yes, no := true, false
	tests := []struct {
		name    string
		to      int
		seconds func(int) second
		slo     string
		want    results.Resilience
	}{
		{"a fault that did nothing", 120, ever(func(*second) {}), fair, results.Resilience{
			During: p(1), After: p(1), Depth: p(0), Loss: p(0), Lost: p(0),
			Recovery: results.Recovery{Seconds: p(0), Low: p(0), High: p(0)}, Metastable: &no,
		}},
		{"half of goodput lost, with a tail", 120, spell(halfFailing, 40, 68), fair, results.Resilience{
			During: p(0.5), After: p(1), Depth: p(0.5), Detect: p(1), Loss: p(14), Lost: p(140), Down: 15, // the last window below 0.9 begins 5 s after
			Recovery: results.Recovery{Seconds: p(8), Low: p(8), High: p(8)}, Metastable: &no,
		}},
		{"what shows three seconds later is detected in the fourth", 120, spell(broken, 43, 60), fair, results.Resilience{
			During: p(0.15), After: p(1), Depth: p(1), Detect: p(4), Loss: p(17), Lost: p(170),
			Recovery: results.Recovery{Seconds: p(0), Low: p(0), High: p(0)}, Metastable: &no,
		}},
		{"answers out of bound are no goodput", 120, spell(slow(900), 40, 60), fair, results.Resilience{
			During: p(0), After: p(1), Depth: p(1), Detect: p(1), Loss: p(20), Lost: p(200),
			Recovery: results.Recovery{Seconds: p(0), Low: p(0), High: p(0)}, Metastable: &no,
		}},
		{"without a bound they are, and p95 shows them", 120, spell(slow(900), 40, 60), "rate(http_reqs) > 9/s", results.Resilience{
			During: p(1), After: p(1), Depth: p(0), Detect: p(1), Loss: p(0), Lost: p(0),
			Recovery: results.Recovery{Seconds: p(0), Low: p(0), High: p(0)}, Metastable: &no,
		}},
		{"down to the end, for too short a time to call it metastable", 110, spell(broken, 40, 110), fair, results.Resilience{
			During: p(0), After: p(0), Depth: p(1), Detect: p(1), Loss: p(69), Lost: p(690), Down: 49,
			Recovery: results.Recovery{Low: p(40), Censor: p(39)},
			Note:     "goodput was below 0.9 of what it was for the last 49s that were seen; whether it is metastable shows after 60s: let the load run longer",
		}},
		{"down for a minute and more is metastable", 130, spell(broken, 40, 130), fair, results.Resilience{
			During: p(0), After: p(0), Depth: p(1), Detect: p(1), Loss: p(89), Lost: p(890), Down: 69,
			Recovery: results.Recovery{Low: p(60), Censor: p(59), Never: true}, Metastable: &yes,
			Note: "the fault was gone and the load the same, and goodput stayed below 0.9 of what it was (100%) for 69s, to the end of what was seen",
		}},
		{"also when it comes back at last", 150, spell(broken, 40, 130), fair, results.Resilience{
			During: p(0), After: p(1), Depth: p(1), Detect: p(1), Loss: p(90), Lost: p(900), Down: 78,
			Recovery: results.Recovery{Seconds: p(70), Low: p(70), High: p(70)}, Metastable: &yes,
			Note: "the fault was gone and the load the same, and goodput stayed below 0.9 of what it was (100%) for 78s; then it came back",
		}},
		{"a recovery that may take long is given three times as long", 130, spell(broken, 40, 130), "recovery(redis-slow) < 30s", results.Resilience{
			During: p(0), After: p(0), Depth: p(1), Detect: p(1), Loss: p(89), Lost: p(890), Down: 69,
			Recovery: results.Recovery{Low: p(60), Censor: p(59)},
			Note:     "goodput was below 0.9 of what it was for the last 69s that were seen; whether it is metastable shows after 90s: let the load run longer",
		}},
		{"a little worse for ever is no collapse", 200, spell(func(s *second) { s.served, s.failed = 19, 1 }, 40, 200), fair, results.Resilience{
			During: p(0.95), After: p(0.95), Depth: p(0.05), Detect: p(1), Loss: p(15.9), Lost: p(159), Metastable: &no,
			Recovery: results.Recovery{Low: p(130), Censor: p(129)},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := Judgement(askRun(disturbedTrial(float64(test.to)), asked(test.slo)...), opening(record(t, framesTo(test.to, test.seconds))))
			if err != nil {
				t.Fatal(err)
			}
			want := test.want
			want.Trial, want.Faults, want.Start, want.End, want.Before = 1, []string{"redis-slow"}, 40, 60, p(1)
			near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-6 })
			if diff := cmp.Diff([]results.Resilience{want}, v.Resilience, near); diff != "" {
				t.Error(diff)
			}
			metastable := want.Metastable != nil && *want.Metastable
			if warned := strings.Contains(strings.Join(v.Warnings, "\n"), "metastable after redis-slow"); warned != metastable {
				t.Errorf("warned: %v", v.Warnings)
			}
		})
	}
}

func TestOverlappingFaultsRecoverTogether(t *testing.T) {
	trial := disturbedTrial(120)
	trial.Phases[2].Faults, trial.Phases[3].Faults = []string{"redis-slow", "db-down"}, []string{"redis-slow", "db-down"}
	v, err := Judgement(askRun(trial, asked("recovery(redis-slow) < 10s", "recovery(db-down) < 3s")...), opening(record(t, framesTo(120, spell(halfFailing, 40, 65)))))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := v.Evidence[0], v.Evidence[1]; *a.Value != 5000 || a.Outcome != results.Pass || *b.Value != 5000 || b.Outcome != results.Fail {
		t.Errorf("%+v\n%+v", a, b)
	}
	if len(v.Resilience) != 1 || len(v.Resilience[0].Faults) != 2 {
		t.Errorf("%+v", v.Resilience)
	}
}

// TestWhatOneFaultLeftIsNoMeasureForTheNext: the second fault begins while the target still suffers from the first.
func TestWhatOneFaultLeftIsNoMeasureForTheNext(t *testing.T) {
	trial := disturbedTrial(160)
	trial.Phases[4].End = 100
	trial.Phases = append(trial.Phases,
		results.Phase{Name: results.PhaseFault, Faults: []string{"again"}, Start: 100, End: 110},
		results.Phase{Name: results.PhaseSteady, Start: 110, End: 160})
	v, err := Judgement(askRun(trial, asked("recovery(redis-slow) < 90s", "recovery(again) < 30s")...), opening(record(t, framesTo(160, spell(halfFailing, 40, 120)))))
	if err != nil {
		t.Fatal(err)
	}
	first, second := v.Evidence[0], v.Evidence[1]
	if first.Outcome != results.Inconclusive || !strings.Contains(first.Reason, "> 29s, another fault began") {
		t.Errorf("%+v", first)
	}
	if second.Value == nil || *second.Value != 10_000 {
		t.Errorf("%+v", second)
	}
}

func TestRecoveryOverTrials(t *testing.T) {
	run := askRun(disturbedTrial(120), asked("recovery(redis-slow) < 10s")...)
	var files [][]byte
	for i, tail := range []int{64, 76, 68} {
		trial := disturbedTrial(120)
		trial.Number = i + 1
		run.Trials = append(run.Trials[:i], trial)
		files = append(files, record(t, framesTo(120, spell(halfFailing, 40, tail))))
	}
	v, err := Judgement(run, func(t results.Trial) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files[t.Number-1])), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	e := v.Evidence[len(v.Evidence)-1]
	if e.Trial != 0 || *e.Value != 8000 || e.Outcome != results.Fail || e.Reason != "the median of 3 trials; the longest is 16s, in trial 2" {
		t.Errorf("%+v", e)
	}
	eight, sixteen := 8.0, 16.0
	want := []results.Recoveries{{Faults: []string{"redis-slow"}, Trials: 3, Median: &eight, Longest: &sixteen, Of: 2}}
	if diff := cmp.Diff(want, v.Recoveries); diff != "" {
		t.Error(diff)
	}
}

func TestGoodputOfPhases(t *testing.T) {
	seconds := func(s int) second {
		switch {
		case s >= 40 && s < 60:
			return second{served: 6, failed: 2, dropped: 1, interrupted: 1, latency: 100, requests: 3}
		case s >= 60 && s < 70:
			return second{served: 10, latency: 301, requests: 1}
		}
		return quiet()
	}
	v, err := Judgement(askRun(disturbedTrial(120), asked("p95(latency) < 300ms", "p50(latency) < 10ms", "p95(latency) < 5ms in redis-slow", "p99(latency) < 2s")...),
		opening(record(t, framesTo(120, seconds))))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, p := range v.Phases {
		got[p.Phase] = *p.Goodput
	}
	if diff := cmp.Diff(map[string]float64{"warmup": 1, "steady": 1, "redis-slow": 0.6, "recovery": 0}, got); diff != "" {
		t.Error(diff)
	}
}

func TestDrain(t *testing.T) {
	queue := func(busy func(s int) float64) map[string]scraped {
		return map[string]scraped{"api": func(s int) map[string]float64 {
			if v := busy(s); !math.IsNaN(v) {
				return map[string]float64{"queue": v}
			}
			return nil
		}}
	}
	after := func(last int) func(int) float64 {
		return func(s int) float64 {
			if s >= 40 && s < last {
				return 500
			}
			return float64(s % 3)
		}
	}
	tests := []struct {
		name    string
		slo     string
		queue   func(int) float64
		outcome results.Outcome
		value   float64 // seconds
		reason  string
	}{
		{"a queue that runs empty in time", "drain(queue) < 10s", after(67), results.Pass, 7.5, "after redis-slow it was at 1, and at most 2 before"},
		{"one that does not", "drain(queue) < 5s", after(67), results.Fail, 7.5, ""},
		{"one that is empty between two scrapes", "drain(queue) < 7s", after(67), results.Inconclusive, 7.5, "between two scrapes, 6.5s and 7.5s after the fault"},
		{"one that never filled", "drain(queue) < 1s", after(0), results.Pass, 0, ""},
		{"one that is full to the end, for longer than the bound", "drain(queue) < 30s in redis-slow", after(200), results.Fail, none, "> 58.5s, end of what was seen"},
		{"one that is full to the end, but not for so long", "drain(queue) < 2m", after(200), results.Inconclusive, none, "> 58.5s, end of what was seen"},
		{"missed scrapes widen what is known", "drain(queue) < 9s", func(s int) float64 {
			if s >= 64 && s < 70 {
				return math.NaN()
			}
			return after(67)(s)
		}, results.Inconclusive, 10.5, "6 of"},
		{"a fault that never came", "drain(queue) < 9s in db-down", after(67), results.Inconclusive, none, "the fault db-down was never in force"},
		{"a gauge that nobody tells", "drain(nobody_tells_this) < 9s", after(67), results.Inconclusive, none, "no service told it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := scrapedRun(t, 120, test.slo, queue(test.queue))
			if err != nil {
				t.Fatal(err)
			}
			e := v.Evidence[0]
			if e.Outcome != test.outcome || !strings.Contains(e.Reason, test.reason) {
				t.Errorf("%s: %s", e.Outcome, e.Reason)
			}
			switch {
			case (e.Value == nil) != (test.value == none):
				t.Errorf("value %v", e.Value)
			case e.Value != nil && math.Abs(*e.Value-1000*test.value) > 2:
				t.Errorf("%g ms, want %g s", *e.Value, test.value)
			}
		})
	}
}
