package slo

import "strings"

// Validate checks that the metrics exist and have the statistics that the SLO asks for. kindOf tells the kind of a metric
// of the script's or a service's own; a known metric whose kind is not known yet has the kind "", or Scraped when it must be a
// service's. It is not asked for those that Builtin knows, and may be nil. names are further metrics to suggest for a misspelt one. Names of faults,
// phases and ledgers are for the reader of the experiment to check. The error is a *SyntaxError.
func (s SLO) Validate(kindOf func(metric string) (kind Kind, known bool), names ...string) error {
	for i, m := range []Measure{s.Measure, s.Of} {
		if m.Metric == "" && i == 1 {
			continue
		}
		if err := s.validateAfter(m); err != nil {
			return err
		}
		if m.Func == "recovery" || ofLedger(m.Func) {
			continue
		}
		if err := s.validate(m, kindOf, names); err != nil {
			return err
		}
	}
	return s.validateSides(kindOf)
}

func (s SLO) validate(m Measure, kindOf func(string) (Kind, bool), names []string) error {
	p := &scanner{text: s.Text}
	at := max(strings.Index(s.Text, m.Metric), 0)
	known, ok := Builtin(m.Metric)
	if !ok && kindOf != nil {
		known.Kind, ok = kindOf(m.Metric)
	}
	if !ok {
		hint := "metrics of the script's own are made in its init code, with new Trend, Counter, Rate or Gauge"
		if near := Nearest(m.Metric, append(BuiltinNames(), names...)); near != "" {
			hint = "did you mean " + near + "?"
		}
		return p.fail(at, "unknown metric "+m.Metric, hint)
	}
	if known.Kind.scraped() {
		return s.validateScraped(p, m, known.Kind)
	}
	if known.Kind == "" {
		return nil // to be asked again when more is known
	}
	if m.Func == "drain" {
		return p.fail(at, m.String()+" is of a gauge that a service's metrics path tells, and "+m.Metric+" is the load's",
			"write drain(queue_depth), or recovery(fault-name) < 10s of goodput and latency")
	}
	if m.Func == "slope" || m.AfterGC {
		return p.fail(at, m.String()+" is of what a service's metrics path tells, and "+m.Metric+" is the load's", driftHint(m))
	}
	if m.Func == "per_request" && known.Kind != Counter {
		return p.fail(at, m.Metric+" is a "+string(known.Kind)+", of which there is none per request", "per_request takes a counter, such as postgres.queries")
	}
	if m.Func != "" {
		return nil
	}
	stats := known.Kind.stats()
	if s.Threshold {
		stats = known.Kind.k6Stats()
	}
	if !has(stats, m.Stat) {
		return p.fail(at, m.Metric+" is a "+string(known.Kind)+" and has no "+m.name(), kindHint(m, known.Kind, stats))
	}
	return s.validateUnit(p, known.Kind)
}

// validateAfter checks a time that counts from the end of a fault: where it is measured goes without saying.
func (s SLO) validateAfter(m Measure) error {
	p := &scanner{text: s.Text}
	in := m.In
	if in == "" {
		in = s.In
	}
	switch at := max(strings.Index(s.Text, m.Func), 0); {
	case m.Func != "recovery" && m.Func != "drain":
		return nil
	case s.Every > 0:
		return p.fail(at, m.Func+" counts from the end of a fault, not in windows", "leave out in every")
	case m.Func == "recovery" && in != "":
		return p.fail(at, "recovery counts from the end of the fault that it names", "leave out in "+in)
	case m.Func == "drain" && in != "" && Reserved(in):
		return p.fail(at, "drain counts from the end of a fault, and "+in+" is none", "write in <fault name>, or leave it out for every fault")
	}
	return nil
}

// driftHint is how growth of a metric of the load is asked for.
func driftHint(m Measure) string {
	stat := "avg"
	if known, ok := Builtin(m.Metric); ok {
		if stat = known.Kind.stats()[0]; stat == "p" {
			stat = "p95"
		}
	}
	last, first := m, m
	last.Func, first.Func, last.AfterGC, first.AfterGC = "", "", false, false
	last.Stat, first.Stat, last.In, first.In = stat, stat, LastFifth, FirstFifth
	if q, ok := percentile(stat); ok {
		last.Stat, first.Stat, last.Q, first.Q = "p", "p", q, q
	}
	return "compare the fifths: " + last.String() + " < 1.5 * " + first.String()
}

// validateUnit checks the unit of a bound on a custom metric against its kind; those of builtin metrics were checked when
// the SLO was parsed.
func (s SLO) validateUnit(p *scanner, kind Kind) error {
	if _, builtin := Builtin(s.Metric); builtin || s.Threshold || s.Relative() || s.Stat == "" || !s.Bounds() {
		return nil
	}
	at := max(strings.LastIndex(s.Text, s.Op)+len(s.Op), 0)
	share, perTime := s.Unit == UnitShare, strings.HasSuffix(s.Unit, "/s")
	switch {
	case kind == Rate && !share && s.Unit != UnitNone:
		return p.fail(at, s.Metric+" is a rate, whose bound is a share", "write "+s.Measure.String()+" "+s.Op+" 1%")
	case kind == Rate && s.Unit == UnitNone && (s.Value < 0 || s.Value > 1):
		return p.fail(at, s.Metric+" is a rate, whose values are shares from 0 to 1", "units are required: "+plain(s.Value, 0)+"%")
	case kind != Rate && share:
		return p.fail(at, s.Metric+" is a "+string(kind)+", which is not a share", "a share is the rate of a Rate metric")
	case kind == Counter && s.Stat != "rate" && perTime:
		return p.fail(at, s.Measure.String()+" is not per time", "did you mean rate("+s.Metric+")?")
	case kind != Counter && perTime:
		return p.fail(at, s.Metric+" is a "+string(kind)+", which is not per time", "a rate per second is the rate of a Counter metric")
	}
	return nil
}

func kindHint(m Measure, kind Kind, stats []string) string {
	first := stats[0]
	if first == "p" {
		first = "p95"
	}
	m2 := Measure{Stat: first, Metric: m.Metric, Tags: m.Tags}
	if kind == Trend && m.Stat == "rate" {
		return "did you mean rate(http_reqs), or " + m2.String() + "?"
	}
	return "did you mean " + m2.String() + "? A " + string(kind) + " has " + strings.Join(stats, ", ")
}
