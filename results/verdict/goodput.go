package verdict

import (
	"math"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/slo"
)

// bindingQuantile is the least percentile whose bound is one on single requests.
const bindingQuantile = 0.9

// inBound is what a request must keep to be of use: a metric of times, and the most that it may be.
type inBound struct {
	metric string
	most   float64 // milliseconds; +Inf: there is no such SLO
}

// tightest is the tightest SLO on the time of any request: on latency where that is known and bounded, else on
// http_req_duration. Those of a scorecard, which asks all of the fault's phase, are such, too.
func tightest(questions []question, t results.Trial) inBound {
	metrics := []string{"http_req_duration"}
	if t.OpenModel {
		metrics = []string{"latency", "http_req_duration"}
	}
	for _, metric := range metrics {
		most := math.Inf(1)
		for _, q := range questions {
			s := q.parsed
			if t.Cell != nil && s.In == string(results.PhaseFault) {
				s.In = ""
			}
			if bindsEach(s, metric) {
				most = min(most, q.parsed.Value)
			}
		}
		if !math.IsInf(most, 1) {
			return inBound{metric, most}
		}
	}
	return inBound{metrics[0], math.Inf(1)}
}

// bindsEach says whether an SLO bounds what any request of the trial may take.
func bindsEach(s slo.SLO, metric string) bool {
	high := s.Stat == "max" || s.Stat == "p" && s.Q >= bindingQuantile
	everywhere := s.In == "" || s.In == "steady"
	return s.Metric == metric && len(s.Tags) == 0 && high && everywhere && (s.Op == "<" || s.Op == "<=") && !s.Relative()
}

// yield is what became of the iterations and requests of some time.
type yield struct {
	served, failed, unserved float64 // iterations, of executors that tell what they offer
	ran, dropped             float64 // iterations, as k6 counts them
	requests, ok, timely     float64 // all, those without failure, and of those the ones in bound
}

func (y *yield) add(o yield) {
	y.served, y.failed, y.unserved = y.served+o.served, y.failed+o.failed, y.unserved+o.unserved
	y.ran, y.dropped = y.ran+o.ran, y.dropped+o.dropped
	y.requests, y.ok, y.timely = y.requests+o.requests, y.ok+o.ok, y.timely+o.timely
}

// account is a yield in iterations.
type account struct {
	due, executed, unserved float64
	good                    float64 // served in bound
}

// account counts an iteration of several requests as good by the share of them that were in bound.
func (y yield) account(offers bool) account {
	share := func(of, all float64) float64 {
		if all == 0 {
			return 1
		}
		return of / all
	}
	if !offers {
		return account{due: y.ran + y.dropped, executed: y.ran, unserved: y.dropped, good: y.ran * share(y.timely, y.requests)}
	}
	ran := y.served + y.failed
	return account{due: ran + y.unserved, executed: ran, unserved: y.unserved, good: y.served * share(y.timely, y.ok)}
}

// goodput is the share of what was due that was good; NaN where nothing was due.
func (a account) goodput() float64 { return a.good / a.due }

// perfect is what goodput would be, had every unserved iteration been good.
func (a account) perfect() float64 { return (a.good + a.unserved) / a.due }

// role is what a series tells of a yield.
type role struct {
	count         func(*yield) *float64 // a counter that goes there; nil: none
	times, judged bool                  // its values are times; they are held against the bound
	ok            bool                  // of requests that did not fail
	driver        string                // what was sent by a scenario that was to send nothing
}

// roleOf says what a series tells. Series that were asked for repeat the base series, and setup and teardown are no load.
func (c *course) roleOf(key recording.Key) (role, error) {
	if known, ok := c.roles[key]; ok {
		return known, nil
	}
	tags, err := recording.SplitTags(key.Tags)
	if err != nil {
		return role{}, err
	}
	var r role
	_, selector := tags[slo.ReservedTag]
	scenario, ok := tags["scenario"]
	switch {
	case selector:
	case slices.Contains(c.drivers, scenario):
		if key.Metric == metricRequests || key.Metric == metricSent {
			r.driver = scenario
		}
	case !ok || scenario != "":
		r = c.role(key.Metric, tags["outcome"])
	}
	c.roles[key] = r
	return r, nil
}

func (c *course) role(metric, outcome string) role {
	switch {
	case metric == "offered" && outcome == "served":
		return role{count: func(y *yield) *float64 { return &y.served }}
	case metric == "offered" && outcome == "failed":
		return role{count: func(y *yield) *float64 { return &y.failed }}
	case metric == "offered":
		return role{count: func(y *yield) *float64 { return &y.unserved }}
	case metric == "iterations":
		return role{count: func(y *yield) *float64 { return &y.ran }}
	case metric == "dropped_iterations":
		return role{count: func(y *yield) *float64 { return &y.dropped }}
	}
	return role{times: metric == c.timed, judged: metric == c.bound.metric, ok: outcome == "ok"}
}
