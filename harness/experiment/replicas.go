package experiment

import (
	"regexp"
	"slices"
	"strings"
)

// mostReplicas bounds how often one service runs: all of them share this machine.
const mostReplicas = 16

// instanceNames are the names of the instances of a service, or nil where it runs once: api.1, api.2 and so on. No other node is
// called so, because names have no points.
func instanceNames(name string, raw rawService) []string {
	if raw.Replicas.value < 2 || raw.Replicas.value > mostReplicas {
		return nil
	}
	names := make([]string, raw.Replicas.value)
	for i := range names {
		names[i] = name + "." + itoa(i+1)
	}
	return names
}

// replicas checks how often a service should run.
func (c *checker) replicas(raw rawService, path string) {
	switch {
	case raw.Replicas.value > mostReplicas:
		c.problem(raw.Replicas.place, path+".replicas: "+itoa(raw.Replicas.value)+" are too many for one machine", "at most "+itoa(mostReplicas))
	case raw.URL.given():
		c.refuse(path, "beside url, because the service already runs", sourceOf("replicas", raw.Replicas.place))
	}
}

// addService adds a service to the experiment: each of its instances as a service of its own.
func (c *checker) addService(s Service) {
	n, _ := c.node(s.Name)
	if len(n.instances) == 0 {
		c.exp.Services = append(c.exp.Services, s)
		return
	}
	for _, name := range n.instances {
		instance := s
		instance.Name, instance.Group = name, s.Name
		c.exp.Services = append(c.exp.Services, instance)
	}
}

// members are the nodes that a name stands for: of a service with replicas all instances, else the node itself.
func (c *checker) members(name string) []string {
	if n, known := c.node(name); known && len(n.instances) > 0 {
		return n.instances
	}
	return []string{name}
}

// groupOf is the service that an instance is of, else the name itself.
func (c *checker) groupOf(name string) string {
	if n, known := c.node(name); known && n.group != "" {
		return n.group
	}
	return name
}

// spread makes a fault on a service with replicas one on each instance, all of the same name and at the same times.
func (c *checker) spread(path string, raw rawFault, times []Fault) []Fault {
	var all []Fault
	for _, f := range times {
		for _, node := range c.members(f.Node) {
			for _, link := range c.memberLinks(f.Link) {
				one := f
				one.Node, one.Link = node, link
				all = append(all, one)
			}
		}
	}
	if len(all) == len(times) {
		return all
	}
	if raw.At.scripted {
		c.problem(raw.At.place, path+": a script can bring a fault into force on one instance only, and this one meets "+itoa(len(all)),
			"name the instance, such as "+all[0].Link+all[0].Node)
	}
	for i := range all {
		all[i].Occurrence = i + 1
	}
	return all
}

// memberLinks are the links that one between services with replicas stands for.
func (c *checker) memberLinks(link string) []string {
	from, to, ok := strings.Cut(link, "->")
	if !ok {
		return []string{link}
	}
	var all []string
	for _, source := range c.members(from) {
		for _, destination := range c.members(to) {
			all = append(all, source+"->"+destination)
		}
	}
	return all
}

// toInstances makes every ${api.url} of a service with replicas one of an instance, since only those have addresses: of the first,
// and of all of them in ${api.urls} and ${api.addresses}.
func (c *checker) toInstances() {
	env := func(values map[string]string) {
		for name, value := range values {
			values[name] = c.instanceReferences(value)
		}
	}
	for _, s := range c.exp.Services {
		env(s.Env)
		for i, word := range s.Command {
			s.Command[i] = c.instanceReferences(word)
		}
	}
	load := &c.exp.Load
	load.Target = c.members(load.Target)[0]
	env(load.Env)
	if load.Requests != nil {
		texts := load.Requests.Texts()
		for i, t := range texts {
			texts[i] = c.instanceReferences(t)
		}
		spec := load.Requests.WithTexts(texts)
		load.Requests = &spec
	}
}

// plurals are the attributes of a service that list those of all its instances, with commas.
func plurals() map[string]string { return map[string]string{"urls": "url", "addresses": "address"} }

func (c *checker) instanceReferences(text string) string {
	// The first alternative is a literal ${, which stays what it is.
	return regexp.MustCompile(`\$\$\{|\$\{[^{}]*\}`).ReplaceAllStringFunc(text, func(reference string) string {
		name, attribute, ok := cutReference(strings.Trim(reference, "${}"))
		n, known := c.node(name)
		if !ok || !known || reference == "$${" {
			return reference
		}
		nodes := c.members(name)
		if singular := plurals()[attribute]; singular != "" && n.service {
			attribute = singular
		} else {
			nodes = nodes[:1]
		}
		all := make([]string, len(nodes))
		for i, node := range nodes {
			all[i] = "${" + node + "." + attribute + "}"
		}
		return strings.Join(all, ",")
	})
}

// cutReference parts the name of a node, which has a point where it is an instance, from the attribute.
func cutReference(inside string) (name, attribute string, ok bool) {
	i := strings.LastIndexByte(inside, '.')
	if i < 0 {
		return inside, "", false
	}
	return inside[:i], inside[i+1:], true
}

// runsSeveralTimes are the names of the instances of a service, for hints; empty where it runs once.
func (c *checker) runsSeveralTimes(name string) string {
	if members := c.members(name); len(members) > 1 {
		return enumerate(slices.Clone(members), "and")
	}
	return ""
}
