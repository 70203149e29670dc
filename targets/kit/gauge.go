package kit

import "github.com/prometheus/client_golang/prometheus"

// Gauge makes a value, which is asked for at each scrape, a metric of the given name.
func (e Environment) Gauge(name, help string, value func() float64) error {
	return e.Registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}
