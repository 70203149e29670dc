package kit

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const countTimeout = 500 * time.Millisecond

// ExportCount makes what a query counts a gauge of the given name. The query runs whenever somebody asks for the metrics; where
// Postgres does not answer it within half a second there is no value, because a zero would be a lie.
func ExportCount(env Environment, pool *Pool, name, help, sql string) error {
	return env.Registry.Register(counted{pool, sql, prometheus.NewDesc(name, help, nil, nil)})
}

type counted struct {
	pool *Pool
	sql  string
	desc *prometheus.Desc
}

func (c counted) Describe(to chan<- *prometheus.Desc) { to <- c.desc }

func (c counted) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), countTimeout)
	defer cancel()
	var n int64
	if c.pool.QueryRow(ctx, c.sql).Scan(&n) == nil {
		to <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(n))
	}
}
