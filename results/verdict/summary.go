package verdict

import (
	"strings"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// summary is one phase of the trial, guards and all, for people.
type summary struct {
	span                          span
	offered, served, iterations   *want
	requests, failed              *want
	latency, duration, anyOffered *want
	course                        *course
}

func planSummaries(r *reader) []summary {
	whole := r.scope(r.line.whole())
	var all []summary
	for i, p := range r.line.spans {
		scope := r.scope(r.line.only(i))
		base := func(metric string) *want { return r.want(scope, slo.Selector{Metric: metric}) }
		all = append(all, summary{
			span: p, course: r.course, offered: base("offered"), iterations: base("iterations"), requests: base("http_reqs"),
			failed: base("http_req_failed"), latency: base("latency"), duration: base("http_req_duration"),
			served:     r.want(scope, slo.Selector{Metric: "offered", Tags: map[string]string{"outcome": "served"}}),
			anyOffered: r.want(whole, slo.Selector{Metric: "offered"}),
		})
	}
	return all
}

func (s summary) summary(trial int) results.PhaseSummary {
	p := results.PhaseSummary{
		Trial: trial, Phase: string(s.span.Name), Start: s.span.Start, End: s.span.End, Requests: int64(s.requests.core.count()),
	}
	if s.span.Name == results.PhaseFault && len(s.span.Faults) > 0 {
		p.Phase = strings.Join(s.span.Faults, "+")
	}
	served := &s.iterations.core
	if s.anyOffered.core.seen {
		served = &s.served.core
	}
	if length := s.span.End - s.span.Start; length > 0 {
		p.Rate = served.count() / length
	}
	p.Goodput = finite(s.course.phases[s.span.index].account(s.course.offers).goodput())
	if f := &s.failed.core; f.total > 0 {
		p.ErrorRate = float64(f.trues) / float64(f.total)
	}
	h := &s.latency.core.trend
	if h.Count() == 0 {
		h = &s.duration.core.trend
	}
	if h.Count() > 0 {
		p.P50, p.P95, p.P99 = h.Quantile(0.5), h.Quantile(0.95), h.Quantile(0.99)
	}
	return p
}
