package slo

import "strings"

// term is one part of a bound: a quantity, or a measure times a factor.
type term struct {
	quantity
	factor float64 // 0: a quantity
	of     Measure
}

// bound reads the right side: a quantity, or k * measure with a quantity added or subtracted, in either order.
func (p *parser) bound(s *SLO) error {
	const hint = "write k * measurement + constant, such as 3 * p50(latency) + 5ms"
	first, err := p.term()
	if err != nil {
		return err
	}
	terms := []term{first}
	for {
		p.space()
		start, sign := p.pos, 1.0
		switch {
		case p.next("+"):
		case p.next("-"):
			sign = -1
		default:
			return p.join(s, terms)
		}
		t, err := p.term()
		if err != nil {
			return err
		}
		if len(terms) == 2 || (t.factor != 0) == (terms[0].factor != 0) {
			return p.fail(start, "a bound has at most one measurement and one constant", hint)
		}
		if t.factor != 0 && sign < 0 {
			return p.fail(start, "a measurement can't be subtracted in a bound", hint)
		}
		if t.factor == 0 && t.value != 0 { // 0 has no sign
			t.value *= sign
		}
		terms = append(terms, t)
	}
}

// join puts the terms of a bound together and holds their units against what is measured.
func (p *parser) join(s *SLO, terms []term) error {
	for _, t := range terms {
		if t.factor != 0 && (s.Exact() || ofLedger(t.of.Func)) {
			return p.fail(t.offset, "what is of a ledger is held against a number, and stands on the left", "write lost(orders) == 0, or a share: duplicated(orders) <= 2%")
		}
		if t.factor != 0 {
			s.Factor, s.Of = t.factor, t.of
			if err := p.sameUnit(s.Measure, t); err != nil {
				return err
			}
		}
	}
	for _, t := range terms {
		if t.factor != 0 {
			continue
		}
		if s.Func == "slope" && t.value == 0 && t.unit == UnitNone {
			t.unit = ScrapedUnit(s.Measure) // nothing per time is nothing, in any unit
		}
		s.Value, s.Unit = t.value, t.unit
		if err := p.unitFits(s.Measure, t.quantity); err != nil {
			return err
		}
		if s.Relative() && t.value == 0 {
			s.Value = 0 // + 0ms and − 0ms say nothing
		}
	}
	if unit, ok := s.unit(); ok {
		s.Unit = unit
	} else if s.Relative() && s.Value == 0 {
		s.Unit = UnitNone
	}
	return nil
}

func (p *parser) term() (term, error) {
	p.space()
	if p.pos < len(p.text) && (p.text[p.pos] >= '0' && p.text[p.pos] <= '9' || p.text[p.pos] == '.' || p.text[p.pos] == '-') {
		q, err := p.number()
		if err != nil || !p.next("*") {
			return term{quantity: q}, err
		}
		if q.text != q.digits {
			return term{}, p.fail(q.offset, "a factor has no unit", "write "+q.digits+" * p50(latency)")
		}
		of, err := p.boundMeasure()
		return p.scaled(q, of, err)
	}
	if p.peekWord() == "" {
		return term{}, p.fail(p.pos, "expected a bound but found "+p.found(), "write a number with its unit, such as 300ms, 0.1% or 100/s")
	}
	q := quantity{value: 1, offset: p.pos}
	of, err := p.boundMeasure()
	if err == nil && p.next("*") {
		if q, err = p.number(); err == nil && q.text != q.digits {
			err = p.fail(q.offset, "a factor has no unit", "write "+q.digits+" * "+of.String())
		}
	}
	return p.scaled(q, of, err)
}

func (p *parser) scaled(q quantity, of Measure, err error) (term, error) {
	if err == nil && q.value <= 0 {
		err = p.fail(q.offset, "a factor must be greater than zero", "")
	}
	return term{quantity: q, factor: q.value, of: of}, err
}

// boundMeasure reads a measure on the right side. An "in" after it belongs to it only if the bound or another "in" goes
// on after it; at the end of the line it is the scope of the whole SLO.
func (p *parser) boundMeasure() (Measure, error) {
	m, err := p.measure()
	if err != nil || m.In != "" {
		return m, err
	}
	at := p.pos
	if p.keyword("in") && p.peekWord() != "every" {
		where := p.word()
		p.space()
		more := p.scoped()
		if p.pos < len(p.text) {
			more = more || strings.IndexByte("+-*", p.text[p.pos]) >= 0
		}
		if more && where != "" {
			m.In = where
			return m, nil
		}
	}
	p.pos = at
	return m, nil
}

// scoped says whether another "in" comes next that is not "in every", which any scope may have behind it.
func (p *parser) scoped() bool {
	at := p.pos
	defer func() { p.pos = at }()
	return p.keyword("in") && p.peekWord() != "every"
}

// unitFits checks the unit of a constant against what is measured, where that is known.
func (p *parser) unitFits(m Measure, q quantity) error {
	if m.Func == "slope" && !strings.HasSuffix(q.unit, UnitPerSecond) {
		return p.fail(q.offset, m.String()+" is per time, and "+q.text+" is not", "write it like "+q.text+"/min")
	}
	if ofLedger(m.Func) && m.Func != "admitted" && q.unit != UnitNone && q.unit != UnitShare {
		return p.fail(q.offset, m.String()+" is a count or a share, and "+q.text+" is "+dimension(q.unit), "write "+q.digits+" or "+q.digits+"%")
	}
	want, known := m.unit()
	if !known || q.unit == want {
		return nil
	}
	bare := q.unit == UnitNone
	example := example(q.digits, want)
	switch {
	case want == UnitNone && q.unit == UnitPerSecond:
		return p.fail(q.offset, m.String()+" is a count, and "+q.text+" is a rate", "did you mean rate("+m.Metric+")?")
	case want == UnitNone:
		return p.fail(q.offset, m.String()+" is a count, and has no unit", "write "+q.digits)
	case bare && want == UnitShare:
		return p.fail(q.offset, m.String()+" is a share, and its bound has no unit", "units are required: "+sharePercent(q))
	case bare:
		return p.fail(q.offset, m.String()+" is "+dimension(want)+", and its bound has no unit", "units are required: "+example)
	}
	return p.fail(q.offset, m.String()+" is "+dimension(want)+", and "+q.text+" is "+dimension(q.unit), "write it like "+example)
}

// sharePercent is what a bare number meant where a share was asked for: 0.01 as k6 writes it, or a percentage.
func sharePercent(q quantity) string {
	if q.value >= 0 && q.value < 1 {
		return Format(q.value, UnitShare)
	}
	return q.digits + "%"
}

// sameUnit checks that both sides of a relative bound are of one dimension, where that is known.
func (p *parser) sameUnit(left Measure, t term) error {
	a, known := left.unit()
	b, also := t.of.unit()
	if !known || !also || a == b {
		return nil
	}
	return p.fail(t.offset, left.String()+" is "+dimension(a)+", and "+t.of.String()+" is "+dimension(b),
		"both sides must be of one dimension")
}

func example(digits, unit string) string {
	switch unit {
	case UnitTime:
		return digits + "ms"
	case UnitShare:
		return digits + "%"
	case UnitBytes:
		return digits + "KiB"
	case UnitBytesPerSecond:
		return digits + "KiB/s"
	case UnitPerSecond:
		return digits + "/s"
	}
	return digits + unit
}

func dimension(unit string) string {
	switch unit {
	case UnitNone:
		return "a plain number"
	case UnitTime:
		return "a time"
	case UnitShare:
		return "a share"
	case UnitPerSecond:
		return "a rate"
	case UnitBytes:
		return "a number of bytes"
	case UnitBytesPerSecond:
		return "bytes per time"
	}
	return "a time per time"
}
