package slo

import "strings"

func isStat(word string) bool {
	switch word {
	case "avg", "med", "min", "max", "sum", "count", "rate", "value":
		return true
	}
	return false
}

func isFunc(word string) bool {
	switch word {
	case "recovery", "drain", "per_request", "slope", "after_gc":
		return true
	}
	return ofLedger(word)
}

// measure reads stat(metric) or func(argument).
func (p *parser) measure() (Measure, error) {
	p.space()
	start := p.pos
	word := p.word()
	var m Measure
	switch q, isP := percentile(word); {
	case word == "":
		return m, p.fail(start, "expected a statistic but found "+p.found(), "write one such as p95(latency)")
	case word == "p" && p.next("("):
		digits := p.digits()
		if q, isP = percentile("p" + digits); !isP || !p.next(")") {
			return m, p.fail(start, "p takes the number of a percentile", "write p(95)(latency) or p95(latency)")
		}
		word = "p" + digits
		m.Stat, m.Q = "p", q
	case isP:
		m.Stat, m.Q = "p", q
	case isStat(word):
		m.Stat = word
	case isFunc(word):
		m.Func = word
	default:
		return m, p.unknownStat(start, word)
	}
	if m.Q > 1 {
		return m, p.fail(start, "a percentile is at most 100", hintPercentile(word))
	}
	if !p.next("(") {
		return m, p.noMetric(start, word, m)
	}
	if err := p.argument(&m); err != nil {
		return m, err
	}
	if !p.next(")") {
		return m, p.fail(p.pos, `expected ")" but found `+p.found(), "write "+m.String())
	}
	if m.Func == "after_gc" { // short for the largest of what collections left
		m.Func, m.Stat, m.AfterGC = "", "max", true
	}
	return m, nil
}

// argument reads what stands between the parentheses of a measure.
func (p *parser) argument(m *Measure) error {
	p.space()
	start := p.pos
	m.Metric = p.word()
	if m.Metric == "" {
		return p.fail(start, "expected a metric but found "+p.found(), "write one such as "+m.name()+"(latency)")
	}
	takesMetric := m.Func == "" || m.Func == "slope"
	if m.Metric == "after_gc" && p.next("(") {
		if !takesMetric {
			return p.fail(start, m.Func+" does not take after_gc", "write slope(after_gc(heap)) or max(after_gc(heap))")
		}
		m.AfterGC = true
		if m.Metric = p.word(); m.Metric == "" {
			return p.fail(p.pos, "expected a metric but found "+p.found(), "write after_gc(heap)")
		}
	}
	p.space()
	if at := p.pos; p.next("{") {
		if m.Func == "recovery" || ofLedger(m.Func) {
			return p.fail(at, m.Func+" takes a name without a selector", "write "+m.Func+"("+m.Metric+")")
		}
		tags, err := p.selector(at, m.Metric)
		if err != nil {
			return err
		}
		m.Tags = tags
	}
	if m.AfterGC && !p.next(")") {
		return p.fail(p.pos, `expected ")" but found `+p.found(), "write after_gc("+m.Metric+")")
	}
	if p.keyword("in") {
		var err error
		if p.peekWord() == "every" {
			return p.fail(p.pos, "every stands at the end of an SLO", "write p95(latency) < 300ms in every 1m")
		}
		m.In, err = p.where()
		return err
	}
	return nil
}

// selector reads the tags of {name:create,method:POST}; the brace has been read.
func (p *parser) selector(start int, metric string) (map[string]string, error) {
	tags := map[string]string{}
	for {
		p.space()
		at := p.pos
		name, err := p.tagName()
		if err != nil {
			return nil, err
		}
		if name == "" || !p.next(":") {
			return nil, p.fail(at, "expected tag:value but found "+p.found(), "write "+metric+"{name:create}")
		}
		value, quoted, err := p.tagValue()
		if err != nil {
			return nil, err
		}
		if value == "" && !quoted {
			return nil, p.fail(at, "the tag "+name+" has no value", "write "+metric+"{"+name+":value}")
		}
		if _, twice := tags[name]; twice {
			return nil, p.fail(at, "the tag "+name+" is given twice", "a selector joins its tags with and; leave one out")
		}
		if name == ReservedTag {
			return nil, p.fail(at, "the tag "+name+" is reserved", "")
		}
		tags[name] = value
		switch {
		case p.next(","):
		case p.next("}"):
			return tags, nil
		default:
			return nil, p.fail(start, "the selector is not closed", "write "+metric+"{"+name+":"+value+"}")
		}
	}
}

// ReservedTag marks, in a recording, the series that was recorded for a selector. No selector can name it.
const ReservedTag = "selector"

// tagName reads the name of a tag: a word, or anything in quotes.
func (p *parser) tagName() (string, error) {
	if name, ok, err := p.quoted(); ok || err != nil {
		return name, err
	}
	return p.word(), nil
}

// tagValue reads the value of a tag: quoted, or up to the next comma or brace.
func (p *parser) tagValue() (value string, isQuoted bool, err error) {
	if value, ok, err := p.quoted(); ok || err != nil {
		return value, true, err
	}
	start := p.pos
	end := strings.IndexAny(p.text[start:], ",}")
	if end < 0 {
		return "", false, p.fail(start, "the selector is not closed", "write latency{name:create}")
	}
	p.pos = start + end
	return strings.TrimSpace(p.text[start:p.pos]), false, nil
}

// quoted reads a text in double or single quotes, in which a backslash takes the meaning off the next character. It is
// not ok where no quote comes next.
func (p *parser) quoted() (string, bool, error) {
	p.space()
	start := p.pos
	if start >= len(p.text) || p.text[start] != '"' && p.text[start] != '\'' {
		return "", false, nil
	}
	var value strings.Builder
	for i := start + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == p.text[start]:
			p.pos = i + 1
			return value.String(), true, nil
		case c == '\\' && i+1 < len(p.text):
			i++
			value.WriteByte(p.text[i])
		default:
			value.WriteByte(c)
		}
	}
	return "", false, p.fail(start, "the quote is not closed", "")
}
