package verdict

import (
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// cells is the outcome of a trial's cell, given the rows so far; none where the trial is for no scorecard.
func cells(t results.Trial, rows []results.Evidence) []results.CellOutcome {
	if t.Cell == nil {
		return nil
	}
	var own []results.Evidence
	for _, r := range rows {
		if r.Trial == t.Number {
			own = append(own, r)
		}
	}
	o := results.CellOutcome{Cell: *t.Cell, Trial: t.Number, Outcome: overall(own)}
	for _, r := range own {
		if o.Outcome != results.Pass && r.Outcome == o.Outcome {
			o.SLO, o.Value, o.Unit, o.Reason = r.What, r.Value, r.Unit, r.Reason
			break
		}
	}
	return []results.CellOutcome{o}
}

// Disturbed is an SLO as a scorecard asks it: of the phase of its fault. It is not ok for one that asks of another phase already.
func Disturbed(s slo.SLO, scraped func(metric string) bool) (string, bool) {
	if !Searchable(s, scraped) || s.Of.In != "" {
		return "", false
	}
	s.In = string(results.PhaseFault)
	return s.String(), true
}
