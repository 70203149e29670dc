package verdict

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/slo"
)

// judge judges one trial.
type judge struct {
	run       results.Run
	trial     results.Trial
	questions []question
	verdict   *results.Verdict

	measurements []question // which bind nothing

	unread string // why there is no recording; empty when there is
	torn   bool

	disturbed []*disturbance // worked out when the recording was read
}

func (j *judge) judge(open Opener) error {
	if err := j.checkRecorded(); err != nil {
		return err
	}
	if j.trial.Search != nil {
		if err := j.searched(open); err != nil {
			return err
		}
		j.questions, j.measurements = nil, nil // they were judged step by step
	}
	if j.trial.Probing != nil {
		if err := j.probed(open); err != nil {
			return err
		}
		j.questions, j.measurements = nil, nil
	}
	r := newReader(newTimeline(j.trial, j.run.Question.Guard))
	r.course = newCourse(r.line, j.questions, j.trial)
	r.requests = newRequests()
	var rows []evident
	var thresholds []threshold
	kept := &ledgers{trial: j.trial, line: r.line}
	for _, q := range j.questions {
		switch {
		case q.parsed.Exact():
			rows = append(rows, kept.plan(q))
		case q.Threshold:
			thresholds = append(thresholds, j.planThreshold(r, q))
		case q.parsed.Every > 0:
			rows = append(rows, j.planEvery(r, q))
		default:
			rows = append(rows, j.plan(r, q))
		}
	}
	shown := j.planMeasurements(r, kept)
	summaries := planSummaries(r)
	if err := errors.Join(j.read(open, r.frame), j.readScrapes(open, r), kept.read(open)); err != nil {
		return err
	}
	first := len(j.verdict.Evidence)
	for _, p := range rows {
		e, doubt := p.weighed(j.trial.Number)
		j.add(j.settle(e, p.asked(), doubt))
	}
	for _, t := range thresholds {
		j.add(j.settle(t.evidence(j.trial.Number), t.parsed, ""))
	}
	j.measured(shown)
	if j.trial.Probing == nil { // else faults come and go every few seconds, and nothing recovers between them
		if err := j.phases(r, summaries); err != nil {
			return err
		}
	}
	j.faults()
	j.exceptions()
	j.ending(j.verdict.Evidence[first:])
	j.status()
	j.warnings(j.verdict.Evidence[first:])
	return nil
}

// phases tells of each phase what happened in it.
func (j *judge) phases(r *reader, summaries []summary) error {
	if err := j.resilience(r.course); err != nil {
		return err
	}
	for _, s := range summaries {
		j.verdict.Phases = append(j.verdict.Phases, s.summary(j.trial.Number))
	}
	j.verdict.Uses = append(j.verdict.Uses, j.uses(r)...)
	return nil
}

func (j *judge) add(e results.Evidence) { j.verdict.Evidence = append(j.verdict.Evidence, e) }

// note adds a row about the trial itself.
func (j *judge) note(what string, outcome results.Outcome, reason string) {
	j.add(results.Evidence{What: what, Trial: j.trial.Number, Outcome: outcome, Reason: reason})
}

func (j *judge) warn(text string) {
	j.verdict.Warnings = append(j.verdict.Warnings, fmt.Sprintf("trial %d: %s", j.trial.Number, text))
}

// checkRecorded makes sure that every selector of the question was asked for.
func (j *judge) checkRecorded() error {
	if len(j.trial.Selectors) == 0 {
		return nil
	}
	for _, q := range append(slices.Clone(j.questions), j.measurements...) {
		for _, s := range q.parsed.Selectors() {
			if inBase(s) || j.scraped(s.Metric) {
				continue
			}
			recorded := false
			for _, asked := range j.trial.Selectors {
				recorded = recorded || asked == s.String()
			}
			if !recorded {
				return &NotRecordedError{Trial: j.trial.Number, Selector: s.String()}
			}
		}
	}
	return nil
}

// read reads the recording, if there is one. Of a trial that is not complete it may be missing.
func (j *judge) read(open Opener, frame func(*recording.Frame) error) error {
	if j.trial.Recording == "" {
		j.unread = "nothing was recorded"
		return nil
	}
	src, err := open(j.trial)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && j.trial.Status != results.StatusComplete {
			j.unread = "nothing was recorded"
			return nil
		}
		return fmt.Errorf("open the recording: %w", err)
	}
	defer func() { _ = src.Close() }() // only read from
	j.torn, err = read(src, frame)
	switch {
	case err == nil:
	case j.trial.Status != results.StatusComplete:
		j.torn = true // it never passes; what could be read of it may still fail
	default:
		return fmt.Errorf("read the recording: %w", err)
	}
	return nil
}

// incomplete says what of the trial is missing, or is empty.
func (j *judge) incomplete() string {
	switch {
	case j.trial.Status != results.StatusComplete:
		return withReason("the trial is "+statusName(j.trial.Status), j.trial.Reason)
	case j.unread != "":
		return j.unread
	case j.torn:
		return "the recording is torn"
	}
	return ""
}

// settle weighs what a row says against whether the trial could say it. late is why lateness puts it in doubt, or "".
func (j *judge) settle(e results.Evidence, s slo.SLO, late string) results.Evidence {
	var doubts []string
	if why := j.incomplete(); why != "" {
		aborted := j.trial.Fitness.Aborted != "" && s.Threshold
		if e.Outcome == results.Pass || e.Outcome == results.Fail && lowerBoundOnCount(s) && !aborted {
			doubts = append(doubts, why)
		}
	}
	f := j.trial.Fitness
	if j.run.Question.FitnessBlocks && !f.Fit && !s.Exact() {
		if e.Outcome == results.Pass || e.Outcome == results.Fail && f.Saturated && !j.scraped(s.Metric) {
			doubts = append(doubts, "not fit to measure") // why stands with the fitness, once
		} else if late != "" {
			doubts = append(doubts, late)
		}
	}
	if len(doubts) > 0 {
		doubts = append([]string{"would be " + string(e.Outcome)}, doubts...)
		e.Outcome = results.Inconclusive
		e.Reason = join(append(doubts, e.Reason)...)
	}
	return e
}

// faults adds a row for every fault that was not what it should have been.
func (j *judge) faults() {
	for _, f := range j.trial.Faults {
		reason := ""
		switch {
		case !f.Applied:
			reason = withReason("it was not applied", f.Error)
		case !f.Removed:
			reason = withReason("its removal was not confirmed", f.Error)
		case j.trial.Cell != nil && f.Effect != nil && f.Effect.Idle:
			continue // a scorecard asks how much a node can do without
		case f.Effect != nil && !f.Effect.Seen:
			reason = withReason("the fault did nothing", effectText(*f.Effect))
		default:
			continue
		}
		j.note("fault "+f.Label(), results.Inconclusive, reason)
	}
}

func effectText(e results.Effect) string {
	if e.What == "" {
		return e.Note
	}
	unit := e.Unit
	if unit != slo.UnitTime {
		unit = slo.UnitNone
	}
	text := fmt.Sprintf("%s was %s before and %s during it, in %s",
		e.What, display(e.Before, unit), display(e.During, unit), plural(int64(e.Probes), "probe"))
	return join(text, e.Note)
}

// exceptions fails a script that threw: what its iterations did is then not what the question meant.
func (j *judge) exceptions() {
	if f := j.trial.Fitness; f.Exceptions > 0 {
		j.note("script exceptions", results.Fail, exceptionReason(f))
	}
}

// k6's exit codes that say how a script ended its own load, and those that a judged trial may have besides.
const (
	exitFine       = 0
	exitThresholds = 99
	exitStopped    = 105 // by a signal, as at the planned end
	exitAborted    = 108 // test.abort()
	exitFailed     = 110 // test.fail()
)

// ending adds a row when the script ended the load itself. Thresholds with abortOnFail speak for themselves, unless the
// values at the very end happen to keep them: k6 fails such a run, and so does this.
func (j *judge) ending(rows []results.Evidence) {
	f := j.trial.Fitness
	switch f.ExitCode {
	case exitFine, exitThresholds, exitStopped, exitAborted, exitFailed:
	default:
		j.note("load", results.Inconclusive, fmt.Sprintf("the load generator ended with exit code %d", f.ExitCode))
	}
	by, how := endedByScript(f)
	failed := func(e results.Evidence) bool { return e.Outcome == results.Fail }
	if by == "" || by == abortOnFail && slices.ContainsFunc(rows, failed) {
		return
	}
	j.note(by, results.Fail, how)
}

// abortOnFail is what a threshold has that ends the load.
const abortOnFail = "abortOnFail"

// endedByScript is by what the script ended the load or declared it failed, and how that is told; "" where it did neither.
func endedByScript(f results.Fitness) (by, how string) {
	switch {
	case f.ExitCode == exitAborted:
		return "test.abort()", withReason("the script aborted the load", f.Aborted)
	case f.ExitCode == exitFailed:
		return "test.fail()", withReason("the script declared the run failed", f.Aborted)
	case f.Aborted != "":
		return abortOnFail, "a threshold ended the load early: " + f.Aborted
	}
	return "", ""
}

// status adds a row when the trial is not complete.
func (j *judge) status() {
	if why := j.incomplete(); why != "" {
		j.note("trial", results.Inconclusive, why)
	}
}

func (j *judge) warnings(rows []results.Evidence) {
	if !j.run.Question.FitnessBlocks && !j.trial.Fitness.Fit {
		for _, reason := range j.trial.Fitness.Reasons {
			j.warn(reason)
		}
	}
	failed := slices.ContainsFunc(rows, func(e results.Evidence) bool { return e.Outcome == results.Fail && e.Value != nil })
	if reason := pressed(j.trial.Fitness); reason != "" && failed {
		j.warn(reason)
	}
	for _, l := range j.trial.Links {
		if l.Proxied && l.Connections == 0 && j.trial.Status == results.StatusComplete {
			j.warn("no connection crossed the link " + l.Name + ": a fault on it touched nothing but our own probes")
		}
	}
	if j.torn {
		j.warn("the recording is torn: what follows its last sound frame is lost")
	}
}
