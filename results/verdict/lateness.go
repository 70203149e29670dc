package verdict

import (
	"fmt"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// serviceSide is what an SLO on latency would measure of the service time alone, where the generator is known to have been
// late by no fault of the target's; otherwise nil.
func (j *judge) serviceSide(r *reader, s slo.SLO) *side {
	if !j.trial.Fitness.Late || !countsLateness(s) {
		return nil
	}
	m := s.Measure
	if m.Metric == "latency" {
		m.Metric = "http_req_duration"
	}
	service := j.side(r, m, s.In)
	return &service
}

// countsLateness says whether an SLO measures times from the intended start.
func countsLateness(s slo.SLO) bool {
	if s.Stat == "count" || s.Unsupported() != "" {
		return false
	}
	from := func(metric string) bool { return metric == "latency" || metric == "lateness" }
	return from(s.Metric) || s.Relative() && from(s.Of.Metric)
}

// sparesLateness asks of a fail whether it would be one without the lateness that was not the target's. If so it says that
// it stands; if not, or if that is not known, it returns why the fail is in doubt.
func (p row) sparesLateness(e results.Evidence) (stands results.Evidence, doubt string) {
	if p.service == nil || e.Outcome != results.Fail {
		return e, ""
	}
	const late = "iterations started late by no fault of the target's"
	if p.parsed.Metric != "latency" {
		return e, late
	}
	n := p.service.number()
	bound, problem := p.bound()
	if n.problem != "" || problem != "" {
		return e, late + ", and what the service time was is not known (" + join(n.problem, problem) + ")"
	}
	value := display(n.value, p.parsed.Unit)
	if _, fails := compare(p.parsed.Op, n, bound); fails {
		e.Reason = join(e.Reason, "iterations started late, but the service time alone breaks the bound: it is "+value)
		return e, ""
	}
	return e, late + fmt.Sprintf(", and the service time alone does not break the bound for sure: it is %s", value)
}

// pressed tells what the machine was short of, for people who wonder at a fail: it has no part in the outcome, because the
// target may be the one that used it up. It is "" where nothing was short, or the kernel does not tell.
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
	return "the machine was under pressure: " + said + "; unless that is the target's own work, stop what else runs there and run again"
}
