package verdict

import (
	"fmt"
	"math"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// heed notes the acceptance that covers a metric, and whether the metric is within it. What is accepted is where the change is counted
// from: a fail needs the lower bound to be beyond it, and a pass the upper bound to be below the limit from there on. Where all is
// accepted, nothing is left to be found out.
func (g *gate) heed(m *gateMetric) {
	by := widest(g.accepted, m.Metric)
	if by == nil || !m.Gated {
		return
	}
	most := by.MostChange()
	beyond := m.Worse && m.least > most
	m.Within = m.Within && !m.Worse
	m.Accepted = &results.GateAcceptance{
		Acceptance: *by, Beyond: beyond,
		Settled: !beyond && (math.IsInf(most, 1) || m.most < most+m.passLimit()),
	}
}

// widest is, of the acceptances that cover a metric, the first that allows most; nil: there is none.
func widest(all []results.Acceptance, metric string) (by *results.Acceptance) {
	for i, a := range all {
		if a.Covers(metric, "") && (by == nil || a.MostChange() > by.MostChange()) {
			by = &all[i]
		}
	}
	return by
}

// passLimit is the change that has to be ruled out for a pass.
func (m gateMetric) passLimit() float64 {
	if m.errors {
		return m.metric.PassLimit
	}
	limit := change(m.metric.PassLimit)
	if m.Late != nil {
		limit *= 1 - *m.Late
	}
	return limit
}

// acceptedText says until when and why something is accepted.
func acceptedText(a results.Acceptance) string {
	return "accepted until " + a.Expires + " because " + a.Reason
}

// rise is by how much the metric is worse, or may be: worse by 6.2% (3.1% to 9.4%).
func (m gateMetric) rise() string {
	by, low, high := m.changeText(m.Estimate), m.changeText(m.Low), m.changeText(m.High)
	if m.Worse {
		return fmt.Sprintf("worse by %s (%s to %s)", by, low, high)
	}
	return fmt.Sprintf("changed by %s (%s to %s), which was not waited for", by, low, high)
}

// changeText is a change for people: 6.2%, -1%; of errors 0.1 points.
func (m gateMetric) changeText(v *float64) string {
	if v = m.share(v); v == nil {
		return "unlimited"
	}
	if m.errors {
		return display(math.Round(*v*1e5)/1e3, slo.UnitNone) + " points"
	}
	return percent(math.Round(*v*1e4) / 1e4)
}

// takeTimes notes what each of them covers at the last look of a timing gate, whose word on it stands. Where the gate can't be believed,
// nothing rose.
func (a *acceptances) takeTimes(found results.GateFindings) {
	if len(found.Unfit) > 0 {
		return
	}
	for _, e := range found.Metrics {
		m := gateMetric{GateEstimate: e, errors: e.Metric == results.GateErrors}
		for i := range a.all {
			if x := &a.all[i]; m.Gated && x.Covers(m.Metric, "") {
				m.takenBy(x)
			}
		}
	}
}

// takenBy notes with an acceptance what the metric, which it covers, came to.
func (m gateMetric) takenBy(x *results.Accepted) {
	rise := m.Metric + " " + m.rise()
	if m.Worse {
		rise = m.Metric + " is " + m.rise()
	}
	state := m.State()
	switch {
	case state == results.GateWorse && !x.Expired:
		x.Exceeded = true
		rise += ": only " + x.Most() + " is accepted"
	case m.Worse && !x.Expired && state == results.GateOpen: // or beyond it by lateness alone
		rise += ": whether that is far beyond it can't be told"
	case m.Worse:
	case state == results.GateAccepted && !x.Expired:
	default:
		return
	}
	x.Rises = append(x.Rises, rise)
}

// toldOfTimes keeps what became of them, and warns of those that do nothing.
func (a *acceptances) toldOfTimes(v *results.Verdict, plan results.Gate) {
	a.told(v, nil)
	for _, x := range a.all {
		judged := slices.ContainsFunc(plan.Primary, func(m results.GateMetric) bool { return x.Covers(m.Name, "") })
		if !judged && !x.Expired && x.Endpoint == "" {
			v.Warnings = append(v.Warnings, fmt.Sprintf("%s: %s is accepted, which this gate does not judge", x.Origin, x.Metric))
		}
	}
}
