package verdict

import (
	"fmt"
	"math"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
	"github.com/devcraft-studio/brunt/results/stats"
)

// draining is how long after a fault a service's gauge was back at what it was before.
type draining struct {
	of    *sampled // over the whole load
	fault string   // "" any
	line  timeline
}

func (j *judge) drain(r *reader, m slo.Measure, in string) draining {
	d := draining{fault: in, line: r.line}
	m.Func, m.Stat, m.In = "", "value", ""
	d.of = r.sample(m, r.scope(r.line.named("")))
	return d
}

func (d draining) where() string {
	if d.fault == "" {
		return "after each fault"
	}
	return "after " + d.fault
}

// drained is how long it took after one fault phase, in seconds.
type drained struct {
	span
	before    float64 // the gauge's highest value before
	low, high float64 // it was back between these; high +Inf: not while it was seen
	last      float64 // its last value seen
	problem   string
}

// worst is the fault phase after which it took longest; nil where there is none.
func (d draining) worst() *drained {
	var worst *drained
	for i, p := range d.line.spans {
		if p.Name != results.PhaseFault || d.fault != "" && !slices.Contains(p.Faults, d.fault) {
			continue
		}
		one := d.after(i)
		if worst == nil || one.problem != "" || worst.problem == "" && (one.high > worst.high || one.high == worst.high && one.low > worst.low) {
			worst = &one
		}
	}
	return worst
}

// after follows the gauge after a fault phase. What it was before is its highest value in the last steady phase before, or
// where there is none, in all the time before.
func (d draining) after(i int) drained {
	p := d.line.spans[i]
	one := drained{span: p, before: math.Inf(-1), high: math.Inf(1)}
	from, to := d.line.zero, p.start
	for _, q := range d.line.spans[:i] {
		if q.Name == results.PhaseSteady {
			from, to = q.guardStart, q.guardEnd
		}
	}
	until, _ := d.line.calmUntil(i)
	above := false // when it was last looked at
	seen := 0
	for _, s := range d.of.points {
		at := d.line.at(s.At)
		switch {
		case from <= at && at < to:
			one.before = max(one.before, s.Value)
		case p.start <= at && at < p.end:
			above = s.Value > one.before
		case p.end <= at && at < until && math.IsInf(one.high, 1):
			seen++
			one.follow(s, above, float64(p.end-d.line.zero)/1e9)
			above = true
		}
	}
	switch {
	case math.IsInf(one.before, -1):
		one.problem = "no samples of " + d.of.selector() + " before " + p.names()
	case seen == 0:
		one.problem = "no samples of " + d.of.selector() + " after " + p.names()
	}
	return one
}

// follow takes the next value after the fault; above says whether the one before was higher than it should be.
func (one *drained) follow(s stats.Scraped, above bool, end float64) {
	one.last = s.Value
	switch after := s.At - end; {
	case s.Value > one.before:
		one.low = after
	case above:
		one.high = after
	default:
		one.high = 0 // it was not higher at the fault's end either
	}
}

func (d draining) number() number {
	if problem := d.of.problem(); problem != "" {
		return number{low: math.Inf(-1), high: math.Inf(1), problem: problem}
	}
	worst := d.worst()
	switch {
	case worst == nil && d.fault != "":
		return number{problem: "the fault " + d.fault + " was never in force"}
	case worst == nil:
		return number{problem: "the trial had no fault phase"}
	case worst.problem != "":
		return number{problem: worst.problem}
	}
	n := number{low: worst.low * 1000, high: worst.high * 1000, samples: int64(d.of.asked)}
	if !math.IsInf(worst.high, 1) {
		n.known, n.value = true, n.high
	}
	return n
}

func (d draining) told() string {
	worst := d.worst()
	if worst == nil || worst.problem != "" {
		return d.of.told()
	}
	text := fmt.Sprintf("%s after %s it was at %s, and at most %s before", d.of.selector(), worst.names(), plainly(worst.last), plainly(worst.before))
	if math.IsInf(worst.high, 1) {
		text = fmt.Sprintf("> %.1fs, end of what was seen; %s", worst.low, text)
	}
	return join(text, d.of.told())
}

func (d draining) undecided(n number) string {
	if !n.known {
		return ""
	}
	return fmt.Sprintf("it was back between two scrapes, %.1fs and %.1fs after the fault", n.low/1000, n.high/1000)
}

func (d draining) doubt(results.Evidence) string { return "" }

func plainly(v float64) string { return display(v, slo.UnitNone) }
