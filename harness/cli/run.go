package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/report"
)

// runOptions are the flags of `brunt run`. Their zero values mean: as the experiment says.
type runOptions struct {
	store       storeFlag
	provider    string
	variant     string
	alternative string
	shape       string
	rate        string
	duration    time.Duration
	timeScale   float64
	trials      int
	seed        int64
	sha         string
	set         []string
	env         []string
	outputs     outputFlags
	quiet       bool
	noWait      bool
	strict      bool
	k6Flags     []string // after --, for a bare script
	asker       string   // what asks instead of `brunt run`: limits or matrix
	resume      string   // the run that goes on
	demo        demoPart // of a demo
	sources     string   // of a gate: the folder whose repository the services are built from; empty: the working directory
}

func (a *app) runCommand() *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run EXPERIMENT",
		Short: "run an experiment, judge it, store it",
		Long: `run starts what the experiment names, loads it, injects its faults, judges it and stores it.

EXPERIMENT is a folder that holds experiment.yaml, such a file, the name of a scenario that brunt brings along, or a k6
script (.js, .mjs, .cjs, .ts, or a .tar of k6 archive): a bare script runs unchanged, its thresholds are judged with k6's
meaning, and what stands after -- goes to k6.`,
		Example: `  brunt run scenarios/restapi
  brunt run scenarios/restapi --shape soak --rate 50/s --duration 2m
  brunt run scenarios/restapi --variant naive --set services.api.env.REGRESSION=json
  brunt run scenarios/missingindex --alternative customer
  brunt run script.js -- --vus 10 --duration 30s`,
		Args: func(c *cobra.Command, args []string) error {
			given := args
			if n := c.ArgsLenAtDash(); n >= 0 {
				given, o.k6Flags = args[:n], args[n:]
			}
			if len(given) != 1 {
				return usage(fmt.Errorf("run takes one experiment, not %d", len(given)))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return a.run(c.Context(), args[0], o) },
	}
	o.register(c)
	return c
}

func (o *runOptions) register(c *cobra.Command) {
	o.registerCommon(c)
	f := c.Flags()
	f.StringVar(&o.shape, "shape", "", "traffic pattern: smoke, ramp, soak, spike or breakpoint")
	f.DurationVar(&o.duration, "duration", 0, "of the load after the warm-up, such as 2m")
	f.Float64Var(&o.timeScale, "time-scale", 0, "multiplies every duration, never a rate, strength or bound")
	f.IntVar(&o.trials, "trials", 1, "how often the whole experiment is measured")
	f.BoolVar(&o.strict, "strict", false, "an unfit generator blocks the verdict of a bare script, too")
}

// registerCommon registers the flags of every command that measures one experiment.
func (o *runOptions) registerCommon(c *cobra.Command) {
	o.registerShared(c)
	f := c.Flags()
	f.StringVar(&o.variant, "variant", "", "of a reference target: naive or fixed")
	f.StringVar(&o.alternative, "alternative", "", "one of those that the experiment declares below expect")
	f.StringVar(&o.rate, "rate", "", "iterations per second at the shape's peak, such as 100/s")
}

// registerShared registers the flags of every command that measures.
func (o *runOptions) registerShared(c *cobra.Command) {
	f := c.Flags()
	o.store.register(c)
	o.outputs.register(c)
	f.StringVar(&o.provider, "provider", "", "how the topology is started: auto, docker or local")
	f.Int64Var(&o.seed, "seed", 0, "of everything random (default: drawn, and stored)")
	f.StringVar(&o.sha, "sha", "", "the git SHA that this run is kept under (default: what git and CI say)")
	f.StringArrayVar(&o.set, "set", nil, "set a value of the experiment: path=value; may be repeated")
	f.StringArrayVarP(&o.env, "env", "e", nil, "set a variable of the script: NAME=VALUE; may be repeated")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	f.BoolVar(&o.noWait, "no-wait", false, "exit 3 instead of waiting while another run measures on this machine")
}

// outputFlags say where a run's report goes beside standard output, and what inconclusive means for the exit code.
type outputFlags struct {
	files        map[string]*string // by format
	inconclusive string
	stepSummary  bool // and goes to the summary of the step of a workflow, too
}

func (o *outputFlags) register(c *cobra.Command) {
	o.files = map[string]*string{}
	for _, format := range formatNames() {
		if format != "terminal" {
			o.files[format] = c.Flags().String(format, "", "write the report as "+format+" to this file (- is standard output)")
		}
	}
	c.Flags().StringVar(&o.inconclusive, "inconclusive", "fail", "what inconclusive means for the exit code: fail (4) or pass (0)")
}

// check refuses what would only be noticed after minutes of measuring.
func (o *outputFlags) check() error {
	if o.inconclusive != "fail" && o.inconclusive != "pass" {
		return usage(fmt.Errorf("--inconclusive is fail or pass, not %q", o.inconclusive))
	}
	taken := ""
	for _, format := range formatNames() {
		path := o.path(format)
		if path == "-" {
			if taken != "" {
				return usage(fmt.Errorf("--%s and --%s can't both write to standard output", taken, format))
			}
			taken = format
		}
		if path == "" || path == "-" {
			continue
		}
		if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
			return usage(fmt.Errorf("--%s: there is no folder %s", format, filepath.Dir(path)))
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return usage(fmt.Errorf("--%s: %s is a folder", format, path))
		}
		if err := writable(filepath.Dir(path)); err != nil {
			return usage(fmt.Errorf("--%s: no file can be written in %s: %w", format, filepath.Dir(path), err))
		}
	}
	return nil
}

// writable tries what renderFile will do after the run: permissions alone do not tell.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".brunt-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func (o *outputFlags) path(format string) string {
	if p := o.files[format]; p != nil {
		return *p
	}
	return ""
}

// inconclusiveExit is the exit code of an inconclusive verdict.
func (o *outputFlags) inconclusiveExit() int {
	if o.inconclusive == "pass" {
		return exitPass
	}
	return exitInconclusive
}

// commitDigits is how git writes a commit.
var commitDigits = regexp.MustCompile(`^[0-9a-f]{7,64}$`)

// check refuses what can be told without the experiment.
func (o *runOptions) check() error {
	if err := o.outputs.check(); err != nil {
		return err
	}
	if !slices.Contains([]string{"", topology.ProviderAuto, topology.ProviderDocker, topology.ProviderLocal}, o.provider) {
		return usage(fmt.Errorf("--provider is auto, docker or local, not %q", o.provider))
	}
	if o.sha != "" && !commitDigits.MatchString(o.sha) {
		return usage(fmt.Errorf("--sha is a commit, which is written in 7 to 64 hexadecimal digits, not %q", o.sha))
	}
	return nil
}

// run is `brunt run` from the question to the exit code.
func (a *app) run(ctx context.Context, name string, o runOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.trials < 1 || o.trials > 1000 {
		return usage(fmt.Errorf("--trials is 1 to 1000, not %d", o.trials))
	}
	q, err := a.ask(ctx, name, o)
	if err != nil {
		return err
	}
	return a.conductRun(ctx, q, o, func(inv *invocation) error { return inv.measure(ctx) })
}

// conductRun prepares a run, lets it be measured, and reports it.
func (a *app) conductRun(ctx context.Context, q question, o runOptions, measure func(*invocation) error) error {
	defer surviveReaders()()
	inv, err := a.prepare(ctx, q, o)
	if err != nil {
		return err
	}
	defer inv.close()
	defer context.AfterFunc(ctx, func() { inv.progress.Step("interrupted: ending in good order; once more, and at once") })()
	err = measure(inv)
	options := places(inv.store, inv.run.ID)
	options.InconclusivePass = o.outputs.inconclusive == "pass"
	reported := a.deliver(report.New(inv.run), o.outputs, options)
	if err != nil || reported != nil {
		return errors.Join(err, reported)
	}
	return verdictExit(inv.run, o.outputs.inconclusiveExit())
}

// surviveReaders keeps a write to a closed pipe from ending the process until the function it returns is called: a Ctrl-C also ends
// the tee that reads our progress, and what was measured is still to be kept then. The signal is caught and not ignored, since
// what we start would inherit that.
func surviveReaders() (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGPIPE)
	return func() { signal.Stop(signals) }
}

// deliver writes the reports: the terminal's unless another format took standard output, and the files asked for.
func (a *app) deliver(d report.Document, o outputFlags, options report.Options) error {
	var failed error
	for _, format := range formatNames() {
		if path := o.path(format); path != "" && path != "-" {
			failed = errors.Join(failed, a.renderFile(format, d, path, options))
		}
	}
	if o.stepSummary {
		a.summarize(d, options)
	}
	return errors.Join(a.render(o.onStdout(), d, a.Stdout, options), failed)
}

// onStdout is the format of the report on standard output.
func (o *outputFlags) onStdout() string {
	for _, format := range formatNames() {
		if o.path(format) == "-" {
			return format
		}
	}
	return "terminal"
}

// renderFile writes a report so that the file is whole or as it was. What is not a file, such as /dev/stderr or a pipe, is
// written to and not replaced.
func (a *app) renderFile(format string, d report.Document, path string, options report.Options) error {
	var text bytes.Buffer
	err := a.render(format, d, &text, options)
	if err == nil {
		err = replace(path, text.Bytes())
	}
	if err != nil {
		return broken(fmt.Errorf("write the %s report to %s: %w", format, path, err))
	}
	return nil
}

func replace(path string, text []byte) error {
	if there, err := os.Stat(path); err == nil && !there.Mode().IsRegular() {
		return os.WriteFile(path, text, 0o644)
	}
	return renameio.WriteFile(path, text, 0o644)
}

// verdictExit is what a judged run means for the exit code.
func verdictExit(run results.Run, inconclusive int) error {
	switch {
	case run.Status == results.StatusAborted:
		return &exitError{exitInterrupted, nil}
	case run.Status != results.StatusComplete:
		return &exitError{exitBroken, nil}
	case run.Verdict.Outcome == results.Pass:
		return nil
	case run.Verdict.Outcome == results.Fail:
		return &exitError{exitFail, nil}
	case run.Verdict.Outcome == results.Inconclusive && inconclusive == exitPass:
		return nil
	}
	return &exitError{exitInconclusive, nil}
}

// environment are the -e NAME=VALUE flags.
func environment(flags []string) (map[string]string, error) {
	env := map[string]string{}
	for _, f := range flags {
		name, value, ok := strings.Cut(f, "=")
		if !ok || name == "" {
			return nil, usage(fmt.Errorf("-e takes NAME=VALUE, not %q", f))
		}
		env[name] = value
	}
	return env, nil
}
