package cli

import (
	"fmt"
	"time"

	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// escapeJudge judges the load at its end, if the experiment has it look for its way out; nil otherwise.
func (inv *invocation) escapeJudge() (load.EscapeJudge, error) {
	e := inv.question.experiment
	if !e.Load.Escape || len(e.Faults) == 0 {
		return nil, nil
	}
	first := e.Faults[0].At
	for _, f := range e.Faults {
		first = min(first, f.At)
	}
	judge, err := verdict.NewEscape(inv.run.Question, inv.question.inspection.OpenModel, first.Seconds())
	if err != nil {
		return nil, fmt.Errorf("judge the end of the load: %w", err)
	}
	return judge, nil
}

// beyond is how much longer than planned the load may go on.
func (q *question) beyond() time.Duration {
	if q.script.Escape {
		return load.EscapeLength
	}
	return 0
}
