package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
)

// answer is the run in one sentence: the status where measuring did not work, the verdict where it did.
func answer(run results.Run) Answer {
	a := Answer{Subject: subject(run), Outcome: run.Verdict.Outcome}
	word, text := judgement(run)
	switch run.Status {
	case results.StatusComplete:
		a.Word, a.Text = word, text
		return a
	case results.StatusAborted:
		a.Word = "ABORTED"
	default:
		a.Word = "BROKEN"
	}
	a.Outcome = results.Inconclusive
	a.Text = orElse(run.Reason, "no reason was recorded")
	if judgedSomething(run.Verdict) {
		a.Text += " (what was measured until then: " + word + ", " + text + ")"
	}
	return a
}

// subject names the experiment and the build that is judged, of a gate also the one that it is held against.
func subject(run results.Run) string {
	text := orElse(run.Experiment, "run "+run.ID)
	if len(run.Builds) == 0 {
		return text
	}
	b := run.Builds[len(run.Builds)-1]
	if b.Called() != "" {
		text += " (" + b.Called() + ")"
	}
	if b.SHA != "" {
		text += " @ " + shortCommit(b)
	}
	if run.Question.Asker == results.AskerGate && len(run.Builds) == 2 {
		if against := heldAgainst(run.Builds[0], b); against != "" {
			text += " against " + against
		}
	}
	return text
}

// heldAgainst names the baseline of a gate by what tells it from the candidate; "" where nothing is known of it.
func heldAgainst(baseline, candidate results.Build) string {
	var parts []string
	if called := baseline.Called(); called != "" && called != candidate.Called() {
		parts = append(parts, called)
	}
	switch {
	case baseline.SHA != "" && (baseline.SHA != candidate.SHA || baseline.Dirty != candidate.Dirty || len(parts) == 0):
		parts = append(parts, shortCommit(baseline))
	case baseline.SHA == "" && baseline.ImageDigest != "":
		parts = append(parts, baseline.ImageDigest)
	}
	return strings.Join(parts, " @ ")
}

// shortCommit is the commit of a build for people.
func shortCommit(b results.Build) string {
	text := results.ShortSHA(b.SHA)
	if b.Dirty {
		text += "+dirty"
	}
	return text
}

// judgement is the verdict's word and what it rests on.
func judgement(run results.Run) (word, text string) {
	v := run.Verdict
	found := findings(run)
	switch {
	case v.Outcome == results.Pass:
		return "PASS", orElse(found, allHold(run))
	case v.Outcome == results.Fail:
		return "FAIL", orElse(found, firstOf(v.Evidence, results.Fail, otherReason(run)))
	case v.Outcome == results.Inconclusive && found != "":
		return "INCONCLUSIVE", found
	case v.Outcome == results.Inconclusive:
		if why := unfit(run); why != "" {
			return "INCONCLUSIVE", "not fit to measure: " + why
		}
		return "INCONCLUSIVE", firstOf(v.Evidence, results.Inconclusive, otherReason(run))
	}
	return "NOT JUDGED", otherReason(run)
}

// unfit is why the generator or the machine ruled a verdict out; empty when they did not. The first reason is the cause of the
// others, if they have one: all of them stand with the fitness.
func unfit(run results.Run) string {
	if run.Question.Asker == results.AskerGate && run.Question.Gate == nil { // counts depend on neither
		return ""
	}
	var reasons []string
	for _, trial := range run.Trials {
		if run.Question.FitnessBlocks && !trial.Fitness.Fit {
			reasons = append(reasons, trial.Fitness.Reasons...)
		}
	}
	reasons = distinct(reasons)
	switch more := len(reasons) - 1; {
	case more < 0:
		return ""
	case more == 0:
		return reasons[0]
	case more == 1:
		return reasons[0] + " (1 more reason under Fitness)"
	default:
		return fmt.Sprintf("%s (%d more reasons under Fitness)", reasons[0], more)
	}
}

// allHold counts the questions, each once however many trials answered it. Rows about the trial itself, such as one on
// the script's exceptions, are no questions.
func allHold(run results.Run) string {
	word := "threshold"
	asked := map[string]bool{}
	for _, s := range run.Question.SLOs {
		asked[s.Text] = true
		if !s.Threshold {
			word = "SLO"
		}
	}
	broken := map[string]bool{}
	for _, row := range run.Verdict.Evidence {
		if asked[row.What] && row.Outcome != results.Pass {
			broken[row.What] = true
		}
	}
	switch len(asked) {
	case 0:
		return "the load completed; nothing else was asked"
	case 1:
		return fmt.Sprintf("%d of 1 %s holds", 1-len(broken), word)
	}
	return fmt.Sprintf("%d of %d %ss hold", len(asked)-len(broken), len(asked), word)
}

// judgedSomething says whether any row rests on more than that the run was not complete.
func judgedSomething(v results.Verdict) bool {
	return slices.ContainsFunc(v.Evidence, func(e results.Evidence) bool { return e.Value != nil || e.Outcome == results.Fail })
}

// firstOf tells the first row of an outcome and counts the others.
func firstOf(rows []results.Evidence, outcome results.Outcome, otherwise string) string {
	var found []results.Evidence
	for _, row := range rows {
		if row.Outcome == outcome {
			found = append(found, row)
		}
	}
	if len(found) == 0 {
		return otherwise
	}
	text := found[0].What + ": "
	switch row := found[0]; {
	case row.Value == nil:
		text += orElse(row.Reason, "no value")
	case outcome == results.Inconclusive && row.Reason != "":
		text += row.Reason
	default:
		text += quantity(*row.Value, row.Unit)
	}
	switch others := len(found) - 1; {
	case others == 0:
		return text
	case outcome == results.Inconclusive:
		return fmt.Sprintf("%s; %d more inconclusive", text, others)
	case others == 1:
		return text + "; 1 more fails"
	default:
		return fmt.Sprintf("%s; %d more fail", text, others)
	}
}

// otherReason explains an outcome that no row of evidence explains.
func otherReason(run results.Run) string {
	var reasons []string
	for _, trial := range run.Trials {
		if trial.Reason != "" {
			reasons = append(reasons, trial.Reason)
		}
		if !trial.Fitness.Fit {
			reasons = append(reasons, trial.Fitness.Reasons...)
		}
		if trial.Fitness.FirstException != "" {
			reasons = append(reasons, trial.Fitness.FirstException)
		}
	}
	reasons = append(reasons, run.Verdict.Warnings...)
	if run.Reason != "" {
		reasons = append([]string{run.Reason}, reasons...)
	}
	return orElse(strings.Join(distinct(reasons), "; "), "no reason was recorded")
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
