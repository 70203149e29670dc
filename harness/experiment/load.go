package experiment

import (
	"path/filepath"
	"slices"
	"strings"
)

func (c *checker) load() {
	raw := c.raw.Load
	c.exp.Load = Load{
		Target: raw.Target.value, Env: c.env(raw.Env, "load.env"), Shape: raw.Shape.value, Rate: raw.Rate.value,
		Duration: raw.Duration.value, VUs: raw.VUs.value, Line: raw.line(),
	}
	if !raw.given() {
		c.problem(c.raw.place, "load is missing", "give at least load.script")
		return
	}
	c.script(raw)
	c.loadTarget(raw)
	switch {
	case !raw.Shape.given():
		c.refuse("load", "without shape, because the script's own options.scenarios stand",
			sourceOf("rate", raw.Rate.place), sourceOf("duration", raw.Duration.place), sourceOf("vus", raw.VUs.place))
	case !raw.Duration.given():
		c.problem(raw.Shape.place, "load.duration is missing", "say how long the shape lasts after the warm-up, such as 2m")
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
		if !raw.Requests.given() {
			c.problem(raw.place, "load.script is missing", "name a k6 script, .js or .ts")
		}
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
		if !slices.Contains(services, raw.Target.value) {
			c.problem(raw.Target.place, "load.target: no service is named "+raw.Target.value, suggest(raw.Target.value, services))
		}
	case len(services) == 1:
		c.exp.Load.Target = services[0]
	case len(services) > 1 && !c.raw.Target.given():
		c.problem(raw.place, "load.target is missing", "there are several services: "+strings.Join(services, ", "))
	}
}
