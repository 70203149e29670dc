package verdict

import (
	"fmt"
	"math"
	"strings"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// FitnessLimits bound what a generator and its machine may show and still be fit to measure. The zero value of a field is
// its default; the package documentation says why it is what it is.
type FitnessLimits struct {
	DroppedShare   float64 // of the offered iterations; default 0.001
	LatenessShare  float64 // p99 of lateness, of the generator's delays and of GC pauses, as a share of LatencyBound; default 0.1
	LatencyBound   float64 // tightest latency that an SLO asks for, in milliseconds; 0: delays are not judged
	WaitedShare    float64 // of the offered iterations, that may wait for a VU before it counts as waiting; default 0.01
	VUShare        float64 // of the allowed VUs, that the highest rate may need; default 0.8
	CPUShare       float64 // of all the CPU it may use, that the generator may use in its busiest 10 s, or need; default 0.8
	ThrottledShare float64 // of the periods of its CPU quota, in which the generator may be stopped; default 0.01
	GCShare        float64 // of the CPU time that the generator had, that its garbage collection may take; default 0.25
	StealShare     float64 // of the machine's CPU time, in all but a fifth of the load; default 0.1
	ForeignShare   float64 // of the machine's CPU time, that other programs may take in all but a fifth of the load; default 0.2
	ContendedShare float64 // of the time, in all but a fifth of the load: up to it they took that CPU from nobody; default 0.1; negative: they took it
	UnofferedShare float64 // of the iterations that were due, that may not have been offered; default 0.005
	// Of the time, in all but a fifth of the load, from which on pressure is told: that something waited for a CPU or all for a
	// disk, default 0.5; that all waited for memory, default 0.1.
	PressureShare, MemoryShare float64
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
	for _, field := range []struct {
		limit    *float64
		standard float64
	}{
		{&l.DroppedShare, 0.001}, {&l.LatenessShare, 0.1}, {&l.WaitedShare, 0.01}, {&l.VUShare, 0.8}, {&l.CPUShare, 0.8},
		{&l.ThrottledShare, 0.01}, {&l.GCShare, 0.25}, {&l.StealShare, 0.1}, {&l.ForeignShare, 0.2}, {&l.ContendedShare, 0.1},
		{&l.UnofferedShare, 0.005}, {&l.PressureShare, 0.5}, {&l.MemoryShare, 0.1},
	} {
		if *field.limit == 0 {
			*field.limit = field.standard
		}
	}
	return l
}

// Fitness judges a generator and its machine by their raw numbers: it returns them with Fit, Saturated, Late and Reasons
// filled in. Every reason says what to change, and what is a cause comes before what it may have caused.
func Fitness(raw results.Fitness, limits FitnessLimits) results.Fitness {
	e := examination{raw, limits.withDefaults()}
	e.Reasons, e.Saturated, e.Late = []string{}, false, false
	for _, cause := range []func() string{e.throttled, e.busy, e.stolen, e.crowded} {
		if reason := cause(); reason != "" {
			e.Saturated = true
			e.Reasons = append(e.Reasons, reason)
		}
	}
	for _, cause := range []func() string{e.scheduled, e.collecting, e.paused, e.ownLateness} {
		if reason := cause(); reason != "" {
			e.Late = true
			e.Reasons = append(e.Reasons, reason)
		}
	}
	caused := len(e.Reasons) > 0
	e.Late = e.Late || e.tooFewVUs() && e.waited()
	for _, symptom := range []func(bool) string{e.starved, e.unknownLateness, e.unoffered, e.threw} {
		if reason := symptom(caused); reason != "" {
			e.Reasons = append(e.Reasons, reason)
		}
	}
	e.Fit = len(e.Reasons) == 0
	return e.Fitness
}

// examination is a fitness that is being judged. Its methods that return a text alone return a reason, or "". Those that are
// told whether a cause is known already are for what it may have brought about.
type examination struct {
	results.Fitness
	limits FitnessLimits
}

// machineCores are the cores that the generator may use.
func (e *examination) machineCores() float64 {
	cores := float64(e.Cores)
	if e.QuotaCores > 0 {
		cores = min(cores, e.QuotaCores)
	}
	return cores
}

// moreCores is the advice to get more of them.
func (e *examination) moreCores() string {
	if e.QuotaCores > 0 && e.QuotaCores < float64(e.Cores) {
		return "raise its CPU quota above " + cores(e.QuotaCores)
	}
	return fmt.Sprintf("use a machine with more cores than %d", e.Cores)
}

func (e *examination) throttled() string {
	if e.Throttled <= e.limits.ThrottledShare {
		return ""
	}
	return fmt.Sprintf("a CPU quota of %s stopped the load generator in %s of its periods, more than %s, and what it measured waited with it; "+
		"raise the quota (docker run --cpus, a CI job's or pod's CPU limit), or lower load.rate",
		cores(e.QuotaCores), percent(e.Throttled), percent(e.limits.ThrottledShare))
}

func (e *examination) busy() string {
	share := e.cpuShare()
	needed := 0.0
	if e.Cores > 0 {
		needed = e.CPUNeeded / e.machineCores()
	}
	if max(share, needed) <= e.limits.CPUShare {
		return ""
	}
	whose := "the machine's CPU"
	if e.QuotaCores > 0 && e.QuotaCores < float64(e.Cores) {
		whose = "the CPU that its quota allows"
	}
	each := ""
	if ran := e.Served + e.Failed; e.CPUSeconds > 0 && ran > 0 {
		each = fmt.Sprintf("; an iteration costs it %s", display(e.CPUSeconds*1000/float64(ran), slo.UnitTime))
	}
	used := percent(share) + " of " + whose + " in its busiest 10 s"
	if share <= e.limits.CPUShare {
		used = fmt.Sprintf("%s of %s (it would need %s for the rate that was asked for)", percent(share), whose, percent(needed))
	}
	return fmt.Sprintf("the load generator used %s, more than %s%s; let the script do less, lower load.rate, or %s",
		used, percent(e.limits.CPUShare), each, e.moreCores())
}

// cpuShare is the generator's share of the CPU that it may use; 0 where that is not known.
func (e *examination) cpuShare() float64 {
	if e.Cores <= 0 {
		return 0
	}
	return e.CPUPercent / 100 / e.machineCores()
}

func (e *examination) stolen() string {
	if e.Machine == nil || e.Machine.Steal <= e.limits.StealShare {
		return ""
	}
	return fmt.Sprintf("the hypervisor gave %s or more of the machine's CPU to others in a fifth of the load, more than %s; "+
		"use a machine that is not shared or not throttled, or try again when its host is quiet",
		percent(e.Machine.Steal), percent(e.limits.StealShare))
}

func (e *examination) crowded() string {
	if !foreign(e.Machine, e.limits) {
		return ""
	}
	return fmt.Sprintf("other programs took %s or more of this machine's CPU in a fifth of the load, more than %s; stop them and run again",
		percent(*e.Machine.Foreign), percent(e.limits.ForeignShare))
}

// foreign says whether programs that are no part of the run took so much CPU that they may have kept the run from it.
func foreign(m *results.Machine, limits FitnessLimits) bool {
	if m == nil || m.Foreign == nil || *m.Foreign <= limits.ForeignShare {
		return false
	}
	return m.Pressure == nil || m.Pressure.CPU > limits.ContendedShare
}

// delay says that something took longer than a share of the tightest latency bound allows, or is "".
func (e *examination) delay(p99 float64) string {
	most := e.limits.LatenessShare * e.limits.LatencyBound
	if most <= 0 || p99 <= most {
		return ""
	}
	return fmt.Sprintf("%s, more than %s of the tightest latency bound, %s",
		display(p99, slo.UnitTime), percent(e.limits.LatenessShare), display(e.limits.LatencyBound, slo.UnitTime))
}

func (e *examination) scheduled() string {
	delay := e.delay(e.SchedulerP99)
	if delay == "" {
		return ""
	}
	if e.Saturated {
		return fmt.Sprintf("the load generator got to run late, which is in all times that it measured: p99 of the delay is %s; see to the reasons above first", delay)
	}
	return fmt.Sprintf("the load generator got to run late, which is in all times that it measured: p99 of the delay is %s; "+
		"let the script do less, lower load.rate, %sor %s", delay, e.neighbours(), e.moreCores())
}

func (e *examination) collecting() string {
	if e.GCShare <= e.limits.GCShare {
		return ""
	}
	return fmt.Sprintf("garbage collection took %s of the CPU that the load generator had, more than %s; "+
		"let the script keep and read less (discardResponseBodies, SharedArray), or lower load.rate",
		percent(e.GCShare), percent(e.limits.GCShare))
}

func (e *examination) paused() string {
	delay := e.delay(e.GCPauseP99)
	if delay == "" {
		return ""
	}
	return fmt.Sprintf("garbage collection stopped the load generator: p99 of its pauses is %s; "+
		"let the script keep less (SharedArray), lower load.rate, or %s", delay, e.moreCores())
}

func (e *examination) ownLateness() string {
	delay := e.delay(e.LatenessOwnP99)
	if delay == "" {
		return ""
	}
	if len(e.Reasons) > 0 {
		return fmt.Sprintf("the load generator started iterations late though a VU was free: p99 of that lateness is %s; see to the reasons above first", delay)
	}
	return fmt.Sprintf("the load generator started iterations late though a VU was free: p99 of that lateness is %s; "+
		"lower load.rate, %sor %s", delay, e.neighbours(), e.moreCores())
}

// neighbours is the advice to stop them, with what they cost where the kernel tells.
func (e *examination) neighbours() string {
	if e.Machine != nil && e.Machine.Pressure != nil && e.Machine.Pressure.CPU > e.limits.PressureShare {
		return fmt.Sprintf("stop what else runs on the machine (something waited for a CPU %s of the time), ", percent(e.Machine.Pressure.CPU))
	}
	return "stop what else runs on the machine, "
}

// waited says whether more iterations waited for a VU than chance explains.
func (e *examination) waited() bool {
	return e.Offered > 0 && float64(e.Waited)/float64(e.Offered) > e.limits.WaitedShare
}

func (e *examination) exhausted() bool { return e.AllowedVUs > 0 && e.MostVUs >= e.AllowedVUs }

// tooFewVUs says whether the VUs would not do for the highest rate even at the usual duration of an iteration, so that a
// queue says nothing of the target. It is Little's law: as many are busy as arrive while one is.
func (e *examination) tooFewVUs() bool {
	return e.exhausted() && e.NeededVUs > e.limits.VUShare*float64(e.AllowedVUs)
}

// starved is the reason for iterations that were dropped or kept waiting, because no VU was free.
func (e *examination) starved(caused bool) string {
	var facts []string
	if delay := e.delay(e.LatenessP99); e.waited() && (delay != "" || e.tooFewVUs()) {
		fact := fmt.Sprintf("%s of the iterations waited for a VU", percent(float64(e.Waited)/float64(e.Offered)))
		if delay != "" {
			fact += ", and p99 of lateness is " + delay
		}
		facts = append(facts, fact)
	}
	if e.Offered > 0 {
		if share := float64(e.Dropped) / float64(e.Offered); share > e.limits.DroppedShare {
			facts = append(facts, fmt.Sprintf("dropped %s of the iterations (%d of %d), more than %s",
				percent(share), e.Dropped, e.Offered, percent(e.limits.DroppedShare)))
		}
	}
	if len(facts) == 0 {
		return ""
	}
	return strings.Join(facts, ", and ") + ": " + e.shortage(caused)
}

// shortage says why no VU was free, and what to change.
func (e *examination) shortage(caused bool) string {
	const raise = "raise load.vus (of a script's own scenarios: maxVUs)"
	const lagged = "no VU was free while the load generator lagged behind; see to the reasons above first"
	switch {
	case e.Saturated: // its iterations took long for its own sake
		return lagged
	case e.tooFewVUs():
		return fmt.Sprintf("every VU was in use (%d of %d), and they are too few: the highest rate needs %s at the usual duration of an iteration; %s to %d or more if iterations may take that long, or lower load.rate",
			e.MostVUs, e.AllowedVUs, display(e.NeededVUs, slo.UnitNone), raise, int64(math.Ceil(e.NeededVUs/e.limits.VUShare)))
	case caused:
		return lagged
	case e.exhausted():
		return fmt.Sprintf("every VU was in use (%d of %d), though so many would do at the usual duration of an iteration: the target kept them; see why it stalled, %s, or lower load.rate",
			e.MostVUs, e.AllowedVUs, raise)
	}
	return "no VU was free; " + raise + ", or lower load.rate"
}

// unknownLateness is the reason for lateness of which the cause is not known, as of a generator that died.
func (e *examination) unknownLateness(bool) string {
	delay := e.delay(e.LatenessP99)
	if delay == "" || e.delay(e.LatenessOwnP99) != "" || e.waited() {
		return ""
	}
	return "iterations started late: p99 of lateness is " + delay + "; raise load.vus, lower load.rate, or free the machine"
}

func (e *examination) unoffered(caused bool) string {
	missing := e.Due - e.Offered
	if e.Due <= 0 || float64(missing)/float64(e.Due) <= e.limits.UnofferedShare {
		return ""
	}
	advice := "lower load.rate, or " + e.moreCores()
	if caused {
		advice = "see to the reasons above first"
	}
	return fmt.Sprintf("offered %d of the %d iterations that were due, %s too few, more than %s: the load was not the one that was asked for; %s",
		e.Offered, e.Due, percent(float64(missing)/float64(e.Due)), percent(e.limits.UnofferedShare), advice)
}

func (e *examination) threw(bool) string {
	if e.Exceptions == 0 {
		return ""
	}
	return exceptionReason(e.Fitness) + "; mend the script"
}

func exceptionReason(f results.Fitness) string {
	text := fmt.Sprintf("the script threw %s", plural(f.Exceptions, "exception"))
	return withReason(text, f.FirstException)
}

// cores writes a number of cores.
func cores(n float64) string {
	text := display(n, slo.UnitNone) + " core"
	if n != 1 {
		text += "s"
	}
	return text
}
