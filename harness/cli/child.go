package cli

import (
	"context"
	"io"
	"log/slog"
	"os"

	"github.com/devcraft-studio/brunt/harness/fault"
	"github.com/devcraft-studio/brunt/harness/lease"
	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/harness/topology"
)

// The first argument of brunt's own children. They are processes of the same binary, so that one file is all there is
// to install.
const (
	childK6       = "__k6"
	childProxy    = "__proxy"
	childWatchdog = "__watchdog"
)

// child runs the process as one of brunt's children, or as plain k6, when its first argument says so.
func child(p Process) (code int, ok bool) {
	if len(p.Args) == 0 {
		return 0, false
	}
	switch p.Args[0] {
	case childK6, "k6":
		load.Main(p.Args[1:])
		return exitBroken, true // not reached: k6 exits by itself
	case childProxy:
		return fault.ProxyMain(context.Background(), p.Stdin, p.Stdout), true
	case childWatchdog:
		return watchdog(p), true
	}
	return 0, false
}

func watchdog(p Process) int {
	logTo := p.Stderr
	if logTo == nil {
		logTo = io.Discard
	}
	return lease.Main(context.Background(), lease.Streams{
		In: p.Stdin, Out: p.Stdout, Resume: topology.Resume, Undo: topology.Undo,
		Logger: slog.New(slog.NewTextHandler(logTo, nil)).With("watchdog", os.Getpid()),
	}, topology.Sweep)
}
