package cli

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// search narrows the question to what a search for the breakpoint can answer: how much load the target holds when nothing
// else is wrong. Faults are left out, and so are the SLOs that name a phase of theirs and the script's thresholds, which
// are about the whole run; each is said. What can't be searched is returned.
func (q *question) search() []error {
	switch {
	case q.inspection.Search == nil:
		return nil
	case q.bare:
		q.warnings = append(q.warnings, "breakpoint searches only where an experiment's SLOs say what breaks: "+
			"a bare script runs its rates one after another")
		return nil
	}
	at := fmt.Sprintf("%s:%d: ", q.experiment.File, q.experiment.Load.Line)
	if !q.inspection.Search.Alone {
		return []error{fmt.Errorf("%sbreakpoint is not the script's only scenario, so that no rate would tell what broke (leave the others out)", at)}
	}
	if !load.Searches(q.inspection.Executors) {
		return []error{fmt.Errorf("%sbreakpoint is not for the executor %s (name the shape in the file)", at, strings.Join(q.inspection.Executors, ", "))}
	}
	q.leaveOut()
	if len(q.experiment.SLOs) == 0 {
		return []error{fmt.Errorf("%sno SLO is left that %s could judge in a step (give one without a phase, or in steady: p95(latency) < 300ms)", at, q.asker())}
	}
	return nil
}

// asker is what searches, for messages.
func (q *question) asker() string {
	if q.asks != "" {
		return q.asks
	}
	return "breakpoint"
}

// leaveOut takes what has no meaning in a search out of the question.
func (q *question) leaveOut() {
	if faults := q.faultNames(); len(faults) > 0 {
		instead := "injects no faults"
		if q.asks != "" {
			instead = "injects faults of its own"
		}
		q.warnings = append(q.warnings, q.asker()+" "+instead+"; left out: "+strings.Join(faults, ", "))
		q.experiment.Faults = nil
	}
	var left []experiment.SLO
	var out []string
	for _, s := range q.experiment.SLOs {
		if verdict.Searchable(s.SLO, q.scraped) {
			left = append(left, s)
		} else {
			out = append(out, q.redact(s.Text))
		}
	}
	for _, t := range q.inspection.Thresholds {
		out = append(out, q.redact(t.Metric)+": "+t.Expr)
	}
	if len(out) > 0 {
		q.warnings = append(q.warnings, q.asker()+" judges what holds in each step; not judged: "+strings.Join(out, "; "))
	}
	q.experiment.SLOs, q.inspection.Thresholds = left, nil
}

// stepDone tells people how a step went.
func (inv *invocation) stepDone(o results.StepOutcome) {
	inv.progress.Step(fmt.Sprintf("%g/s ", o.Rate) + howItWent(o))
}

// howItWent is what came of a step.
func howItWent(o results.StepOutcome) string {
	text := "can't be told"
	switch {
	case o.Outcome == results.Pass:
		return "held"
	case o.Unfit:
		text = "is more than the generator can do"
	case o.Outcome == results.Fail:
		text = "broke"
	}
	if o.SLO != "" && !o.Unfit {
		return text + ": " + o.SLO
	}
	return text + ": " + o.Reason
}

// stepJudge judges the steps of a search, or those under faults, while the load runs; nil when there are none.
func (inv *invocation) stepJudge() (load.StepJudge, error) {
	in, vus := inv.question.inspection, 0
	switch {
	case inv.probing != nil:
		vus = in.MaxVUs
	case in.Search == nil || inv.question.bare:
		return nil, nil
	default:
		vus = in.Search.VUs
	}
	steps, err := verdict.NewSteps(inv.run.Question, results.Fitness{Cores: runtime.NumCPU()}, vus)
	if err != nil {
		return nil, fmt.Errorf("judge the steps: %w", err)
	}
	return steps.Outcome, nil
}
