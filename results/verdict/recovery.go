package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// timed is a measure of time after a fault.
type timed interface {
	number() number // milliseconds
	where() string
	// told is what there is to say beside the number, and undecided why it decides nothing.
	told() string
	undecided(n number) string
	// doubt is why a row may be the generator's doing, or "".
	doubt(e results.Evidence) string
}

// recovering is the recovery from a fault, as an SLO asks for it.
type recovering struct {
	judge  *judge
	course *course
	fault  string
}

func (r recovering) where() string { return "after " + r.fault }

// worst is the phase of the fault with the longest recovery; nil where the fault was never in force.
func (r recovering) worst() (*disturbance, error) {
	all, err := r.judge.disturbances(r.course)
	var worst *disturbance
	for _, d := range all {
		if slices.Contains(d.span.Faults, r.fault) && (worst == nil || d.longer(worst)) {
			worst = d
		}
	}
	return worst, err
}

// longer orders recoveries; what is not known is the longest.
func (d *disturbance) longer(o *disturbance) bool {
	length := func(d *disturbance) float64 {
		switch {
		case d.problem != "":
			return math.Inf(1)
		case d.recovered < 0:
			return math.MaxInt32 + float64(len(d.after))
		}
		return float64(d.recovered)
	}
	return length(d) > length(o)
}

func (r recovering) number() number {
	d, err := r.worst()
	switch {
	case err != nil:
		return number{problem: err.Error()}
	case d == nil:
		return number{problem: "the fault " + r.fault + " was never in force"}
	case d.problem != "":
		return number{problem: d.problem}
	}
	rec := d.Resilience.Recovery
	n := number{low: *rec.Low * 1000, high: math.Inf(1)}
	if rec.High != nil {
		n.high = *rec.High * 1000
	}
	if rec.Seconds != nil {
		n.known, n.value = true, *rec.Seconds*1000
	}
	for _, m := range d.after {
		n.unserved += int64(m.account(r.course.offers).unserved)
	}
	return n
}

// told is what there is to say of the recovery beside the number.
func (r recovering) told() string {
	d, err := r.worst()
	if err != nil || d == nil || d.problem != "" {
		return ""
	}
	b := d.bands.measured
	usual := "goodput of at least " + percent(b.least)
	if !math.IsInf(b.most, 1) {
		usual += " and p95 of at most " + display(b.most, slo.UnitTime)
	}
	if d.recovered >= 0 {
		return join(fmt.Sprintf("the first %d s with a %s, as before", windowSeconds, usual), d.Resilience.Note)
	}
	return join(d.censorText(), fmt.Sprintf("no %d s had a %s, as before", windowSeconds, usual), d.Resilience.Note)
}

func (d *disturbance) censorText() string {
	end := "end of run"
	if d.followed {
		end = "another fault began"
	}
	switch censor := d.Resilience.Recovery.Censor; {
	case d.Resilience.Recovery.Never:
		return "never: > " + seconds(*censor) + ", " + end
	case censor != nil:
		return "> " + seconds(*censor) + ", " + end
	}
	return fmt.Sprintf("less than %d s followed: %s", windowSeconds, end)
}

func (r recovering) undecided(n number) string {
	if !n.known {
		return "" // told already
	}
	return fmt.Sprintf("%s that went unserved could decide it: it lies between %s and %s",
		plural(n.unserved, "iteration"), display(n.low, slo.UnitTime), upper(n.high, slo.UnitTime))
}

// doubt is why a fail may be the generator's: iterations that wait for a VU are late whatever the target does.
func (r recovering) doubt(e results.Evidence) string {
	if f := r.judge.trial.Fitness; e.Outcome == results.Fail && f.Late && tooFewVUs(f) {
		return "the load generator had too few VUs, and iterations waited for it"
	}
	return ""
}

// overTrials adds, for each recovery that was measured in several trials, a row of its median and its longest. The bound holds
// for all of them when it holds for each.
func overTrials(v *results.Verdict, questions []question) {
	for _, q := range questions {
		if q.parsed.Func != "recovery" {
			continue
		}
		var rows []results.Evidence
		for _, e := range v.Evidence {
			if e.What == q.Text && e.Trial > 0 && e.Low != nil {
				rows = append(rows, e)
			}
		}
		if len(rows) > 1 {
			v.Evidence = append(v.Evidence, ofTrials(rows))
		}
	}
	v.Recoveries = recoveries(v.Resilience)
}

// ofTrials is the row over the trials' rows.
func ofTrials(rows []results.Evidence) results.Evidence {
	slices.SortStableFunc(rows, func(a, b results.Evidence) int { return cmp.Compare(lasted(a.Value), lasted(b.Value)) })
	longest := rows[len(rows)-1]
	e := results.Evidence{
		What: longest.What, Phase: longest.Phase, Unit: longest.Unit, Bound: longest.Bound, Value: rows[(len(rows)-1)/2].Value,
		Low: rows[0].Low, High: longest.High, Outcome: overall(rows),
		Reason: fmt.Sprintf("the median of %d trials; the longest is %s, in trial %d", len(rows), lastedText(longest.Value), longest.Trial),
	}
	return e
}

// lasted is a length, infinite where it was not seen to its end.
func lasted(v *float64) float64 {
	if v == nil {
		return math.Inf(1)
	}
	return *v
}

func lastedText(v *float64) string {
	if v == nil {
		return "not seen to its end"
	}
	return display(*v, slo.UnitTime)
}

// recoveries are the recoveries of each fault phase over the trials, where there are several.
func recoveries(all []results.Resilience) []results.Recoveries {
	var over []results.Recoveries
	var lengths [][]*float64
	for _, r := range all {
		if r.Recovery.Seconds == nil && r.Recovery.Censor == nil {
			continue
		}
		i := slices.IndexFunc(over, func(o results.Recoveries) bool { return slices.Equal(o.Faults, r.Faults) })
		if i < 0 {
			i = len(over)
			over, lengths = append(over, results.Recoveries{Faults: r.Faults}), append(lengths, nil)
		}
		if lengths[i] = append(lengths[i], r.Recovery.Seconds); over[i].Of == 0 || lasted(r.Recovery.Seconds) > lasted(over[i].Longest) {
			over[i].Longest, over[i].Of = r.Recovery.Seconds, r.Trial
		}
	}
	for i := range over {
		over[i].Trials = len(lengths[i])
		slices.SortStableFunc(lengths[i], func(a, b *float64) int { return cmp.Compare(lasted(a), lasted(b)) })
		over[i].Median = lengths[i][(len(lengths[i])-1)/2]
	}
	return slices.DeleteFunc(over, func(o results.Recoveries) bool { return o.Trials < 2 })
}
