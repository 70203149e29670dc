package topology

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// connect finds the links: one for every reference of a consumer to a node, one for every fault on a link, and the load's.
// A link that a fault or proxied names (or every one, with all) gets a loopback address of its own with the original port.
func (l *layout) connect(all bool, proxied []string, pool *addresses) error {
	wanted := l.referenced()
	faulty := map[string]bool{}
	for _, f := range l.exp.Faults {
		if f.Link == "" {
			continue
		}
		if err := l.checkLink(f); err != nil {
			return err
		}
		from, to, _ := strings.Cut(f.Link, "->")
		faulty[f.Link] = true
		wanted[f.Link] = [2]string{from, to}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		ends := wanted[name]
		link := site.Link{From: ends[0], To: ends[1], Upstream: l.nodes[ends[1]].address, Proxied: all || faulty[name] || slices.Contains(proxied, name)}
		link.Address = link.Upstream
		if link.Proxied && !faulty[name] && l.unproxiable(link.To) != "" {
			link.Proxied = false
		}
		if link.Proxied {
			port, err := l.port(link.To)
			if err != nil {
				return err
			}
			if link.Address, err = pool.take(port); err != nil {
				return fmt.Errorf("link %s: %w", name, err)
			}
		}
		l.links = append(l.links, link)
	}
	return nil
}

// referenced are the links that references and the load make, by name.
func (l *layout) referenced() map[string][2]string {
	links := map[string][2]string{}
	add := func(from string, names []string) {
		for _, to := range names {
			if _, known := l.nodes[to]; known && to != from {
				links[site.LinkName(from, to)] = [2]string{from, to}
			}
		}
	}
	for _, s := range l.services {
		add(s.Name, serviceReferences(s.Service))
	}
	add(site.Load, namedNodes(append(slices.Collect(maps.Values(l.exp.Load.Env)), requestTexts(l.exp.Load)...)...))
	if l.target != "" {
		add(site.Load, []string{l.target})
	}
	return links
}

func serviceReferences(s experiment.Service) []string {
	return namedNodes(append(slices.Collect(maps.Values(s.Env)), s.Command...)...)
}

func (l *layout) checkLink(f experiment.Fault) error {
	from, to, ok := strings.Cut(f.Link, "->")
	if !ok {
		return fmt.Errorf("fault %s: %q is not a link such as api->cache", f.Name, f.Link)
	}
	if _, known := l.nodes[from]; !known && from != site.Load {
		return fmt.Errorf("fault %s: no node is named %s", f.Name, from)
	}
	if _, known := l.nodes[to]; !known {
		return fmt.Errorf("fault %s: no node is named %s", f.Name, to)
	}
	if slices.ContainsFunc(l.urls, func(u urlService) bool { return u.Name == from }) {
		return fmt.Errorf("fault %s: %s already runs, so only the link %s->%s can be disturbed", f.Name, from, site.Load, from)
	}
	if why := l.unproxiable(to); why != "" {
		return fmt.Errorf("fault %s: link %s: %s", f.Name, f.Link, why)
	}
	return nil
}

// unproxiable says why no link can stand before a node, or is empty.
func (l *layout) unproxiable(node string) string {
	for _, u := range l.urls {
		if u.Name == node && u.url.Scheme == "https" {
			return "a link before an https URL is not supported yet: its certificate names another host"
		}
	}
	return ""
}

func (l *layout) linkIndex(from, to string) int {
	return slices.IndexFunc(l.links, func(k site.Link) bool { return k.From == from && k.To == to })
}

// order sorts the services into waves by their references to each other.
func (l *layout) order() error {
	needs := map[string][]string{}
	for _, s := range l.services {
		needs[s.Name] = nil
	}
	for _, s := range l.exp.Services {
		if _, starts := needs[s.Name]; !starts {
			continue
		}
		for _, to := range serviceReferences(s) {
			if _, starts := needs[to]; starts && to != s.Name {
				needs[s.Name] = append(needs[s.Name], to)
			}
		}
	}
	for len(needs) > 0 {
		var wave []string
		for name, on := range needs {
			if !slices.ContainsFunc(on, func(n string) bool { _, waits := needs[n]; return waits }) {
				wave = append(wave, name)
			}
		}
		if len(wave) == 0 {
			return &CycleError{Services: slices.Sorted(maps.Keys(needs))}
		}
		slices.Sort(wave)
		for _, name := range wave {
			delete(needs, name)
		}
		l.waves = append(l.waves, wave)
	}
	return nil
}

// CycleError says that services refer to each other in a circle, so that none of them can start first.
type CycleError struct{ Services []string }

func (e *CycleError) Error() string {
	return fmt.Sprintf("services wait for each other in a circle: %s", strings.Join(e.Services, ", "))
}

// open opens the proxied links that choose selects and writes the address that each really listens on.
func openLinks(ctx context.Context, linker Linker, links []site.Link, choose func(site.Link) bool) error {
	for i := range links {
		link := &links[i]
		if !link.Proxied || !choose(*link) {
			continue
		}
		if linker == nil {
			return errors.New("a link must be proxied and there is no proxy")
		}
		address, err := linker.Open(ctx, link.Name(), link.Address, link.Upstream)
		if err != nil {
			return fmt.Errorf("open link %s: %w", link.Name(), err)
		}
		if address != link.Address {
			// Consumers have been promised this address; another one would leave them talking to nobody.
			return fmt.Errorf("open link %s: it listens on %s, not on %s", link.Name(), address, link.Address)
		}
	}
	return nil
}
