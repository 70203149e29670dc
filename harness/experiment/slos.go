package experiment

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/devcraft-studio/brunt/results/slo"
)

// rawSLO is one line of the SLO language.
type rawSLO struct {
	text
	measures bool // it is a measurement, without a bound
}

// called is how messages call it.
func (s rawSLO) called() string {
	if s.measures {
		return "measurement " + quote(s.value)
	}
	return "slo " + quote(s.value)
}

func (s *rawSLO) decode(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[1].Kind == yaml.ScalarNode {
		// `- http_req_duration: p(95)<300` is k6's spelling, which YAML takes for a mapping.
		s.put(n)
		s.value = n.Content[0].Value + ": " + n.Content[1].Value
		return
	}
	s.text.decode(d, n, path)
}

func (c *checker) slos() {
	if len(c.raw.SLOs.items) == 0 && !c.reported(c.raw.SLOs.place) {
		p := c.raw.place
		if c.raw.SLOs.given() {
			p = c.raw.SLOs.place
		}
		c.problem(p, "no SLO is given, so that nothing would be judged", "write one below slos, such as p95(latency) < 300ms in steady")
	}
	for _, raw := range c.raw.SLOs.items {
		if raw.value == "" || !c.scaledWindow(&raw.text) {
			continue
		}
		parsed, err := slo.Parse(raw.value)
		if c.syntax(raw, err) {
			continue
		}
		c.exp.SLOs = append(c.exp.SLOs, SLO{Text: raw.value, SLO: parsed, Line: raw.line()})
		// The script's own metrics are known when k6 has read it; until then any other name may be one.
		if c.syntax(raw, parsed.Validate(func(string) (slo.Kind, bool) { return "", true })) {
			continue
		}
		c.scope(raw, parsed)
	}
}

// scaledWindow puts in for ${scaled:60s} what it is at the time scale. Only the window of a limiter is given so, because the limiter
// is given its own so, too: every other bound holds at every scale.
func (c *checker) scaledWindow(t *text) bool {
	before, reference, found := strings.Cut(t.value, "${")
	if !found || c.reported(t.place) {
		return !found
	}
	span, after, closed := strings.Cut(strings.TrimPrefix(reference, "scaled:"), "}")
	d, err := time.ParseDuration(span)
	if !closed || span == reference || !strings.HasSuffix(before, "per ") || err != nil || d <= 0 || strings.Contains(after, "${") {
		c.problem(t.place, quote(t.value)+": only the window of admissions can be scaled", "write admitted(limiter) <= 100 per ${scaled:60s}")
		return false
	}
	scaled := time.Duration(float64(d) * c.scale).Seconds()
	t.value = before + strconv.FormatFloat(scaled, 'f', -1, 64) + "s" + after
	return true
}

// syntax reports err, if it is one.
func (c *checker) syntax(raw rawSLO, err error) bool {
	var bad *slo.SyntaxError
	switch {
	case err == nil:
		return false
	case errors.As(err, &bad):
		c.problem(raw.place, bad.Error(), bad.Hint)
	default:
		c.problem(raw.place, err.Error(), "")
	}
	return true
}

// scope checks the phases and faults that an SLO names, and refuses what cannot be judged yet.
func (c *checker) scope(raw rawSLO, s slo.SLO) {
	var faults []string
	for _, f := range c.exp.Faults {
		faults = append(faults, f.Name)
	}
	for _, m := range []slo.Measure{s.Measure, s.Of} {
		switch {
		case m.Func == "recovery" && !slices.Contains(faults, m.Metric):
			c.problem(raw.place, raw.called()+": no fault is named "+m.Metric, suggest(m.Metric, faults))
			return
		case m.Func == "recovery" && c.exp.Load.Shape != "" && !constantRate(c.exp.Load.Shape):
			c.problem(raw.place, raw.called()+": recovery is not defined on the shape "+c.exp.Load.Shape+", whose rate changes", "use shape: soak")
			return
		}
		if m.Func == "drain" && len(faults) == 0 {
			c.problem(raw.place, raw.called()+": there is no fault after which anything could drain", "give faults")
			return
		}
		c.where(raw, m.In, faults)
		if !c.scraped(raw, m) {
			return
		}
	}
}

// scraped checks that what only a service's metrics path tells can be asked of one. It reports whether that is so.
func (c *checker) scraped(raw rawSLO, m slo.Measure) bool {
	if known, sound := c.probed(raw, m); known {
		return sound
	}
	if m.Func != "slope" && m.Func != "drain" && !m.AfterGC {
		return true
	}
	var telling []string
	for _, s := range c.exp.Services {
		if s.Metrics != "" {
			telling = append(telling, s.Name)
		}
	}
	node := m.Tags["node"]
	switch {
	case len(telling) == 0:
		c.problem(raw.place, raw.called()+": no service tells its metrics", "give the service metrics: /metrics")
	case node != "" && !slices.Contains(telling, node):
		c.problem(raw.place, raw.called()+": no service with metrics is named "+node, suggest(node, telling))
	default:
		return true
	}
	return false
}

// probed checks that there is whom to ask for a metric that brunt asks for by itself. known is false where it may be another's: the
// script may have made one of the same long name.
func (c *checker) probed(raw rawSLO, m slo.Measure) (known, sound bool) {
	prefix, _, short := strings.Cut(m.Metric, ".")
	of, _ := slo.ProbeOf(m.Metric)
	probes := []string{slo.ProbePostgres, slo.ProbeRedis, slo.ProbeNode, slo.ProbeLink}
	if of == "" {
		if !short || !slices.Contains(probes, prefix) {
			return false, false
		}
		c.problem(raw.place, raw.called()+": unknown metric "+m.Metric, suggest(m.Metric, slo.ProbedNames()))
		return true, false
	}
	there := true
	switch of {
	case slo.ProbePostgres, slo.ProbeRedis:
		there = slices.ContainsFunc(c.exp.Dependencies, func(d Dependency) bool { return d.Kind == of })
	case slo.ProbeLink:
		there = slices.ContainsFunc(c.exp.Faults, func(f Fault) bool { return f.Link != "" })
	}
	switch {
	case there:
		return true, true
	case !short:
		return false, false
	case of == slo.ProbeLink:
		c.problem(raw.place, raw.called()+": no fault acts on a link, so that none is counted", "give faults")
	default:
		c.problem(raw.place, raw.called()+": no dependency is of kind "+of, "")
	}
	return true, false
}

func (c *checker) where(raw rawSLO, in string, faults []string) {
	phases := []string{"steady", "warmup", "fault", "recovery", slo.FirstFifth, slo.LastFifth}
	switch {
	case in == "" || in == "steady" || slices.Contains(faults, in):
	case in == "warmup" && c.exp.Warmup == 0:
		c.problem(raw.place, raw.called()+": there is no warm-up", "give warmup")
	case in == "warmup":
	case (in == "fault" || in == "recovery") && len(faults) == 0:
		c.problem(raw.place, raw.called()+": there is no fault, so no phase "+in, "give faults")
	case in == "recovery" && c.exp.Settle == 0:
		c.problem(raw.place, raw.called()+": settle is 0, so there is no phase recovery", "give settle")
	case slices.Contains(phases, in):
	default:
		there := append(slices.Clone(faults), phases...)
		c.problem(raw.place, raw.called()+": no phase and no fault is named "+in, suggest(in, there))
	}
}
