package experiment

import (
	"strings"
	"time"
)

// references checks every ${…} of the file: ${name.attribute} of a node, ${env.NAME}, ${scaled:60s}. $${ stands for ${.
func (c *checker) references() {
	service := func(name, path string, raw rawService) {
		c.refer(raw.Env, name, path+".env")
		for _, w := range raw.Command.value {
			c.expand(text{place: raw.Command.place, value: w}, name, path+".command")
		}
	}
	if c.raw.Target.given() {
		service("target", "target", c.raw.Target)
	}
	for _, e := range c.raw.Services.entries {
		service(e.name.value, "services."+e.name.value, e.value)
	}
	for _, e := range c.raw.Dependencies.entries {
		c.refer(e.value.Env, dependsOnNobody, "dependencies."+e.name.value+".env")
	}
	c.refer(c.raw.Load.Env, loadNode, "load.env")
}

// dependsOnNobody is the consumer of references in a dependency, which cannot name nodes.
const dependsOnNobody = ""

func (c *checker) refer(m mapping[text], consumer, path string) {
	for _, e := range m.entries {
		c.expand(e.value, consumer, path+"."+e.name.value)
	}
}

// expand checks the references of one text.
func (c *checker) expand(t text, consumer, path string) {
	rest := t.value
	for {
		before, after, found := strings.Cut(rest, "${")
		if !found {
			return
		}
		if strings.HasSuffix(before, "$") {
			rest = after
			continue
		}
		inside, next, closed := strings.Cut(after, "}")
		if !closed {
			c.problem(t.place, path+": ${"+after+" has no closing brace", "a literal ${ is written $${")
			return
		}
		c.expandOne(t, inside, consumer, path)
		rest = next
	}
}

func (c *checker) expandOne(t text, inside, consumer, path string) {
	fail := func(problem, hint string) { c.problem(t.place, path+": ${"+inside+"}: "+problem, hint) }
	if name, ok := strings.CutPrefix(inside, "env."); ok {
		if c.lookup == nil {
			return
		}
		if _, set := c.lookup(name); !set {
			fail("the environment has no "+name, "set it: export "+name+"=...")
		}
		return
	}
	if span, ok := strings.CutPrefix(inside, "scaled:"); ok {
		if d, err := time.ParseDuration(span); err != nil || d < 0 {
			fail(quote(span)+" is not a duration", "write one such as ${scaled:60s}")
		}
		return
	}
	name, attribute, ok := cutReference(inside)
	n, known := c.node(name)
	switch {
	case !ok:
		fail("this is not a reference", "write ${name.url}, ${env.NAME} or ${scaled:60s}; a literal ${ is written $${")
	case consumer == dependsOnNobody:
		fail("a dependency can't refer to other nodes", "${env.NAME} and ${scaled:60s} can be used here")
	case !known:
		fail("no node is named "+name, suggest(name, c.named(func(n node) bool { return n.name != consumer })))
	case c.groupOf(name) == consumer:
		fail(name+" refers to itself", "a service knows its own port")
	default:
		c.attribute(fail, n, attribute)
	}
}

func (c *checker) attribute(fail func(problem, hint string), n node, attribute string) {
	there := []string{"url", "host", "port", "address"}
	switch n.kind {
	case kindPostgres, kindRedis:
		there = append(there, "user", "password", "database")
	case kindImage:
		there = there[1:]
	}
	if n.service && n.group == "" {
		there = append(there, "urls", "addresses")
	}
	for _, a := range there {
		if a == attribute {
			return
		}
	}
	fail(n.name+" has no "+attribute, suggest(attribute, there))
}
