package cli

import (
	"fmt"
	"slices"

	"github.com/devcraft-studio/brunt/results"
)

// resumableError is why a campaign was cut off that can be gone on with.
type resumableError struct {
	run string // its id
	err error
}

func (e *resumableError) Error() string { return e.err.Error() }
func (e *resumableError) Unwrap() error { return e.err }

// resumable refuses to go on with a run that something else was asked of.
func (inv *invocation) resumable(run results.Run) error {
	if inv.options.asker == "limits" {
		if run.Question.Asker != "limits" {
			return usage(fmt.Errorf("--resume %s: it is no search for limits that was begun", run.ID))
		}
		return nil
	}
	if len(run.Trials) == 0 || slices.ContainsFunc(run.Trials, func(t results.Trial) bool { return t.Cell == nil }) {
		return usage(fmt.Errorf("--resume %s: it is no scorecard that was begun", run.ID))
	}
	return nil
}

// buildName tells builds apart for people.
func buildName(b results.Build) string {
	name := orDash(results.ShortSHA(b.SHA))
	if b.Called() != "" {
		name += " (" + b.Called() + ")"
	}
	return name
}

func isCutOff(t results.Trial) bool { return t.Status != results.StatusComplete }

// measuredBy says whether a trial is of the part.
func (p *part) measuredBy(t results.Trial) bool {
	if p.aim == "" {
		return t.Search != nil
	}
	m := t.Probing
	return m != nil && m.Aim == p.aim && m.Kind == p.kind && m.Rate == p.rate && slices.Equal(m.Links, p.links)
}

// goesOn says whether a trial was cut off, or its time was over, before it had found all.
func goesOn(t results.Trial) bool {
	switch {
	case isCutOff(t):
		return true
	case t.Search != nil:
		return t.Search.Ended == results.SearchTime
	}
	return t.Probing != nil && (t.Probing.Ended == results.SearchTime || t.Probing.Ended == "")
}

// unfinished are the parts that the run which goes on has not finished; all of a run that begins. Trials that were cut off, and
// that no part goes on with, are dropped.
func (inv *invocation) unfinished(parts []part) []part {
	inv.run.Trials = slices.DeleteFunc(inv.run.Trials, func(t results.Trial) bool {
		return isCutOff(t) && !slices.ContainsFunc(parts, func(p part) bool { return p.measuredBy(t) })
	})
	return slices.DeleteFunc(parts, func(p part) bool {
		return slices.ContainsFunc(inv.run.Trials, func(t results.Trial) bool { return p.measuredBy(t) && !goesOn(t) })
	})
}

// missing is how many parts have no trial yet.
func (inv *invocation) missing(parts []part) (n int) {
	for _, p := range parts {
		if !slices.ContainsFunc(inv.run.Trials, p.measuredBy) {
			n++
		}
	}
	return n
}

// lastTrial is the highest number of a trial.
func (inv *invocation) lastTrial() (number int) {
	for _, t := range inv.run.Trials {
		number = max(number, t.Number)
	}
	return number
}

// replace keeps a trial in the place of the one that it goes on with; one that came to nothing takes no place.
func (inv *invocation) replace(p *part, trial results.Trial) {
	if p.measuredBy(trial) {
		inv.run.Trials = slices.DeleteFunc(inv.run.Trials, p.measuredBy)
	}
	inv.run.Trials = append(inv.run.Trials, trial)
}

// goOn lets a part begin where the trial before it ended: with the steps that were judged then. A search for the largest rate has
// none, and begins anew.
func (inv *invocation) goOn(p *part, record *results.Probing) {
	i := slices.IndexFunc(inv.run.Trials, p.measuredBy)
	if i < 0 {
		return
	}
	before := inv.run.Trials[i]
	if p.aim == results.AimTolerance {
		for _, t := range inv.run.Verdict.Tolerances {
			if t.Trial == before.Number {
				record.Earlier = append(record.Earlier, t.Steps...)
			}
		}
		return
	}
	record.Earlier = append(record.Earlier, before.Probing.Earlier...)
	for _, s := range before.Probing.Steps {
		record.Earlier = append(record.Earlier, results.FaultOutcome{Link: s.Link, Strength: s.Strength})
	}
	for _, r := range inv.run.Verdict.RoundTrips {
		if r.Trial == before.Number {
			record.EarlierTrips = append(record.EarlierTrips, r)
		}
	}
}
