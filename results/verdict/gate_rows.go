package verdict

import (
	"fmt"
	"math"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// row is the metric as evidence: its change as a share, of errors as a difference of shares.
func (g *gate) row(m gateMetric) results.Evidence {
	e := results.Evidence{What: g.called(m.metric), Phase: phaseAll, Unit: slo.UnitShare, Samples: int64(len(g.used)), Outcome: results.Inconclusive}
	if !m.Gated {
		e.Reason = m.Reason
		return e
	}
	e.Bound = fmt.Sprintf("fail at +%s, pass below +%s", percent(m.metric.Floor), m.passText())
	if m.errors && m.metric.Floor == 0 {
		e.Bound = fmt.Sprintf("fail above 0, pass below +%s", percent(m.metric.PassLimit))
	}
	if m.Accepted != nil && m.Accepted.UpToShare > 0 {
		e.Bound = fmt.Sprintf("fail beyond +%s, pass below +%s", percent(m.Accepted.UpToShare), percent(*m.share(known(m.Accepted.MostChange() + m.passLimit()))))
	}
	e.Value, e.Low, e.High = m.share(m.Estimate), m.share(m.Low), m.share(m.High)
	if len(g.unfit) > 0 {
		e.Reason = "what the pairs show can't be believed"
		return e
	}
	switch m.State() {
	case results.GateWorse:
		e.Outcome = results.Fail
		if m.Accepted != nil {
			e.Reason = "only " + m.Accepted.Most() + " is " + acceptedText(m.Accepted.Acceptance)
		}
	case results.GateAccepted:
		e.Outcome, e.Reason = results.Pass, m.rise()+", "+acceptedText(m.Accepted.Acceptance)
	case results.GateWithin:
		e.Outcome = results.Pass
	default:
		e.Reason = g.undecided(m)
	}
	return e
}

// passText is the change that has to be ruled out for a pass, for people.
func (m gateMetric) passText() string {
	return percent(math.Round(*m.share(known(m.passLimit()))*1e4) / 1e4)
}

// called is the metric's name, for people.
func (g *gate) called(m results.GateMetric) string {
	if _, ok := m.Quantile(); ok {
		return m.Name + "(" + g.plan.Metric + ")"
	}
	return m.Name
}

// share is a change as a share.
func (m gateMetric) share(change *float64) *float64 {
	if change == nil || m.errors {
		return change
	}
	return known(math.Expm1(*change))
}

// undecided says why a metric is neither worse nor within its limit.
func (g *gate) undecided(m gateMetric) string {
	if m.lateApart != "" {
		return m.lateApart
	}
	text := "the interval holds both"
	if m.Accepted != nil {
		text = "the interval holds what is accepted, " + m.Accepted.Most() + " at most, and what is far beyond it"
	}
	if m.MDE == nil {
		return text
	}
	text += fmt.Sprintf("; these %s would have found +%s four times out of five", plural(int64(len(g.used)), "pair"), percent(*m.share(m.MDE)))
	if m.PairsNeeded != nil {
		text += fmt.Sprintf(", and %s would find +%s", plural(int64(*m.PairsNeeded), "pair"), m.passText())
	}
	return text
}

// comparison is the metric as a ratio of candidate to baseline, of which more is worse but for throughput. Of errors it is the
// difference of the shares by the baseline's, to whose failures half a one is added, so that there is a ratio where it has none.
func (g *gate) comparison(m gateMetric) (results.Comparison, bool) {
	c := results.Comparison{Metric: g.plan.Metric, Statistic: m.Metric, Outcome: results.Unclear}
	if !m.Gated || m.Estimate == nil || m.Low == nil || m.High == nil {
		return c, false
	}
	switch {
	case m.errors:
		c.Metric, c.Statistic = m.Metric, "share"
		baseline := g.halfMore()
		c.Ratio, c.Low, c.High = 1+*m.Estimate/baseline, max(0, 1+*m.Low/baseline), 1+*m.High/baseline
		if m.MDE != nil {
			c.MDE = *m.MDE / baseline
		}
	case m.Metric == results.GateThroughput:
		c.Metric, c.Statistic = m.Metric, "rate"
		c.Ratio, c.Low, c.High = math.Exp(-*m.Estimate), math.Exp(-*m.High), math.Exp(-*m.Low)
	default:
		c.Ratio, c.Low, c.High = math.Exp(*m.Estimate), math.Exp(*m.Low), math.Exp(*m.High)
	}
	if m.MDE != nil && !m.errors {
		c.MDE = math.Expm1(*m.MDE)
	}
	switch {
	case len(g.unfit) > 0:
	case m.Worse:
		c.Outcome = results.Worse
	case *m.High < 0:
		c.Outcome = results.Better
	case m.Within:
		c.Outcome = results.Same
	}
	return c, true
}

// halfMore is the share of the baseline's offers that failed, with half a failure more, so that it is never 0.
func (g *gate) halfMore() float64 {
	failed, offered := 0.5, 0.0
	for i, m := range g.plan.Primary {
		if m.Name != results.GateErrors {
			continue
		}
		for _, r := range g.used {
			v := valueOf(r, i)
			failed, offered = failed+float64(v.BaselineCount), offered+float64(v.BaselineOffered)
		}
	}
	return failed / max(offered, 1)
}
