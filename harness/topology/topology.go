// Package topology starts and stops a topology: dependencies, links, setup, services, load links, in this order, by one of
// two providers. What it returns is a site.
package topology

import (
	"context"
	"log/slog"
	"path/filepath"

	"github.com/devcraft-studio/brunt/harness/experiment"
)

// The providers that can be asked for.
const (
	ProviderAuto   = "auto" // docker if the engine answers and the images can be had, else local
	ProviderDocker = "docker"
	ProviderLocal  = "local"
)

// Linker opens links through the proxy child.
type Linker interface {
	// Open opens the link name, which listens on listen (host:port) and passes everything on to upstream. It returns the
	// address that it really listens on.
	Open(ctx context.Context, name, listen, upstream string) (address string, err error)
}

// Registrar is told of every process and directory as soon as it exists, so that the watchdog can remove it.
type Registrar interface {
	Process(pid int) error
	Path(path string) error
}

// Options say what to start and how.
type Options struct {
	RunID string
	// Beside is a short name that sets this topology apart from others of the run that stand at the same time: they share neither
	// addresses nor folders, and none removes what is another's. Empty: the run has no other.
	Beside     string
	Experiment experiment.Experiment
	// Copy is the folder of a copy that this topology alone uses, and CopyOf a name that lasts: an image of what is in Copy is named as
	// if it were in CopyOf. Both are empty where nothing is built from a copy.
	Copy, CopyOf string
	Provider     string // auto (default), docker or local
	Linker       Linker // needed when a link is proxied
	Registrar    Registrar
	ProxyAll     bool // proxy every link, not only those that a fault names
	// Proxied are links that are proxied beside those that a fault names.
	Proxied []string
	Logger  *slog.Logger

	// LogDir receives <node>.log with the last 1 MiB of each node's log when the topology stops; empty keeps none.
	LogDir string
	// Redact is applied to those logs, and to the lines that an error quotes; nil keeps them as they are.
	Redact func(string) string
	// Secret is told of every password before the first node that knows it starts, so that even the log of a start that
	// fails can be redacted; nil is told nothing.
	Secret func(string)
	// Lookup is the environment: ${env.X}, BRUNT_POSTGRES_IMAGE. Nil is empty.
	Lookup func(string) (string, bool)
	// Environ is what services with a command inherit, as NAME=value; nil gives them PATH, HOME, USER, LANG and TMPDIR.
	Environ []string
	// Progress is told of each step, for people.
	Progress func(string)
	// TargetBinary returns the static binary of the reference targets for the machine that services run on.
	TargetBinary func(ctx context.Context) (string, error)
	// CacheDir keeps data directories and snapshots between runs; empty is brunt in the user's cache directory.
	CacheDir string
	// DataSeed is the seed of the data sets, apart from the run's so that snapshots are found again; 0 is 1.
	DataSeed int64

	warnings *warnings
}

// name is a name for this topology alone, which tells whose it is.
func (o Options) name() string {
	if o.Beside == "" {
		return "brunt-" + o.RunID
	}
	return "brunt-" + o.RunID + "-" + o.Beside
}

// lasting is a build context by a name that is the same in the next copy.
func (o Options) lasting(folder string) string {
	below, err := filepath.Rel(o.Copy, folder)
	if o.Copy == "" || err != nil || !filepath.IsLocal(below) {
		return folder
	}
	return filepath.Join(o.CopyOf, below)
}

// warn keeps a doubt with the run (site.Warnings).
func (o Options) warn(text string) {
	if o.warnings != nil {
		o.warnings.add(text)
	}
	o.step("warning: " + text)
}

// logWarning is of what does not touch what is measured.
func (o Options) logWarning(text string, err error) {
	if o.Logger != nil {
		o.Logger.Warn(text, "error", err)
	}
}

// step tells people what is being done.
func (o Options) step(text string) {
	if o.Progress != nil {
		o.Progress(text)
	}
}

func (o Options) lookup(name string) (string, bool) {
	if o.Lookup == nil {
		return "", false
	}
	return o.Lookup(name)
}
