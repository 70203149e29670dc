// Package slo is the SLO language: one line of text that bounds one measurement.
//
//	slo       = measure op bound [ "per" time ] [ scope ] | metric ":" k6-threshold
//	measure   = stat "(" metric [ "in" where ] ")" | func "(" metric or name ")"
//	stat      = "p95" | "p99.9" | "p(95)" | "avg" | "med" | "min" | "max" | "sum" | "count" | "rate" | "value"
//	func      = "recovery" | "drain" | "per_request" | "slope" | "lost" | "duplicated" | "reordered" | "unknown" | "admitted"
//	metric    = name [ "{" tag ":" value { "," tag ":" value } "}" ] | "after_gc" "(" metric ")"
//	op        = "<" | "<=" | ">" | ">=" | "=="
//	bound     = quantity | [ k "*" ] measure [ ( "+" | "-" ) quantity ]
//	quantity  = number unit
//	scope     = "in" where [ "in" "every" time ] | "in" "every" time
//	where     = "steady" | "warmup" | "fault" | "recovery" | "first-fifth" | "last-fifth" | name of a fault
//
// # Units
//
// A bound on a metric whose dimension is known carries a unit: a time `300ms` (us, ms, s, m, min, h, also 1m30s), a share
// `0.1%`, a rate `100/s` (/s, /min, /h), bytes `64MiB` (B, KB, MB, GB in thousands; KiB, MiB, GiB in 1024s), bytes per
// time `1MiB/min`. Counts are bare numbers, and so may be bounds on custom metrics. Values are normalised when they are
// parsed: milliseconds, shares from 0 to 1, per second, bytes; SLO.Unit names which.
//
// # Scope
//
// An `in` at the end of the line holds for the measured side and, unless it has one of its own, for the bound's measure:
//
//	p95(latency) < 3 * p50(latency) + 5ms in steady                  both in steady
//	p95(latency) < 1.5 * p95(latency in steady) + 20ms in redis-slow the bound's in steady
//	p95(latency) < 1.5 * p95(latency) in steady + 20ms               the same: an "in" that something follows
//
// The fifths are those of the load after the warm-up. What grows under a constant rate shows in
//
//	p95(latency in last-fifth) < 1.5 * p95(latency in first-fifth)
//
// `in every 1m` asks for the bound in each window of that length, counted from t = 0: p95(latency) < 300ms in steady in every
// 1m. Of a bound that follows another measurement, one with an `in` of its own is measured once, over all of it; else it is
// measured in the same window. A window is at least 10 s long. It is a part of the bound: a time scale leaves it as it is.
//
// # Metrics of a service
//
// A name that is neither k6's nor the script's is one that a service tells at its `metrics:` path, by its Prometheus name with
// its labels, and the label node for the service. Gauges have value, min, max and avg; counters rate (per second), count and sum
// (both the increase). Of histograms and summaries there are the counters NAME_sum and NAME_count; buckets are not kept. Short
// names are heap, rss, goroutines, fds and cpu; see ScrapedName.
//
//	max(process_open_fds{node:api}) < 500
//	avg(rss) < 200MiB in redis-slow
//	rate(db_queries_total) <= 3 * rate(http_reqs)
//	slope(go_goroutines) < 5/min
//	slope(after_gc(heap)) < 1MiB/min
//
// Beside what services tell, brunt itself asks Postgres, Redis, the processes of every node and the links that faults act on, once a
// second. The names are spelled as Prometheus would, and have short ones; see Probed:
//
//	per_request(postgres.queries) <= 10                        also postgres_queries_total{node:orders-db}
//	per_request(postgres.wal) < 8KiB in steady
//	per_request(redis.commands in redis-slow) < 1.2 * per_request(redis.commands in steady)
//	per_request(link.exchanges{node:api->cache} in cut) < 1.2 * per_request(link.exchanges{node:api->cache} in steady)
//	slope(redis.memory) <= 0
//	max(redis.keys_without_ttl) == 0
//	rate(node.cpu{node:api}) < 150%                             of one core
//
// per_request is the increase of a counter in the scope, divided by the requests that the load sent in the same time (http_reqs).
// It takes counters of the services, of what brunt asks, and of the script.
//
// slope is how fast a metric grows, with an interval of 95 %. after_gc is of the metric's values right after a garbage collection
// of Go; a bare after_gc(heap) < 100MiB means max(after_gc(heap)). Units follow Prometheus's naming: a metric whose name ends
// in _seconds is a time, _bytes are bytes, _ratio is a share; _total and _sum behind that do not matter. Names that say no unit
// may be bounded in bytes. A bare bound is the metric's own number.
//
// # After a fault
//
// Times that count from the end of a fault phase; package verdict says how they are defined.
//
//	recovery(redis-slow) < 10s              until goodput and p95 are as before, on a constant rate
//	drain(queue_depth) < 60s                until a service's gauge is no higher than before, after each fault
//	drain(queue_depth{node:api}) < 60s in redis-slow
//
// # Ledgers
//
// An invariant is a bound on what a ledger counts exactly, over the whole trial; see package ledger for what the words mean.
//
//	lost(orders) == 0
//	duplicated(orders) <= 2%
//	reordered(events) == 0
//	unknown(orders) == 0
//	admitted(limiter) <= 100 per 60s
//	admitted(limiter) <= 105 per 60s in redis-down
//
// A bare number bounds the count, a percentage the share. admitted is the largest number of admissions of one key in any interval
// of that length; with `in`, among the intervals whose last admission lies in those phases, though they may begin before. Guards
// are not left out of it. The other side of the bound is a number.
//
// # k6's spelling
//
// `http_req_duration: p(95)<300` is accepted as an SLO and means `p95(http_req_duration) < 300ms`. A threshold with k6's own
// meaning, as a bare script has, is read by ParseThreshold; see SLO.Threshold.
package slo
