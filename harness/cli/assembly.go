package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/harness/build"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/fault"
	"github.com/devcraft-studio/brunt/harness/lease"
	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/harness/runner"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/harness/topology"
)

// releaseTimeout bounds how long a finished trial waits for its watchdog and its proxy.
const releaseTimeout = 10 * time.Second

// assembly is what one trial is made of, wired together, with the lease that covers all of it.
type assembly struct {
	runner.Parts
	ctx       context.Context // ends when the lease is lost, too
	recording string          // relative to the run's folder

	inv   *invocation
	dir   string // of the run
	lease *lease.Lease
	proxy *fault.Proxy // nil when no fault acts on a link
	site  *site.Site   // once started

	faults   *fault.Injector // once the site stands
	scraping *scraping       // once load begins; nil when there is nobody to ask
	// work is the CPU time that the run has used, its nodes with it, once load begins; nil: not known.
	work func() (time.Duration, error)
	stop context.CancelCauseFunc

	ledgers kept      // of this trial
	tree    string    // of another commit, which services are built from; empty: there is none
	count   *counting // what its requests cost; nil: it is not counted

	apart       bool    // there is a site of each build, and their links have names of their own
	targetCores float64 // of a calibration: what the load's target used under load; 0: not known
}

// assemble starts the lease and the proxy child, and wires the rooms to the interfaces of the runner.
func (inv *invocation) assemble(ctx context.Context, number int) (*assembly, error) {
	as := &assembly{inv: inv, dir: inv.store.Dir(inv.run.ID), recording: fmt.Sprintf("recording-%d.brunt", number)}
	if err := fault.Possible(inv.question.experiment.Faults); err != nil {
		return nil, err
	}
	as.ledgers = kept{path: filepath.Join(as.dir, ledgerFile(number)), redact: inv.redactor.Redact}
	as.ctx, as.stop = context.WithCancelCause(ctx)
	if inv.side != nil && inv.question.timing == nil {
		as.count = newCounting(as)
	}
	var err error
	as.lease, err = lease.Start(ctx, lease.Options{
		RunID: inv.run.ID, Exe: inv.Exe, Args: []string{childWatchdog}, Environ: inv.Environ, Logger: inv.log,
		LogPath: filepath.Join(as.dir, fmt.Sprintf("watchdog-%d.log", number)),
	})
	if err != nil {
		return nil, fmt.Errorf("start the watchdog: %w", err)
	}
	go as.guard()
	if len(inv.question.experiment.Faults) > 0 {
		as.proxy, err = fault.StartProxy(ctx, fault.ProxyOptions{
			Exe: inv.Exe, Args: []string{childProxy}, RunID: inv.run.ID, Logger: inv.log,
			Started: func(pid int, heartbeat string) error {
				return errors.Join(as.lease.Process(pid), as.lease.Proxy(pid, heartbeat))
			},
		})
		if err != nil {
			as.close()
			return nil, fmt.Errorf("start the proxy: %w", err)
		}
	}
	as.Parts = runner.Parts{
		Topology: as.startTopology,
		Load:     func(ctx context.Context, s *site.Site) (runner.Load, error) { return as.startLoad(ctx, s, number) },
		Injector: as.injector,
		Logs:     as.keepLog,
		Evidence: as.keepEvidence,
		Ledgers:  as.readReceivers,
		Progress: inv.progress,
		Logger:   inv.log,
		Clock:    runner.SystemClock{},
	}
	if inv.profiling != nil { // which keeps what it takes of both builds
		as.Evidence = nil
	}
	if as.proxy != nil {
		as.Connections = func(ctx context.Context, link string) int64 { return as.proxy.Connections(ctx, link) }
	}
	return as, nil
}

// guard aborts the trial when no watchdog stays alive: without one, a crash would leave everything behind.
func (as *assembly) guard() {
	select {
	case err := <-as.lease.Lost():
		as.stop(err)
	case <-as.ctx.Done():
	}
}

// close releases what assemble took. The topology is stopped by now.
func (as *assembly) close() {
	defer as.stop(nil)
	as.stopScraping()
	as.count.close()
	if as.tree != "" {
		if err := os.RemoveAll(as.tree); err != nil {
			as.inv.log.Warn("the baseline's tree was not removed", "error", err)
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(as.ctx), releaseTimeout)
	defer cancel()
	if as.proxy != nil {
		if err := as.proxy.Close(ctx); err != nil {
			as.inv.log.Warn("proxy not closed", "error", err)
		}
	}
	if err := as.lease.Release(ctx); err != nil {
		as.inv.log.Warn("lease not released", "error", err)
	}
}

func (as *assembly) provider() string {
	if as.site == nil {
		return as.inv.run.Provider
	}
	return as.site.Provider
}

func (as *assembly) warnings() []string {
	if as.site == nil {
		return nil
	}
	return as.site.Warnings
}

// startTopology starts what the experiment names. A bare script names nothing.
func (as *assembly) startTopology(ctx context.Context) (runner.Topology, error) {
	inv := as.inv
	if inv.question.bare {
		as.site = &site.Site{Provider: "none", LoadEnv: inv.question.script.Env}
		return nothing{as.site}, nil
	}
	started, err := as.startSite(ctx)
	if err != nil {
		return nil, err
	}
	as.site = started.Site()
	return started, nil
}

// startSite starts the experiment's topology; in a gate with the services of the side whose turn it is.
func (as *assembly) startSite(ctx context.Context) (*topology.Topology, error) {
	inv := as.inv
	provider := inv.options.provider
	if provider == "" {
		provider, _ = inv.lookup("BRUNT_PROVIDER")
	}
	options := topology.Options{
		RunID: inv.run.ID, Beside: inv.beside(), Experiment: inv.question.experiment, Provider: provider, Registrar: as.lease, Logger: inv.log,
		Redact: inv.redactor.Redact, Secret: inv.learnPassword, Lookup: inv.lookup, Progress: inv.progress.Step, Environ: inv.Environ, DataSeed: 1,
		TargetBinary: as.targetBinary,
	}
	if as.proxy != nil {
		options.Linker = as.proxy
		if as.apart {
			options.Linker = sidedLinker{as.proxy, inv.side.name()}
		}
	}
	if as.count != nil {
		options.Linker, options.Proxied = as.count, as.count.links(options.Experiment)
	}
	if inv.side != nil {
		options.Experiment.Services = inv.side.services
		if err := as.place(ctx, &options); err != nil {
			return nil, err
		}
	}
	started, err := topology.Start(ctx, options)
	if err != nil {
		return nil, err
	}
	inv.redactor.AddVariables(started.Site().LoadEnv)
	return started, nil
}

// nothing is the topology of a bare script.
type nothing struct{ site *site.Site }

func (n nothing) Site() *site.Site           { return n.site }
func (n nothing) Stop(context.Context) error { return nil }

func (as *assembly) targetBinary(ctx context.Context) (string, error) {
	inv := as.inv
	cache, err := inv.cacheDir()
	if err != nil {
		return "", err
	}
	targets := build.Targets{Dir: inv.Dir, Exe: inv.Exe, Cache: filepath.Join(cache, "targets")}
	targets.Work = filepath.Join(targets.Cache, "work-"+inv.run.ID)
	if err := as.lease.Path(targets.Work); err != nil {
		return "", err
	}
	// A compiler can outlive its parent by minutes; by its mark the watchdog finds it.
	targets.Environ = append(slices.Clone(inv.Environ), lease.Mark(inv.run.ID))
	if inv.side != nil && inv.side.sha != "" {
		inv.progress.Step("building the reference target as it was at " + inv.side.sha)
		return targets.BinaryAt(ctx, inv.side.sha, false)
	}
	inv.progress.Step("building the reference target")
	return targets.Binary(ctx, false)
}

func (as *assembly) startLoad(ctx context.Context, s *site.Site, number int) (runner.Load, error) {
	q := as.inv.question
	script := q.script
	script.Env = s.LoadEnv
	resolvedRequests(&script, s.LoadTexts)
	judge, err := as.inv.stepJudge()
	if err != nil {
		return nil, err
	}
	escape, err := as.inv.escapeJudge()
	if err != nil {
		return nil, err
	}
	if as.count != nil { // scrapes would be counted, too
		err = as.count.start(ctx, s)
	} else {
		err = as.startScraping(ctx, s, number)
	}
	if err != nil {
		return nil, err
	}
	as.lookBefore(ctx, s)
	process, output, err := as.launch(ctx, number, load.Options{
		Script: script, Facts: facts(s), JudgeStep: judge, StepDone: as.inv.stepDone, JudgeEscape: escape,
	})
	if err != nil {
		return nil, err
	}
	if as.scraping != nil {
		go as.scraping.align(process)
	}
	metered := as.meterTarget(ctx, s, process)
	ended := func() { metered(); as.stopScraping() }
	switch profiling := as.inv.profiling; {
	case as.count != nil:
		as.count.endsWith(process)
		ended = func() { as.count.finish(as.ctx) }
	case profiling != nil:
		profiling.watch(as, as.inv.side.index(), s, process)
		ended = func() { metered(); profiling.wait(); as.stopScraping() }
	}
	return generator{process, output, ended, faultAsks(process)}, nil
}

// launch starts the load generator, given what is this load's own, with what all have in common. The output is to be closed when the
// load has ended.
func (as *assembly) launch(ctx context.Context, number int, o load.Options) (*load.Process, io.WriteCloser, error) {
	inv, output := as.inv, as.inv.scriptOutput()
	o.Exe, o.Inspection, o.Seed, o.Selectors = inv.Exe, inv.question.inspection, inv.loadSeed(), inv.question.selectors
	o.Recording, o.LogPath = filepath.Join(as.dir, as.recording), filepath.Join(as.dir, fmt.Sprintf("k6-%d.log", number))
	o.Logger, o.Redact, o.Console, o.Stdout, o.OwnWork = inv.log, inv.redactor.Redact, inv.progress.Console, output, as.work
	o.Ledgers, o.LedgerKey = filepath.Join(as.dir, ledgerFile(number)), as.ledgers.label
	process, err := load.Start(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	if err := as.lease.Process(process.PID()); err != nil {
		process.Stop()
		return nil, nil, err
	}
	return process, output, nil
}

// scriptOutput takes what the script writes to standard output. Where a report takes its place it goes to standard error.
func (inv *invocation) scriptOutput() io.WriteCloser {
	to := inv.Stdout
	if inv.options.outputs.onStdout() != "terminal" {
		to = inv.Stderr
	}
	return inv.redactor.Writer(over{inv.progress, to})
}

// facts are what k6/x/brunt tells a script of the site: the address of each node as load reaches it.
func facts(s *site.Site) map[string]string {
	known := map[string]string{}
	if s.TargetURL != "" {
		known["target.url"] = s.TargetURL
	}
	for _, n := range s.Nodes {
		known[n.Name+".address"] = n.Address
	}
	return known
}

// generator is a k6 child as the runner sees it.
type generator struct {
	*load.Process
	output io.Closer // of the script
	ended  func()    // called when the load has ended
	asks   <-chan runner.FaultAsk
}

// faultAsks are the process's as the runner takes them, until it has ended.
func faultAsks(p *load.Process) <-chan runner.FaultAsk {
	asks := make(chan runner.FaultAsk)
	go func() {
		for {
			select {
			case <-p.Done():
				return
			case ask := <-p.FaultAsks():
				select {
				case asks <- runner.FaultAsk(ask):
				case <-p.Done():
					return
				}
			}
		}
	}()
	return asks
}

func (g generator) FaultAsks() <-chan runner.FaultAsk { return g.asks }

func (g generator) Snapshot() runner.Snapshot {
	s := g.Process.Snapshot()
	return runner.Snapshot{Rate: s.Rate, P95: s.P95, ErrorRate: s.ErrorRate, VUs: s.VUs}
}

func (g generator) Wait() (runner.Ending, error) {
	fitness, err := g.Process.Wait()
	g.ended()
	_ = g.output.Close() // writes the rest; it never fails
	open, constant := g.Process.Model()
	return runner.Ending{
		Fitness: fitness, OpenModel: open, ConstantRate: constant, Warmup: g.Warmed(), Drivers: g.Drivers(), Search: g.Search(), Escape: g.Escape(),
	}, err
}

func (as *assembly) injector(s *site.Site) (runner.Injector, error) {
	faults := fault.NewInjector(as.proxy, s, as.inv.log)
	as.faults = faults
	faults.Commander = commander{}
	faults.Expirer, faults.Undoer = as.lease, as.lease
	faults.Seed = as.inv.loadSeed()
	lost := make(chan runner.LostFault)
	go func() {
		for {
			select {
			case l := <-faults.Lost():
				select {
				case lost <- runner.LostFault(l):
				case <-as.ctx.Done():
					return
				}
			case <-as.ctx.Done():
				return
			}
		}
	}()
	return injector{faults, lost}, nil
}

// injector is fault's as the runner sees it.
type injector struct {
	*fault.Injector
	lost <-chan runner.LostFault
}

func (i injector) Lift(ctx context.Context, f experiment.Fault) (runner.Removal, error) {
	removal, err := i.Injector.Lift(ctx, f)
	return runner.Removal(removal), err
}

func (i injector) Lost() <-chan runner.LostFault { return i.lost }
