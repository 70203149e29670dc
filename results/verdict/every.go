package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/slo"
)

// mostNamed is how many windows are named one by one in a reason.
const mostNamed = 5

// windows is an SLO that is asked for in every window of a length, laid over the trial from t = 0 on.
type windows struct {
	question
	scope   *scope
	zero    int64
	length  int64
	byIndex map[int]*window
	all     []*window // in order
	left    int       // windows of which less than half lies where the SLO holds
	open    map[int]bool
	newest  int
}

// window is one of them, judged as a row of its own by a reader of its own.
type window struct {
	of       *reader
	from, to int64
	reader   *reader
	row      row
}

// planEvery registers the SLO in all windows of which at least half lies where it holds.
func (j *judge) planEvery(r *reader, q question) *windows {
	w := &windows{
		question: q, scope: r.line.named(q.parsed.In), zero: r.line.zero, length: int64(q.parsed.Every),
		byIndex: map[int]*window{}, open: map[int]bool{},
	}
	for i := 0; w.begin(i) < w.scope.end(); i++ {
		from, to := w.begin(i), w.begin(i+1)
		switch within := w.scope.overlap(from, to); {
		case within*2 >= w.length:
			part := &window{of: r, from: from, to: to}
			part.reader = newReader(r.line)
			part.reader.window, part.reader.scraping = part, r.scraping
			part.row = j.planWindow(part.reader, q)
			w.byIndex[i] = part
			w.all = append(w.all, part)
			r.sampled = append(r.sampled, part.reader.sampled...)
		case within > 0:
			w.left++
		}
	}
	r.windows = append(r.windows, w)
	return w
}

// planWindow plans a window's row. A bound's measurement that says itself where it is measured is measured once, there.
func (j *judge) planWindow(r *reader, q question) row {
	p := j.plan(r, q)
	if q.parsed.Relative() && q.parsed.Of.In != "" {
		p.right = j.side(r.root(), q.parsed.Of, "")
	}
	return p
}

func (w *windows) begin(i int) int64 { return w.zero + int64(i)*w.length }

// end is the moment that the last phase of the scope ends; t = 0 where there is none.
func (s *scope) end() int64 {
	last := s.line.zero
	for _, p := range s.line.spans {
		if s.covers(p) {
			last = max(last, p.end)
		}
	}
	return last
}

// overlap is how much of an interval lies in the scope, guards left out.
func (s *scope) overlap(from, to int64) int64 {
	var total int64
	for _, p := range s.line.spans {
		if !s.covers(p) {
			continue
		}
		start, end := p.start, p.end
		if s.guards {
			start, end = p.guardStart, p.guardEnd
		}
		total += max(0, min(end, to)-max(start, from))
	}
	return total
}

// covers says whether a phase is part of the scope.
func (s *scope) covers(p span) bool {
	if s.match == nil {
		return p.Name != results.PhaseWarmup
	}
	return s.match(p)
}

// frame hands a frame to its window. Those that lie two windows back are expected to be over; a late frame opens one again.
func (w *windows) frame(f *recording.Frame) error {
	middle := f.Start + (f.End-f.Start)/2
	i := int(math.Floor(float64(middle-w.zero) / float64(w.length)))
	part, ok := w.byIndex[i]
	if !ok {
		return nil
	}
	if i > w.newest {
		w.newest = i
		for old := range w.open {
			if old < i-1 {
				delete(w.open, old)
				if err := w.byIndex[old].reader.compact(); err != nil {
					return err
				}
			}
		}
	}
	w.open[i] = true
	return part.reader.frame(f)
}

// judged is a window's evidence, and why lateness puts it in doubt.
type judged struct {
	*window
	results.Evidence
	doubt string
	over  float64 // by how much the value is on the wrong side of its bound; negative: on the right one
}

// weighed is one row for all windows: the worst of them, with what there is to say of the others.
func (w *windows) weighed(trial int) (results.Evidence, string) {
	every := "every " + seconds(float64(w.length)/1e9)
	e := results.Evidence{
		What: w.Text, Trial: trial, Phase: w.scope.label + ", " + every, Unit: w.parsed.Unit, Bound: w.parsed.Bound(), Outcome: results.Inconclusive,
	}
	if len(w.all) == 0 {
		e.Reason = "no window of " + seconds(float64(w.length)/1e9) + " fits in; let the load run longer, or ask for shorter windows"
		if !w.scope.has() {
			e.Reason = w.scope.absent()
		}
		return e, ""
	}
	var parts []judged
	for _, part := range w.all {
		one, doubt := part.row.weighed(trial)
		parts = append(parts, judged{part, one, doubt, part.row.over(one)})
	}
	worst := parts[0]
	for _, p := range parts[1:] {
		if w.worse(p, worst) {
			worst = p
		}
	}
	phase := e.Phase
	e = worst.Evidence
	e.Phase = phase
	e.Reason = join(w.which(worst, len(parts)), e.Reason, w.others(parts, worst), w.leftOut())
	return e, worst.doubt
}

// worse says whether a window is worse than another: by its outcome, then by its value, as the bound's direction has it.
func (w *windows) worse(a, b judged) bool {
	if x, y := gravity(a), gravity(b); x != y {
		return x > y
	}
	return a.over > b.over
}

// over is by how much a row's value is on the wrong side of its bound; −Inf where there is none.
func (p row) over(e results.Evidence) float64 {
	bound, problem := p.bound()
	if e.Value == nil || problem != "" {
		return math.Inf(-1)
	}
	switch over := *e.Value - bound.value; p.parsed.Op {
	case "<", "<=":
		return over
	case ">", ">=":
		return -over
	default:
		return math.Abs(over)
	}
}

// gravity orders outcomes: a fail that nothing puts in doubt is the worst.
func gravity(p judged) int {
	switch {
	case p.Outcome == results.Fail && p.doubt == "":
		return 3
	case p.Outcome == results.Fail:
		return 2
	case p.Outcome == results.Inconclusive:
		return 1
	}
	return 0
}

func (w *windows) which(worst judged, n int) string {
	if n == 1 {
		return "the only window is " + w.when(worst.window)
	}
	return fmt.Sprintf("the worst of %d windows is %s", n, w.when(worst.window))
}

// when is a window in seconds from t = 0.
func (w *windows) when(part *window) string {
	return fmt.Sprintf("%gs to %gs", float64(part.from-w.zero)/1e9, float64(part.to-w.zero)/1e9)
}

// others names the other windows in which the bound does not hold.
func (w *windows) others(parts []judged, worst judged) string {
	named := func(outcome results.Outcome, what string) string {
		var names []string
		for _, p := range parts {
			if p.Outcome == outcome && p.window != worst.window {
				names = append(names, w.when(p.window))
			}
		}
		if len(names) == 0 {
			return ""
		}
		if more := len(names) - mostNamed; more > 0 {
			names = append(slices.Clone(names[:mostNamed]), fmt.Sprintf("%d more", more))
		}
		return what + " " + strings.Join(names, ", ")
	}
	return join(named(results.Fail, "it breaks in"), named(results.Inconclusive, "undecided in"))
}

func (w *windows) leftOut() string {
	if w.left == 0 {
		return ""
	}
	return plural(int64(w.left), "window") + " left out, of which less than half lies in " + w.where()
}

func (w *windows) where() string {
	if w.scope.label == phaseAll || w.scope.label == slo.FirstFifth || w.scope.label == slo.LastFifth {
		return "the load"
	}
	return w.scope.label
}
