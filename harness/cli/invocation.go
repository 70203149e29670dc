package cli

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/harness/lease"
	"github.com/devcraft-studio/brunt/harness/provenance"
	"github.com/devcraft-studio/brunt/harness/runner"
	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/store"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// invocation is one run from the moment that its question is known to be valid.
type invocation struct {
	*app
	question question
	options  runOptions
	store    *store.Store
	run      results.Run
	progress *progress
	unlock   func()
	probing  *runner.Probing    // of the trial that is conducted; nil: its faults are those of the experiment
	side     *side              // of a gate: the build that is measured
	pair     *campaign.GatePair // of a timing gate: the one that is measured
	// profiling is of the pair that follows a timing gate that failed; nil: what is measured is part of the test.
	profiling *profiling
	// checkedOut is what the services are built from, as it was when the run was opened, and looked when it last was so.
	checkedOut results.Build
	looked     time.Time
}

// prepare does all that can fail before anything is started, once the question is valid: the store, the lock, the sweep. From here
// on the run is in the store, as broken.
func (a *app) prepare(ctx context.Context, q question, o runOptions) (*invocation, error) {
	var err error
	inv := &invocation{app: a, question: q, options: o, unlock: func() {}}
	inv.progress = newProgress(a.Stderr, terminal(a.Process.Stderr), o.quiet)
	if inv.store, err = a.openStore(ctx, o.store, store.Redacting(a.redactor.Redact)); err != nil {
		return nil, err
	}
	if !o.demo.claimed {
		if inv.unlock, err = a.claimMachine(ctx, o.noWait, inv.progress); err != nil {
			inv.close()
			return nil, err
		}
	}
	if err := inv.open(ctx); err != nil {
		inv.close()
		return nil, err
	}
	return inv, nil
}

func (inv *invocation) close() {
	inv.unlock()
	if err := inv.store.Close(); err != nil {
		inv.log.Warn("store not closed", "error", err)
	}
}

// claimMachine takes the machine's lock, then removes what runs of dead owners left behind. unlock is never nil.
func (a *app) claimMachine(ctx context.Context, noWait bool, p *progress) (unlock func(), err error) {
	unlock, err = lease.Lock(ctx, !noWait, func(owner string) { p.Step("waiting: " + owner + " measures on this machine") })
	if err != nil {
		return func() {}, broken(err)
	}
	removed, err := lease.SweepDead(ctx, topology.Sweep)
	unrecorded, unrecordedErr := cleanUnrecorded(ctx)
	if unrecordedErr != nil {
		a.log.Warn("runs that left no record were not looked for", "error", unrecordedErr)
	}
	for _, what := range append(removed, unrecorded...) {
		p.Step("removed what a killed run left: " + what)
	}
	if err != nil {
		return unlock, broken(fmt.Errorf("remove what a killed run left: %w", err))
	}
	return unlock, nil
}

// open writes the run's first record, so that a crash leaves a trace.
func (inv *invocation) open(ctx context.Context) error {
	if inv.options.resume != "" {
		return inv.reopen(ctx)
	}
	now := time.Now()
	e := inv.question.experiment
	inv.run = results.Run{
		Schema: results.Schema, ID: runID(now, e.Name), Experiment: e.Name, Created: now, Status: results.StatusBroken,
		Reason: "the run has not ended", Seed: inv.options.seedOrDrawn(), Demo: inv.options.demo.id, TimeScale: e.TimeScale, Provider: "none",
		Question: inv.question.recorded(),
		Trials:   []results.Trial{}, Warnings: inv.question.warnings, Artifacts: []results.Artifact{},
	}
	inv.run.Command = inv.repeatable(inv.options, inv.run.Seed)
	tools := builtIn()
	inv.run.Host = provenance.Host(ctx, tools)
	where := inv.environment(ctx, inv.Dir, inv.options)
	build, err := inv.measuredNow(ctx)
	if err != nil {
		inv.run.Warnings = append(inv.run.Warnings, "the build is not known: "+inv.redactor.Redact(err.Error()))
	}
	inv.run.Builds = []results.Build{build}
	inv.run.CI = provenance.CI(where)
	if err := inv.store.Save(ctx, &inv.run); err != nil {
		return broken(fmt.Errorf("store the run: %w", err))
	}
	return nil
}

// measuredNow is the build that is measured. The error says that git does not know it; what flags say of it stands all the same.
func (inv *invocation) measuredNow(ctx context.Context) (results.Build, error) {
	inv.looked = time.Now()
	build, err := provenance.Build(ctx, inv.sourcesFrom(ctx))
	inv.checkedOut = build
	if inv.options.sha != "" {
		build.SHA, build.Note = inv.options.sha, "the SHA was given with --sha"
	}
	build.Variant, build.Alternative = inv.question.variant(), inv.question.experiment.Alternative
	return build, err
}

// sourcesFrom is where to look for what is checked out of what services are built from.
func (inv *invocation) sourcesFrom(ctx context.Context) provenance.Environment {
	dir := inv.Dir
	if inv.options.sources != "" {
		dir = inv.options.sources
	}
	return inv.environment(ctx, dir, inv.options)
}

// environment is where a run looks for what is checked out in a folder. What brunt writes itself, the store and the reports that are
// asked for, is no part of it, wherever it is kept: it would be another build after each run.
func (a *app) environment(ctx context.Context, dir string, o runOptions) provenance.Environment {
	own := store.Files(a.dsn(ctx, o.store))
	for _, path := range o.outputs.files {
		switch {
		case *path == "" || *path == "-":
		case filepath.IsAbs(*path):
			own = append(own, *path)
		default:
			own = append(own, filepath.Join(a.Dir, *path))
		}
	}
	return provenance.Environment{Dir: dir, Lookup: a.lookup, Environ: a.Environ, Ignore: own}
}

// seedOrDrawn is the seed that was asked for, or one drawn now and stored.
func (o *runOptions) seedOrDrawn() int64 {
	if o.seed != 0 {
		return o.seed
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return int64(binary.LittleEndian.Uint64(b[:])>>33) + 1
}

// repeatable is the command that repeats a run: its arguments, with the seed.
func (a *app) repeatable(o runOptions, seed int64) []string {
	command, args := []string{"brunt"}, a.Args
	if len(o.demo.command) > 0 {
		args = o.demo.command
	}
	for _, arg := range args {
		command = append(command, a.redactor.Redact(arg))
	}
	if o.seed != 0 {
		return command
	}
	flag := fmt.Sprintf("--seed=%d", seed)
	if i := slices.Index(command, "--"); i >= 0 {
		return slices.Insert(command, i, flag)
	}
	return append(command, flag)
}

var notPlain = regexp.MustCompile(`[^a-z0-9]+`)

// runID sorts by time and says what it is of.
func runID(at time.Time, name string) string {
	var b [3]byte
	_, _ = rand.Read(b[:])
	plain := strings.Trim(notPlain.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if len(plain) > 24 {
		plain = plain[:24]
	}
	return at.UTC().Format("20060102t150405") + "-" + plain + "-" + hex.EncodeToString(b[:])
}

// measure conducts the trials, saving the run after each, and judges what there is. The returned error says why the run
// is not complete; the run itself is stored all the same.
func (inv *invocation) measure(ctx context.Context) error {
	var failed error
	for n := 1; n <= inv.options.trials && failed == nil; n++ {
		if inv.options.trials > 1 {
			inv.progress.Step(fmt.Sprintf("trial %d of %d", n, inv.options.trials))
		}
		var trial results.Trial
		trial, failed = inv.conduct(ctx, n)
		inv.run.Trials = append(inv.run.Trials, trial)
		if err := inv.save(ctx, failed); err != nil {
			return errors.Join(failed, err)
		}
	}
	if failed != nil {
		if ctx.Err() != nil {
			return &exitError{exitInterrupted, failed}
		}
		return brokenUnlessClassified(failed)
	}
	return nil
}

// brokenUnlessClassified keeps the code of an error that already has one.
func brokenUnlessClassified(err error) error {
	var exit *exitError
	if errors.As(err, &exit) {
		return err
	}
	return broken(err)
}

// save judges what is there and stores the run: complete only when every trial is.
func (inv *invocation) save(ctx context.Context, failed error) error {
	ctx = context.WithoutCancel(ctx)
	inv.run.Ended = time.Now()
	inv.run.Status, inv.run.Reason = results.StatusBroken, "further trials were planned"
	switch {
	case failed == nil && len(inv.run.Trials) == inv.options.trials && !slices.ContainsFunc(inv.run.Trials, isCutOff):
		inv.run.Status, inv.run.Reason = results.StatusComplete, ""
	case failed != nil:
		inv.run.Status = inv.run.Trials[len(inv.run.Trials)-1].Status
		inv.run.Reason = inv.redactor.Redact(oneLine(failed.Error()))
	}
	judged, err := verdict.Judgement(inv.run, opener(inv.store, inv.run.ID))
	if err != nil {
		inv.run.Status, inv.run.Reason = results.StatusBroken, inv.redactor.Redact(oneLine(err.Error()))
		err = fmt.Errorf("judge the run: %w", err)
	} else {
		inv.run.Verdict = judged
	}
	inv.listArtifacts()
	if saveErr := inv.store.Save(ctx, &inv.run); saveErr != nil {
		err = errors.Join(err, fmt.Errorf("store the run: %w", saveErr))
	}
	if err != nil {
		return broken(err)
	}
	return nil
}

// listArtifacts notes every file of the run's folder.
func (inv *invocation) listArtifacts() {
	dir := inv.store.Dir(inv.run.ID)
	inv.run.Artifacts = []results.Artifact{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		inv.log.Warn("artifacts not listed", "error", err)
		return
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		inv.run.Artifacts = append(inv.run.Artifacts, results.Artifact{
			Name: entry.Name(), Path: entry.Name(), Size: info.Size(), What: artifactKind(entry.Name()),
		})
	}
}

func artifactKind(name string) string {
	switch {
	case filepath.Ext(name) == ".brunt" && strings.HasPrefix(name, "metrics-"):
		return "recording of a trial: what services, dependencies and nodes tell, once a second"
	case filepath.Ext(name) == ".brunt" && strings.HasPrefix(name, "ledgers-"):
		return "ledgers of a trial: ids and admissions"
	case filepath.Ext(name) == ".brunt":
		return "recording of a trial: per-second histograms and counters"
	case filepath.Ext(name) == ".prom":
		return "metrics of a service at the end of the load"
	case filepath.Ext(name) == ".pprof" && (strings.HasPrefix(name, string(results.SideBaseline)+"-") || strings.HasPrefix(name, string(results.SideCandidate)+"-")):
		return "profile of a build's service under load, beside the test: go tool pprof, with -diff_base for the other build's"
	case filepath.Ext(name) == ".pprof":
		return "profile of a service at the end of the load: go tool pprof"
	case strings.HasPrefix(name, "k6-"):
		return "log of the load generator"
	case strings.HasPrefix(name, "watchdog-"):
		return "log of the watchdog"
	case filepath.Ext(name) == ".log":
		return "last 1 MiB of a node's log"
	}
	return "file of the run"
}

// conduct measures one trial, holding a lease for everything that it starts.
func (inv *invocation) conduct(ctx context.Context, number int) (results.Trial, error) {
	parts, err := inv.assemble(ctx, number)
	if err != nil {
		return unstarted(ctx, number, err)
	}
	defer parts.close()
	trial, err := runner.Conduct(parts.ctx, runner.Plan{
		Number: number, Build: inv.side.index(), Experiment: inv.conducted(), Duration: inv.question.duration, Recording: parts.recording,
		Probing: inv.probing, Beyond: inv.question.beyond(), MostWarmup: inv.question.mostWarmup(),
	}, parts.Parts)
	trial.Selectors = inv.question.asked()
	parts.keepScrapes(&trial)
	parts.keepLedgers(&trial)
	if counted := parts.count.keep(&trial); err == nil {
		err = counted
	}
	inv.take(&trial, parts)
	if trial.Search != nil || trial.Probing != nil {
		trial.Fitness = verdict.SearchFitness(trial.Fitness)
	}
	return trial, err
}

// take completes a trial that was conducted, and keeps with the run what its parts tell.
func (inv *invocation) take(trial *results.Trial, parts *assembly) {
	trial.Reason = inv.redactor.Redact(oneLine(trial.Reason))
	trial.Fitness = verdict.Fitness(trial.Fitness, verdict.Limits(inv.run.Question))
	trial.TargetCores = parts.targetCores
	inv.run.Provider = parts.provider()
	inv.run.Warnings = appendNew(inv.run.Warnings, parts.warnings()...)
}

// unstarted is a trial that came to nothing before it was conducted.
func unstarted(ctx context.Context, number int, err error) (results.Trial, error) {
	status := results.StatusBroken
	if ctx.Err() != nil {
		status, err = results.StatusAborted, fmt.Errorf("interrupted: %w", context.Cause(ctx))
	}
	return results.Trial{Number: number, Status: status, Began: time.Now(), Ended: time.Now(), Reason: err.Error()}, err
}

// appendNew appends what is not there yet: every trial brings the same warnings.
func appendNew(list []string, more ...string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}
