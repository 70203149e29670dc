package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/slo"
	"github.com/devcraft-studio/brunt/results/stats"
)

const (
	// fewestRequests of an endpoint make a step's median worth looking at.
	fewestRequests = 3
	// fewestCrossings is how many steps an endpoint needs, over at least three latencies.
	fewestCrossings = 6
	// mostFailed is the share of failed requests beyond which durations say nothing.
	mostFailed = 0.01
	// widestCount is how far the interval may reach to each side: a share of the count, and at least so many round trips.
	widestCount, widestTrips = 0.25, 0.25
	// mostCurved is how far the medians of a latency may lie beside the line, as a share of the whole rise.
	mostCurved = 0.05
	// curvedBy is the error probability of the test for it.
	curvedBy = 0.01
)

// crossed judges a trial that measured round trips.
func (j *judge) crossed(open Opener) error {
	p := j.trial.Probing
	c := crossing{zero: j.trial.Zero.UnixNano(), steps: p.Steps, seen: map[string][]endpoint{}, earlier: p.EarlierTrips}
	if err := j.read(open, c.frame); err != nil {
		return err
	}
	links, read, reason := c.links(), 0, ""
	for _, link := range links {
		for _, name := range c.names() {
			answer := c.trips(link, name)
			if answer.Count != nil {
				read++
			} else if reason == "" {
				reason = answer.Reason
			}
			answer.Trial, answer.Rate = j.trial.Number, p.Rate
			j.verdict.RoundTrips = append(j.verdict.RoundTrips, answer)
		}
	}
	switch heldUp := j.heldUp(); {
	case len(links) == 0:
		j.note("round trips", results.Inconclusive, "no step was completed")
	case read == 0: // one that is unclear among others is an answer; if all are, nothing was found
		j.note("round trips", results.Inconclusive, "none could be read: "+reason)
	case heldUp != "":
		j.warn("the round trips were measured while " + heldUp)
	}
	return nil
}

// endpoint is what a step measured of the requests of one name.
type endpoint struct {
	duration histogram.Histogram
	failed   uint64
}

// crossing gathers the durations of each endpoint in each step.
type crossing struct {
	zero  int64
	steps []results.FaultStep
	seen  map[string][]endpoint // by name, one for each step
	// earlier is what a trial measured that was cut off before this one.
	earlier []results.RoundTrips
}

func (c *crossing) links() []string {
	var links []string
	for _, s := range c.steps {
		links = append(links, s.Link)
	}
	for _, r := range c.earlier {
		links = append(links, r.Link)
	}
	slices.Sort(links)
	return slices.Compact(links)
}

// at is the step that a frame belongs to, or −1.
func (c *crossing) at(f *recording.Frame) int {
	middle := float64(f.Start+(f.End-f.Start)/2-c.zero) / 1e9
	return slices.IndexFunc(c.steps, func(s results.FaultStep) bool { return s.From <= middle && middle < s.End })
}

func (c *crossing) frame(f *recording.Frame) error {
	step := c.at(f)
	if step < 0 {
		return nil
	}
	for _, p := range f.Points {
		if p.Key.Metric != "http_req_duration" && p.Key.Metric != "http_req_failed" {
			continue
		}
		tags, err := recording.SplitTags(p.Key.Tags)
		if err != nil {
			return err
		}
		if _, selected := tags[slo.ReservedTag]; selected || tags["scenario"] == "" || tags["name"] == "" {
			continue
		}
		if c.seen[tags["name"]] == nil {
			c.seen[tags["name"]] = make([]endpoint, len(c.steps))
		}
		switch e := &c.seen[tags["name"]][step]; p.Kind {
		case recording.Trend:
			e.duration.Merge(p.Trend)
		case recording.Rate:
			e.failed += p.Trues
		}
	}
	return nil
}

func (c *crossing) names() []string {
	var names []string
	for name := range c.seen {
		names = append(names, name)
	}
	for _, r := range c.earlier {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// trips reads the round trips of an endpoint on a link off its steps.
//
// One round trip costs what a probe's costs through the same link at the same time. So the median duration is held against
// that, and not against the latency that was asked for, of which a proxy makes a little more. The slope is Theil and Sen's; that
// the medians lie on a line at all is tested (stats.Curvature), for what queues grows faster than what it waits for.
func (c *crossing) trips(link, name string) results.RoundTrips {
	t := results.RoundTrips{Link: link, Name: name, Points: []results.RoundTripPoint{}}
	for _, r := range c.earlier {
		if r.Link == link && r.Name == name {
			t.Points = append(t.Points, r.Points...)
		}
	}
	seen := c.seen[name]
	if seen == nil {
		seen = make([]endpoint, len(c.steps))
	}
	for i, s := range c.steps {
		e := &seen[i]
		if s.Link != link || s.Error != "" || s.Effect == nil || s.Effect.During <= 0 || e.duration.Count() < fewestRequests {
			continue
		}
		t.Points = append(t.Points, results.RoundTripPoint{
			Asked: s.Strength, Trip: s.Effect.During, Duration: e.duration.Quantile(0.5), Samples: int64(e.duration.Count()), Failed: int64(e.failed),
		})
	}
	var failed, samples int64
	for _, p := range t.Points {
		failed, samples = failed+p.Failed, samples+p.Samples
	}
	slices.SortStableFunc(t.Points, func(a, b results.RoundTripPoint) int { return cmp.Compare(a.Asked, b.Asked) })
	if float64(failed) > mostFailed*float64(samples) {
		t.Reason = fmt.Sprintf("%s of the requests failed", percent(float64(failed)/float64(samples)))
		return t
	}
	settleTrips(&t)
	return t
}

// settleTrips fits the line.
func settleTrips(t *results.RoundTrips) {
	samples, levels := make([]stats.Sample, len(t.Points)), make([]float64, len(t.Points))
	for i, p := range t.Points {
		samples[i], levels[i] = stats.Sample{At: p.Trip, Value: p.Duration}, p.Asked
	}
	distinct := len(slices.Compact(slices.Clone(levels)))
	if len(samples) < fewestCrossings || distinct < 3 {
		t.Reason = fmt.Sprintf("too few requests: %s of %s could be used", plural(int64(len(samples)), "step"), plural(int64(distinct), "different delay"))
		return
	}
	slope, ok := stats.TheilSen(samples)
	curve, curved := stats.Curvature(samples, levels)
	switch half := math.Max(slope.High-slope.Value, slope.Value-slope.Low); {
	case !ok || !curved:
		t.Reason = "no line could be fitted"
	case curve.P < curvedBy && curve.Beside > mostCurved:
		t.Reason = fmt.Sprintf("not a line: the medians lie up to %s of the rise beside one, as where requests wait for each other", percent(curve.Beside))
	case half > math.Max(widestTrips, widestCount*math.Abs(slope.Value)):
		t.Reason = fmt.Sprintf("not sure enough: between %s and %s", display(slope.Low, slo.UnitNone), display(slope.High, slo.UnitNone))
	default:
		t.Count, t.Low, t.High = finite(slope.Value), finite(slope.Low), finite(slope.High)
	}
}
