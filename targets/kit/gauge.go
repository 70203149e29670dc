package kit

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Gauge makes a value, which is asked for at each scrape, a metric of the given name.
func (e Environment) Gauge(name, help string, value func() float64) error {
	return e.Registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

// Counter makes a value that only grows a metric of the given name.
func (e Environment) Counter(name, help string, value func() float64) error {
	return e.Registry.Register(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
}

// Tally returns a number to count with, which is a metric of the given name.
func (e Environment) Tally(name, help string) (*atomic.Int64, error) {
	var n atomic.Int64
	return &n, e.Counter(name, help, func() float64 { return float64(n.Load()) })
}
