package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/fault"
	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/harness/probe"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

const (
	prepareTimeout = 10 * time.Second // for a dependency to be connected to
	closeTimeout   = time.Second      // for that connection to end
)

// probes are the nodes and links that brunt asks by itself, by what it asks for (the Probe constants of package slo).
func (q *question) probes() map[string][]string {
	by := map[string][]string{}
	if q.bare {
		return by
	}
	add := func(of, name string) {
		if !slices.Contains(by[of], name) {
			by[of] = append(by[of], name)
		}
	}
	nodes := runtime.GOOS == "linux" // elsewhere there is no /proc
	for _, d := range q.experiment.Dependencies {
		switch d.Kind {
		case dependency.Postgres:
			add(slo.ProbePostgres, d.Name)
		case dependency.Redis:
			add(slo.ProbeRedis, d.Name)
		}
		if nodes {
			add(slo.ProbeNode, d.Name)
		}
	}
	for _, s := range q.experiment.Services {
		if nodes && s.URL == "" {
			add(slo.ProbeNode, s.Name)
		}
	}
	for _, f := range q.experiment.Faults {
		if f.Link != "" {
			add(slo.ProbeLink, f.Link)
		}
	}
	return by
}

// probed says whether a metric is one that brunt asks for by itself, of somebody who is there.
func (q *question) probed(metric string) bool {
	of, _ := slo.ProbeOf(metric)
	return of != "" && len(q.probes()[of]) > 0
}

// tellers are the nodes that may tell a metric, sorted.
func (q *question) tellers(metric string) []string {
	there := slices.Collect(maps.Keys(q.telling()))
	if of, _ := slo.ProbeOf(metric); of != "" {
		there = append(there, q.probes()[of]...)
	}
	slices.Sort(there)
	return slices.Compact(there)
}

// disturbed says whether a fault acts on a node, so that it may well not answer for a while.
func (q *question) disturbed(node string) bool {
	return slices.ContainsFunc(q.experiment.Faults, func(f experiment.Fault) bool { return f.Node == node })
}

// checkProbed says of a metric that brunt asks for by itself why nobody tells it.
func (q *question) checkProbed(m slo.Measure, kinds map[string]slo.Kind, lacks map[string]string) error {
	of, _ := slo.ProbeOf(m.Metric)
	if _, told := kinds[slo.ScrapedName(m.Metric)]; told || !q.probed(m.Metric) {
		return nil
	}
	reason := lacks[of]
	if reason == "" {
		reason = "nobody tells it here"
	}
	return fmt.Errorf("%s is not known: %s", m.Metric, reason)
}

// scrapeLabel says of whom scrapes are.
func scrapeLabel(s results.Scrape) string {
	switch s.Source {
	case "":
		return "metrics of " + s.Node
	case slo.ProbeLink:
		return "traffic over " + s.Node
	case slo.ProbeNode:
		return "use of the machine by " + s.Node
	}
	return "counters of " + s.Node
}

// probes are the sources that brunt asks by itself: dependencies of a known kind, links that faults act on, and what the processes of
// each node use. The connections to dependencies are returned, by node, to be closed.
func (as *assembly) probes(ctx context.Context, s *site.Site) ([]probe.Source, map[string]*dependency.Counters) {
	by := as.inv.question.probes()
	counters := map[string]*dependency.Counters{}
	var sources []probe.Source
	for _, of := range []string{slo.ProbePostgres, slo.ProbeRedis} {
		for _, name := range by[of] {
			node := s.Node(name)
			if node == nil {
				continue
			}
			if i, err := dependency.Of(node); err == nil {
				counters[name] = i.Counters(func() float64 { return float64(as.faults.Answered(name)) })
				as.prepare(ctx, name, counters[name])
				sources = append(sources, probe.Source{Node: name, Name: of, Teller: counters[name]})
			}
		}
	}
	for _, name := range by[slo.ProbeLink] {
		if link, ok := s.Link(name); ok && link.Proxied && as.proxy != nil {
			sources = append(sources, probe.Source{Node: name, Name: slo.ProbeLink, Teller: crossing{as.proxy, name}})
		}
	}
	table := &probe.ProcessTable{}
	var nodes []*probe.Processes
	for _, name := range by[slo.ProbeNode] {
		node := s.Node(name)
		if node == nil {
			continue
		}
		if teller, err := processes(ctx, table, node); err != nil {
			as.inv.run.Warnings = appendNew(as.inv.run.Warnings, fmt.Sprintf("what %s uses of the machine is not known: %v", name, err))
		} else {
			sources = append(sources, probe.Source{Node: name, Name: slo.ProbeNode, Teller: teller})
			nodes = append(nodes, teller)
		}
	}
	if len(nodes) > 0 && len(nodes) == len(s.Nodes) { // else somebody works for the run whom we don't know
		as.work = func() (time.Duration, error) { return table.Work(os.Getpid(), nodes) }
	}
	return sources, counters
}

// prepare connects to a dependency and lets it make what it counts with, for which a scrape leaves no time. One that does not answer
// will be missed when it is scraped.
func (as *assembly) prepare(ctx context.Context, name string, c *dependency.Counters) {
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	if _, err := c.Tell(ctx); err != nil {
		as.inv.log.Warn("its counters are not told", "node", name, "error", err)
	}
}

// processes tells what a node uses of the machine. The error says that this machine does not know.
func processes(ctx context.Context, table *probe.ProcessTable, node *site.Node) (*probe.Processes, error) {
	leader, ok := node.Control.(site.Leader)
	if !ok {
		return nil, errors.New("its process is not known")
	}
	p := table.Of(leader.PID, node.Container)
	_, err := p.Tell(ctx)
	return p, err
}

// crossing tells what crossed a link. Its proxy answers within the time of a heartbeat, or is replaced.
type crossing struct {
	proxy *fault.Proxy
	link  string
}

func (c crossing) Tell(ctx context.Context) ([]byte, error) {
	t := c.proxy.Traffic(ctx, c.link)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "# TYPE link_connections_total counter\nlink_connections_total %d\n"+
		"# TYPE link_exchanges_total counter\nlink_exchanges_total %d\n", t.Connections, t.Exchanges), nil
}

// lacking warns of what dependencies can't tell, and returns it by what it is asked for.
func (as *assembly) lacking(counters map[string]*dependency.Counters) map[string]string {
	lacks := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(counters)) {
		text := counters[name].Lacks()
		if text == "" {
			continue
		}
		text = as.inv.redactor.Redact(name + ": " + strings.TrimSpace(text))
		lacks[slo.ProbePostgres] = text
		as.inv.run.Warnings = appendNew(as.inv.run.Warnings, text)
	}
	return lacks
}

func closeCounters(ctx context.Context, counters map[string]*dependency.Counters) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	for _, c := range counters {
		c.Close(ctx)
	}
}

// align puts the scrapes in step with the load, once it is known when that began.
func (s *scraping) align(process *load.Process) {
	select {
	case <-process.Started():
		s.Align(process.Zero())
	case <-process.Done():
	}
}
