package slo

import (
	"slices"
	"testing"
)

func TestShortNamesStandForWhatIsProbed(t *testing.T) {
	for short, want := range map[string]string{
		"postgres.queries": "postgres_queries_total", "postgres.wal": "postgres_wal_bytes_total", "postgres.connections": "postgres_connections",
		"redis.commands": "redis_commands_total", "redis.memory": "redis_memory_bytes", "redis.keys_without_ttl": "redis_keys_without_ttl",
		"node.cpu": "node_cpu_seconds_total", "link.connections": "link_connections_total", "fds": "process_open_fds",
		"postgres.nothing": "postgres.nothing", "postgres_queries_total": "postgres_queries_total",
	} {
		if got := ScrapedName(short); got != want {
			t.Errorf("%s is %s, want %s", short, got, want)
		}
	}
	for metric, want := range map[string]struct {
		of   string
		kind Kind
	}{
		"redis.memory": {ProbeRedis, ScrapedGauge}, "redis_commands_total": {ProbeRedis, ScrapedCounter}, "node.cpu": {ProbeNode, ScrapedCounter},
		"go_goroutines": {}, "heap": {},
	} {
		if of, kind := ProbeOf(metric); of != want.of || kind != want.kind {
			t.Errorf("%s is of %q and a %q, want %v", metric, of, kind, want)
		}
	}
	names := Probed(ProbePostgres)
	if !slices.Contains(names, "postgres_wal_bytes_total") || slices.Contains(names, "redis_keys") {
		t.Errorf("of postgres: %v", names)
	}
}
