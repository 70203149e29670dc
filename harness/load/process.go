package load

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
	xk6ext "github.com/devcraft-studio/brunt/xk6-ext"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// Options say what to run and what to keep. Exe, Script and Recording are needed.
type Options struct {
	Exe    string // the brunt binary, or one that calls Main for the argument __k6
	Script Script
	// Inspection is what Inspect said of the script; when it is left out, Start inspects the script again.
	Inspection Inspection

	Seed      int64
	Selectors []wire.Selector
	// AbortOn are thresholds that end the load beside the script's own abortOnFail thresholds, which always do.
	AbortOn []wire.AbortThreshold
	Facts   map[string]string // for k6/x/brunt: target.url, <node>.address, facts about the data

	// JudgeStep judges the steps of a search, and those that Look is asked about; nil: the schedule stands of a scenario that
	// could search.
	JudgeStep StepJudge
	// StepDone is told of each step of a search as it was judged; nil: nobody is.
	StepDone func(results.StepOutcome)

	// OwnWork tells the CPU time that all processes of the run have used, the nodes' too; nil, or an error: it is not known. What
	// else the machine's CPUs did is other programs'.
	OwnWork func() (time.Duration, error)

	// JudgeEscape judges a load with Script.Escape at its planned end and after; nil: it ends as planned.
	JudgeEscape EscapeJudge

	Recording string // path of the recording to be written
	LogPath   string // path of k6's log, its last 1 MiB; empty: not kept
	// Ledgers is the path of the file of the script's ledgers, which is written where the script has some; LedgerKey is how a
	// key of theirs is kept, nil: as it is.
	Ledgers   string
	LedgerKey func(ledger, key string) string
	// Console takes each line of the script's console as it comes, secrets taken out, with its level: debug, info, warning or
	// error. nil: it stands in k6's log alone, as it does anyway.
	Console func(level, text string)
	// Stdout takes what is written to k6's standard output, by the script's handleSummary or an output such as json; nil: it
	// goes to k6's log.
	Stdout io.Writer
	// Logger takes brunt's own notices; nil: they are dropped.
	Logger *slog.Logger
	// Redact takes secrets out of everything that is kept or told; nil: nothing is secret.
	Redact func(string) string
	// StopGrace is how long k6 has to end when it is asked to, before it is killed; 0: 8 s.
	StopGrace time.Duration
}

// Process is a running load generator.
type Process struct {
	options Options
	child   *child
	log     *log
	live    *live
	labels  *labels
	cpu     cpuMeter
	machine machineMeter
	groups  *groupMeter
	pilot   *pilot   // nil: the load is not steered
	lookout *lookout // nil: it is not looked at while it runs
	ledgers ledgerFile
	asks    chan FaultAsk
	escaper *escaper // nil: it ends as planned

	recording *os.File
	started   chan struct{} // closed when t = 0 is known
	done      chan struct{} // closed when all is over and written

	mu        sync.Mutex
	start     wire.Started
	ended     *wire.Ended
	thrown    int64  // exceptions heard of over the wire
	firstSeen string // the first of them
	failed    error  // of the recording or the wire

	fitness results.Fitness // valid after done
	err     error
}

// Start starts the load. When ctx is done the load is stopped. The caller must Wait.
func Start(ctx context.Context, o Options) (*Process, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Redact == nil {
		o.Redact = func(s string) string { return s }
	}
	if o.StopGrace == 0 {
		o.StopGrace = stopGrace
	}
	if o.Inspection.Executors == nil {
		var err error
		if o.Inspection, err = Inspect(ctx, o.Exe, o.Script, nil); err != nil {
			return nil, err
		}
	}
	p := &Process{options: o, live: newLive(), labels: newLabels(o.Redact), started: make(chan struct{}), done: make(chan struct{}), asks: make(chan FaultAsk, mostAsks)}
	p.pilot, p.escaper = newPilot(p), newEscaper(p)
	p.lookout = newLookout(p)
	writer, err := p.open()
	if err != nil {
		return nil, err
	}
	args := arguments(o.Script, xk6ext.OutputRun, append(o.Inspection.summaryArguments(), o.Inspection.tagFlags()...)...)
	p.child, err = startChild(o.Exe, o.Script, args, wire.Config{
		Seed: o.Seed, WarmupNanos: int64(o.Script.Warmup), LeastWarmupNanos: int64(o.Script.LeastWarmup), Selectors: o.Selectors, AbortOn: o.AbortOn, Facts: o.Facts,
		Steered: p.pilot != nil || p.escaper != nil, Alone: !o.Script.Bare, Builds: o.Script.Builds, Slices: o.Script.Slices,
	}, p.streams())
	if err != nil {
		p.recording.Close()
		p.log.close()
		return nil, err
	}
	p.groups = newGroupMeter("/", p.PID())
	go p.conduct(ctx, writer)
	return p, nil
}

func (p *Process) streams() streams {
	if p.options.Stdout == nil {
		return streams{out: p.log, err: p.log}
	}
	return streams{out: p.options.Stdout, err: p.log}
}

// open makes the files that are kept.
func (p *Process) open() (*recording.Writer, error) {
	var err error
	if p.log, err = newLog(p.options.LogPath, p.options.Redact); err != nil {
		return nil, err
	}
	p.log.console = p.options.Console
	if p.recording, err = os.Create(p.options.Recording); err != nil {
		p.log.close()
		return nil, fmt.Errorf("write the recording: %w", err)
	}
	writer, err := recording.NewWriter(p.recording)
	if err != nil {
		p.recording.Close()
		p.log.close()
		return nil, fmt.Errorf("write the recording: %w", err)
	}
	return writer, nil
}

// conduct follows the child to its end. It is the only goroutine that outlives Start, and owns the others.
func (p *Process) conduct(ctx context.Context, writer *recording.Writer) {
	defer close(p.done)
	var others sync.WaitGroup
	others.Go(func() { p.child.follow(ctx, p.options.StopGrace) })
	others.Go(p.watch)
	if p.pilot != nil {
		others.Go(p.pilot.steer)
	}
	if p.escaper != nil {
		others.Go(p.escaper.steer)
	}
	p.receive(writer)
	<-p.child.exited
	others.Wait()
	p.child.conn.Close()
	if err := p.recording.Close(); err != nil {
		p.fail(fmt.Errorf("write the recording: %w", err))
	}
	if err := p.ledgers.close(); err != nil {
		p.fail(err)
	}
	if err := p.log.close(); err != nil {
		p.fail(err)
	}
	p.conclude()
	if trouble := p.log.summaryTrouble(); trouble != "" && p.options.Inspection.Summary && p.err == nil {
		p.options.Logger.Warn("the script's summary failed: " + cleaned(trouble))
	}
}

// Started is closed when it is known when t = 0 is. It stays open when the load ends before that; see Done.
func (p *Process) Started() <-chan struct{} { return p.started }

// Done is closed when the child has ended and all that it measured is written.
func (p *Process) Done() <-chan struct{} { return p.done }

// Zero is t = 0, the first offered iteration after the warm-up; it may lie ahead. Valid after Started.
func (p *Process) Zero() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Unix(0, p.start.Zero)
}

// Warmed is how a warm-up ended that lasts until times are level; nil: it is as long as asked. Valid after Started.
func (p *Process) Warmed() *results.Warmup {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.start.Warmed
	if w == nil {
		return nil
	}
	return &results.Warmup{Seconds: time.Duration(w.Nanos).Seconds(), Level: w.Level, Apart: w.Apart}
}

// Model says whether every scenario runs on brunt-arrival, and whether the offered rate does not change.
func (p *Process) Model() (open, constant bool) {
	return p.options.Inspection.OpenModel, p.options.Inspection.ConstantRate
}

// Drivers are the scenarios that only drive faults, sorted.
func (p *Process) Drivers() []string { return p.options.Inspection.Drivers }

// Search is what a search for the breakpoint offered; nil when the load was none. Valid after Done.
func (p *Process) Search() *results.Search {
	if p.pilot == nil {
		return nil
	}
	return &p.pilot.search
}

// Escape is how a load was stepped down that was down at its planned end; nil: it was not. Valid after Done.
func (p *Process) Escape() *results.Escape {
	if p.escaper == nil {
		return nil
	}
	return p.escaper.escape
}

// Mark says that a phase begins at a moment, so that no frame straddles it. It should be told within 0.3 s of that moment,
// or before it.
func (p *Process) Mark(at time.Time, phase string) error {
	return p.child.conn.Send(wire.Mark{At: at.UnixNano(), Phase: phase})
}

// Snapshot is how the load does, for people. It lags behind by about two seconds.
func (p *Process) Snapshot() Snapshot { return p.live.snapshot() }

// Stop asks k6 to end: running iterations are cut off, teardown runs, what was measured is kept. It returns at once. After
// Options.StopGrace k6 is killed.
func (p *Process) Stop() { p.child.stop(p.options.StopGrace) }

// PID is the child's process id, which is also that of its process group.
func (p *Process) PID() int { return p.child.cmd.Process.Pid }

// Wait returns after Done. Fitness holds the raw numbers: whether they are fit is not judged here. The error says why the
// load could not be measured; it is a *ScriptError when that is the script's fault. A load that was stopped, or that the
// script itself ended, is no error.
func (p *Process) Wait() (results.Fitness, error) {
	<-p.done
	return p.fitness, p.err
}

// tagFlags make samples bear the tags by which they are told apart, whatever system tags the script asks for: the scenario,
// which setup and teardown have none of, the request's name, and on brunt-arrival the number of the VU, by which samples are
// linked to their iteration.
func (in Inspection) tagFlags() []string {
	tags := map[string]string{"scenario": "", "name": ""}
	if in.arrives() {
		tags["vu"] = ""
	}
	for _, t := range in.SystemTags {
		tags[t] = ""
	}
	if len(tags) == len(in.SystemTags) {
		return nil
	}
	flag := ""
	for _, t := range names(tags) {
		flag += "," + t
	}
	return []string{"--system-tags=" + flag[1:]}
}

func cores() int { return runtime.NumCPU() }
