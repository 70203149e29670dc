// Package slo is the SLO language: one line of text that bounds one measurement.
//
//	slo       = measure op bound [ "per" time ] [ scope ] | metric ":" k6-threshold
//	measure   = stat "(" metric [ "in" where ] ")" | func "(" metric or name ")"
//	stat      = "p95" | "p99.9" | "p(95)" | "avg" | "med" | "min" | "max" | "sum" | "count" | "rate" | "value"
//	func      = "recovery" | "drain" | "per_request" | "slope" | "after_gc" | "lost" | "duplicated" | "admitted"
//	metric    = name [ "{" tag ":" value { "," tag ":" value } "}" ] | "after_gc" "(" metric ")"
//	op        = "<" | "<=" | ">" | ">=" | "=="
//	bound     = quantity | [ k "*" ] measure [ ( "+" | "-" ) quantity ]
//	quantity  = number unit
//	scope     = "in" where | "in" "every" time
//	where     = "steady" | "warmup" | "fault" | "recovery" | name of a fault
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
// # k6's spelling
//
// `http_req_duration: p(95)<300` is accepted as an SLO and means `p95(http_req_duration) < 300ms`. A threshold with k6's own
// meaning, as a bare script has, is read by ParseThreshold; see SLO.Threshold.
package slo
