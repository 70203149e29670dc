package slo

import (
	"strings"
	"time"
)

// ShortestWindow is the least that `in every` can ask for: there is little to say of a second, and much of a day in seconds.
const ShortestWindow = 10 * time.Second

// ScrapedName is the Prometheus name of a metric that is known by a short name as well: heap, rss, goroutines, fds, cpu of a
// service, postgres.queries and so on of what brunt asks for by itself (see ProbedNames). Every other name is its own.
func ScrapedName(name string) string {
	if long, ok := probedName(name); ok {
		return long
	}
	switch name {
	case "heap":
		return "go_memstats_heap_alloc_bytes"
	case "rss":
		return "process_resident_memory_bytes"
	case "goroutines":
		return "go_goroutines"
	case "fds":
		return "process_open_fds"
	case "cpu":
		return "process_cpu_seconds_total"
	}
	return name
}

// ScrapedUnit is the unit of a measure of a service's metric, as far as the metric's name says it: UnitNone where it does not.
func ScrapedUnit(m Measure) string {
	unit, _ := scrapedBase(m.Metric)
	if m.Func == "slope" || m.Stat == "rate" {
		unit += UnitPerSecond
	}
	return unit
}

// ScrapedScale is what the measured number is multiplied by to be in a unit; not ok where the metric's name says that it is not
// of that dimension, or does not say which time it is in.
func ScrapedScale(m Measure, unit string) (float64, bool) {
	base, factor := scrapedBase(m.Metric)
	perTime := m.Func == "slope" || m.Stat == "rate"
	bare, isRate := strings.CutSuffix(unit, UnitPerSecond)
	switch {
	case unit == UnitNone && m.Func != "slope":
		return 1, true
	case m.Stat == "rate" && base == UnitTime && unit == UnitShare:
		return factor / 1000, true // seconds per second
	case perTime != isRate:
		return 0, false
	case bare == UnitNone:
		return 1, true
	case bare == base:
		return factor, true
	case base == UnitNone && bare == UnitBytes:
		return 1, true
	}
	return 0, false
}

// scrapedBase is the unit that the name of a metric says (https://prometheus.io/docs/practices/naming), and the factor from its
// numbers to a kept value.
func scrapedBase(name string) (unit string, factor float64) {
	name = ScrapedName(name)
	if strings.HasSuffix(name, "_count") {
		return UnitNone, 1
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, "_total"), "_sum")
	for _, known := range []struct {
		suffix, unit string
		factor       float64
	}{
		{"_milliseconds", UnitTime, 1}, {"_ms", UnitTime, 1}, {"_seconds", UnitTime, 1000},
		{"_bytes", UnitBytes, 1}, {"_ratio", UnitShare, 1}, {"_percent", UnitShare, 0.01},
	} {
		if strings.HasSuffix(name, known.suffix) {
			return known.unit, known.factor
		}
	}
	return UnitNone, 1
}

// validateScraped checks a measure of a service's metric.
func (s SLO) validateScraped(p *scanner, m Measure, kind Kind) error {
	at := max(strings.Index(s.Text, m.Metric), 0)
	switch {
	case m.Func == "" && !kind.Has(m.Stat):
		return p.fail(at, m.Metric+" is a "+string(kind)+" and has no "+m.name(), kindHint(m, kind, kind.stats()))
	case m.Func == "per_request" && kind == ScrapedGauge:
		return p.fail(at, m.Metric+" is a "+string(kind)+", of which there is none per request", "per_request takes a counter, such as postgres.queries")
	}
	if m.AfterGC && (kind == ScrapedCounter || !has([]string{"", "value", "min", "max", "avg"}, m.Stat)) {
		return p.fail(at, m.String()+" is not what a collection leaves", "write slope(after_gc(heap)) or max(after_gc(heap))")
	}
	if m.Func == "drain" {
		if kind == ScrapedCounter {
			return p.fail(at, m.Metric+" is a "+string(kind)+", which never comes down", "drain is of a gauge, such as the length of a queue")
		}
		return nil // its bound is a time, whatever the gauge is
	}
	at = max(strings.LastIndex(s.Text, s.Op)+len(s.Op), 0)
	if s.Relative() || !s.Bounds() {
		return nil // both sides are checked against each other
	}
	if _, ok := ScrapedScale(m, s.Unit); !ok {
		unit := ScrapedUnit(m)
		hint := "the unit is taken from the metric's name; a bare number is the metric's own"
		if unit != UnitNone {
			hint = "write it like " + example("5", unit)
		}
		return p.fail(at, m.String()+" can't be held against "+Format(s.Value, s.Unit), hint)
	}
	return nil
}

// validateSides checks that the two sides of a bound that follows another measurement are of one dimension, where one of them is
// a service's metric, and that windows go with what is measured.
func (s SLO) validateSides(kindOf func(string) (Kind, bool)) error {
	p := &scanner{text: s.Text}
	at := max(strings.LastIndex(s.Text, s.Op)+len(s.Op), 0)
	switch slope := s.Func == "slope" || s.Of.Func == "slope"; {
	case s.Every > 0 && s.Every < ShortestWindow:
		return p.fail(at, "a window of "+formatDuration(s.Every)+" is too short", "windows are at least "+formatDuration(ShortestWindow))
	case s.Every > 0 && slope:
		return p.fail(at, "a slope is of a whole phase, not of windows", "leave out in every")
	case !s.Relative():
		return nil
	case slope && s.Func != s.Of.Func:
		return p.fail(at, "a slope can be held against another slope only", "write slope(x) < 1MiB/min")
	}
	left, knownLeft := unitOf(s.Measure, kindOf)
	right, knownRight := unitOf(s.Of, kindOf)
	if knownLeft && knownRight && left != right {
		return p.fail(at, s.Measure.String()+" is "+dimension(left)+", and "+s.Of.String()+" is "+dimension(right),
			"both sides must be of one dimension")
	}
	return nil
}

// unitOf is the unit of a measure, known where it is of a metric of brunt's, k6's or a service's.
func unitOf(m Measure, kindOf func(string) (Kind, bool)) (string, bool) {
	if _, ok := Builtin(m.Metric); ok || m.Func != "" && m.Func != "slope" && m.Func != "per_request" {
		return m.unit()
	}
	if kindOf == nil {
		return "", false
	}
	kind, _ := kindOf(m.Metric)
	return ScrapedUnit(m), kind.scraped()
}
