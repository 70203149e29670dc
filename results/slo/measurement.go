package slo

import "strings"

// ParseMeasurement reads the left side of an SLO alone, with where it is measured: `p95(latency) in redis-slow`, or
// `admitted(limiter) per 60s`. What it returns has no operator and binds nothing; see Bounds. Its Unit is UnitNone where only
// the recording tells. Its errors are *SyntaxError. Whether the metric exists and has such a statistic is for Validate.
func ParseMeasurement(text string) (SLO, error) {
	p := &parser{scanner{text: text}}
	if p.done() {
		return SLO{}, p.fail(0, "a measurement is missing", "write one such as p95(latency) in steady")
	}
	s, err := p.measurement()
	if err != nil {
		return SLO{}, err
	}
	s.Text = strings.TrimSpace(text)
	if unit, ok := s.unit(); ok {
		s.Unit = unit
	}
	return s, nil
}

func (p *parser) measurement() (SLO, error) {
	var s SLO
	var err error
	if s.Measure, err = p.measure(); err != nil {
		return s, err
	}
	if p.space(); p.pos < len(p.text) && strings.ContainsRune("<>=!", rune(p.text[p.pos])) {
		return s, p.fail(p.pos, "a measurement has no bound, but "+p.found()+" follows", "write "+s.Measure.String()+"; what is bounded is an SLO")
	}
	if err := p.per(&s); err != nil {
		return s, err
	}
	p.space()
	at := p.pos
	if err := p.scope(&s); err != nil {
		return s, err
	}
	if s.Every > 0 {
		return s, p.fail(at, "a measurement is one number, and windows are several", "leave out in every")
	}
	if err := p.wholeTrial(s, at); err != nil {
		return s, err
	}
	if !p.done() {
		return s, p.fail(p.pos, "the measurement should end here but "+p.found()+" follows", "write a second one")
	}
	return s, nil
}

// Bounds says whether there is a bound; a measurement alone has none.
func (s SLO) Bounds() bool { return s.Op != "" }
