package topology

import (
	"maps"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// Links are the links of an experiment that something uses, sorted: of each service to the nodes that it refers to, and of the
// load to its target and to what it refers to. Those before which no proxy can stand are left out.
func Links(e experiment.Experiment) []string {
	known := map[string]bool{}
	for _, d := range e.Dependencies {
		known[d.Name] = true
	}
	for _, s := range e.Services {
		known[s.Name] = !strings.HasPrefix(s.URL, "https:")
	}
	links := map[string]bool{}
	add := func(from string, names ...string) {
		for _, to := range names {
			if known[to] && to != from {
				links[site.LinkName(from, to)] = true
			}
		}
	}
	for _, s := range e.Services {
		if s.URL == "" {
			add(s.Name, serviceReferences(s)...)
		}
	}
	add(site.Load, e.Load.Target)
	if len(e.Services) == 1 {
		add(site.Load, e.Services[0].Name)
	}
	add(site.Load, namedNodes(append(slices.Collect(maps.Values(e.Load.Env)), requestTexts(e.Load)...)...)...)
	return slices.Sorted(maps.Keys(links))
}
