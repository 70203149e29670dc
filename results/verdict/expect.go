package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// expected says whether a judged run showed what was declared of its variant; nil where nothing was.
func expected(run results.Run, v results.Verdict) *results.Expected {
	if run.Question.Expect == nil {
		return nil
	}
	x := &results.Expected{Expectation: *run.Question.Expect}
	row, value := because(v.Evidence, x.Because)
	switch {
	case run.Status != results.StatusComplete:
		x.Reason = withReason("the run is "+statusName(run.Status), run.Reason)
	case v.Outcome != results.Pass && x.Verdict == results.Fail && row != nil && row.Outcome == results.Inconclusive:
		x.Reason = join("whether it fails by "+x.Because+" can't be told", row.Reason)
	case v.Outcome == results.Inconclusive:
		x.Reason = withReason("inconclusive", firstRow(v.Evidence, results.Inconclusive))
	case v.Outcome == results.Pass && x.Verdict == results.Fail && row != nil:
		x.Reason = "it passes: " + x.Because + " is kept, with " + value
	case v.Outcome == results.Fail && x.Verdict == results.Pass:
		x.Reason = withReason("it fails", firstRow(v.Evidence, results.Fail))
	case x.Verdict == results.Pass:
		x.Met, x.Reason = v.Outcome == results.Pass, "it passes"
	case row == nil:
		x.Reason = x.Because + " is not among what was judged"
	case row.Outcome != results.Fail:
		x.Reason = fmt.Sprintf("it fails, but for another reason: %s; %s is %s, with %s", firstRow(v.Evidence, results.Fail), x.Because, row.Outcome, value)
	default:
		x.Met, x.Reason = true, "it fails by "+x.Because+", with "+value
	}
	return x
}

// because finds the row of an SLO, a failed one first, and its value for people.
func because(rows []results.Evidence, text string) (*results.Evidence, string) {
	of := func(e results.Evidence) bool { return e.What == text }
	i := slices.IndexFunc(rows, func(e results.Evidence) bool { return of(e) && e.Outcome == results.Fail })
	if i < 0 {
		i = slices.IndexFunc(rows, of)
	}
	if i < 0 {
		return nil, ""
	}
	return &rows[i], valueText(rows[i])
}

// firstRow is the first row of an outcome, for people.
func firstRow(rows []results.Evidence, outcome results.Outcome) string {
	i := slices.IndexFunc(rows, func(e results.Evidence) bool { return e.Outcome == outcome })
	switch {
	case i < 0:
		return ""
	case rows[i].Value == nil || outcome == results.Inconclusive:
		return withReason(rows[i].What, rows[i].Reason)
	}
	return rows[i].What + ", with " + valueText(rows[i])
}

func valueText(e results.Evidence) string {
	if e.Value == nil {
		return "no value"
	}
	if of, slope := strings.CutSuffix(e.Unit, "/min"); slope {
		return display(*e.Value, of) + "/min"
	}
	return display(*e.Value, e.Unit)
}

// parseMeasurements reads the measurements of a question that bind nothing.
func parseMeasurements(texts []results.SLO) ([]question, error) {
	var all []question
	for _, m := range texts {
		parsed, err := slo.ParseMeasurement(m.Text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Origin, err)
		}
		all = append(all, question{m, parsed})
	}
	return all, nil
}

// planMeasurements registers what the measurements want of the recording.
func (j *judge) planMeasurements(r *reader, kept *ledgers) []evident {
	var rows []evident
	for _, q := range j.measurements {
		if q.parsed.Exact() {
			rows = append(rows, kept.plan(q))
		} else {
			rows = append(rows, j.plan(r, q))
		}
	}
	return rows
}

// measured adds the measurements to the verdict: rows without a bound and without an outcome.
func (j *judge) measured(rows []evident) {
	for _, p := range rows {
		e, _ := p.weighed(j.trial.Number)
		e.Outcome, e.Bound = "", ""
		j.verdict.Measurements = append(j.verdict.Measurements, e)
	}
}
