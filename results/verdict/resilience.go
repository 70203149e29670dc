package verdict

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

// What makes a target metastable.
const (
	downShare   = 0.9  // of the goodput before: below, it is down
	downSeconds = 60.0 // at least
	downBounds  = 3.0  // recovery bounds at least
)

// disturbance is a fault phase with what is compared: the time before it and the time after.
type disturbance struct {
	span
	from, to int64 // the time before; equal: there is none
	until    int64 // what comes after it is seen until here
	followed bool  // by another fault

	before, during, after []moment // seconds; during goes on to the end
	bands                 struct{ measured, perfect, bad, second band }

	recovered, early, late int // first second from which a window is in its band; −1: none
	problem                string
	results.Resilience
}

// resilience tells what every fault phase did.
func (j *judge) resilience(c *course) error {
	all, err := j.disturbances(c)
	if text := c.strayedText(); text != "" {
		j.warn(text + ": they have no part in latency, goodput and recovery")
	}
	for _, d := range all {
		j.verdict.Resilience = append(j.verdict.Resilience, d.Resilience)
	}
	return err
}

// disturbances are the fault phases of the trial, judged. They are worked out once, when the recording was read.
func (j *judge) disturbances(c *course) ([]*disturbance, error) {
	if j.disturbed != nil || !c.keeps {
		return j.disturbed, nil
	}
	var from, to int64   // the latest time that was as it should be
	healthy := int64(0)  // from here on
	unrecovered := false // the latest fault left the target worse than before
	for i, p := range c.line.spans {
		switch p.Name {
		case results.PhaseSteady:
			start := max(p.guardStart, healthy)
			if !unrecovered && p.guardEnd-start >= windowSeconds*int64(time.Second) {
				from, to = max(start, p.guardEnd-mostBefore*int64(time.Second)), p.guardEnd
			}
		case results.PhaseFault:
			d := &disturbance{span: p, from: from, to: to}
			d.until, d.followed = c.line.calmUntil(i)
			if err := j.disturb(c, d); err != nil {
				return nil, err
			}
			j.disturbed = append(j.disturbed, d)
			unrecovered = d.problem == "" && d.recovered < 0
			healthy = p.end + int64(max(0, d.recovered))*int64(time.Second)
		}
	}
	return j.disturbed, nil
}

// calmUntil is the moment until which nothing disturbs the trial after a phase: less a guard, as requests that are under way
// then suffer already. It also says whether that is the start of another fault.
func (l timeline) calmUntil(i int) (at int64, fault bool) {
	guard := int64(math.Round(l.guard * 1e9))
	at = l.spans[i].end
	for _, p := range l.spans[i+1:] {
		if p.Name == results.PhaseFault {
			return max(l.spans[i].end, p.start-guard), true
		}
		at = p.end
	}
	return max(l.spans[i].end, at-guard), false
}

// disturb judges one.
func (j *judge) disturb(c *course, d *disturbance) error {
	d.Resilience = results.Resilience{Trial: j.trial.Number, Faults: d.span.Faults, Start: d.span.Start, End: d.span.End}
	d.recovered, d.early, d.late = -1, -1, -1
	d.before, d.after = c.seconds(d.from, d.to), c.seconds(d.span.end, d.until)
	d.during = c.seconds(d.span.start, d.until)
	d.Resilience.During = finite(c.total(d.span.start, max(d.span.end, d.span.start+1)).goodput())
	if n := len(d.after); n >= windowSeconds {
		last, err := c.pool(d.after[n-windowSeconds:])
		if err != nil {
			return err
		}
		d.Resilience.After = finite(last.goodput)
	}
	known, err := d.setBands(c)
	if err != nil {
		return err
	}
	switch {
	case !j.trial.ConstantRate:
		d.problem = "recovery is not defined where the offered rate changes"
	case len(c.strayed) > 0:
		d.problem = "recovery is not defined where the offered rate may change: " + c.strayedText()
	case !known:
		d.problem = fmt.Sprintf("there is no steady phase before the fault that has %d s between its guards", windowSeconds)
	}
	if known {
		d.Resilience.Before = finite(d.bands.measured.goodput)
	}
	if d.problem != "" {
		d.Resilience.Note = d.problem
		return nil
	}
	if err := d.recover(c); err != nil {
		return err
	}
	j.collapse(c, d)
	j.escape(c, d)
	if d.Resilience.Metastable != nil && *d.Resilience.Metastable {
		j.warn("the target is metastable after " + d.span.names() + ": " + d.Resilience.Note)
	}
	d.lose(c)
	return d.detect(c)
}

// strayedText says which scenarios sent requests that were to drive faults alone.
func (c *course) strayedText() string {
	if len(c.strayed) == 0 {
		return ""
	}
	names := slices.Sorted(maps.Keys(c.strayed))
	return "the scenario " + strings.Join(names, " and ") + " of one iteration, taken to drive faults alone, sent requests"
}

// setBands learns what is usual from the time before. It is false where there is none.
func (d *disturbance) setBands(c *course) (bool, error) {
	var windows, singles []reading
	for i := range d.before {
		r, err := c.pool(d.before[i : i+1])
		if err != nil {
			return false, err
		}
		singles = append(singles, r)
		if i+windowSeconds > len(d.before) {
			continue
		}
		if r, err = c.pool(d.before[i : i+windowSeconds]); err != nil {
			return false, err
		}
		windows = append(windows, r)
	}
	var ok bool
	if d.bands.measured, ok = bandOf(windows, c.bound, asMeasured); !ok {
		return false, nil
	}
	d.bands.perfect, _ = bandOf(windows, c.bound, asPerfect)
	d.bands.bad, _ = bandOf(windows, c.bound, asBad)
	d.bands.second, _ = bandOfSeconds(singles, c.bound)
	return d.bands.measured.goodput > 0, nil
}

// recover looks for the first second from which a window is as before: as measured; at the earliest, with what went unserved
// afterwards perfect and before bad; and at the latest, the other way round.
func (d *disturbance) recover(c *course) error {
	for i := 0; i+windowSeconds <= len(d.after) && d.late < 0; i++ {
		r, err := c.pool(d.after[i : i+windowSeconds])
		if err != nil {
			return err
		}
		if d.early < 0 && d.bands.bad.holds(r, asPerfect) {
			d.early = i
		}
		if d.recovered < 0 && d.bands.measured.holds(r, asMeasured) {
			d.recovered = i
		}
		if d.bands.perfect.holds(r, asBad) {
			d.late = i
		}
	}
	rec := &d.Resilience.Recovery
	at := func(second int) *float64 {
		if second < 0 {
			return nil
		}
		return finite(float64(second))
	}
	rec.Seconds, rec.Low, rec.High = at(d.recovered), at(d.early), at(d.late)
	if d.early < 0 {
		rec.Low = finite(float64(max(0, len(d.after)-windowSeconds+1)))
	}
	if d.recovered < 0 && len(d.after) >= windowSeconds {
		rec.Censor = finite(float64(len(d.after) - windowSeconds))
	}
	return nil
}

// collapse looks for a time after the fault in which the target stayed down.
func (j *judge) collapse(c *course, d *disturbance) {
	longest, run, last := 0, 0, false
	for i := 0; i+windowSeconds <= len(d.after); i++ {
		var y yield
		for _, m := range d.after[i : i+windowSeconds] {
			y.add(m.yield)
		}
		if y.account(c.offers).goodput() < downShare*d.bands.measured.goodput {
			run++
		} else {
			run = 0
		}
		longest, last = max(longest, run), run > 0
	}
	if longest > 0 {
		d.Resilience.Down = float64(longest + windowSeconds - 1)
	}
	needed := j.longDown(d.span.Faults)
	down, up := true, false
	switch fit := j.trial.Fitness; {
	case d.Resilience.Down >= needed && j.run.Question.FitnessBlocks && fit.Saturated:
		d.Resilience.Note = "it stayed down, but the load generator was not fit to measure"
	case d.Resilience.Down >= needed:
		d.Resilience.Metastable = &down
		d.Resilience.Recovery.Never = d.recovered < 0
		d.Resilience.Note = d.collapseText()
	case last:
		d.Resilience.Note = fmt.Sprintf("goodput was below %g of what it was for the last %s that were seen; whether it is metastable shows after %s: let the load run longer",
			downShare, seconds(d.Resilience.Down), seconds(needed))
	case len(d.after) >= windowSeconds:
		d.Resilience.Metastable = &up
	}
}

// longDown is for how long a target must stay down to be metastable: long beside what was asked of its recovery.
func (j *judge) longDown(faults []string) float64 {
	needed := downSeconds
	for _, q := range j.questions {
		s := q.parsed
		if s.Func == "recovery" && slices.Contains(faults, s.Metric) && !s.Relative() {
			needed = max(needed, downBounds*s.Value/1000)
		}
	}
	return needed
}

func (d *disturbance) collapseText() string {
	text := fmt.Sprintf("the fault was gone and the load the same, and goodput stayed below %g of what it was (%s) for %s",
		downShare, percent(d.bands.measured.goodput), seconds(d.Resilience.Down))
	if d.recovered < 0 {
		return text + ", to the end of what was seen"
	}
	return text + "; then it came back"
}

// lose measures what was lost until the target was as before, or until the end of what was seen.
func (d *disturbance) lose(c *course) {
	was, until := d.bands.measured.goodput, d.recoveredAt()
	had := c.total(d.span.start, until)
	lost := max(0, was*had.due-had.good)
	d.Resilience.Lost = finite(lost)
	before := c.total(d.from, d.to)
	if rate := before.due / (float64(d.to-d.from) / 1e9); rate > 0 {
		d.Resilience.Loss = finite(lost / (was * rate))
	}
	deepest := 0.0
	for i, m := range d.during {
		if d.span.start+int64(i)*int64(time.Second) >= until {
			break
		}
		if g := m.account(c.offers).goodput(); !math.IsNaN(g) {
			deepest = max(deepest, 1-g/was)
		}
	}
	d.Resilience.Depth = finite(deepest)
}

// recoveredAt is when the target was as before, or the end of what was seen.
func (d *disturbance) recoveredAt() int64 {
	if d.recovered < 0 {
		return d.until
	}
	return d.span.end + int64(d.recovered)*int64(time.Second)
}

// detect looks for the first second that is out of the band of the seconds before.
func (d *disturbance) detect(c *course) error {
	for i := range d.during {
		if d.span.start+int64(i)*int64(time.Second) >= d.recoveredAt() {
			break
		}
		r, err := c.pool(d.during[i : i+1])
		if err != nil {
			return err
		}
		if !math.IsNaN(r.goodput) && !d.bands.second.holds(r, asMeasured) {
			d.Resilience.Detect = finite(float64(i + 1))
			break
		}
	}
	return nil
}

// names are those of the faults of a phase.
func (p span) names() string { return strings.Join(p.Faults, "+") }
