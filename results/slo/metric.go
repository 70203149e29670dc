package slo

import "sort"

// Kind is k6's metric type; its values are those of recording.Kind.
type Kind string

// The kinds of metrics, as in k6. The zero value stands for a metric that is known to exist but whose kind is not.
const (
	Trend   Kind = "trend"
	Counter Kind = "counter"
	Gauge   Kind = "gauge"
	Rate    Kind = "rate"
)

// The kinds of what a service tells at its metrics path. Scraped is one of which no more is known yet.
const (
	Scraped        Kind = "scraped metric"
	ScrapedGauge   Kind = "scraped gauge"
	ScrapedCounter Kind = "scraped counter"
)

// Metric is what is known of a metric that brunt or k6 brings.
type Metric struct {
	Kind Kind
	Unit string // of one value: UnitNone, UnitTime or UnitBytes; of a rate UnitShare
}

// Builtin looks up a metric that needs no definition in a script: brunt's own (latency, lateness, offered,
// http_req_errors) and k6's.
func Builtin(name string) (Metric, bool) {
	m, ok := builtins()[name]
	return m, ok
}

// BuiltinNames lists the metrics that Builtin knows, sorted.
func BuiltinNames() []string {
	var names []string
	for name := range builtins() {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func builtins() map[string]Metric {
	ms, count, bytes := Metric{Trend, UnitTime}, Metric{Counter, UnitNone}, Metric{Counter, UnitBytes}
	share, gauge := Metric{Rate, UnitShare}, Metric{Gauge, UnitNone}
	return map[string]Metric{
		"latency": ms, "lateness": ms, "offered": count, "http_req_errors": count,

		"vus": gauge, "vus_max": gauge,
		"iterations": count, "iteration_duration": ms, "dropped_iterations": count,
		"checks": share, "group_duration": ms,
		"data_sent": bytes, "data_received": bytes,

		"http_reqs": count, "http_req_failed": share, "http_req_duration": ms, "http_req_blocked": ms,
		"http_req_connecting": ms, "http_req_tls_handshaking": ms, "http_req_sending": ms, "http_req_waiting": ms,
		"http_req_receiving": ms,

		"ws_sessions": count, "ws_msgs_sent": count, "ws_msgs_received": count, "ws_ping": ms,
		"ws_session_duration": ms, "ws_connecting": ms,

		"grpc_req_duration": ms, "grpc_streams": count, "grpc_streams_msgs_sent": count, "grpc_streams_msgs_received": count,
	}
}

// stats lists the statistics that a kind of metric has, the one to suggest first.
func (k Kind) stats() []string {
	switch k {
	case Trend:
		return []string{"p", "avg", "med", "min", "max", "sum", "count"}
	case Counter:
		return []string{"rate", "count", "sum"}
	case Gauge:
		return []string{"value", "min", "max"}
	case Rate:
		return []string{"rate"}
	case Scraped:
		return []string{"value", "min", "max", "avg", "rate", "count", "sum"}
	case ScrapedGauge:
		return []string{"value", "min", "max", "avg"}
	case ScrapedCounter:
		return []string{"rate", "count", "sum"}
	}
	return nil
}

// Has says whether metrics of the kind have a statistic.
func (k Kind) Has(stat string) bool { return has(k.stats(), stat) }

func (k Kind) scraped() bool { return k == Scraped || k == ScrapedGauge || k == ScrapedCounter }

// k6Stats lists the aggregation methods that k6 v1.8.1 accepts in a threshold on such a metric.
func (k Kind) k6Stats() []string {
	switch k {
	case Trend:
		return []string{"avg", "min", "max", "med", "p"}
	case Counter:
		return []string{"count", "rate"}
	case Gauge:
		return []string{"value"}
	case Rate:
		return []string{"rate"}
	}
	return nil
}

// unitOf is the unit of a statistic of a metric whose kind and unit are known; not ok where the two don't go together.
func (m Metric) unitOf(stat string) (string, bool) {
	if !has(m.Kind.stats(), stat) {
		return "", false
	}
	switch {
	case m.Kind == Counter && stat == "rate":
		return m.Unit + "/s", true
	case m.Kind == Trend && stat == "count":
		return UnitNone, true
	}
	return m.Unit, true
}

// unit is the unit of what is measured, or not known.
func (m Measure) unit() (string, bool) {
	switch m.Func {
	case "recovery", "drain":
		return UnitTime, true
	case "admitted":
		return UnitNone, true
	case "per_request":
		if known, ok := Builtin(m.Metric); ok {
			return known.unitOf("count")
		}
	case "":
		if known, ok := Builtin(m.Metric); ok {
			return known.unitOf(m.Stat)
		}
		if m.Stat == "count" && !m.AfterGC {
			return UnitNone, true
		}
	}
	return "", false
}

func has(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}
