package slo

import (
	"sort"
	"strconv"
	"strings"
	"time"
)

// Measure names one number of a trial: a statistic or a function of a metric, and where it is measured.
type Measure struct {
	Stat string  // p, avg, med, min, max, sum, count, rate, value; empty when Func is set
	Q    float64 // of p: the quantile, 0 to 1
	Func string  // recovery, drain, per_request, slope, lost, duplicated, reordered, unknown, admitted; empty when Stat is set

	Metric  string            // a metric; of recovery a fault; of lost, duplicated, reordered, unknown and admitted a ledger
	Tags    map[string]string // selector; nil: all samples of the metric
	AfterGC bool              // of the metric's values right after a garbage collection

	In string // warmup, steady, fault, recovery, first-fifth, last-fifth, the name of a fault; empty: all but the warm-up
}

// The parts of the load after the warm-up that an SLO can name beside phases and faults.
const (
	FirstFifth = "first-fifth"
	LastFifth  = "last-fifth"
)

// SLO is a bound on a measurement, parsed. Its zero value is no SLO; Parse and ParseThreshold make them.
type SLO struct {
	Text string // as it was written
	Measure
	Op string // <, <=, >, >=, ==; of a threshold also === and !=; empty of a measurement alone

	// The bound is Factor × Of + Value; Factor is 0 where the bound is Value alone.
	Factor float64
	Of     Measure
	Value  float64 // in Unit
	Unit   string  // one of the Unit constants

	Per   time.Duration // of admitted: the window that Value counts in
	Every time.Duration // judged in windows of this length; 0: once

	// Threshold marks k6's own meaning: the whole run, no phases, no rule for what was not served.
	Threshold bool
}

// Selector names what a measure is made of: all samples of a metric, or those with all of some tags.
type Selector struct {
	Metric string
	Tags   map[string]string
}

// String is the selector as it is written in an SLO: metric{tag:value}.
func (s Selector) String() string { return s.Metric + formatTags(s.Tags) }

// Relative says whether the bound depends on another measurement.
func (s SLO) Relative() bool { return s.Factor != 0 }

// Selectors lists the metrics that the SLO measures, each with its tags: what must be recorded for it to be judged. One
// without tags is a metric's base series, which are always recorded; one with tags has to be asked for before the load.
// They are sorted and each is named once. Faults and ledgers are not metrics.
func (s SLO) Selectors() []Selector {
	var all []Selector
	for _, m := range []Measure{s.Measure, s.Of} {
		if m.OfMetric() {
			all = append(all, Selector{Metric: m.Metric, Tags: m.Tags})
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].String() < all[j].String() })
	if len(all) == 2 && all[0].String() == all[1].String() {
		all = all[:1]
	}
	return all
}

// Exact says whether the SLO is an invariant on exact counts, which an unfit generator or machine can't put in doubt.
func (s SLO) Exact() bool { return ofLedger(s.Func) }

// OfMetric says whether a measure is of a metric, and not of a fault or a ledger, whose name stands in its place.
func (m Measure) OfMetric() bool { return m.Metric != "" && m.Func != "recovery" && !ofLedger(m.Func) }

// ofLedger says whether a function is of a ledger.
func ofLedger(function string) bool {
	switch function {
	case "lost", "duplicated", "reordered", "unknown", "admitted":
		return true
	}
	return false
}

// String writes the SLO in one canonical way, which Parse (of a threshold: ParseThresholdText) reads back to the same value.
func (s SLO) String() string {
	if s.Threshold {
		return s.Metric + rawTags(s.Tags) + ": " + s.k6Stat() + s.Op + strconv.FormatFloat(s.Value, 'g', -1, 64)
	}
	left := s.Measure
	left.In = ""
	text := left.String()
	if bound := s.Bound(); bound != "" {
		text += " " + bound
	}
	if s.In != "" {
		text += " in " + s.In
	}
	if s.Every > 0 {
		text += " in every " + formatDuration(s.Every)
	}
	return text
}

// Bound is the right side with its operator: `< 300ms`; empty where there is none, but for the window of admissions.
func (s SLO) Bound() string {
	if s.Threshold {
		return s.Op + " " + strconv.FormatFloat(s.Value, 'g', -1, 64)
	}
	text := s.Op + " "
	switch {
	case !s.Bounds():
		text = ""
	case s.Factor == 0:
		text += Format(s.Value, s.Unit)
	default:
		text += plain(s.Factor, 0) + " * " + s.Of.String()
		switch {
		case s.Value > 0:
			text += " + " + Format(s.Value, s.Unit)
		case s.Value < 0:
			text += " - " + Format(-s.Value, s.Unit)
		}
	}
	if s.Per > 0 {
		text += " per " + formatDuration(s.Per)
	}
	return strings.TrimSpace(text)
}

// String is the measure as it is written: p95(latency{name:create} in steady).
func (m Measure) String() string {
	metric := m.Metric + formatTags(m.Tags)
	if m.AfterGC {
		metric = "after_gc(" + metric + ")"
	}
	if m.In != "" {
		metric += " in " + m.In
	}
	return m.name() + "(" + metric + ")"
}

func (m Measure) name() string {
	if m.Func != "" {
		return m.Func
	}
	if m.Stat == "p" {
		return "p" + plain(m.Q, 2)
	}
	return m.Stat
}

func formatTags(tags map[string]string) string {
	return joinTags(tags, quoteName, quoteValue)
}

// rawTags writes a selector in k6's spelling, which takes quotes off the ends of a value and knows none inside.
func rawTags(tags map[string]string) string {
	quote := func(v string) string {
		if v == "" || v != strings.TrimSpace(v) {
			return `"` + v + `"`
		}
		return v
	}
	return joinTags(tags, quote, quote)
}

func joinTags(tags map[string]string, name, value func(string) string) string {
	if len(tags) == 0 {
		return ""
	}
	names := make([]string, 0, len(tags))
	for n := range tags {
		names = append(names, n)
	}
	sort.Strings(names)
	for i, n := range names {
		names[i] = name(n) + ":" + value(tags[n])
	}
	return "{" + strings.Join(names, ",") + "}"
}

// quoteName quotes the name of a tag where it is not a word.
func quoteName(n string) string {
	if isWord(n) {
		return n
	}
	return quote(n)
}

// quoteValue quotes the value of a tag where it could not be read back bare.
func quoteValue(v string) string {
	bare := v != "" && v == strings.TrimSpace(v) && !strings.ContainsAny(v, `,{}\"'`)
	if bare {
		return v
	}
	return quote(v)
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
