package output

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"go.k6.io/k6/errext"
	"go.k6.io/k6/errext/exitcodes"
	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"
	k6output "go.k6.io/k6/output"

	"github.com/devcraft-studio/brunt/results/ledger"
	"github.com/devcraft-studio/brunt/results/recording"
	"github.com/devcraft-studio/brunt/xk6-ext/executor"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

const (
	tick        = 100 * time.Millisecond
	hold        = 300 * time.Millisecond
	flushPeriod = time.Second
)

// maxException bounds the text of an exception on the wire, in bytes; texts of exceptions after the first few are left out.
const (
	maxException   = 16 << 10
	textExceptions = 10
)

// Options connect the output to the brunt that drives this k6. Without Conn there is no such brunt, and the output is
// refused.
type Options struct {
	Conn   *wire.Conn
	Config wire.Config
	// Registry offers k6's registry of metrics, or nil while it is not known.
	Registry func() *metrics.Registry
	// Steer is told the rates that are asked of a scenario that searches.
	Steer func(wire.Rate)
	// FaultDone is told what became of what the script asked of a fault.
	FaultDone func(wire.FaultDone)
	// Leveling is told times of the warm-up, which it ends; nil: the warm-up is as long as planned.
	Leveling *executor.Leveling
	// Ledgers are those of the script; nil: there are none.
	Ledgers *ledger.Book
}

// Output is a k6 output.
type Output struct {
	options Options
	logger  logrus.FieldLogger
	plan    executor.Plan
	due     int64 // iterations that the schedules ask for after the warm-up; 0: not known
	health  health
	stop    func(error)
	begun   time.Time

	arriving sync.Mutex
	room     sync.Cond // there is some again: see maxWaiting
	arrived  []batch
	waiting  int // containers in what arrived
	marks    []int64

	bounds   []wire.Selector   // what the script's thresholds are on
	registry *metrics.Registry // nil: not known

	gather     *gatherer
	encoder    *recording.Encoder
	buffer     []byte
	warned     bool
	warnedFull bool
	exceptions int
	aborting   bool

	quit    chan struct{}
	flusher sync.WaitGroup
	reader  sync.WaitGroup
	lost    sync.Once
}

// batch is what k6 handed over at once.
type batch struct {
	at         time.Time
	containers []metrics.SampleContainer
}

var _ interface {
	k6output.WithThresholds
	k6output.WithTestRunStop
	k6output.WithStopWithTestError
	k6output.WithBuiltinMetrics
} = &Output{}

// Register makes the output known to k6. It can be called once per process.
func Register(o Options) {
	k6output.RegisterExtension("brunt", func(p k6output.Params) (k6output.Output, error) { return open(p, o) })
}

func open(p k6output.Params, o Options) (k6output.Output, error) {
	switch {
	case o.Conn == nil:
		return nil, errors.New("the output brunt works only where brunt itself starts k6")
	case p.ConfigArgument == Inspect:
		return nil, inspect(p, o)
	case p.ConfigArgument != "":
		return nil, fmt.Errorf("the output brunt knows no argument %q", p.ConfigArgument)
	}
	tuple, err := lib.NewExecutionTuple(p.ScriptOptions.ExecutionSegment, p.ScriptOptions.ExecutionSegmentSequence)
	if err != nil {
		return nil, err
	}
	out := &Output{
		options: o, logger: p.Logger.WithField("output", "brunt"),
		plan:    executor.PlanOf(p.ScriptOptions.Scenarios, tuple, time.Duration(o.Config.WarmupNanos)),
		encoder: recording.NewEncoder(), quit: make(chan struct{}),
	}
	out.room.L = &out.arriving
	asked := executor.AskedOf(p.ScriptOptions.Scenarios, time.Duration(o.Config.WarmupNanos))
	out.due = asked.Due
	out.gather = newGatherer(time.Now().UnixNano())
	out.gather.strain.peaks = asked.Peaks
	out.gather.led = out.plan.Leads()
	out.gather.warmup, out.gather.leveling = o.Config.WarmupNanos, o.Leveling
	out.gather.slices = o.Config.Slices
	out.gather.started = out.announce
	out.gather.exception = out.sendException
	out.gather.index.selectors(o.Config.Selectors)
	out.gather.index.builds = out.plan.Builds
	return out, nil
}

// Description is one line for people.
func (o *Output) Description() string { return "brunt" }

// SetThresholds receives the thresholds of the script. Those that can abort the load are judged while it runs.
func (o *Output) SetThresholds(script map[string]metrics.Thresholds) {
	if o.options.Config.Steered {
		return // what a search goes beyond on purpose must not end it
	}
	watches, err := abortRules(script, o.options.Config.AbortOn)
	if err != nil { // k6 has validated them when the script was inspected
		o.logger.WithError(err).Error("a threshold can't be judged while the load runs")
	}
	o.gather.index.watches = append(o.gather.index.watches, watches...)
	o.bounded(script)
}

// SetTestRunStopCallback receives the function that ends the load.
func (o *Output) SetTestRunStopCallback(stop func(error)) { o.stop = stop }

// Start begins to count, and to follow the marks of the brunt that drives this k6.
func (o *Output) Start() error {
	o.begun = time.Now()
	o.gather.foreign = o.registry != nil && o.registry.Get(metricErrors) != nil
	o.reader.Go(o.follow)
	o.flusher.Go(o.loop)
	return nil
}

// maxWaiting is how many containers may wait to be counted: those of some seconds of the highest load there is. When the
// parent or its disk stands still, k6 is made to wait: its VUs stop, which their lateness tells, instead of its memory
// growing until the machine has none.
const maxWaiting = 200_000

// AddMetricSamples takes a batch over.
func (o *Output) AddMetricSamples(containers []metrics.SampleContainer) {
	if len(containers) == 0 {
		return
	}
	o.arriving.Lock()
	defer o.arriving.Unlock()
	for o.waiting >= maxWaiting {
		o.room.Wait()
	}
	o.waiting += len(containers)
	o.arrived = append(o.arrived, batch{at: time.Now(), containers: containers})
}

// follow obeys the messages of the parent until it closes, or dies.
func (o *Output) follow() {
	for {
		m, err := o.options.Conn.Receive()
		switch {
		case err != nil:
			o.parentLost(err)
			return
		default:
			switch m := m.(type) {
			case wire.Mark:
				o.arriving.Lock()
				o.marks = append(o.marks, m.At)
				o.arriving.Unlock()
			case wire.Rate:
				o.options.Steer(m)
			case wire.FaultDone:
				o.options.FaultDone(m)
			case wire.Stop:
				o.end("brunt stopped the load")
			}
		}
	}
}

// parentLost ends a load that nobody follows any more.
func (o *Output) parentLost(err error) {
	select {
	case <-o.quit: // it is we who closed
		return
	default:
	}
	o.lost.Do(func() {
		if !errors.Is(err, io.EOF) {
			o.logger.WithError(err).Warn("brunt can't be understood")
		}
		o.end("brunt is gone")
	})
}

func (o *Output) end(why string) {
	o.stop(errext.WithAbortReasonIfNone(
		errext.WithExitCodeIfNone(errors.New(why), exitcodes.ExternalAbort), errext.AbortedByUser))
}

func (o *Output) loop() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var flushed, judged time.Time
	for {
		select {
		case <-o.quit:
			return
		case now := <-ticker.C:
			o.count(now.Add(-hold))
			if o.options.Leveling != nil {
				o.options.Leveling.Look(now.Add(-hold), now)
			}
			if o.gather.anchored && now.UnixNano() >= o.gather.zero {
				o.health.begin()
			}
			if now.Sub(flushed) >= flushPeriod {
				flushed = now
				// A second is complete when what happened in it has been counted.
				o.flush(now.Add(-2 * hold).UnixNano())
			}
			if now.Sub(judged) >= abortPeriod {
				judged = now
				o.judge(now)
			}
		}
	}
}

// count counts the batches that arrived by then.
func (o *Output) count(until time.Time) {
	o.arriving.Lock()
	n := 0
	for n < len(o.arrived) && !o.arrived[n].at.After(until) {
		n++
	}
	ready, waiting := o.arrived[:n], o.arrived
	o.arrived = append([]batch(nil), o.arrived[n:]...)
	for _, b := range ready {
		o.waiting -= len(b.containers)
	}
	o.room.Broadcast()
	marks := o.marks
	o.marks = nil
	o.arriving.Unlock()

	for _, at := range marks {
		o.gather.frames.mark(at)
	}
	if len(ready) > 0 && !o.gather.anchored {
		o.gather.lookAhead(waiting)
	}
	for _, b := range ready {
		for _, c := range b.containers {
			o.gather.container(c)
			if o.gather.frames.crowded() {
				o.flush(time.Now().Add(-2 * hold).UnixNano())
			}
		}
	}
	o.warn()
}

// warn says once each that there are too many series.
func (o *Output) warn() {
	if o.gather.index.capped && !o.warned {
		o.warned = true
		o.notice("warn", fmt.Sprintf("more than %d series: further names of requests, checks and groups, and codes of errors, are kept "+
			"together as %q; give requests of one kind one name (tags: {name: ...})", maxSeries, other))
	}
	if o.gather.index.full && !o.warnedFull {
		o.warnedFull = true
		o.notice("warn", fmt.Sprintf("more than %d series: further metrics are not recorded, but where an SLO or a threshold with a "+
			"selector names them; keep what a script measures in fewer metrics, and tell it apart by tags", 3*maxSeries))
	}
}

// flush sends the frames that end by then.
func (o *Output) flush(until int64) {
	for _, f := range o.gather.frames.take(until) {
		o.buffer = o.encoder.Append(o.buffer[:0], f)
		o.send(wire.Frame{Payload: o.buffer})
	}
}

func (o *Output) judge(now time.Time) {
	if o.aborting {
		return
	}
	if err := crossed(o.gather.index.watches, now.Sub(o.loadBegan())); err != nil {
		o.aborting = true
		o.stop(err)
	}
}

// loadBegan is when the executors began, as far as that is known.
func (o *Output) loadBegan() time.Time {
	if o.gather.anchored {
		return time.Unix(0, o.gather.zero-o.gather.warmup)
	}
	return o.begun
}

func (o *Output) announce(zero int64) {
	o.send(wire.Started{Zero: zero, OpenModel: o.plan.OpenModel, ConstantRate: o.plan.ConstantRate})
}

func (o *Output) sendException(text string) {
	o.exceptions++
	if o.exceptions > textExceptions {
		text = ""
	}
	o.send(wire.Exception{Message: text[:min(len(text), maxException)]})
}

func (o *Output) notice(level, text string) { o.send(wire.Notice{Level: level, Text: text}) }

// send sends a message; when nobody takes it any more the load ends.
func (o *Output) send(m wire.Message) {
	if err := o.options.Conn.Send(m); err != nil {
		o.lost.Do(func() {
			o.logger.WithError(err).Error("brunt does not take what was measured")
			o.end("brunt is gone")
		})
	}
}

// Stop ends the output after a load without errors.
func (o *Output) Stop() error { return o.StopWithTestError(nil) }

// StopWithTestError counts and sends what is left. The error is k6's, of the whole run.
func (o *Output) StopWithTestError(testErr error) error {
	close(o.quit)
	o.flusher.Wait()
	o.count(time.Now())
	o.touch()
	o.flush(int64(1)<<62 - 1)
	o.sendLedgers()
	t := &o.gather.totals
	delay, pauses, share := o.health.end()
	o.send(wire.Ended{
		Due: o.due, NeededVUs: t.neededVUs, SchedulerP99: delay, GCPauseP99: pauses, GCShare: share,
		Offered: t.offered(), Served: t.served, Failed: t.failed, Dropped: t.dropped, Interrupted: t.interrupted,
		Exceptions: t.exceptions, LatenessP99: t.lateness.Quantile(0.99), LatenessOwnP99: t.own.Quantile(0.99),
		Waited: t.waited, MostVUs: t.mostVUs, AllowedVUs: t.allowedVUs, Aborted: abortedBy(testErr),
	})
	err := o.options.Conn.Close()
	o.reader.Wait()
	return err
}

// abortedBy says why the script itself ended the load, or marked it as failed; "" if it did not.
func abortedBy(err error) string {
	if err == nil || errors.Is(err, context.Canceled) {
		return ""
	}
	var code errext.HasExitCode
	if !errors.As(err, &code) {
		return ""
	}
	text := strings.TrimSpace(err.Error())
	switch code.ExitCode() {
	case exitcodes.ThresholdsHaveFailed, exitcodes.ScriptAborted, exitcodes.MarkedAsFailed:
		return text
	}
	return ""
}
