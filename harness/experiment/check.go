package experiment

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	defaultSettle = 10 * time.Second
	defaultReady  = 60 * time.Second
	defaultReach  = 5 * time.Second // of a service that already runs
	loadNode      = "load"          // the load generator's name in links
)

// checker turns the raw file into the validated values.
type checker struct {
	*decoder
	raw    *rawFile
	dir    string // absolute
	lookup func(string) (string, bool)
	scale  float64 // of --time-scale
	exp    Experiment
	nodes  []node
}

// node is what other parts of the file can name.
type node struct {
	name    string
	service bool
	kind    string // of a dependency; of a service "url" or ""

	instances []string // of a service with replicas, which are nodes, too
	group     string   // of an instance: the service
}

func (c *checker) node(name string) (node, bool) {
	i := slices.IndexFunc(c.nodes, func(n node) bool { return n.name == name })
	if i < 0 {
		return node{}, false
	}
	return c.nodes[i], true
}

// named lists the nodes of the file that choose selects.
func (c *checker) named(choose func(node) bool) []string {
	var names []string
	for _, n := range c.nodes {
		if n.group == "" && choose(n) {
			names = append(names, n.name)
		}
	}
	return names
}

// check fills c.exp; what is wrong is in c.problems.
func (c *checker) check() {
	c.exp.Name = c.raw.Name.value
	if c.exp.Name == "" {
		c.exp.Name = filepath.Base(c.dir)
	}
	c.exp.Description = c.raw.Description.value
	c.exp.Warmup = c.raw.Warmup.value
	c.exp.Settle = defaultSettle
	if c.raw.Settle.given() {
		c.exp.Settle = c.raw.Settle.value
	}
	c.exp.TimeScale = 1
	c.listNodes()
	c.services()
	c.dependencies()
	c.setup()
	c.load()
	c.faults()
	c.ledgers()
	c.escape()
	c.slos()
	c.expectations()
	c.acceptances()
	c.references()
	c.toInstances()
}

// listNodes gathers the names that the rest of the file may use.
func (c *checker) listNodes() {
	add := func(name text, n node, owner string) {
		n.name = name.value
		if c.badName(name, owner) {
			return
		}
		if other, taken := c.node(n.name); taken {
			role := "a dependency"
			if other.service {
				role = "a service"
			}
			c.problem(name.place, owner+": the name is taken by "+role, "every node has a name of its own")
			return
		}
		c.nodes = append(c.nodes, n)
	}
	service := func(name text, raw rawService, owner string) {
		instances := instanceNames(name.value, raw)
		add(name, node{service: true, kind: urlKind(raw), instances: instances}, owner)
		for _, instance := range instances {
			c.nodes = append(c.nodes, node{name: instance, service: true, group: name.value})
		}
	}
	if c.raw.Target.given() {
		service(text{place: c.raw.Target.place, value: "target"}, c.raw.Target, "target")
	}
	for _, e := range c.raw.Services.entries {
		service(e.name, e.value, "services."+e.name.value)
	}
	for _, e := range c.raw.Dependencies.entries {
		kind := e.value.Kind.value
		if kind == "" {
			kind = kindImage
		}
		add(e.name, node{kind: kind}, "dependencies."+e.name.value)
	}
}

func urlKind(s rawService) string {
	if s.URL.given() {
		return "url"
	}
	return ""
}

func nameForm() *regexp.Regexp { return regexp.MustCompile(`^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$`) }

// badName reports a name that cannot be a host name or that means something else.
func (c *checker) badName(name text, owner string) bool {
	switch {
	case name.value == loadNode || name.value == "env":
		c.problem(name.place, owner+": the name "+name.value+" has a meaning of its own", "choose another")
	case !nameForm().MatchString(name.value):
		c.problem(name.place, owner+": "+quote(name.value)+" is not a name",
			"a name has lower-case letters, digits and hyphens, at most 40, and begins with a letter")
	default:
		return false
	}
	return true
}

// source is one of several keys that exclude each other.
type source struct {
	key   string
	place place
}

// given lists which of the keys are there.
func given(all ...source) []source {
	return slices.DeleteFunc(slices.Clone(all), func(s source) bool { return !s.place.given() })
}

// exactlyOne reports none of, or several of, the keys that exclude each other.
func (c *checker) exactlyOne(owner place, path string, all ...source) (key string) {
	there := given(all...)
	keys := make([]string, len(all))
	for i, s := range all {
		keys[i] = s.key
	}
	switch len(there) {
	case 1:
		return there[0].key
	case 0:
		c.problem(owner, path+" has none of "+enumerate(keys, "and"), "give one of them")
	default:
		c.problem(there[1].place, path+" has both "+there[0].key+" and "+there[1].key, "give one of them")
	}
	return ""
}

// refuse reports keys that have no meaning beside another.
func (c *checker) refuse(path, because string, all ...source) {
	for _, s := range given(all...) {
		c.problem(s.place, path+"."+s.key+" has no meaning "+because, "remove it")
	}
}

// file returns the absolute path of a file that the experiment names, and reports one that is not there.
func (c *checker) file(t text, path string) string {
	if t.value == "" {
		if t.given() {
			c.problem(t.place, path+" is empty", "")
		}
		return ""
	}
	full := c.absolute(t.value)
	info, err := os.Stat(full)
	switch {
	case err != nil:
		c.problem(t.place, path+": there is no file "+t.value, c.besides(full))
	case info.IsDir():
		c.problem(t.place, path+": "+t.value+" is a folder", "name a file in it")
	}
	return full
}

func (c *checker) absolute(name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(c.dir, name)
}

// besides is the hint for a file that is not there: one of the same folder with nearly the same name, else where it was
// looked for.
func (c *checker) besides(full string) string {
	files, _ := os.ReadDir(filepath.Dir(full)) // a folder that is not there has no files
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	if near := nearest(filepath.Base(full), names); near != "" {
		return "did you mean " + near + "?"
	}
	return "paths are relative to the experiment file"
}

func (c *checker) folder(t text, path string) string {
	full := c.absolute(t.value)
	if info, err := os.Stat(full); err != nil || !info.IsDir() {
		c.problem(t.place, path+": there is no folder "+t.value, "paths are relative to the experiment file")
	}
	return full
}

func textMap(m mapping[text]) map[string]string {
	if len(m.entries) == 0 {
		return nil
	}
	all := make(map[string]string, len(m.entries))
	for _, e := range m.entries {
		all[e.name.value] = e.value.value
	}
	return all
}

// env checks the names of environment variables and returns them with their values.
func (c *checker) env(m mapping[text], path string) map[string]string {
	for _, e := range m.entries {
		if e.name.value == "" || strings.ContainsAny(e.name.value, "=\x00") {
			c.problem(e.name.place, path+": "+quote(e.name.value)+" is not the name of a variable", "")
		}
	}
	return textMap(m)
}
