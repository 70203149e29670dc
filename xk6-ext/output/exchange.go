package output

import (
	"time"

	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/executor"
)

// route is where the values of exchanges of one form go. All of them are found once for a form: there are about fifteen
// values in an exchange, and finding where they go would cost more than recording them.
type route struct {
	lateness, latency, requests, duration, failed                 []target
	blocked, connecting, handshaking, sending, waiting, receiving []target
	sent, received, took, iterations, offered                     []target
	checks                                                        [][]target
}

// routeOf finds the targets of a form.
func (g *gatherer) routeOf(f *executor.Form) *route {
	if found := g.routes[f]; found != nil {
		return found
	}
	requested, offered := outcomeOK, outcomeServed
	if f.Failed {
		requested, offered = outcomeFailed, outcomeFailed
	}
	to := func(metric string, tags *metrics.TagSet, outcome string, kind recording.Kind) []target {
		return g.index.of(origin{metric: metric, tags: tags, outcome: outcome}, kind)
	}
	trend := func(metric string) []target { return to(metric, f.Request, "", recording.Trend) }
	made := &route{
		lateness: to(metricLateness, f.Scenario, "", recording.Trend),
		latency:  to(metricLatency, f.Request, requested, recording.Trend),
		requests: to("http_reqs", f.Request, requested, recording.Counter),
		duration: to("http_req_duration", f.Request, requested, recording.Trend),
		failed:   to("http_req_failed", f.Request, requested, recording.Rate),
		blocked:  trend("http_req_blocked"), connecting: trend("http_req_connecting"), handshaking: trend("http_req_tls_handshaking"),
		sending: trend("http_req_sending"), waiting: trend("http_req_waiting"), receiving: trend("http_req_receiving"),
		sent:       to("data_sent", f.Scenario, "", recording.Counter),
		received:   to("data_received", f.Scenario, "", recording.Counter),
		took:       to("iteration_duration", f.Scenario, "", recording.Trend),
		iterations: to("iterations", f.Scenario, "", recording.Counter),
		offered:    to(metricOffered, f.Scenario, offered, recording.Counter),
	}
	for _, tags := range f.Checks {
		made.checks = append(made.checks, to("checks", tags, "", recording.Rate))
	}
	if len(g.routes) >= maxRoutes {
		clear(g.routes)
	}
	g.routes[f] = made
	return made
}

// exchange counts an iteration of brunt-native. All of it belongs to the second of the intended start, as on brunt-arrival.
func (g *gatherer) exchange(c *executor.Exchange) {
	at := c.Intended.UnixNano()
	if c.Interrupted {
		g.lateness(c.Form.Scenario, c.Intended, c.Lateness, c.Waited, c.Warmup)
		g.offered(c.Form.Scenario, c.Intended, outcomeInterrupted, c.Warmup)
		return
	}
	to := g.routeOf(c.Form)
	f := g.frames.at(at)
	put := func(targets []target, v float64) { g.put(f, at, targets, v) }
	put(to.lateness, milliseconds(c.Lateness))
	put(to.latency, milliseconds(c.Lateness+c.Took()))
	put(to.requests, 1)
	g.errors(at, c.Form.Request, c.Form.Failed)
	put(to.duration, milliseconds(c.Duration()))
	put(to.failed, truth(c.Form.Failed))
	put(to.blocked, 0)
	put(to.connecting, milliseconds(c.Connecting))
	put(to.handshaking, milliseconds(c.TLSHandshaking))
	put(to.sending, milliseconds(c.Sending))
	put(to.waiting, milliseconds(c.Waiting))
	put(to.receiving, milliseconds(c.Receiving))
	for i, check := range to.checks {
		put(check, truth(c.Holds(i)))
	}
	put(to.sent, float64(c.Sent))
	put(to.received, float64(c.Received))
	put(to.took, milliseconds(c.Took()))
	put(to.iterations, 1)
	put(to.offered, 1)
	if c.Warmup {
		if !c.Form.Failed {
			g.warming(c.Form.Request, c.Intended, milliseconds(c.Lateness+c.Took()))
		}
		return
	}
	g.totals.late(c.Lateness, c.Waited)
	g.strain.took(c.Form.Scenario, milliseconds(c.Took()))
	if c.Form.Failed {
		g.totals.count(outcomeFailed)
	} else {
		g.totals.count(outcomeServed)
	}
}

// lateness records that of an iteration that began.
func (g *gatherer) lateness(tags *metrics.TagSet, intended time.Time, late, waited time.Duration, warmup bool) {
	g.record(intended.UnixNano(), origin{metric: metricLateness, tags: tags}, recording.Trend, milliseconds(late))
	if !warmup {
		g.totals.late(late, waited)
	}
}
