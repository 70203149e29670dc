package cli

import (
	"fmt"
	"slices"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// measurements are what the experiment measures beside its SLOs, as evidence of what its variants and alternatives are there to
// show: those of all, each once.
func (q *question) measurements() []experiment.SLO {
	var all []experiment.SLO
	for _, e := range q.experiment.Expect {
		for _, m := range e.Evidence {
			if !slices.ContainsFunc(all, func(x experiment.SLO) bool { return x.SLO.String() == m.SLO.String() }) {
				all = append(all, m)
			}
		}
	}
	return all
}

// wanted are the SLOs and the measurements: what has to be recorded.
func (q *question) wanted() []experiment.SLO {
	return append(slices.Clone(q.experiment.SLOs), q.measurements()...)
}

// leaveOutExpectations takes what is declared of the experiment out of a question that is another one.
func (q *question) leaveOutExpectations() {
	if q.asks != "" || q.inspection.Search != nil {
		q.experiment.Expect = nil
	}
}

// called is the alternative that runs, or else the variant.
func (q *question) called() string {
	if q.experiment.Alternative != "" {
		return q.experiment.Alternative
	}
	return q.variant()
}

// expectation is what is declared of what runs, and nil where nothing is.
func (q *question) expectation() *results.Expectation {
	name := q.called()
	for _, e := range q.experiment.Expect {
		if e.Name == name {
			return &results.Expectation{
				Variant: name, Verdict: results.Outcome(e.Verdict), Because: q.redact(e.Because), Cause: q.redact(e.Cause),
			}
		}
	}
	return nil
}

// recordedMeasurements are the measurements as they are kept with the run.
func (q *question) recordedMeasurements() []results.SLO {
	var all []results.SLO
	for _, m := range q.measurements() {
		all = append(all, results.SLO{Text: q.redact(m.Text), Origin: q.originOf(m)})
	}
	return all
}

func (q *question) originOf(s experiment.SLO) string {
	return fmt.Sprintf("%s:%d", q.experiment.File, s.Line)
}

// usesLatency says whether an SLO is on the time from the intended start.
func usesLatency(s slo.SLO) bool {
	return slices.ContainsFunc(s.Selectors(), func(x slo.Selector) bool { return x.Metric == "latency" })
}
