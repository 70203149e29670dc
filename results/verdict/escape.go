package verdict

import (
	"fmt"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/slo"
)

// Escape says while a load runs whether the target is down, and whether it is back, as the judgement of the recording does.
type Escape struct {
	course *course
	guard  float64
	first  float64 // the first fault begins; seconds from t = 0
	err    error   // of a frame that can't be read
}

// NewEscape makes one for a load whose first fault begins so many seconds after t = 0.
func NewEscape(q results.Question, openModel bool, first float64) (*Escape, error) {
	questions, err := parseAll(q.SLOs)
	if err != nil {
		return nil, err
	}
	c := newCourse(timeline{}, questions, results.Trial{OpenModel: openModel})
	c.keeps = true
	return &Escape{course: c, guard: q.Guard, first: first}, nil
}

// Begin says when t = 0 is.
func (e *Escape) Begin(zero time.Time) { e.course.line.zero = zero.UnixNano() }

// Add takes a frame of the load.
func (e *Escape) Add(f *recording.Frame) {
	if err := e.course.frame(f, -1); err != nil {
		e.err = err
	}
}

// usual is the time before the first fault.
func (e *Escape) usual() (*disturbance, bool) {
	line := e.course.line
	d := &disturbance{from: line.at(e.guard), to: line.at(e.first - e.guard)}
	d.from = max(d.from, d.to-mostBefore*int64(time.Second))
	d.before = e.course.seconds(d.from, d.to)
	known, err := d.setBands(e.course)
	return d, known && err == nil && e.err == nil
}

// Down says whether goodput of the last window before a moment is that of a target that is down.
func (e *Escape) Down(at float64) bool {
	d, known := e.usual()
	if !known {
		return false
	}
	line := e.course.line
	last := e.course.total(line.at(at-windowSeconds), line.at(at))
	return last.goodput() < downShare*d.bands.measured.goodput
}

// Back says whether all between two moments is as before the first fault.
func (e *Escape) Back(from, to float64) bool {
	d, known := e.usual()
	return known && d.back(e.course, e.course.line.at(from), e.course.line.at(to))
}

// back says whether a time is as it was before.
func (d *disturbance) back(c *course, from, to int64) bool {
	r, err := c.pool(c.seconds(from, to))
	return err == nil && d.bands.measured.holds(r, asMeasured)
}

// escape tells at which rate the target came back when the load was stepped down after its end.
func (j *judge) escape(c *course, d *disturbance) {
	escape := j.trial.Escape
	if escape == nil || d.followed || d.problem != "" {
		return
	}
	held := ""
	for _, s := range escape.Steps {
		d.Resilience.EscapeTried = append(d.Resilience.EscapeTried, s.Rate)
		if d.back(c, c.line.at(s.From), c.line.at(s.End)) {
			d.Resilience.EscapeRate = finite(s.Rate)
			break
		}
		held = display(s.Rate, slo.UnitPerSecond)
	}
	rate := display(escape.Rate, slo.UnitPerSecond)
	switch r := d.Resilience.EscapeRate; {
	case r != nil && held == "":
		d.Resilience.Note = join(d.Resilience.Note, fmt.Sprintf("with the load stepped down from %s it came back at %s", rate, display(*r, slo.UnitPerSecond)))
	case r != nil:
		d.Resilience.Note = join(d.Resilience.Note, fmt.Sprintf("with the load stepped down from %s it came back at %s, and not at %s", rate, display(*r, slo.UnitPerSecond), held))
	case held != "":
		d.Resilience.Note = join(d.Resilience.Note, fmt.Sprintf("with the load stepped down from %s it did not come back, down to %s", rate, held))
	}
}
