package verdict

import (
	"fmt"
	"math"

	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/slo"
)

const (
	// late is by how much a scrape may lie beyond an edge and still count as at it: the time it takes, and that the others of its
	// second take before it.
	late = int64(250e6)
	// blurLimit is up to which share of a number the edges may blur it, so that it can be taken for a bound that lies within.
	blurLimit = 0.01
)

// scrapeTime is the middle of a scrape, and how far it reaches to either side.
type scrapeTime struct{ at, reach int64 }

// stretch is an interval from one scrape to another, both of one scope and without a gap.
type stretch struct {
	from, to   scrapeTime
	first, end int  // of the node's scrapes: those after first up to end
	whole      bool // it goes on to the end of the load
}

// extents are where a scope may lie: its phases less their guards, as far as they lie in its window. What has neither begins after
// the warm-up and has no end.
func (s *scope) extents() []extent {
	var all []extent
	add := func(start, end int64) {
		if start, end = s.clip(start, end); start < end {
			all = append(all, extent{start, end})
		}
	}
	if s.match == nil {
		add(s.line.warmEnd, math.MaxInt64)
		return all
	}
	for _, p := range s.line.spans {
		switch {
		case !s.match(p):
		case s.guards:
			add(p.guardStart, p.guardEnd)
		default:
			add(p.start, p.end)
		}
	}
	return all
}

// stretches are the parts of an extent that lie between scrapes of the node. A scrape before its beginning counts as at it when nothing
// was requested in between, and so does one after its end.
func (r *requests) stretches(node *scrapedNode, of extent) []stretch {
	var all []stretch
	for i := 1; i < len(node.times); i++ {
		from, to := node.times[i-1], node.times[i]
		if _, other := r.between(from.at, to.at); other > 0 || !r.reaches(from.at, of.start) || !r.reaches(of.end, to.at) {
			continue
		}
		if n := len(all); n > 0 && all[n-1].end == i-1 {
			all[n-1].to, all[n-1].end = to, i
			continue
		}
		all = append(all, stretch{from: from, to: to, first: i - 1, end: i})
	}
	if n := len(all); n > 0 && all[n-1].end == len(node.times)-1 && !node.lost && all[n-1].to.at > r.last() {
		all[n-1].whole = true
	}
	return all
}

// reaches says whether a moment is as good as a later one: they are close, or nothing was requested between them.
func (r *requests) reaches(at, until int64) bool {
	if until-at <= late {
		return true
	}
	load, other := r.between(at, until)
	return load == 0 && other == 0
}

// work is what a load had done: an amount, by so many requests, of which so many were under way at the edges.
type work struct{ sum, requests, blur float64 }

// within is the work that some series of a node say was done in a scope.
func (r *requests) within(node *scrapedNode, series []*scrapedSeries, extents []extent) work {
	var w work
	for _, of := range extents {
		for _, s := range r.stretches(node, of) {
			for _, one := range series {
				for i := s.first + 1; i <= s.end && i < len(one.course); i++ {
					w.sum += one.course[i]
				}
			}
			end := s.to.at
			if s.whole {
				end = math.MaxInt64
			}
			sent, _ := r.between(s.from.at, end)
			w.requests += sent
			w.blur += r.blur(s, sent)
		}
	}
	return w
}

// blur is how many requests were under way at the edges of a stretch, or may have begun on the other side of them, as does one that began
// at the very moment of the scrape: what they had done may be counted in it or not. Before the load and after it there are none.
func (r *requests) blur(s stretch, sent float64) float64 {
	length := float64(s.to.at - s.from.at)
	if length <= 0 {
		return 0
	}
	edge := func(t scrapeTime) float64 { return 1 + sent/length*(r.mean()+float64(t.reach+r.off(t.at))) }
	blur := 0.0
	if load, other := r.between(math.MinInt64, s.from.at); load+other > 0 {
		blur += edge(s.from)
	}
	if !s.whole {
		blur += edge(s.to)
	}
	return blur
}

// number is the work of a request.
func (w work) number() number {
	n := exact(w.sum / w.requests)
	share := w.blur / w.requests
	n.low, n.high = n.value*(1-min(share, 1)), n.value*(1+share)
	n.samples = int64(w.requests)
	return n
}

// perRequest is the increase of a counter in the scope, divided by the requests of the load in the same time.
func (s *sampled) perRequest() number {
	var w work
	for node, series := range s.matcher.byNode {
		w = s.requests.within(node, series, s.scope.extents()) // of one node: else it is ambiguous
	}
	if w.requests <= 0 {
		return number{problem: "no requests (http_reqs) between two scrapes of " + s.selector() + " there"}
	}
	return w.number()
}

// keeps says whether the course of a metric is kept, scrape by scrape.
func (s *scraping) keeps(known *scrapedSeries) bool {
	if of, _ := slo.ProbeOf(known.key.Metric); of != "" {
		return true
	}
	for _, m := range s.matchers {
		if m.perRequest && known.key.Metric == m.metric && subset(m.tags, known.tags) {
			return true
		}
	}
	return false
}

// note appends a scrape that answered to the courses of the node's series. Before its first scrape a series is not there: a counter of
// which nothing was added, a gauge that is no number.
func (n *scrapedNode) note(f *recording.Frame) {
	n.times = append(n.times, scrapeTime{f.Start + (f.End-f.Start)/2, (f.End - f.Start) / 2})
	n.lost = false
	for _, known := range n.series {
		if !known.kept {
			continue
		}
		missing, v := 0.0, known.added
		if known.kind == recording.Gauge {
			missing, v = math.NaN(), math.NaN()
			if known.alive {
				v = known.value
			}
		}
		for len(known.course) < len(n.times)-1 {
			known.course = append(known.course, missing)
		}
		known.course = append(known.course, v)
	}
}

// blurred says whether a number of work per request can't be told from its bound though the edges blur it by little.
func blurred(n, bound number) bool {
	narrow := func(n number) bool { return n.high-n.low <= 2*blurLimit*math.Abs(n.value) }
	return narrow(n) && narrow(bound) && n.low <= bound.high && bound.low <= n.high
}

// blurReason says so.
func blurReason(n, bound number) string {
	share := (n.high - n.low) / 2
	if n.value != 0 {
		share /= math.Abs(n.value)
	}
	return fmt.Sprintf("taken for its bound %s, as the requests under way at the edges blur it by %s", display(bound.value, ""), display(share, slo.UnitShare))
}
