package slo

import "strings"

// unknownStat says what a word that is no statistic may have been meant to be.
func (p *parser) unknownStat(start int, word string) error {
	if p.next("(") {
		hint := "statistics are p95, avg, med, min, max, sum, count, rate, value"
		if near := nearStat(word); near != "" {
			hint = "did you mean " + near + "?"
		}
		return p.fail(start, "unknown statistic "+word, hint)
	}
	selector := ""
	if p.pos < len(p.text) && p.text[p.pos] == '{' {
		if end := strings.IndexByte(p.text[p.pos:], '}'); end > 0 {
			selector = p.text[p.pos : p.pos+end+1]
		}
	}
	if known, ok := Builtin(word); ok {
		stat := known.Kind.stats()[0]
		if stat == "p" {
			stat = "p95"
		}
		return p.fail(start, "a statistic of "+word+" is missing", "did you mean "+stat+"("+word+selector+")?")
	}
	if near := nearStat(word); near != "" {
		return p.fail(start, "unknown statistic "+word, "did you mean "+near+"(latency)?")
	}
	return p.fail(start, "expected a statistic of a metric but found "+word, "write one such as p95("+word+selector+")")
}

func nearStat(word string) string {
	switch strings.ToLower(word) {
	case "mean", "average", "avarage":
		return "avg"
	case "median":
		return "med"
	case "maximum", "highest":
		return "max"
	case "minimum", "lowest":
		return "min"
	case "total":
		return "sum"
	case "last", "gauge":
		return "value"
	case "percentile", "quantile", "perc":
		return "p95"
	}
	if q, ok := percentile(strings.ToLower(word)); ok && q <= 1 {
		return strings.ToLower(word)
	}
	return Nearest(word, []string{"avg", "med", "min", "max", "sum", "count", "rate", "value",
		"recovery", "drain", "per_request", "slope", "after_gc", "lost", "duplicated", "reordered", "unknown", "admitted"})
}

// noMetric says that a statistic stands alone, as in k6's p(95)<300, where the metric stands elsewhere.
func (p *parser) noMetric(start int, word string, m Measure) error {
	metric := "latency"
	switch {
	case m.Func == "recovery":
		metric = "fault-name"
	case ofLedger(m.Func):
		metric = "orders"
	case m.Func != "" || m.Stat == "value":
		metric = "heap"
	case m.Stat == "rate":
		metric = "http_req_failed"
	case m.Stat == "count":
		metric = "http_reqs"
	}
	return p.fail(start, word+" of what? A metric is missing", "did you mean "+word+"("+metric+")?")
}

// hintPercentile reads p999 as people mean it: p99.9.
func hintPercentile(word string) string {
	digits := strings.TrimPrefix(word, "p")
	if len(digits) > 2 && !strings.Contains(digits, ".") {
		return "did you mean p" + digits[:2] + "." + digits[2:] + "?"
	}
	return ""
}
