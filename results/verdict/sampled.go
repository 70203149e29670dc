package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/slo"
	"github.com/devcraft-studio/brunt/results/stats"
)

// leastSamples is how many scrapes a slope needs: how they hang together can't be told from fewer.
const leastSamples = 30

// sampled is a measure of a service's metric over a scope.
type sampled struct {
	measure  slo.Measure
	unit     string // that its number is given in
	scope    *scope
	scraping *scraping
	matcher  *matcher
	requests *requests // of the trial

	asked  int                  // scrapes in the scope that answered, of nodes that tell the metric
	absent map[*scrapedNode]int // scrapes in the scope that were missed

	points     []stats.Scraped      // of a gauge; of a counter its course, where its slope is asked for
	live       []stats.Scraped      // of after_gc(heap): the live heap, where the node tells it
	sum        float64              // counter: the increase in the scope
	flow, time float64              // counter: the increase between scrapes of one phase, and the seconds between them
	before     map[*scrapedNode]int // phase of the node's last scrape, if that lay in the scope
}

// scraped says whether a metric is one of the services'.
func (j *judge) scraped(metric string) bool {
	return slices.Contains(j.run.Question.Scraped, metric)
}

// sample registers a measure of a service's metric over a registered scope.
func (r *reader) sample(m slo.Measure, scope *scope) *sampled {
	s := &sampled{
		measure: m, unit: slo.ScrapedUnit(m), scope: scope, scraping: r.scraping,
		matcher: r.scraping.matcher(slo.Selector{Metric: m.Metric, Tags: m.Tags}),
		absent:  map[*scrapedNode]int{}, before: map[*scrapedNode]int{}, requests: r.root().requests,
	}
	s.matcher.perRequest = s.matcher.perRequest || m.Func == "per_request"
	r.sampled = append(r.sampled, s)
	return s
}

// asks says whether a node is one that the measure may be of.
func (s *sampled) asks(node *scrapedNode) bool {
	name, ok := s.measure.Tags[labelNode]
	return !ok || name == node.node
}

// missed notes that a node's scrape was missed.
func (s *sampled) missed(node *scrapedNode, f *recording.Frame, phase int) {
	if s.asks(node) && s.within(f, s.scope.phase(f, phase)) {
		s.absent[node]++
	}
}

// within says whether a scrape belongs to the scope. What comes after the last phase, while the last requests end, belongs to none.
func (s *sampled) within(f *recording.Frame, phase int) bool {
	return s.scope.part(f, phase) == core && (phase >= 0 || len(s.scope.line.spans) == 0)
}

// scraped notes a node's scrape.
func (s *sampled) scraped(node *scrapedNode, f *recording.Frame, phase int, collected bool) {
	phase = s.scope.phase(f, phase)
	if !s.asks(node) || !s.within(f, phase) {
		delete(s.before, node)
		return
	}
	last, follows := s.before[node]
	follows = follows && (last == phase || s.scope.match == nil)
	s.before[node] = phase
	matching := s.matcher.byNode[node]
	if len(matching) == 0 {
		return
	}
	s.asked++
	at := float64(f.Start+(f.End-f.Start)/2-s.scope.line.zero) / 1e9
	if s.matcher.kind == slo.ScrapedCounter {
		s.count(matching, at)
		if follows {
			s.time += float64(f.Start+f.End-node.last.Start-node.last.End) / 2e9
			for _, m := range matching {
				s.flow += m.added
			}
		}
		return
	}
	if m := matching[0]; len(matching) == 1 && m.alive {
		s.points = append(s.points, stats.Scraped{Sample: stats.Sample{At: at, Value: m.value}, Collected: collected})
	}
	if s.measure.AfterGC && s.measure.Metric == shortHeap {
		s.tellLive(node, at, collected)
	}
}

// count adds up a counter's series of one scrape.
func (s *sampled) count(matching []*scrapedSeries, at float64) {
	var total float64
	for _, m := range matching {
		s.sum += m.added
		total += m.value
	}
	if s.measure.Func == "slope" {
		s.points = append(s.points, stats.Scraped{Sample: stats.Sample{At: at, Value: total}})
	}
}

// tellLive notes the live heap, which Go knows by itself after each collection.
func (s *sampled) tellLive(node *scrapedNode, at float64, collected bool) {
	for _, m := range node.series {
		if m.key.Metric == liveHeap && m.alive {
			s.live = append(s.live, stats.Scraped{Sample: stats.Sample{At: at, Value: m.value}, Collected: collected})
		}
	}
}

// number is the measure. An unknown number has a problem that says why, and what to do.
func (s *sampled) number() number {
	factor, ok := slo.ScrapedScale(s.measure, s.unit)
	if !ok {
		return number{problem: s.selector() + " is not of the bound's unit"} // refused before the load, unless the record was changed
	}
	if problem := s.problem(); problem != "" {
		return number{low: math.Inf(-1), high: math.Inf(1), problem: problem}
	}
	if s.measure.Func == "slope" {
		return s.slope().scaled(factor, 0)
	}
	if s.measure.Func == "per_request" {
		return s.perRequest().scaled(factor, 0)
	}
	var n number
	switch s.measure.Stat {
	case "rate":
		if s.time <= 0 {
			return number{problem: "no samples of " + s.selector() + ": a rate needs two scrapes in one phase"}
		}
		n = exact(s.flow / s.time)
	case "count", "sum":
		n = exact(s.sum)
	default:
		n = s.gauge()
	}
	if n.problem != "" {
		return n
	}
	n.samples = int64(s.asked)
	return n.scaled(factor, 0)
}

// gauge is a statistic of a gauge's values, or of those that collections left.
func (s *sampled) gauge() number {
	points := s.values()
	if len(points) == 0 {
		return number{problem: s.tooFewCollections(len(points), 1)}
	}
	low, high, sum := points[0].Value, points[0].Value, 0.0
	for _, p := range points {
		low, high, sum = min(low, p.Value), max(high, p.Value), sum+p.Value
	}
	switch s.measure.Stat {
	case "min":
		return exact(low)
	case "max":
		return exact(high)
	case "avg":
		return exact(sum / float64(len(points)))
	}
	return exact(points[len(points)-1].Value)
}

// values are the values in the scope, or those right after collections.
func (s *sampled) values() []stats.Sample {
	switch {
	case s.measure.AfterGC && len(s.live) > 0:
		return stats.Collections(s.live)
	case s.measure.AfterGC:
		return stats.Envelope(s.points)
	}
	all := make([]stats.Sample, len(s.points))
	for i, p := range s.points {
		all[i] = p.Sample
	}
	return all
}

func (s *sampled) slope() number {
	points := s.values()
	if !s.measure.AfterGC && len(points) < leastSamples {
		return number{problem: fmt.Sprintf("a slope needs %d samples, and there are %d; let the load run longer", leastSamples, len(points))}
	}
	slope, ok := stats.TheilSen(points)
	if !ok {
		return number{problem: s.tooFewCollections(len(points), 5)}
	}
	return number{known: true, value: slope.Value, low: slope.Low, high: slope.High, samples: int64(len(points))}
}

func (s *sampled) tooFewCollections(seen, needed int) string {
	if !s.measure.AfterGC {
		return "no samples of " + s.selector()
	}
	for _, m := range s.matcher.all {
		if !m.node.marks {
			return m.node.node + " does not tell of garbage collections: after_gc needs " + gcTime + " or " + gcCount
		}
	}
	apart := ""
	if len(s.live) == 0 && needed > 1 {
		apart = ", ten scrapes from one to the next"
	}
	return fmt.Sprintf("it needs %s%s, and %d were seen; let the load run longer", plural(int64(needed), "garbage collection"), apart, seen)
}

func (s *sampled) selector() string {
	return slo.Selector{Metric: s.measure.Metric, Tags: s.measure.Tags}.String()
}

// problem says why nothing can be said of the metric, or is empty.
func (s *sampled) problem() string {
	switch problem := Ambiguous(s.measure, s.seriesTold()); {
	case !s.scope.has():
		return s.scope.absent()
	case len(s.scraping.nodes) == 0:
		return "no samples of " + s.selector() + ": no service's metrics were scraped"
	case len(s.matcher.all) == 0:
		return s.unknown()
	case problem != "":
		return problem
	case s.measure.Func == "" && !s.matcher.kind.Has(s.measure.Stat):
		return fmt.Sprintf("%s is a %s and has no %s", s.selector(), s.matcher.kind, s.measure.Stat)
	case s.measure.Func == "per_request" && s.matcher.kind == slo.ScrapedGauge:
		return s.selector() + " is a gauge, of which there is none per request"
	case s.measure.AfterGC && s.matcher.kind == slo.ScrapedCounter:
		return s.selector() + " is a counter, of which collections leave nothing"
	case s.asked == 0 && s.lost() > 0:
		return fmt.Sprintf("no samples of %s: %s missed", s.selector(), plural(int64(s.lost()), "scrape"))
	case s.asked == 0:
		return "no samples of " + s.selector()
	case s.lost() > s.asked:
		return fmt.Sprintf("more scrapes were missed than answered: %s", s.told())
	}
	return ""
}

// unknown says that no service told such a metric, and which it may have been.
func (s *sampled) unknown() string {
	text := "no samples of " + s.selector() + ": no service told it"
	if near := slo.Nearest(s.matcher.metric, s.scraping.names()); near != "" && near != s.matcher.metric {
		text += "; did you mean " + near + "?"
	}
	return text
}

// Told is a series of a service's metrics.
type Told struct {
	Metric string // its Prometheus name
	Tags   map[string]string
	Kind   slo.Kind
}

func (s *sampled) seriesTold() []Told {
	var all []Told
	for _, m := range s.matcher.all {
		all = append(all, Told{Metric: m.key.Metric, Tags: m.tags, Kind: s.matcher.kind})
	}
	return all
}

// Ambiguous says why a measure of a service's metric is of several things at once, and which to choose from; empty where it is
// not. told are the series that there are.
func Ambiguous(m slo.Measure, told []Told) string {
	var nodes, series []string
	gauge := false
	for _, t := range told {
		if t.Metric != slo.ScrapedName(m.Metric) || !subset(m.Tags, t.Tags) {
			continue
		}
		if node := t.Tags[labelNode]; !slices.Contains(nodes, node) {
			nodes = append(nodes, node)
		}
		series = append(series, slo.Selector{Metric: m.Metric, Tags: t.Tags}.String())
		gauge = gauge || t.Kind == slo.ScrapedGauge
	}
	slices.Sort(nodes)
	slices.Sort(series)
	switch {
	case len(nodes) > 1:
		return fmt.Sprintf("%s is told by %s; name one: %s", m.Metric, strings.Join(nodes, " and "),
			slo.Selector{Metric: m.Metric, Tags: map[string]string{labelNode: nodes[0]}})
	case gauge && len(series) > 1:
		text := fmt.Sprintf("%s are %d series; name one: %s", slo.Selector{Metric: m.Metric, Tags: m.Tags}, len(series),
			strings.Join(series[:min(len(series), mostSeriesTold)], ", "))
		if len(series) > mostSeriesTold {
			text += " and so on"
		}
		return text
	}
	return ""
}

// lost is how many scrapes of the nodes that tell the metric were missed in the scope.
func (s *sampled) lost() int {
	total := 0
	for node := range s.matcher.byNode {
		total += s.absent[node]
	}
	return total
}

// told is what there is to say of the scrapes beside the number.
func (s *sampled) told() string {
	text := ""
	if s.measure.AfterGC && len(s.live) > 0 {
		text = "of " + liveHeap
	}
	if lost := s.lost(); lost > 0 {
		text = join(text, fmt.Sprintf("%d of %s missed", lost, plural(int64(s.asked+lost), "scrape")))
	}
	if s.scraping.torn {
		text = join(text, "the recording of the scrapes is torn")
	}
	return text
}

// undecided says why a slope, or a bound that follows another measurement, is neither kept nor broken.
func (s *sampled) undecided(n number, asked slo.SLO) string {
	if asked.Func == "per_request" {
		return fmt.Sprintf("the requests under way at the edges could decide it: the value lies between %s and %s; let the load run longer",
			display(n.low, s.unit), display(n.high, s.unit))
	}
	if asked.Func != "slope" {
		return fmt.Sprintf("the value lies between %s and %s", display(n.low, s.unit), upper(n.high, s.unit))
	}
	unit := strings.TrimSuffix(s.unit, slo.UnitPerSecond)
	end := func(v float64) string {
		if math.IsInf(v, 0) {
			return "no limit"
		}
		return display(v*60, unit) + "/min"
	}
	return fmt.Sprintf("with 95 %% confidence it lies between %s and %s, and the bound is among them; let the load run longer",
		end(n.low), end(n.high))
}
