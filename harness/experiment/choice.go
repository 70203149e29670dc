package experiment

import (
	"path"
	"slices"

	"go.yaml.in/yaml/v3"

	included "github.com/devcraft-studio/brunt/scenarios"
	"github.com/devcraft-studio/brunt/xk6-ext/requests"
)

// choice is a text out of a list.
type choice struct{ text }

// choose reads one of the words of now; those of then are known by name and refused.
func (c *choice) choose(d *decoder, n *yaml.Node, path string, now, then []string) {
	c.text.decode(d, n, path)
	if c.value == "" {
		return
	}
	for _, w := range now {
		if w == c.value {
			return
		}
	}
	for _, w := range then {
		if w == c.value {
			d.problem(place{n}, path+": "+c.value+" is not supported yet", suggest("", now))
			c.value = ""
			return
		}
	}
	d.problem(place{n}, path+": unknown "+lastWord(path)+" "+quote(c.value), suggest(c.value, now))
	c.value = ""
}

type variant struct{ choice }

func variants() []string { return []string{"naive", "fixed"} }

func (c *variant) decode(d *decoder, n *yaml.Node, path string) {
	c.choose(d, n, path, variants(), nil)
}

// declared is a verdict that can be expected.
type declared struct{ choice }

// The verdicts that can be expected.
const (
	expectPass = "pass"
	expectFail = "fail"
)

func verdicts() []string { return []string{expectPass, expectFail} }

func (c *declared) decode(d *decoder, n *yaml.Node, path string) {
	c.choose(d, n, path, verdicts(), nil)
}

type shape struct{ choice }

func shapes() []string { return []string{"smoke", "ramp", "soak", "spike", breakpoint} }

// breakpoint is the shape that searches for the rate at which an SLO breaks.
const breakpoint = "breakpoint"

// constantRate says whether a shape offers the same rate all the time, on which recovery is defined. Under breakpoint there
// are no faults to recover from, and what is asked of them is left out.
func constantRate(shape string) bool {
	return shape == "smoke" || shape == "soak" || shape == breakpoint
}

func (c *shape) decode(d *decoder, n *yaml.Node, path string) {
	c.choose(d, n, path, shapes(), nil)
}

// The kinds of nodes. postgres and redis are the known kinds of dependencies.
const (
	kindPostgres = "postgres"
	kindRedis    = "redis"
	kindImage    = "image"
)

type dependencyKind struct{ choice }

func dependencyKinds() []string { return []string{kindPostgres, kindRedis} }

func (c *dependencyKind) decode(d *decoder, n *yaml.Node, path string) {
	c.text.decode(d, n, path)
	switch {
	case c.value == "" || c.value == kindPostgres || c.value == kindRedis:
		return
	case c.value == kindImage:
		d.problem(place{n}, path+": image is not a kind", "leave kind out and give image and port")
	default:
		d.problem(place{n}, path+": unknown kind "+quote(c.value), kindOrImage(c.value))
	}
	c.value = ""
}

func kindOrImage(name string) string {
	known := map[string]string{"postgresql": kindPostgres, "pg": kindPostgres, "valkey": kindRedis}[name]
	if known == "" {
		known = nearest(name, dependencyKinds())
	}
	if known != "" {
		return "did you mean " + known + "?"
	}
	return "known kinds are postgres and redis; anything else is image: with a port"
}

type method struct{ choice }

func (c *method) decode(d *decoder, n *yaml.Node, path string) {
	c.choose(d, n, path, methods(), nil)
}

type order struct{ choice }

func (c *order) decode(d *decoder, n *yaml.Node, path string) {
	c.choose(d, n, path, requests.Orders(), nil)
}

type httpVersion struct{ choice }

func (c *httpVersion) decode(d *decoder, n *yaml.Node, path string) {
	c.choose(d, n, path, requests.Versions(), []string{"3"})
}

type dataset struct{ choice }

// datasets are the data sets, all of them for postgres.
func datasets() []string {
	return []string{"items", "orders", "documents", "users", "posts", "comments"}
}

func (c *dataset) decode(d *decoder, n *yaml.Node, path string) {
	c.choose(d, n, path, datasets(), nil)
}

// references are the reference targets: each has an experiment of its name, which comes with brunt.
func references() []string {
	var names []string
	for _, name := range Names(included.Files) {
		names = append(names, path.Base(name))
	}
	return names
}

type reference struct{ choice }

func (c *reference) decode(d *decoder, n *yaml.Node, path string) {
	c.text.decode(d, n, path)
	there := references()
	if c.value == "" || slices.Contains(there, c.value) {
		return
	}
	hint := suggest(c.value, there)
	if nearest(c.value, there) == "" {
		hint += ", by the experiments that this brunt was built with; a service of your own is image:, build:, command: or url:"
	}
	d.problem(place{n}, path+": unknown reference "+quote(c.value), hint)
	c.value = ""
}

type faultKind struct{ choice }

func (c *faultKind) decode(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		if name := elsewhere()[n.Value]; name != "" {
			c.put(n)
			d.problem(place{n}, path+": unknown kind "+quote(n.Value), "did you mean "+name+"?")
			return
		}
	}
	c.choose(d, n, path, faultKinds(), nil)
}

type distribution struct{ choice }

// distributions are those of a fault's jitter.
func distributions() []string { return []string{"uniform", "normal", "pareto"} }

func (c *distribution) decode(d *decoder, n *yaml.Node, path string) {
	c.choose(d, n, path, distributions(), nil)
}

func lastWord(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '.' {
			return path[i+1:]
		}
	}
	return path
}
