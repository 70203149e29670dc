package kit

import "github.com/prometheus/client_golang/prometheus"

// Gauge makes a value, which is asked for at each scrape, a metric of the given name.
func (e Environment) Gauge(name, help string, value func() float64) error {
	return e.Registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

// Counter makes a value that only grows a metric of the given name.
func (e Environment) Counter(name, help string, value func() float64) error {
	return e.counter(name, help, value)
}
