package verdict

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/results/slo"
)

// GatePairs reads what was measured of each pair of a timing gate, in the order of their numbers. A pair of which a trial is missing,
// not complete or torn is none. doubts say which those are, where they were complete.
//
// A window is a second: those seconds count that lie in the core of the same phase in both trials, so that the first and the last
// of a phase, where load or faults change, are left out of both. Of builds that took turns a window is what was measured of a build in a
// block of slices.
func GatePairs(run results.Run, open Opener) (pairs []GatePair, doubts []string, err error) {
	byPair := map[int][2]*results.Trial{}
	for i := range run.Trials {
		t := &run.Trials[i]
		if t.Pair < 1 || t.Build < 0 || t.Build > 1 || t.Status != results.StatusComplete || t.Recording == "" {
			continue
		}
		both := byPair[t.Pair]
		both[t.Build] = t
		byPair[t.Pair] = both
	}
	for _, number := range slices.Sorted(maps.Keys(byPair)) {
		both := byPair[number]
		if both[0] == nil || both[1] == nil {
			continue
		}
		p, torn, err := readGatePair(run, both, open)
		if err != nil {
			return nil, nil, fmt.Errorf("pair %d: %w", number, err)
		}
		if torn {
			doubts = append(doubts, fmt.Sprintf("pair %d: its recording is torn, so that it does not count", number))
			continue
		}
		pairs = append(pairs, p)
	}
	return pairs, doubts, nil
}

// readGatePair reads the one recording or the two of a pair.
func readGatePair(run results.Run, both [2]*results.Trial, open Opener) (p GatePair, torn bool, err error) {
	var sides [2]*gateReader
	for i, t := range both {
		sides[i] = newGateReader(run, *t)
	}
	for i, t := range both {
		take := sides[i].frame
		if shared := both[0].Recording == both[1].Recording; shared && i == 1 {
			break
		} else if shared {
			take = func(f *recording.Frame) error { return errors.Join(sides[0].frame(f), sides[1].frame(f)) }
		}
		if torn, err = readTrial(*t, open, take); torn || err != nil {
			return p, torn, err
		}
	}
	first := both[0]
	p = GatePair{Number: first.Pair, First: first.PairFirst, Seconds: first.PairSeconds}
	if len(both[0].Slices) > 0 {
		p.Baseline.Windows, p.Candidate.Windows, p.Nothing = inTurnWindows(sides)
	} else {
		p.Baseline.Windows, p.Candidate.Windows = inCommonSeconds(sides)
	}
	for i, side := range []*GateSide{&p.Baseline, &p.Candidate} {
		side.Lateness, side.Service, side.Fitness = sides[i].lateness, sides[i].service, sides[i].fitness()
		side.Closed = !both[i].OpenModel
	}
	return p, false, nil
}

// readTrial reads the recording of a complete trial. One that is gone is torn.
func readTrial(t results.Trial, open Opener, frame func(*recording.Frame) error) (torn bool, err error) {
	src, err := open(t)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("open the recording: %w", err)
	}
	defer func() { _ = src.Close() }() // only read from
	if torn, err = read(src, frame); err != nil {
		return false, fmt.Errorf("read the recording: %w", err)
	}
	return torn, nil
}

// inCommonSeconds are the windows of both sides, in the order of time.
func inCommonSeconds(sides [2]*gateReader) (baseline, candidate []GateWindow) {
	for _, at := range slices.Sorted(maps.Keys(sides[0].seconds)) {
		a, b := sides[0].seconds[at], sides[1].seconds[at]
		if b == nil || a.edge || b.edge || a.phase != b.phase {
			continue
		}
		baseline = append(baseline, a.window(sides[0].offers))
		candidate = append(candidate, b.window(sides[1].offers))
		sides[0].count(a)
		sides[1].count(b)
	}
	return baseline, candidate
}

const (
	metricOffered  = "offered"
	metricLateness = "lateness"
)

// gateReader gathers one side of a pair, second by second.
type gateReader struct {
	trial  results.Trial
	metric string
	line   timeline
	roles  map[recording.Key]gateRole

	seconds  map[int]*gateSecond  // since t = 0; of builds that took turns they are frames, by nanoseconds
	lateness *histogram.Histogram // of the seconds that count, in milliseconds; nil: it is not known
	service  *histogram.Histogram // likewise
	offers   bool                 // the load tells what it offered
	all      gateCounts           // since t = 0
}

// gateCounts are iterations by what became of them, or requests where the load does not tell of iterations.
type gateCounts struct {
	served, failed, dropped, interrupted float64
	ok, wrong                            float64 // requests
}

// gateSecond is a second of one side.
type gateSecond struct {
	from, to float64 // seconds from t = 0, of the first frame
	phase    string
	edge     bool                 // some of it lies in the guard of a phase, or in another phase
	latency  *histogram.Histogram // of what was served; nil: nothing was
	lateness *histogram.Histogram
	service  *histogram.Histogram // of what was served, without lateness
	counts   gateCounts
}

// gateRole is what a series tells of a side; its zero value is nothing.
type gateRole struct {
	latency, lateness, service bool
	offered                    bool
	count                      func(*gateCounts) *float64
}

func newGateReader(run results.Run, t results.Trial) *gateReader {
	metric := "latency"
	if g := run.Question.Gate; g != nil {
		metric = g.WithDefaults().Metric
	}
	return &gateReader{
		trial: t, metric: metric, line: newTimeline(t, run.Question.Guard), roles: map[recording.Key]gateRole{}, seconds: map[int]*gateSecond{},
	}
}

func (r *gateReader) frame(f *recording.Frame) error {
	if f.Start+(f.End-f.Start)/2 < r.line.warmEnd {
		return nil
	}
	s := r.second(f)
	for i := range f.Points {
		p := &f.Points[i]
		role, ok := r.roles[p.Key]
		if !ok {
			var err error
			if role, err = r.role(p.Key); err != nil {
				return err
			}
			r.roles[p.Key] = role
		}
		r.point(s, role, p)
	}
	return nil
}

// second is the one that a frame belongs to. What is of no phase, as the end of the last one may be, is an edge.
func (r *gateReader) second(f *recording.Frame) *gateSecond {
	label, edge := "", true
	if phase := r.line.phaseOf(f); phase >= 0 {
		label, edge = labelOf(r.line.spans[phase].Phase), r.line.spans[phase].guarded(f)
	}
	if r.trial.Planted != nil { // which only the candidate has, all the time
		label = ""
	}
	at := int((f.Start - r.line.zero + slack) / frameLength)
	if len(r.trial.Slices) > 0 {
		at = int(f.Start - r.line.zero)
	}
	s := r.seconds[at]
	if s == nil {
		s = &gateSecond{phase: label, from: r.line.seconds(f.Start), to: r.line.seconds(f.End)}
		r.seconds[at] = s
	}
	s.edge = s.edge || edge || s.phase != label
	return s
}

// labelOf tells phases apart by what they are and by the faults that they are about.
func labelOf(p results.Phase) string {
	return strings.Join(append([]string{string(p.Name)}, p.Faults...), " ")
}

// count makes a second one of those that count.
func (r *gateReader) count(s *gateSecond) {
	r.lateness, r.service = merged(r.lateness, s.lateness), merged(r.service, s.service)
}

func (r *gateReader) point(s *gateSecond, role gateRole, p *recording.Point) {
	switch {
	case role.latency:
		s.latency = merged(s.latency, p.Trend)
	case role.lateness:
		s.lateness = merged(s.lateness, p.Trend)
	case role.service:
		s.service = merged(s.service, p.Trend)
	case role.count != nil:
		*role.count(&s.counts) += p.Sum
		*role.count(&r.all) += p.Sum
		r.offers = r.offers || role.offered
	}
}

// merged is h with what o holds; h may be nil.
func merged(h, o *histogram.Histogram) *histogram.Histogram {
	if o == nil || o.Count() == 0 {
		return h
	}
	if h == nil {
		return o.Clone()
	}
	h.Merge(o)
	return h
}

// role is what a series tells. Series that were asked for repeat the base series; setup, teardown and what drives faults are no load.
func (r *gateReader) role(key recording.Key) (gateRole, error) {
	tags, err := recording.SplitTags(key.Tags)
	if err != nil {
		return gateRole{}, err
	}
	_, selector := tags[slo.ReservedTag]
	scenario, ok := tags["scenario"]
	switch {
	case selector, ok && scenario == "", slices.Contains(r.trial.Drivers, scenario):
		return gateRole{}, nil
	case r.trial.Tagged != "" && tags[results.BuildTag] != string(r.trial.Tagged):
		return gateRole{}, nil
	case key.Metric == r.metric && tags["outcome"] == "ok":
		return gateRole{latency: true}, nil
	case key.Metric == metricLateness:
		return gateRole{lateness: true}, nil
	case key.Metric == metricTook && tags["outcome"] == "ok":
		return gateRole{service: true}, nil
	}
	return gateRole{offered: key.Metric == metricOffered, count: countOf(key.Metric, tags["outcome"])}, nil
}

// countOf is where a counter of that outcome goes; nil: nowhere.
func countOf(metric, outcome string) func(*gateCounts) *float64 {
	return map[string]func(*gateCounts) *float64{
		metricOffered + " served":      func(c *gateCounts) *float64 { return &c.served },
		metricOffered + " failed":      func(c *gateCounts) *float64 { return &c.failed },
		metricOffered + " dropped":     func(c *gateCounts) *float64 { return &c.dropped },
		metricOffered + " interrupted": func(c *gateCounts) *float64 { return &c.interrupted },
		metricRequests + " ok":         func(c *gateCounts) *float64 { return &c.ok },
		metricRequests + " failed":     func(c *gateCounts) *float64 { return &c.wrong },
	}[metric+" "+outcome]
}

// window is the second as the gate sees it.
func (s *gateSecond) window(offers bool) GateWindow {
	w := GateWindow{Phase: s.phase, Seconds: 1, Latency: s.latency}
	w.Offered, w.Served, w.Failed, w.Dropped = s.counts.numbers(offers)
	w.Failed += int64(s.counts.interrupted)
	return w
}

// numbers are those of iterations, or of requests where iterations are not known.
func (c gateCounts) numbers(offers bool) (offered, served, failed, dropped int64) {
	if !offers {
		return int64(c.ok + c.wrong), int64(c.ok), int64(c.wrong), 0
	}
	return int64(c.served + c.failed + c.dropped + c.interrupted), int64(c.served), int64(c.failed), int64(c.dropped)
}

// fitness is that of the trial. Where both sides are of one load, the counts are this side's own.
func (r *gateReader) fitness() results.Fitness {
	f := r.trial.Fitness
	if r.trial.Tagged == "" {
		return f
	}
	f.Offered, f.Served, f.Failed, f.Dropped = r.all.numbers(r.offers)
	f.Interrupted = int64(r.all.interrupted)
	f.Due /= 2
	return f
}
