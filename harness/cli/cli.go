// Package cli is brunt's command line: one file per command. It wires the rooms together, prints, and maps outcomes to
// exit codes; it measures and judges nothing itself.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/provenance"
)

// Version is brunt's own version.
const Version = "0.1.0"

// Process is what a command gets from the operating system.
type Process struct {
	Args    []string // without the program's name
	Environ []string
	Dir     string // working directory
	Exe     string // path of this binary, which its children are made of
	Stdin   io.Reader
	Stdout  io.Writer // results
	Stderr  io.Writer // progress, logs, errors
}

// app is one invocation of brunt.
type app struct {
	Process
	redactor *provenance.Redactor
	log      *slog.Logger
	verbose  bool
}

// Main runs one command and returns its exit code.
func Main(p Process) int {
	if code, ok := child(p); ok {
		return code
	}
	a := &app{Process: p, redactor: provenance.NewRedactor(p.Environ)}
	stderr := a.redactor.Writer(p.Stderr)
	defer stderr.Close() // the last words: there is nowhere left to report an error to
	a.Stderr = stderr
	a.log = slog.New(slog.NewTextHandler(a.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))

	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	defer stop()
	// A second signal ends the process at once; the watchdog then cleans up.
	context.AfterFunc(ctx, stop)

	root := a.root()
	root.SetArgs(p.Args)
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(a.Stderr)
	err := root.ExecuteContext(ctx)
	if err != nil && says("unknown command")(err) {
		err = usage(err) // cobra has no type for it
	}
	if ctx.Err() != nil && codeOf(err) == exitBroken {
		err = &exitError{exitInterrupted, err} // whatever it came to: a signal was the cause
	}
	a.explain(err)
	return codeOf(err)
}

// endings are the signals that end a command in good order. Under nohup a closed terminal is no reason to end.
func endings() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "brunt",
		Short: "Does this build still hold its SLOs, under load and under failure?",
		Long: `brunt starts your service with real Postgres and Redis, loads it with k6, injects faults on the connections
between them, judges what happened against your SLOs and keeps the record per build.

The exit code says: 0 pass, 1 fail, 2 usage or invalid experiment, 3 could not measure, 4 inconclusive, 130 interrupted.`,
		Example: `  brunt run scenarios/restapi
  brunt run scenarios/restapi --shape soak --duration 2m --junit junit.xml
  brunt run script.js -- --vus 5 --duration 30s
  brunt doctor`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().BoolVarP(&a.verbose, "verbose", "v", false, "log what happens inside, on standard error")
	root.PersistentPreRun = func(*cobra.Command, []string) {
		if a.verbose {
			a.log = slog.New(slog.NewTextHandler(a.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
		}
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.AddCommand(
		a.runCommand(), a.gateCommand(), a.calibrateCommand(), a.limitsCommand(), a.matrixCommand(), a.demoCommand(), a.compareCommand(), a.baselineCommand(), a.listCommand(), a.showCommand(), a.reportCommand(), a.rejudgeCommand(),
		a.cleanCommand(), a.doctorCommand(), a.imagesCommand(), a.schemaCommand(), a.k6Command(), a.versionCommand(),
	)
	root.AddCommand(topics()...)
	return root
}

// explain prints an error in two lines: what is the matter, and what to do about it.
func (a *app) explain(err error) {
	var exit *exitError
	if err == nil || errors.As(err, &exit) && exit.err == nil {
		return
	}
	var problems experiment.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			fmt.Fprintf(a.Stderr, "brunt: %s\n", p)
		}
		fmt.Fprintf(a.Stderr, "hint: `brunt schema` prints what an experiment may hold\n")
		return
	}
	fmt.Fprintf(a.Stderr, "brunt: %s\n", oneLine(err.Error()))
	fmt.Fprintf(a.Stderr, "hint: %s\n", hintFor(err))
}

// oneLine joins the lines of joined errors, so that a message stays a message.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' }), "; ")
}

// lookup reads an environment variable of the process.
func (p Process) lookup(name string) (string, bool) {
	for i := len(p.Environ) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(p.Environ[i], name+"="); ok {
			return v, true
		}
	}
	return "", false
}

// terminal says whether w is a terminal that people look at.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
