package slo

import (
	"math"
	"strconv"
	"strings"
)

// ParseThreshold reads a k6 threshold: the name under which it stands in options.thresholds, with its selector, and one
// expression, such as ("http_req_duration{status:200}", "p(95)<300"). It accepts what k6 v1.8.1 accepts, but for bounds
// that are no finite numbers and percentiles beyond 0 to 100, on which k6 itself fails later. Values are in the metric's own
// unit, as k6 has them. Errors are *SyntaxError.
func ParseThreshold(metric, expr string) (SLO, error) {
	text := ThresholdText(metric, expr)
	p := &scanner{text: text}
	s := SLO{Text: text, Threshold: true}
	var err error
	if s.Metric, s.Tags, err = p.k6Metric(metric); err != nil {
		return SLO{}, err
	}
	at := len(text) - len(expr)
	method, op, value, ok := cutThreshold(expr)
	if !ok {
		return SLO{}, p.fail(at, "the threshold has no comparison with a number", "write one such as p(95)<300")
	}
	s.Op = op
	if err := p.k6Method(&s, at, method); err != nil {
		return SLO{}, err
	}
	s.Value, err = strconv.ParseFloat(value, 64)
	if err != nil || math.IsInf(s.Value, 0) || math.IsNaN(s.Value) {
		hint := "k6's thresholds have no units: write " + s.k6Stat() + s.Op + "300"
		return SLO{}, p.fail(len(text)-len(value), value+" is not a number", hint)
	}
	if known, isKnown := Builtin(s.Metric); isKnown {
		s.Unit, _ = known.unitOf(s.Stat)
	}
	return s, nil
}

// ThresholdText is how a threshold is kept in results.SLO.Text: `metric: expression`.
func ThresholdText(metric, expr string) string { return metric + ": " + expr }

// ParseThresholdText reads what ThresholdText wrote.
func ParseThresholdText(text string) (SLO, error) {
	colon := strings.LastIndexByte(text, ':')
	if brace := strings.LastIndexByte(text, '}'); colon < 0 || colon < brace {
		p := &scanner{text: text}
		return SLO{}, p.fail(len(text), "the threshold has no expression", "write one such as http_req_duration: p(95)<300")
	}
	return ParseThreshold(strings.TrimSpace(text[:colon]), strings.TrimSpace(text[colon+1:]))
}

// cutThreshold splits an expression at its operator as k6 does: the first of this list that occurs anywhere in it.
func cutThreshold(expr string) (method, op, value string, ok bool) {
	for _, op := range []string{"<=", "<", ">=", ">", "===", "==", "!="} {
		if left, right, found := strings.Cut(expr, op); found && right != "" {
			return strings.TrimSpace(left), op, strings.TrimSpace(right), true
		}
	}
	return "", "", "", false
}

func (p *scanner) k6Method(s *SLO, at int, method string) error {
	switch method {
	case "value", "count", "rate", "avg", "min", "med", "max":
		s.Stat = method
		return nil
	}
	inner, isP := strings.CutPrefix(method, "p(")
	inner, closed := strings.CutSuffix(inner, ")")
	if !isP || !closed {
		hint := "k6's aggregations are avg, min, max, med, p(95), count, rate, value"
		if q, ok := percentile(method); ok && q <= 1 {
			hint = "did you mean p(" + strings.TrimPrefix(method, "p") + ")?"
		}
		return p.fail(at, "unknown aggregation "+strconv.Quote(method), hint)
	}
	percent, err := strconv.ParseFloat(inner, 64)
	if err != nil || !(percent >= 0 && percent <= 100) {
		return p.fail(at, "a percentile is a number from 0 to 100", "write one such as p(95)<300")
	}
	s.Stat, s.Q = "p", percent/100
	if q, ok := percentile("p" + inner); ok {
		s.Q = q
	}
	return nil
}

// k6Stat is the aggregation in k6's spelling.
func (s SLO) k6Stat() string {
	if s.Stat == "p" {
		return "p(" + plain(s.Q, 2) + ")"
	}
	return s.Stat
}

// k6Metric splits the name of a threshold into metric and selector, as k6 does: quotes around names and values are
// taken off, and of a tag given twice the last one holds.
func (p *scanner) k6Metric(name string) (string, map[string]string, error) {
	open, end := strings.IndexByte(name, '{'), strings.LastIndexByte(name, '}')
	metric := name
	if open >= 0 {
		metric = name[:open]
	}
	if !isWord(metric) {
		return "", nil, p.fail(0, strconv.Quote(metric)+" is not the name of a metric", "write http_req_duration or http_req_duration{name:create}")
	}
	if open < 0 && end < 0 {
		return name, nil, nil
	}
	if open < 0 || end != len(name)-1 || end < open {
		return "", nil, p.fail(max(open, 0), "the braces of the selector don't match", "write metric{tag:value}")
	}
	tags := map[string]string{}
	for _, pair := range strings.Split(name[open+1:end], ",") {
		tag, value, _ := strings.Cut(pair, ":")
		if tag = trimTag(tag); tag == "" || value == "" || tag == ReservedTag {
			return "", nil, p.fail(open, "the selector "+name[open:]+" is malformed", "write metric{tag:value}")
		}
		tags[tag] = trimTag(value)
	}
	return metric, tags, nil
}

func trimTag(s string) string { return strings.Trim(strings.TrimSpace(s), `"'`) }
