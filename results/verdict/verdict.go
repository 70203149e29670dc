package verdict

import (
	"fmt"
	"io"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// Judge is the version of the rules.
const Judge = 4

// Opener opens the recording of a trial, the file that its Recording names. It is not asked for trials without one. For the
// recording of the services' metrics it is given the trial with that file's name as its Recording.
type Opener func(trial results.Trial) (io.ReadCloser, error)

// providerNone is that of a bare script, which has no topology.
const providerNone = "none"

// NotRecordedError says that a selector was not asked for when the trial ran, so that nothing can be said about it now.
type NotRecordedError struct {
	Trial    int
	Selector string
}

func (e *NotRecordedError) Error() string {
	return fmt.Sprintf("trial %d did not record %s, so it can't be judged now", e.Trial, e.Selector)
}

// Judgement judges a run by its stored data. It fails when an SLO of the question does not parse, a selector was not
// recorded (*NotRecordedError), or the recording of a complete trial can't be read; everything else that is wrong with a
// run is evidence.
func Judgement(run results.Run, open Opener) (results.Verdict, error) {
	questions, err := parseAll(run.Question.SLOs)
	if err != nil {
		return results.Verdict{}, err
	}
	measurements, err := parseMeasurements(run.Question.Measurements)
	if err != nil {
		return results.Verdict{}, err
	}
	v := results.Verdict{
		Judge: Judge, Evidence: []results.Evidence{}, Phases: []results.PhaseSummary{},
		Comparisons: []results.Comparison{}, Warnings: []string{},
	}
	if run.Question.Calibration != nil && run.Question.Gate != nil {
		return v, judgeCalibration(&v, run, open)
	}
	if run.Question.Asker == results.AskerGate && run.Question.Gate != nil {
		return v, judgeTiming(&v, run, open)
	}
	if run.Question.Asker == results.AskerGate {
		judgeCosts(&v, run)
		v.Outcome = overall(v.Evidence)
		return v, nil
	}
	complete := true
	for _, t := range run.Trials {
		j := &judge{run: run, trial: t, questions: questions, verdict: &v, measurements: measurements}
		if err := j.judge(open); err != nil {
			return results.Verdict{}, fmt.Errorf("trial %d: %w", t.Number, err)
		}
		v.Cells = append(v.Cells, cells(t, v.Evidence)...)
		complete = complete && t.Status == results.StatusComplete
	}
	overTrials(&v, questions)
	coverage(&v, run)
	wholeRun(&v, run, complete)
	v.Outcome = overall(v.Evidence)
	v.Expected = expected(run, v)
	return v, nil
}

// question is an SLO of the run with its parsed form.
type question struct {
	results.SLO
	parsed slo.SLO
}

func parseAll(slos []results.SLO) ([]question, error) {
	var all []question
	for _, s := range slos {
		parse := slo.Parse
		if s.Threshold {
			parse = slo.ParseThresholdText
		}
		parsed, err := parse(s.Text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Origin, err)
		}
		all = append(all, question{s, parsed})
	}
	return all, nil
}

// wholeRun adds the rows that belong to no trial.
func wholeRun(v *results.Verdict, run results.Run, complete bool) {
	row := results.Evidence{What: "run", Outcome: results.Inconclusive}
	switch {
	case len(run.Trials) == 0:
		row.Reason = withReason("no trial was run", run.Reason)
	case complete && run.Status != results.StatusComplete:
		row.Reason = withReason("the run is "+statusName(run.Status), run.Reason)
	case len(run.Question.SLOs) > 0:
		return
	case run.Provider == providerNone:
		v.Warnings = append(v.Warnings, "the script has no thresholds, so all that was judged is whether its load completed without exceptions")
		return
	default:
		row.Reason = "the experiment has no SLO, so there is nothing to judge"
	}
	v.Evidence = append(v.Evidence, row)
}

func overall(rows []results.Evidence) results.Outcome {
	outcome := results.Pass
	for _, r := range rows {
		switch r.Outcome {
		case results.Fail:
			return results.Fail
		case results.Pass:
		default:
			outcome = results.Inconclusive
		}
	}
	return outcome
}

func withReason(text, reason string) string {
	if reason == "" {
		return text
	}
	return text + ": " + reason
}

func statusName(s results.Status) string {
	if s == "" {
		return "of no status"
	}
	return string(s)
}
