package verdict

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

// fair is an SLO that a quiet trial keeps, foul one that it breaks.
const (
	fair = "p95(latency) < 300ms"
	foul = "p95(latency) < 3ms"
)

func TestRules(t *testing.T) {
	unfit := func(saturated bool) func(*results.Run) {
		return func(r *results.Run) {
			f := &r.Trials[0].Fitness
			f.Fit, f.Saturated, f.Reasons = false, saturated, []string{"too little of something; add some"}
		}
	}
	both := func(a, b func(*results.Run)) func(*results.Run) { return func(r *results.Run) { a(r); b(r) } }
	fault := func(change func(*results.Fault)) func(*results.Run) {
		return func(r *results.Run) { change(&r.Trials[0].Faults[0]) }
	}
	fitness := func(change func(*results.Fitness)) func(*results.Run) {
		return func(r *results.Run) { change(&r.Trials[0].Fitness) }
	}
	bare := func(r *results.Run) { r.Provider, r.Question.FitnessBlocks = "none", false }
	threshold := func(text string) func(*results.Run) {
		return func(r *results.Run) {
			r.Question.SLOs = []results.SLO{{Text: text, Origin: "threshold", Threshold: true}}
		}
	}
	tests := []struct {
		name    string
		slo     string
		change  func(*results.Run)
		outcome results.Outcome
		says    string // in a reason
		warns   string
	}{
		{"a run that keeps its SLOs passes", fair, func(*results.Run) {}, results.Pass, "", ""},
		{"a run that breaks one fails", foul, func(*results.Run) {}, results.Fail, "", ""},

		{"an unfit generator rules out a pass", fair, unfit(false), results.Inconclusive, "would be pass; not fit to measure", ""},
		{"an unfit generator does not shield a target that collapsed", foul, unfit(false), results.Fail, "", ""},
		{"a saturated generator rules out a fail", foul, unfit(true), results.Inconclusive, "would be fail; not fit to measure", ""},
		{"a saturated generator rules out a pass", fair, unfit(true), results.Inconclusive, "would be pass", ""},
		{"fitness is a warning where it does not block", fair, both(bare, unfit(true)), results.Pass, "", "trial 1: too little of something"},
		{"fitness that was not judged rules out a pass", fair, fitness(func(f *results.Fitness) { *f = results.Fitness{} }), results.Inconclusive, "not fit to measure", ""},

		{"a fault that was not applied rules out a pass", fair, fault(func(f *results.Fault) { f.Applied, f.Error = false, "no such link" }), results.Inconclusive, "it was not applied: no such link", ""},
		{"a fault that was not removed rules out a pass", fair, fault(func(f *results.Fault) { f.Removed = false }), results.Inconclusive, "its removal was not confirmed", ""},
		{"a fault without effect rules out a pass", fair, fault(func(f *results.Fault) {
			f.Effect = &results.Effect{What: "round trip", Unit: "ms", Before: 0.2, During: 0.3, Probes: 40}
		}), results.Inconclusive, "the fault did nothing: round trip was 0.2ms before and 0.3ms during it, in 40 probes", ""},
		{"a fault that nobody probed is believed", fair, fault(func(f *results.Fault) { f.Effect = nil }), results.Pass, "", ""},
		{"a fault without effect does not undo a fail", foul, fault(func(f *results.Fault) { f.Effect.Seen = false }), results.Fail, "", ""},

		{"a script that throws fails", fair, fitness(func(f *results.Fitness) { f.Exceptions, f.FirstException = 2, "TypeError: x" }), results.Fail, "the script threw 2 exceptions: TypeError: x", ""},
		{"a bare script that throws fails", fair, both(bare, fitness(func(f *results.Fitness) { f.Exceptions = 1 })), results.Fail, "the script threw 1 exception", ""},
		{"a script that throws fails on a saturated machine too", fair, both(unfit(true), fitness(func(f *results.Fitness) { f.Exceptions = 1 })), results.Fail, "threw", ""},
		{"test.abort() fails", fair, fitness(func(f *results.Fitness) { f.ExitCode, f.Aborted = 108, "enough" }), results.Fail, "the script aborted the load: enough", ""},
		{"test.fail() fails", fair, fitness(func(f *results.Fitness) { f.ExitCode = 110 }), results.Fail, "declared the run failed", ""},
		{"a threshold that aborted the load speaks for itself", "", both(threshold("http_req_duration: p(95)<3"), fitness(func(f *results.Fitness) { f.ExitCode, f.Aborted = 99, "p(95)<3" })), results.Fail, "", ""},
		{"a threshold that aborted the load fails though its value recovered", "", both(threshold("http_req_duration: p(95)<300"), fitness(func(f *results.Fitness) { f.ExitCode, f.Aborted = 99, "p(95)<300" })), results.Fail, "a threshold ended the load early: p(95)<300", ""},
		{"a generator that died rules out a pass", fair, fitness(func(f *results.Fitness) { f.ExitCode = 109 }), results.Inconclusive, "ended with exit code 109", ""},
		{"a generator that was stopped on time is fine", fair, fitness(func(f *results.Fitness) { f.ExitCode = 105 }), results.Pass, "", ""},

		{"an aborted trial never passes", fair, func(r *results.Run) { r.Trials[0].Status, r.Trials[0].Reason = results.StatusAborted, "interrupted" }, results.Inconclusive, "would be pass; the trial is aborted: interrupted", ""},
		{"an aborted trial can fail by what it measured", foul, func(r *results.Run) { r.Trials[0].Status = results.StatusAborted }, results.Fail, "", ""},
		{"an aborted trial does not fail by what it had no time for", "count(http_reqs) > 5000", func(r *results.Run) { r.Trials[0].Status = results.StatusAborted }, results.Inconclusive, "would be fail; the trial is aborted", ""},
		{"a complete trial fails by it", "count(http_reqs) > 5000", func(*results.Run) {}, results.Fail, "", ""},
		{"a trial without status never passes", fair, func(r *results.Run) { r.Trials[0].Status = "" }, results.Inconclusive, "of no status", ""},
		{"a trial without load is inconclusive", fair, func(r *results.Run) { r.Trials[0].Status, r.Trials[0].Recording = results.StatusBroken, "" }, results.Inconclusive, "the trial is broken", ""},
		{"a run with further trials planned never passes", fair, func(r *results.Run) { r.Status, r.Reason = results.StatusBroken, "further trials were planned" }, results.Inconclusive, "the run is broken: further trials were planned", ""},
		{"a run without trials is inconclusive", fair, func(r *results.Run) { r.Trials, r.Reason = nil, "no engine" }, results.Inconclusive, "no trial was run: no engine", ""},

		{"an experiment without SLOs is inconclusive", fair, func(r *results.Run) { r.Question.SLOs = nil }, results.Inconclusive, "no SLO", ""},
		{"a bare script without thresholds passes with a warning", fair, both(bare, func(r *results.Run) { r.Question.SLOs = nil }), results.Pass, "", "the script has no thresholds"},
		{"a bare script without thresholds that throws fails", fair, both(bare, func(r *results.Run) { r.Question.SLOs = nil; r.Trials[0].Fitness.Exceptions = 1 }), results.Fail, "threw", "no thresholds"},
		{"a bare script without thresholds that was cut off is inconclusive", fair, both(bare, func(r *results.Run) { r.Question.SLOs = nil; r.Trials[0].Status = results.StatusAborted }), results.Inconclusive, "the trial is aborted", "no thresholds"},

		{"one fail among passes fails", fair, func(r *results.Run) { r.Question.SLOs = asked(fair, foul, fair) }, results.Fail, "", ""},
		{"one doubt among passes is a doubt", fair, func(r *results.Run) { r.Question.SLOs = asked(fair, "count(never) > 1") }, results.Inconclusive, "no samples of never", ""},
		{"a fail among doubts fails", fair, func(r *results.Run) { r.Question.SLOs = asked("count(never) > 1", foul) }, results.Fail, "", ""},
		{"every trial must pass", fair, func(r *results.Run) {
			another := completeTrial()
			another.Number, another.Status = 2, results.StatusBroken
			r.Trials = append(r.Trials, another)
		}, results.Inconclusive, "the trial is broken", ""},
	}
	recorded := opening(record(t, frames(func(int) second { return quiet() })))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			run := askRun(completeTrial(), asked(test.slo)...)
			test.change(&run)
			v, err := Judgement(run, recorded)
			if err != nil {
				t.Fatal(err)
			}
			var reasons []string
			for _, e := range v.Evidence {
				reasons = append(reasons, e.What+": "+string(e.Outcome)+": "+e.Reason)
			}
			if said := strings.Join(reasons, "\n"); v.Outcome != test.outcome || !strings.Contains(said, test.says) {
				t.Errorf("%s, want %s and …%s…:\n%s", v.Outcome, test.outcome, test.says, said)
			}
			if warned := strings.Join(v.Warnings, "\n"); !strings.Contains(warned, test.warns) || test.warns == "" && warned != "" {
				t.Errorf("warnings %q, want …%s…", warned, test.warns)
			}
		})
	}
}

func TestEvidenceIsGivenForEachTrial(t *testing.T) {
	run := askRun(completeTrial(), asked(fair)...)
	another := completeTrial()
	another.Number = 2
	run.Trials = append(run.Trials, another)
	calm := record(t, frames(func(int) second { return quiet() }))
	late := record(t, frames(ever(slow(900))))
	v, err := Judgement(run, func(tr results.Trial) (io.ReadCloser, error) {
		if tr.Number == 2 {
			return opening(late)(tr)
		}
		return opening(calm)(tr)
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[int]results.Outcome{}
	for _, e := range v.Evidence {
		got[e.Trial] = e.Outcome
	}
	if diff := cmp.Diff(map[int]results.Outcome{1: results.Pass, 2: results.Fail}, got); diff != "" || v.Outcome != results.Fail {
		t.Errorf("%s: %s", v.Outcome, diff)
	}
}

func TestWhatCanNotBeJudgedIsAnError(t *testing.T) {
	quietRecording := record(t, frames(func(int) second { return quiet() }))
	missing := func(results.Trial) (io.ReadCloser, error) { return nil, fs.ErrNotExist }
	t.Run("a selector that was not asked for", func(t *testing.T) {
		run := askRun(completeTrial(), asked("p95(latency{name:create}) < 3ms")...)
		run.Trials[0].Selectors = []string{"latency{name:list}"}
		_, err := Judgement(run, opening(quietRecording))
		var not *NotRecordedError
		if !errors.As(err, &not) || not.Selector != "latency{name:create}" {
			t.Errorf("got %v", err)
		}
		run.Trials[0].Selectors = []string{"latency{name:create}"}
		if v, err := Judgement(run, opening(quietRecording)); err != nil || v.Outcome != results.Inconclusive {
			t.Errorf("asked for, without samples: %v, %v", v.Outcome, err)
		}
	})
	t.Run("an SLO that does not parse", func(t *testing.T) {
		if _, err := Judgement(askRun(completeTrial(), asked("p95(latency")...), opening(quietRecording)); err == nil {
			t.Error("no error")
		}
	})
	t.Run("a complete trial without its recording", func(t *testing.T) {
		if _, err := Judgement(askRun(completeTrial(), asked(fair)...), missing); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("but a broken trial without one is evidence", func(t *testing.T) {
		run := askRun(completeTrial(), asked(fair)...)
		run.Trials[0].Status = results.StatusBroken
		if v, err := Judgement(run, missing); err != nil || v.Outcome != results.Inconclusive {
			t.Errorf("%v, %v", v.Outcome, err)
		}
	})
	t.Run("a corrupt recording", func(t *testing.T) {
		bad := append([]byte(nil), quietRecording...)
		bad[len(bad)/2] ^= 0xff
		if _, err := Judgement(askRun(completeTrial(), asked(fair)...), opening(bad)); err == nil {
			t.Error("no error")
		}
		run := askRun(completeTrial(), asked(fair)...)
		run.Trials[0].Status = results.StatusBroken
		if v, err := Judgement(run, opening(bad)); err != nil || v.Outcome != results.Inconclusive {
			t.Errorf("of a broken trial: %v, %v", v.Outcome, err)
		}
	})
	t.Run("but a torn one is evidence, and no pass", func(t *testing.T) {
		v, err := Judgement(askRun(completeTrial(), asked(fair)...), opening(quietRecording[:len(quietRecording)-7]))
		if err != nil || v.Outcome != results.Inconclusive || len(v.Warnings) != 1 {
			t.Errorf("%v, %v, %v", v.Outcome, v.Warnings, err)
		}
	})
}
