package output

import (
	"time"

	"go.k6.io/k6/lib/netext/httpext"
	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/histogram"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/executor"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// Outcomes of iterations and of requests.
const (
	outcomeServed      = "served"
	outcomeFailed      = "failed"
	outcomeDropped     = "dropped"
	outcomeInterrupted = "interrupted"
	outcomeOK          = "ok"
)

// iteration is one that runs on brunt-arrival.
type iteration struct {
	executor.IterationStart
	requested bool // its first request was counted
	failed    bool // a request failed
}

// totals count iterations due after the warm-up.
type totals struct {
	served, failed, dropped, interrupted int64
	exceptions                           int64
	lateness                             *histogram.Histogram // ms
	own                                  *histogram.Histogram // ms of the lateness that was not spent waiting for a VU
	waited                               int64                // iterations that waited for a VU
	mostVUs, allowedVUs                  int64                // of the pool that came nearest to its bound
	neededVUs                            float64              // of the same
}

func (t *totals) offered() int64 { return t.served + t.failed + t.dropped + t.interrupted }

// gatherer counts samples. It is used by one goroutine.
type gatherer struct {
	frames *frames
	index  *index
	open   map[string]*iteration // by VU
	routes map[*executor.Form]*route
	totals totals
	strain strain

	led      bool               // a scenario on brunt-arrival begins t = 0
	anchored bool               // t = 0 is known
	zero     int64              // wall-clock ns
	warmup   int64              // ns
	slices   []wire.Slice       // in which builds take turns
	leveling *executor.Leveling // nil: the warm-up is as long as planned

	requested bool // a request was counted
	foreign   bool // the script has a metric of its own by the name of metricErrors

	idleSince int64 // the last moment at which k6 said that no VU was active; 0: none

	started   func(zero int64) // called when samples, not a scenario on brunt-arrival, say when t = 0 is
	exception func(message string)
}

func newGatherer(anchor int64) *gatherer {
	return &gatherer{
		frames: newFrames(anchor), index: newIndex(), open: map[string]*iteration{},
		routes: map[*executor.Form]*route{},
		totals: totals{lateness: histogram.New(), own: histogram.New()},
	}
}

// container counts one container.
func (g *gatherer) container(c metrics.SampleContainer) {
	switch c := c.(type) {
	case executor.LoadStart:
		g.zeroAt(c)
	case executor.IterationStart:
		g.begun(c)
	case executor.PoolEnd:
		g.totals.pool(c, g.strain.needed(c.Tags))
	case executor.IterationEnd:
		g.end(c)
	case executor.Unserved:
		outcome := outcomeInterrupted
		if c.Dropped {
			outcome = outcomeDropped
		}
		g.offered(c.Tags, c.Intended, outcome, c.Warmup)
	case *httpext.Trail:
		g.trail(c)
	case executor.Exchanges:
		for i := range c {
			g.exchange(&c[i])
		}
	default:
		g.samples(c.GetSamples())
	}
}

func (g *gatherer) begun(c executor.IterationStart) {
	g.open[c.VU] = &iteration{IterationStart: c}
	g.lateness(c.Tags, c.Intended, c.Lateness, c.Waited, c.Warmup)
}

// late counts the lateness of an iteration that began after the warm-up.
func (t *totals) late(late, waited time.Duration) {
	t.lateness.Record(milliseconds(late))
	t.own.Record(milliseconds(late - waited))
	if waited > 0 {
		t.waited++
	}
}

// pool keeps the pool of VUs of which the greatest share was in use; of several, the one that needs the greatest.
func (t *totals) pool(c executor.PoolEnd, needed float64) {
	used, before := c.Most*t.allowedVUs, t.mostVUs*c.Allowed
	more := used == before && needed*float64(t.allowedVUs) > t.neededVUs*float64(c.Allowed)
	if t.allowedVUs == 0 || used > before || more {
		t.mostVUs, t.allowedVUs, t.neededVUs = c.Most, c.Allowed, needed
	}
}

func (g *gatherer) end(c executor.IterationEnd) {
	it := g.open[c.VU]
	if it == nil {
		return
	}
	delete(g.open, c.VU)
	outcome := outcomeServed
	switch {
	case c.Interrupted:
		outcome = outcomeInterrupted
	case c.Exception != "" || it.failed:
		outcome = outcomeFailed
	}
	if c.Exception != "" {
		g.totals.exceptions++
		g.exception(c.Exception)
	}
	g.offered(it.Tags, it.Intended, outcome, it.Warmup)
}

func (g *gatherer) offered(tags *metrics.TagSet, intended time.Time, outcome string, warmup bool) {
	g.record(intended.UnixNano(), origin{metric: metricOffered, tags: tags, outcome: outcome}, recording.Counter, 1)
	if !warmup {
		g.totals.count(outcome)
	}
}

func (t *totals) count(outcome string) {
	switch outcome {
	case outcomeServed:
		t.served++
	case outcomeFailed:
		t.failed++
	case outcomeDropped:
		t.dropped++
	case outcomeInterrupted:
		t.interrupted++
	}
}

// trail counts a request.
func (g *gatherer) trail(t *httpext.Trail) {
	connecting := t.Blocked + t.Connecting + t.TLSHandshaking
	it := g.open[t.Metadata["vu"]]
	at := requestStart(t)
	if it != nil && !it.requested {
		at = it.Intended.UnixNano()
	}
	outcome := outcomeOK
	if t.Failed.Bool {
		outcome = outcomeFailed
	}
	tags := t.Tags
	add := func(metric, outcome string, kind recording.Kind, v float64) {
		g.record(at, origin{metric: metric, tags: tags, outcome: outcome}, kind, v)
	}
	if it != nil {
		latency := connecting + t.Duration
		if !it.requested {
			latency += it.Lateness
		}
		it.requested = true
		it.failed = it.failed || t.Failed.Bool
		add(metricLatency, outcome, recording.Trend, milliseconds(latency))
		if it.Warmup && outcome == outcomeOK {
			g.warming(tags, time.Unix(0, at), milliseconds(latency))
		}
	}
	g.errors(at, tags, t.Failed.Bool)
	add("http_reqs", outcome, recording.Counter, 1)
	add("http_req_duration", outcome, recording.Trend, milliseconds(t.Duration))
	if t.Failed.Valid {
		add("http_req_failed", outcome, recording.Rate, truth(t.Failed.Bool))
	}
	add("http_req_blocked", "", recording.Trend, milliseconds(t.Blocked))
	add("http_req_connecting", "", recording.Trend, milliseconds(t.Connecting))
	add("http_req_tls_handshaking", "", recording.Trend, milliseconds(t.TLSHandshaking))
	add("http_req_sending", "", recording.Trend, milliseconds(t.Sending))
	add("http_req_waiting", "", recording.Trend, milliseconds(t.Waiting))
	add("http_req_receiving", "", recording.Trend, milliseconds(t.Receiving))
}

// warming tells the one who ends the warm-up what a request of it took that was served.
func (g *gatherer) warming(tags *metrics.TagSet, at time.Time, took float64) {
	if g.leveling != nil {
		build, _ := tags.Get(executor.BuildTag)
		g.leveling.Heard(build, at, took)
	}
}

// errors counts a request that failed. The first request of all is counted even if it did not, as 0: a counter that nobody
// ever touched is not known to be zero.
func (g *gatherer) errors(at int64, tags *metrics.TagSet, failed bool) {
	if g.foreign || g.requested && !failed {
		return
	}
	g.requested = true
	g.record(at, origin{metric: metricErrors, tags: tags}, recording.Counter, truth(failed))
}

// samples counts everything that is not a request.
func (g *gatherer) samples(samples []metrics.Sample) {
	for i := range samples {
		s := &samples[i]
		g.sample(s, g.moment(samples, s))
	}
}

func (g *gatherer) sample(s *metrics.Sample, at int64) {
	if s.Metric.Name == "vus" {
		g.active(s)
	}
	g.record(at, origin{metric: s.Metric.Name, tags: s.Tags}, kindOf(s.Metric.Type), s.Value)
	if !g.anchored || at < g.zero {
		return
	}
	if s.Metric.Name == "iteration_duration" {
		g.strain.took(s.Tags, s.Value)
	}
	if g.led {
		return
	}
	switch s.Metric.Name {
	case "iterations":
		g.totals.served++
	case "dropped_iterations":
		g.totals.dropped += int64(s.Value)
	}
}

func (g *gatherer) record(at int64, o origin, kind recording.Kind, v float64) {
	g.put(g.frames.at(at), at, g.index.of(o, kind), v)
}

// put adds a value of a moment to its targets.
func (g *gatherer) put(f *frame, at int64, targets []target, v float64) {
	for _, t := range targets {
		if t.series != nil {
			f.add(t.series, v)
		}
		if t.sink != nil {
			t.sink.Add(metrics.Sample{Time: time.Unix(0, at), Value: v})
		}
	}
}

// zeroAt fixes t = 0. Of a warm-up that ended when times were level, frames have been sent: whole seconds count from t = 0 on then.
func (g *gatherer) zeroAt(c executor.LoadStart) {
	zero := c.Zero.UnixNano()
	if g.leveling == nil {
		g.anchor(zero, zero-g.warmup)
		return
	}
	g.warmup = int64(c.Warmup)
	g.anchor(zero, zero)
}

// anchor fixes t = 0; executors begin at first.
func (g *gatherer) anchor(zero, first int64) {
	if g.anchored {
		return
	}
	g.anchored, g.zero = true, zero
	g.frames.anchorAt(zero, min(first, zero))
	for _, s := range g.slices {
		for _, at := range s.Cuts() {
			g.frames.mark(zero + at)
		}
	}
}

// active notes how many VUs k6 says are active. An iteration shows its first sample only when it has done something, so
// with only stock executors the first active VU begins the load where no sample has: not before the last look that found
// none.
func (g *gatherer) active(s *metrics.Sample) {
	if g.anchored || g.led {
		return
	}
	at := s.Time.UnixNano()
	if s.Value == 0 {
		g.idleSince = at
		return
	}
	g.begin(max(g.idleSince, at-second))
}

func (g *gatherer) begin(first int64) {
	g.anchor(first+g.warmup, first)
	g.started(first + g.warmup)
}

func kindOf(t metrics.MetricType) recording.Kind {
	switch t {
	case metrics.Counter:
		return recording.Counter
	case metrics.Gauge:
		return recording.Gauge
	case metrics.Rate:
		return recording.Rate
	}
	return recording.Trend
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
