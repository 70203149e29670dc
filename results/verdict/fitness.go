package verdict

import (
	"fmt"
	"math"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// FitnessLimits bound what a generator may show and still be fit to measure. The zero value of a field is its default.
type FitnessLimits struct {
	DroppedShare  float64 // of the offered iterations; default 0.001
	LatenessShare float64 // p99 of lateness, as a share of LatencyBound; default 0.1
	LatencyBound  float64 // tightest latency that an SLO asks for, in milliseconds; 0: lateness is not judged
	CPUShare      float64 // of all the machine's cores, that the generator may use in its busiest 10 s; default 0.8
}

// Limits are the default limits for a question, with the tightest upper bound that its SLOs put on latency (or, of
// service times, on http_req_duration). SLOs that don't parse are passed over.
func Limits(q results.Question) FitnessLimits {
	tightest := math.Inf(1)
	for _, s := range q.SLOs {
		parse := slo.Parse
		if s.Threshold {
			parse = slo.ParseThresholdText
		}
		parsed, err := parse(s.Text)
		if err != nil || parsed.Relative() || parsed.Unit != slo.UnitTime || parsed.Func != "" || parsed.Stat == "sum" || parsed.Value <= 0 {
			continue
		}
		isLatency := parsed.Metric == "latency" || parsed.Metric == "http_req_duration"
		if isLatency && (parsed.Op == "<" || parsed.Op == "<=") {
			tightest = min(tightest, parsed.Value)
		}
	}
	if math.IsInf(tightest, 1) {
		tightest = 0
	}
	return FitnessLimits{LatencyBound: tightest}
}

func (l FitnessLimits) withDefaults() FitnessLimits {
	if l.DroppedShare == 0 {
		l.DroppedShare = 0.001
	}
	if l.LatenessShare == 0 {
		l.LatenessShare = 0.1
	}
	if l.CPUShare == 0 {
		l.CPUShare = 0.8
	}
	return l
}

// Fitness judges a generator by its raw numbers: it returns them with Fit, Saturated and Reasons filled in. Every reason
// says what to change.
func Fitness(raw results.Fitness, limits FitnessLimits) results.Fitness {
	limits = limits.withDefaults()
	f := raw
	f.Reasons, f.Saturated = []string{}, false
	if share := cpuShare(raw); share > limits.CPUShare {
		f.Saturated = true
		f.Reasons = append(f.Reasons, fmt.Sprintf(
			"the load generator used %s of the machine's CPU in its busiest 10 s, more than %s; lower load.rate, or use a machine with more cores than %d",
			percent(share), percent(limits.CPUShare), raw.Cores))
	}
	if raw.Offered > 0 {
		if share := float64(raw.Dropped) / float64(raw.Offered); share > limits.DroppedShare {
			f.Reasons = append(f.Reasons, fmt.Sprintf(
				"dropped %s of the iterations (%d of %d), more than %s: no VU was free; raise load.vus (of a script's own scenarios: maxVUs), or lower load.rate",
				percent(share), raw.Dropped, raw.Offered, percent(limits.DroppedShare)))
		}
	}
	if most := limits.LatenessShare * limits.LatencyBound; most > 0 && raw.LatenessP99 > most {
		f.Reasons = append(f.Reasons, fmt.Sprintf(
			"iterations started late: p99 of lateness is %s, more than %s of the tightest latency bound, %s; raise load.vus, lower load.rate, or free the machine",
			display(raw.LatenessP99, slo.UnitTime), percent(limits.LatenessShare), display(limits.LatencyBound, slo.UnitTime)))
	}
	if raw.Exceptions > 0 {
		f.Reasons = append(f.Reasons, exceptionReason(raw)+"; mend the script")
	}
	f.Fit = len(f.Reasons) == 0
	return f
}

// cpuShare is the generator's share of the whole machine; 0 where it is not known.
func cpuShare(f results.Fitness) float64 {
	if f.Cores <= 0 {
		return 0
	}
	return f.CPUPercent / 100 / float64(f.Cores)
}

func exceptionReason(f results.Fitness) string {
	text := fmt.Sprintf("the script threw %s", plural(f.Exceptions, "exception"))
	return withReason(text, f.FirstException)
}
