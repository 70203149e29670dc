package load

import (
	"fmt"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// conclude works out what Wait returns, once everything has ended.
func (p *Process) conclude() {
	code, signal := p.child.exit()
	last, logged, first := p.log.told()
	p.fitness = p.numbers(logged, first)
	p.fitness.ExitCode, p.fitness.Signal = code, signal
	p.fitness.OOMKilled = signal != "" && !closed(p.child.killed) && !p.child.wasStopped() && p.groups.starved()
	p.err = p.verdict(code, signal, last)
}

// numbers gathers the fitness. Exceptions on k6's own executors are known from the log only.
func (p *Process) numbers(logged int64, first string) results.Fitness {
	ended := p.ending()
	if ended == nil {
		ended = p.fromRecording()
	}
	f := results.Fitness{
		CPUPercent: p.cpuPercent(), Cores: cores(), Reasons: []string{},
		Offered: ended.Offered, Served: ended.Served, Failed: ended.Failed, Dropped: ended.Dropped,
		Interrupted: ended.Interrupted, LatenessP99: ended.LatenessP99, LatenessOwnP99: ended.LatenessOwnP99,
		Waited: ended.Waited, MostVUs: ended.MostVUs, AllowedVUs: ended.AllowedVUs, NeededVUs: ended.NeededVUs,
		SchedulerP99: ended.SchedulerP99, GCPauseP99: ended.GCPauseP99, GCShare: ended.GCShare,
		CPUSeconds: p.cpu.since(p.child.used()).Seconds(), Machine: p.machine.result(),
		Exceptions: ended.Exceptions + logged, Aborted: p.options.Redact(cleaned(ended.Aborted)),
	}
	f.QuotaCores, f.Throttled = p.groups.throttled()
	if p.firstSeen != "" {
		first = p.firstSeen
	}
	f.FirstException, f.FirstStack = firstLine(first), stack(first)
	if !p.options.Inspection.arrives() {
		// k6 counts an iteration that threw as complete.
		thrown := min(logged, f.Served)
		f.Served -= thrown
		f.Failed += thrown
	}
	f.Due = p.due(ended)
	if ran, planned := f.Served+f.Failed, p.options.Inspection.Duration.Seconds(); ran > 0 && planned > 0 {
		f.CPUNeeded = f.CPUSeconds / float64(ran) * float64(f.Due) / planned
	}
	return f
}

// due is how many iterations should have been offered; 0 where that is not known: of a load that was ended early. k6's own
// executors give no account of iterations that the end of the load cuts off, of which there can be as many as VUs.
func (p *Process) due(ended *wire.Ended) int64 {
	if p.child.wasStopped() || ended.Aborted != "" || p.ending() == nil {
		return 0
	}
	missing := ended.Due - ended.Offered
	if !p.options.Inspection.arrives() && missing > 0 && missing <= int64(p.options.Inspection.MaxVUs) {
		return ended.Offered
	}
	return ended.Due
}

// fromRecording is what is known of a child that died.
func (p *Process) fromRecording() *wire.Ended {
	l := p.live
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &wire.Ended{
		Served: l.outcomes["served"], Failed: l.outcomes["failed"], Dropped: l.outcomes["dropped"],
		Interrupted: l.outcomes["interrupted"], Exceptions: p.thrown,
	}
	if !p.options.Inspection.arrives() {
		e.Served, e.Dropped = l.started, l.dropped
	}
	e.Offered = e.Served + e.Failed + e.Dropped + e.Interrupted
	if l.lateness.Count() > 0 {
		e.LatenessP99 = l.lateness.Quantile(0.99)
	}
	return e
}

// cpuPercent is the busiest 10 s; where a running process can't be watched, the mean over its life.
func (p *Process) cpuPercent() float64 {
	if most := p.cpu.percent(); most > 0 {
		return most
	}
	if lived := p.child.lived.Seconds(); lived > 0 {
		return 100 * p.child.used().Seconds() / lived
	}
	return 0
}

// used is the CPU time of the ended child.
func (c *child) used() time.Duration {
	state := c.cmd.ProcessState
	return state.UserTime() + state.SystemTime()
}

// verdict says whether there is a measurement.
func (p *Process) verdict(code int, signal string, last entry) error {
	p.mu.Lock()
	failed, ended := p.failed, p.ended
	p.mu.Unlock()
	switch {
	case failed != nil:
		return failed
	case closed(p.child.killed):
		return fmt.Errorf("k6 did not end within %v and was killed", p.options.StopGrace)
	case signal != "" && p.child.wasStopped():
		return nil // stopped before it had begun to listen
	case p.fitness.OOMKilled:
		return fmt.Errorf("k6 was killed (%s) because the memory that it may use was used up (OOM): use fewer VUs, let the script keep less, or give it more memory", signal)
	case signal != "":
		return fmt.Errorf("k6 was killed (%s)", signal)
	case ended != nil && measured(code):
		return nil
	case p.child.wasStopped() && code == exitInterrupted:
		return nil
	}
	if wrong := scriptError(p.options.Script, code, last); wrong != nil {
		return wrong
	}
	return fmt.Errorf("k6 ended with exit code %d: %s", code, cleaned(last.Message))
}

// measured reports whether an exit code means that the load ran: to its end, or until the script itself ended it.
func measured(code int) bool {
	switch code {
	case 0, exitThresholds, exitAborted, exitFailed:
		return true
	}
	return false
}

// firstLine is the first line of an exception, with the first place in the script that its stack names.
func firstLine(text string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return cleaned(text)
}

// stack is an exception with its whole stack trace, as far as it was kept; "" of one that has none.
func stack(text string) string {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "\n") {
		return ""
	}
	return plainPaths(text)
}
