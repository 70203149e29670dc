package verdict

import (
	"fmt"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// serviceSide is what an SLO on a time would measure of the target alone, but for the generator's own delays, where the
// generator is known to have made times longer; otherwise nil. Of latency that is the service time where VUs were too few.
// Where they would have done, waiting for one is the target's work, and latency itself stands.
func (j *judge) serviceSide(r *reader, s slo.SLO) *side {
	if !j.trial.Fitness.Late || !measuresTime(s) {
		return nil
	}
	m := s.Measure
	if m.Metric == "latency" && tooFewVUs(j.trial.Fitness) {
		m.Metric = "http_req_duration"
	}
	service := j.side(r, m, s.In)
	return &service
}

func tooFewVUs(f results.Fitness) bool {
	e := examination{f, FitnessLimits{}.withDefaults()}
	return e.tooFewVUs()
}

// ownDelay is how much of the side's times may be the generator's own, by p99 of each of its delays.
func (s *side) ownDelay() float64 {
	if m := s.measure.Metric; m == "latency" || m == "lateness" {
		return s.fitness.SchedulerP99 + s.fitness.LatenessOwnP99
	}
	return s.fitness.SchedulerP99
}

// measuresTime says whether an SLO is on a statistic of times: of a metric of k6's or brunt's that are, or by its unit.
func measuresTime(s slo.SLO) bool {
	if s.Stat == "count" || s.Stat == "rate" || s.Func != "" {
		return false
	}
	known, ok := slo.Builtin(s.Metric)
	return ok && known.Kind == slo.Trend && known.Unit == slo.UnitTime || s.Unit == slo.UnitTime
}

// sparesLateness asks of a fail on a time whether it would be one had the generator made no time longer: of what the target
// took, less the generator's own delays. If so it says that the fail stands; if not, or if that is not known, it returns why
// the fail is in doubt.
func (p row) sparesLateness(e results.Evidence) (stands results.Evidence, doubt string) {
	const late = "the load generator made times longer"
	if p.service == nil || e.Outcome != results.Fail || p.left.kind() != slo.Trend {
		return e, ""
	}
	if p.parsed.Metric == "lateness" && tooFewVUs(p.service.fitness) {
		return e, late
	}
	n := p.service.number()
	bound, problem := p.bound()
	if n.problem != "" || problem != "" {
		return e, late + ", and what the target took is not known (" + join(n.problem, problem) + ")"
	}
	n = n.less(p.service.ownDelay())
	value := display(n.value, slo.UnitTime)
	if _, fails := compare(p.parsed.Op, n, bound); fails {
		e.Reason = join(e.Reason, late+", but what the target took breaks the bound without that: it is at least "+value)
		return e, ""
	}
	return e, late + ", and what the target took does not break the bound for sure without that: it is at least " + value
}

// less is the number without a delay that may be in it; times are not negative.
func (n number) less(delay float64) number {
	n.value, n.low = max(0, n.value-delay), max(0, n.low-delay)
	n.high = max(n.high-delay, n.value)
	return n
}

// pressed tells what the machine was short of, for people who wonder at a fail: it has no part in the outcome, because the
// target may be the one that used it up, which is what the share of other programs is measured for. It is "" where nothing was
// short, or the kernel does not tell.
func pressed(f results.Fitness) string {
	if f.Machine == nil || f.Machine.Pressure == nil {
		return ""
	}
	limits := FitnessLimits{}.withDefaults()
	p, said := f.Machine.Pressure, ""
	for _, short := range []struct {
		share, limit float64
		what         string
	}{
		{p.CPU, limits.PressureShare, "something waited for a CPU %s of the time"},
		{p.Memory, limits.MemoryShare, "everything waited for memory %s of the time"},
		{p.IO, limits.PressureShare, "everything waited for a disk %s of the time"},
	} {
		if short.share > short.limit {
			said = join(said, fmt.Sprintf(short.what, percent(short.share)))
		}
	}
	if said == "" {
		return ""
	}
	if f.Machine.Foreign != nil && p.CPU > limits.PressureShare {
		said = join(said, fmt.Sprintf("other programs took %s of its CPU", percent(*f.Machine.Foreign)))
	}
	return "the machine was under pressure: " + said + "; unless that is the target's own work, stop what else runs there and run again"
}
