package experiment

import (
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func (c *checker) load() {
	raw := c.raw.Load
	c.exp.Load = Load{
		Target: raw.Target.value, Env: c.env(raw.Env, "load.env"), Shape: raw.Shape.value, Rate: raw.Rate.value,
		Duration: raw.Duration.value, VUs: raw.VUs.value, From: raw.From.value, Step: raw.Step.value, Escape: raw.Escape.value, Line: raw.line(),
	}
	if !raw.given() {
		c.problem(c.raw.place, "load is missing", "give at least load.script or load.requests")
		return
	}
	c.exactlyOne(raw.place, "load", sourceOf("script", raw.Script.place), sourceOf("requests", raw.Requests.place))
	c.script(raw)
	c.loadTarget(raw)
	c.requests(raw)
	c.search(raw)
	switch {
	case !raw.Shape.given() && raw.Requests.given():
		c.constant(raw)
	case !raw.Shape.given():
		c.refuse("load", "without shape, because the script's own options.scenarios stand",
			sourceOf("rate", raw.Rate.place), sourceOf("duration", raw.Duration.place), sourceOf("vus", raw.VUs.place))
	case !raw.Duration.given():
		c.problem(raw.Shape.place, "load.duration is missing", "say how long the shape lasts after the warm-up, such as 2m")
	case raw.Duration.value == 0 && !c.reported(raw.Duration.place):
		c.problem(raw.Duration.place, "load.duration is 0", "write one such as 2m")
	}
}

// shortestStep is the least that a step of a search can be judged by, once a time scale has shortened it.
const shortestStep = 2 * time.Second

// search checks what only the shape breakpoint has.
func (c *checker) search(raw rawLoad) {
	if raw.Shape.value != breakpoint {
		c.refuse("load", "without shape: breakpoint", sourceOf("from", raw.From.place), sourceOf("step", raw.Step.place))
		return
	}
	if raw.Rate.value > 0 && raw.From.value > raw.Rate.value {
		c.problem(raw.From.place, "load.from is more than load.rate, which is the most that is tried", "raise load.rate")
	}
	if raw.Step.given() && !c.reported(raw.Step.place) && raw.Step.value < shortestStep {
		c.problem(raw.Step.place, "load.step is less than 2s, which holds too little to be judged", "write one such as 20s")
	}
	if raw.Duration.value > 0 && raw.Duration.value < 2*max(raw.Step.value, shortestStep) {
		c.problem(raw.Duration.place, "load.duration holds less than two steps: one that holds, and one that breaks", "write one such as 5m")
	}
}

// leastCalm is how long the load must be undisturbed before the first fault, for anything to be held against it: a window of 10s
// between the guards.
const leastCalm = 12 * time.Second

// escape checks what is asked of a load that may go on after its end.
func (c *checker) escape() {
	raw := c.raw.Load
	if !raw.Escape.value {
		return
	}
	constant := raw.Shape.value == "smoke" || raw.Shape.value == "soak" || !raw.Shape.given() && raw.Requests.given()
	first := time.Duration(-1)
	for _, f := range c.exp.Faults {
		if first < 0 || f.At < first {
			first = f.At
		}
	}
	switch {
	case !constant:
		c.problem(raw.Escape.place, "load.escape has no meaning where the offered rate changes", "use shape: soak")
	case !raw.Rate.given():
		c.problem(raw.Escape.place, "load.rate is missing", "load.escape steps it down: give a rate such as 100/s")
	case first < 0:
		c.problem(raw.Escape.place, "load.escape has no meaning without a fault", "give faults")
	case first < leastCalm:
		c.problem(raw.Escape.place, "load.escape needs 12s of calm before the first fault", "let it start at: 20s")
	}
}

// constant checks the rate of requests without a shape.
func (c *checker) constant(raw rawLoad) {
	if !raw.Rate.given() {
		c.problem(raw.Requests.place, "load.rate is missing", "give a rate such as 100/s, or a shape that has one")
	}
	switch {
	case !raw.Duration.given():
		c.problem(raw.Requests.place, "load.duration is missing", "say how long the load lasts after the warm-up, such as 2m")
	case raw.Duration.value == 0 && !c.reported(raw.Duration.place):
		c.problem(raw.Duration.place, "load.duration is 0", "write one such as 2m")
	}
}

// reported says whether something is already known to be wrong with what stands at p, so that it is not said twice.
func (c *checker) reported(p place) bool {
	return c.blamed[p.node]
}

func (c *checker) script(raw rawLoad) {
	if !raw.Script.given() {
		return
	}
	c.exp.Load.Script = c.file(raw.Script, "load.script")
	if ext := filepath.Ext(raw.Script.value); raw.Script.value != "" && !slices.Contains([]string{".js", ".ts", ".mjs"}, ext) {
		c.problem(raw.Script.place, "load.script: "+raw.Script.value+" is not a k6 script", "scripts end in .js or .ts")
	}
}

func (c *checker) loadTarget(raw rawLoad) {
	services := c.named(func(n node) bool { return n.service })
	switch {
	case raw.Target.value != "":
		if n, known := c.node(raw.Target.value); !known || !n.service {
			c.problem(raw.Target.place, "load.target: no service is named "+raw.Target.value, suggest(raw.Target.value, services))
		}
	case len(services) == 1:
		c.exp.Load.Target = services[0]
	case len(services) > 1 && !c.raw.Target.given():
		c.problem(raw.place, "load.target is missing", "there are several services: "+strings.Join(services, ", "))
	}
}
