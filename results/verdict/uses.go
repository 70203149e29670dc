package verdict

import (
	"math"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
)

// kindLink is the kind of what is used and is no node.
const kindLink = "link"

// uses says what each phase asked of each node and link that was probed.
func (j *judge) uses(r *reader) []results.Use {
	var all []results.Use
	steady := map[string]float64{} // work per request of each node in the last steady phase
	for _, p := range r.line.spans {
		label := string(p.Name)
		if p.Name == results.PhaseFault && len(p.Faults) > 0 {
			label = strings.Join(p.Faults, "+")
		}
		for _, of := range j.used(r.scraping) {
			u := results.Use{Trial: j.trial.Number, Phase: label, Start: p.Start, End: p.End, Node: of.Name, Kind: of.Kind}
			of := phaseUse{Use: &u, requests: r.requests, scraping: r.scraping, extent: extent{p.start, p.end}}
			if !of.fill() {
				continue
			}
			if work := of.work(); work != nil {
				switch before := steady[u.Node]; {
				case p.Name == results.PhaseSteady:
					steady[u.Node] = *work
				case p.Name == results.PhaseFault && before > 0:
					u.Amplification = finite(*work / before)
				}
			}
			all = append(all, u)
		}
	}
	return all
}

// used are the nodes and links that were probed, those of the trial first.
func (j *judge) used(s *scraping) []results.Node {
	var all []results.Node
	probed := func(name string) bool {
		for source := range s.nodes {
			if source.node == name && source.name != "" {
				return true
			}
		}
		return false
	}
	for _, n := range j.trial.Nodes {
		if probed(n.Name) {
			all = append(all, n)
		}
	}
	for _, l := range j.trial.Links {
		if probed(l.Name) {
			all = append(all, results.Node{Name: l.Name, Kind: kindLink})
		}
	}
	return all
}

// phaseUse is what one phase asked of one node.
type phaseUse struct {
	*results.Use
	requests *requests
	scraping *scraping
	extent   extent
}

// fill reports whether anything is known.
func (u phaseUse) fill() bool {
	for _, m := range []struct {
		source, metric string
		to             **float64
		measure        func(node *scrapedNode, series *scrapedSeries) *float64
	}{
		{slo.ProbePostgres, "postgres.queries", &u.Queries, u.perRequest},
		{slo.ProbePostgres, "postgres.rows", &u.Rows, u.perRequest},
		{slo.ProbePostgres, "postgres.buffers", &u.Buffers, u.perRequest},
		{slo.ProbePostgres, "postgres.wal", &u.WAL, u.perRequest},
		{slo.ProbeRedis, "redis.commands", &u.Commands, u.perRequest},
		{slo.ProbeRedis, "redis.keys_without_ttl", &u.KeysWithoutTTL, u.most},
		{slo.ProbeLink, "link.connections", &u.Connections, u.perRequest},
		{slo.ProbeLink, "link.exchanges", &u.Exchanges, u.perRequest},
		{slo.ProbeNode, "node.cpu", &u.CPUPercent, u.perSecond},
		{slo.ProbeNode, "node.read", &u.Read, u.perSecond},
		{slo.ProbeNode, "node.written", &u.Written, u.perSecond},
		{slo.ProbeNode, "node.memory", &u.Memory, u.most},
		{slo.ProbeNode, "node.fds", &u.OpenFDs, u.most},
		{slo.ProbeNode, "node.sockets", &u.Sockets, u.most},
	} {
		node := u.scraping.nodes[scrapedSource{u.Node, m.source}]
		if node == nil {
			continue
		}
		i := slices.IndexFunc(node.series, func(s *scrapedSeries) bool { return s.key.Metric == slo.ScrapedName(m.metric) })
		if i >= 0 {
			*m.to = m.measure(node, node.series[i])
		}
	}
	if u.CPUPercent != nil {
		*u.CPUPercent *= 100
	}
	return u.Queries != nil || u.WAL != nil || u.Commands != nil || u.Connections != nil || u.CPUPercent != nil || u.Memory != nil
}

// work is what reached the node per request.
func (u phaseUse) work() *float64 {
	for _, v := range []*float64{u.Queries, u.Commands, u.Exchanges, u.Connections} {
		if v != nil {
			return v
		}
	}
	return nil
}

func (u phaseUse) perRequest(node *scrapedNode, series *scrapedSeries) *float64 {
	w := u.requests.within(node, []*scrapedSeries{series}, []extent{u.extent})
	if w.requests <= 0 {
		return nil
	}
	u.Requests = w.requests
	return finite(w.sum / w.requests)
}

func (u phaseUse) perSecond(node *scrapedNode, series *scrapedSeries) *float64 {
	sum, length := 0.0, int64(0)
	for _, s := range u.requests.stretches(node, u.extent) {
		length += s.to.at - s.from.at
		for i := s.first + 1; i <= s.end && i < len(series.course); i++ {
			sum += series.course[i]
		}
	}
	if length <= 0 {
		return nil
	}
	return finite(sum / (float64(length) / 1e9))
}

func (u phaseUse) most(node *scrapedNode, series *scrapedSeries) *float64 {
	most := math.Inf(-1)
	for i, t := range node.times {
		if u.extent.start <= t.at && t.at < u.extent.end && i < len(series.course) && !math.IsNaN(series.course[i]) {
			most = max(most, series.course[i])
		}
	}
	return finite(most)
}
