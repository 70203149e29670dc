package experiment

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/results"
)

type rawAcceptance struct {
	place
	Metric   text     `yaml:"metric" jsonschema:"required" jsonschema_description:"What may be worse: a count of brunt gate --costs, such as queries, WAL or allocations, or of brunt gate p50, p95, p99, errors or throughput."`
	Endpoint text     `yaml:"endpoint" jsonschema_description:"Where, as reports name it: POST /orders, or GET /items/{id}. Of counts alone. Default: everywhere."`
	Reason   text     `yaml:"reason" jsonschema:"required" jsonschema_description:"Why."`
	Expires  text     `yaml:"expires" jsonschema:"required" jsonschema_description:"The last day on which it counts, such as 2030-01-31, in UTC."`
	UpTo     increase `yaml:"up_to" jsonschema_description:"How much worse it may be: 10% of the baseline, or 1 for one more per request; of errors 1% for a point of what is offered. What is beyond fails. Default: as much as it is."`
}

// endpointForm is a method and a path.
func endpointForm() *regexp.Regexp { return regexp.MustCompile(`^[A-Z]+ /\S*$`) }

// acceptances checks the regressions that are intended. Whether one has expired is no matter of the file: a run says so.
func (c *checker) acceptances() {
	for i, raw := range c.raw.Accept.items {
		path := "accept." + itoa(i)
		before := len(c.problems)
		a := results.Acceptance{
			Metric: raw.Metric.value, Endpoint: raw.Endpoint.value, Reason: strings.TrimSpace(raw.Reason.value), Expires: raw.Expires.value,
			UpToShare: raw.UpTo.share, UpToMore: raw.UpTo.more,
			Origin: fmt.Sprintf("%s:%d", c.exp.File, raw.line()),
		}
		c.accepted(raw, path, a)
		if len(c.problems) == before {
			c.exp.Accept = append(c.exp.Accept, a)
		}
	}
}

func (c *checker) accepted(raw rawAcceptance, path string, a results.Acceptance) {
	malformed := c.reported(raw.place)
	missing := func(t text, key, hint string) bool {
		if t.given() && strings.TrimSpace(t.value) != "" {
			return false
		}
		if !malformed && !c.reported(t.place) {
			c.problem(raw.place, path+"."+key+" is missing", hint)
		}
		return true
	}
	known := results.Acceptable()
	if !missing(raw.Metric, "metric", "name what may be worse, such as queries") && !slices.Contains(known, a.Metric) {
		c.problem(raw.Metric.place, path+".metric: "+quote(a.Metric)+" is nothing that builds are compared by", suggest(a.Metric, known))
	}
	missing(raw.Reason, "reason", "say why, for those who read the report")
	if !missing(raw.Expires, "expires", "name the last day on which it counts, such as 2030-01-31") {
		if _, err := time.Parse(time.DateOnly, a.Expires); err != nil {
			c.problem(raw.Expires.place, path+".expires: "+quote(a.Expires)+" is no day", "write one such as 2030-01-31")
		}
	}
	if raw.UpTo.more > 0 && slices.Contains(results.TimingMetrics(), a.Metric) {
		c.problem(raw.UpTo.place, path+".up_to: "+a.Metric+" has no number per request", "write a share, such as 10%")
	}
	switch {
	case !raw.Endpoint.given():
	case slices.Contains(results.TimingMetrics(), a.Metric):
		c.problem(raw.Endpoint.place, path+".endpoint: "+a.Metric+" is judged of all endpoints together", "remove it")
	case a.Metric == "allocations":
		c.problem(raw.Endpoint.place, path+".endpoint: "+a.Metric+" are counted of all endpoints together", "remove it")
	case !endpointForm().MatchString(a.Endpoint):
		c.problem(raw.Endpoint.place, path+".endpoint: "+quote(a.Endpoint)+" is no endpoint", "write a method and a path, with {id} for what differs: GET /items/{id}")
	}
}
