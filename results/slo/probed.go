package slo

import (
	"slices"
	"strings"
)

// Whom brunt asks by itself, once a second, beside the metrics paths of services.
const (
	ProbePostgres = "postgres" // dependencies of that kind
	ProbeRedis    = "redis"
	ProbeNode     = "node" // every node, by the processes that it is
	ProbeLink     = "link" // links that faults act on
)

// probed is a metric that brunt asks for by itself.
type probed struct {
	of    string // one of the Probe constants
	short string // its short name, behind that and a point
	name  string // as Prometheus would spell it: counters end in _total
}

func probedMetrics() []probed {
	return []probed{
		{ProbePostgres, "queries", "postgres_queries_total"},
		{ProbePostgres, "rows", "postgres_rows_total"},
		{ProbePostgres, "buffers", "postgres_buffers_total"},
		{ProbePostgres, "buffers_read", "postgres_buffers_read_total"},
		{ProbePostgres, "wal", "postgres_wal_bytes_total"},
		{ProbePostgres, "transactions", "postgres_transactions_total"},
		{ProbePostgres, "deadlocks", "postgres_deadlocks_total"},
		{ProbePostgres, "temp", "postgres_temp_bytes_total"},
		{ProbePostgres, "evicted", "postgres_statements_evicted_total"},
		{ProbePostgres, "connections", "postgres_connections"},
		{ProbePostgres, "relation_bytes", "postgres_relation_bytes"},

		{ProbeRedis, "commands", "redis_commands_total"},
		{ProbeRedis, "hits", "redis_keyspace_hits_total"},
		{ProbeRedis, "misses", "redis_keyspace_misses_total"},
		{ProbeRedis, "evicted", "redis_evicted_keys_total"},
		{ProbeRedis, "expired", "redis_expired_keys_total"},
		{ProbeRedis, "connections", "redis_connections_total"},
		{ProbeRedis, "received", "redis_net_input_bytes_total"},
		{ProbeRedis, "sent", "redis_net_output_bytes_total"},
		{ProbeRedis, "memory", "redis_memory_bytes"},
		{ProbeRedis, "keys", "redis_keys"},
		{ProbeRedis, "keys_without_ttl", "redis_keys_without_ttl"},
		{ProbeRedis, "clients", "redis_connected_clients"},
		{ProbeRedis, "blocked", "redis_blocked_clients"},

		{ProbeNode, "cpu", "node_cpu_seconds_total"},
		{ProbeNode, "read", "node_read_bytes_total"},
		{ProbeNode, "written", "node_written_bytes_total"},
		{ProbeNode, "memory", "node_memory_bytes"},
		{ProbeNode, "fds", "node_open_fds"},
		{ProbeNode, "sockets", "node_sockets"},
		{ProbeNode, "processes", "node_processes"},
		{ProbeNode, "threads", "node_threads"},

		{ProbeLink, "connections", "link_connections_total"},
		{ProbeLink, "exchanges", "link_exchanges_total"},
	}
}

// Probed lists the metrics that brunt asks for by itself of one of the Probe constants, by their Prometheus names.
func Probed(of string) []string {
	var names []string
	for _, p := range probedMetrics() {
		if p.of == of {
			names = append(names, p.name)
		}
	}
	return names
}

// ProbedNames lists both names of all metrics that brunt asks for by itself, for suggestions.
func ProbedNames() []string {
	var names []string
	for _, p := range probedMetrics() {
		names = append(names, p.of+"."+p.short, p.name)
	}
	return names
}

// ProbeOf says whom brunt asks for a metric by itself: one of the Probe constants, or empty where the metric is none of those.
// kind is what it is.
func ProbeOf(metric string) (of string, kind Kind) {
	name := ScrapedName(metric)
	for _, p := range probedMetrics() {
		if p.name == name {
			return p.of, probedKind(name)
		}
	}
	return "", ""
}

func probedKind(name string) Kind {
	if strings.HasSuffix(name, "_total") {
		return ScrapedCounter
	}
	return ScrapedGauge
}

// probedName is the Prometheus name of a short one, such as postgres.queries.
func probedName(name string) (string, bool) {
	of, short, ok := strings.Cut(name, ".")
	if !ok {
		return "", false
	}
	all := probedMetrics()
	if i := slices.IndexFunc(all, func(p probed) bool { return p.of == of && p.short == short }); i >= 0 {
		return all[i].name, true
	}
	return "", false
}
