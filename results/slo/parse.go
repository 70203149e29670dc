package slo

import (
	"strconv"
	"strings"
)

// Parse reads one SLO. Its errors are *SyntaxError. Whether the metrics exist and have such statistics is for Validate.
func Parse(text string) (SLO, error) {
	p := &parser{scanner{text: text}}
	if p.done() {
		return SLO{}, p.fail(0, "an SLO is missing", "write one such as p95(latency) < 300ms in steady")
	}
	start := p.pos
	if s, ok, err := p.k6Spelling(); ok || err != nil {
		return s, err
	}
	p.pos = start
	s, err := p.slo()
	if err != nil {
		return SLO{}, err
	}
	s.Text = strings.TrimSpace(text)
	return s, nil
}

// Reserved says whether a name has a meaning of its own after "in" or in a bound, so that no fault can bear it.
func Reserved(name string) bool {
	switch name {
	case "warmup", "steady", "fault", "recovery", FirstFifth, LastFifth, "every", "in", "per", "all":
		return true
	}
	return false
}

type parser struct{ scanner }

func (p *parser) slo() (SLO, error) {
	var s SLO
	var err error
	if s.Measure, err = p.measure(); err != nil {
		return s, err
	}
	if s.Op, err = p.op(s.Measure); err != nil {
		return s, err
	}
	if err := p.bound(&s); err != nil {
		return s, err
	}
	if err := p.per(&s); err != nil {
		return s, err
	}
	p.space()
	at := p.pos
	if err := p.scope(&s); err != nil {
		return s, err
	}
	if err := p.wholeTrial(s, at); err != nil {
		return s, err
	}
	if !p.done() {
		return s, p.fail(p.pos, "the SLO should end here but "+p.found()+" follows", "one SLO has one bound; write a second line")
	}
	return s, nil
}

// op reads the operator and tells those who slipped which one there is.
func (p *parser) op(left Measure) (string, error) {
	p.space()
	start := p.pos
	for p.pos < len(p.text) && strings.ContainsRune("<>=!~", rune(p.text[p.pos])) {
		p.pos++
	}
	switch op := p.text[start:p.pos]; op {
	case "<", "<=", ">", ">=", "==":
		return op, nil
	case "=<", "=>":
		return "", p.fail(start, "unknown operator "+op, "did you mean "+op[1:]+"=?")
	case "===":
		return "", p.fail(start, "unknown operator ===", "did you mean ==?")
	case "=":
		hint := "did you mean ==?"
		if left.Stat == "p" || left.Stat == "avg" || left.Stat == "med" {
			hint = "did you mean <=? (equality is written ==)"
		}
		return "", p.fail(start, "= is not a comparison", hint)
	case "":
		r, _ := runeAt(p.text, p.pos)
		switch r {
		case '≤':
			return "", p.fail(start, "unknown operator ≤", "did you mean <=?")
		case '≥':
			return "", p.fail(start, "unknown operator ≥", "did you mean >=?")
		}
		return "", p.fail(start, "expected a comparison but found "+p.found(), "write <, <=, >, >= or ==")
	default:
		return "", p.fail(start, "unknown operator "+op, "write <, <=, >, >= or ==")
	}
}

// per reads the window of admitted(ledger) <= 100 per 60s.
func (p *parser) per(s *SLO) error {
	p.space()
	start := p.pos
	if !p.keyword("per") {
		if s.Func == "admitted" {
			return p.fail(start, "admitted needs the window that it counts in", "write admitted("+s.Metric+") <= 100 per 60s")
		}
		return nil
	}
	if s.Func != "admitted" {
		return p.fail(start, "only admitted(ledger) is counted per window", "a rate is written rate(http_reqs) > 100/s")
	}
	var err error
	s.Per, err = p.duration("per 60s")
	return err
}

// wholeTrial checks that what is counted over a whole trial is not asked for in a part of it. at is where the scope stands.
func (p *parser) wholeTrial(s SLO, at int) error {
	within := s.In != "" || s.Measure.In != ""
	switch {
	case !s.Exact():
		return nil
	case s.Every > 0:
		return p.fail(at, s.Func+" is not judged in windows of the trial", "leave out in every; the window of admissions is per 60s")
	case within && s.Func != "admitted":
		return p.fail(at, s.Func+" is counted over the whole trial", "leave out in; of ledgers only admissions have a phase")
	}
	return nil
}

// scope reads where the SLO holds.
func (p *parser) scope(s *SLO) error {
	for {
		p.space()
		start := p.pos
		if !p.keyword("in") {
			return nil
		}
		var err error
		switch every := p.keyword("every"); {
		case every && s.Every > 0, !every && s.In != "":
			return p.fail(start, "the SLO says twice where it holds", "leave one of the two out")
		case every:
			s.Every, err = p.duration("in every 1m")
		default:
			s.In, err = p.where()
		}
		if err != nil {
			return err
		}
	}
}

func (p *parser) where() (string, error) {
	p.space()
	start := p.pos
	where := p.word()
	if where == "" {
		return "", p.fail(start, "expected a phase or a fault after in but found "+p.found(),
			"write in steady, in recovery, in warmup, in <fault name> or in every 1m")
	}
	return where, nil
}

// k6Spelling reads `metric{selector}: p(95)<300`. It is not ok, and not an error, where the text has no such form.
func (p *parser) k6Spelling() (SLO, bool, error) {
	metric := p.word()
	if metric == "" {
		return SLO{}, false, nil
	}
	if p.next("{") {
		end := strings.IndexByte(p.text[p.pos:], '}')
		if end < 0 {
			return SLO{}, false, nil
		}
		p.pos += end + 1
	}
	if !p.next(":") {
		return SLO{}, false, nil
	}
	s, err := ParseThresholdText(p.text)
	if err != nil {
		return SLO{}, true, err
	}
	switch s.Op {
	case "===":
		s.Op = "=="
	case "!=":
		return SLO{}, true, p.fail(strings.Index(p.text, "!="), "an SLO is a bound, and != is none", "write <, <=, >, >= or ==")
	}
	s.Text, s.Threshold = strings.TrimSpace(p.text), false
	if unit, ok := s.unit(); ok {
		s.Unit = unit
	}
	return s, true, nil
}

// percentile reads the number of p(95), or returns it for a word such as p95; not ok where the word is none.
func percentile(word string) (float64, bool) {
	digits, ok := strings.CutPrefix(word, "p")
	if !ok || digits == "" || strings.Trim(digits, "0123456789.") != "" {
		return 0, false
	}
	q, err := strconv.ParseFloat(digits+"e-2", 64)
	return q, err == nil
}
