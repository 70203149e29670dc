package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/harness/lease"
	"github.com/devcraft-studio/brunt/harness/provenance"
	"github.com/devcraft-studio/brunt/harness/topology"
)

// finding is one line of `brunt doctor`.
type finding struct {
	what string
	ok   bool
	says string
	mend string // the command or act that mends it
}

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "what this machine has and lacks, and how to mend it",
		Long: `doctor looks at everything that brunt uses. It exits 0 when at least one provider can start a topology, and 3
when none can.`,
		Example: "  brunt doctor",
		Args:    exactArgs(0),
		RunE:    func(c *cobra.Command, _ []string) error { return a.doctor(c.Context()) },
	}
}

func (a *app) doctor(ctx context.Context) error {
	docker, local := a.examineDocker(ctx), a.examineLocal(ctx)
	list := append(append([]finding{docker}, local...), a.examineTools(ctx)...)
	list = append(list, a.examineLock(ctx), a.examineStore(ctx), examineSystem())
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, f := range list {
		state := "ok"
		if !f.ok {
			state = "missing"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", state, f.what, f.says)
		if !f.ok && f.mend != "" {
			fmt.Fprintf(w, "\t\tmend: %s\n", f.mend)
		}
	}
	if err := w.Flush(); err != nil {
		return broken(err)
	}
	host := provenance.Host(ctx, builtIn())
	fmt.Fprintf(&text, "\n%s, %d cores, %.1f GiB, %s %s\n", host.CPU, host.Cores, float64(host.MemoryBytes)/(1<<30), host.OS, host.Kernel)
	if err := a.print(text.String()); err != nil {
		return err
	}
	if !docker.ok && (!local[0].ok || !local[1].ok) {
		return &exitError{exitBroken, nil}
	}
	return nil
}

func (a *app) examineDocker(ctx context.Context) finding {
	engine := topology.EngineInfo(ctx)
	f := finding{what: "docker engine", ok: engine.OK, says: engine.Version + " (API " + engine.API + ")"}
	if !engine.OK {
		f.says = engine.Reason
		f.mend = "start the Docker engine, or use --provider local"
	}
	return f
}

func (a *app) examineLocal(ctx context.Context) []finding {
	path, _ := a.lookup("PATH")
	packages := map[string]string{"postgres": "postgresql", "redis-server": "redis-server"}
	var list []finding
	for _, program := range topology.FindPrograms(ctx, path) {
		f := finding{what: program.Name, ok: program.Path != "", says: program.Version + " at " + program.Path}
		if !f.ok {
			f.says = "not found; the local provider needs it"
			f.mend = "on Debian or Ubuntu: apt-get install " + packages[program.Name]
		}
		list = append(list, f)
	}
	return list
}

func (a *app) examineTools(ctx context.Context) []finding {
	var list []finding
	for _, tool := range []struct{ name, arg, why string }{
		{"git", "--version", "runs are kept under the SHA that it tells"},
		{"go", "version", "the reference targets are built with it"},
	} {
		f := finding{what: tool.name}
		out, err := exec.CommandContext(ctx, tool.name, tool.arg).Output()
		if f.ok = err == nil; f.ok {
			f.says = strings.TrimSpace(string(out))
		} else {
			f.says, f.mend = "not found; "+tool.why, "install "+tool.name
		}
		list = append(list, f)
	}
	return list
}

func (a *app) examineLock(ctx context.Context) finding {
	unlock, err := lease.Lock(ctx, false, nil)
	if err != nil {
		return finding{what: "machine's lock", says: err.Error(), mend: "wait until that run has ended"}
	}
	unlock()
	return finding{what: "machine's lock", ok: true, says: "free (" + lease.LockPath() + ")"}
}

func (a *app) examineStore(ctx context.Context) finding {
	s, err := a.openStore(ctx, storeFlag{})
	if err != nil {
		return finding{what: "store", says: err.Error(), mend: hintFor(err)}
	}
	defer s.Close()
	return finding{what: "store", ok: true, says: s.Path()}
}

func examineSystem() finding {
	f := finding{what: "system", ok: runtime.GOOS == "linux", says: runtime.GOOS + "/" + runtime.GOARCH}
	if !f.ok {
		f.says += ": no watchdog marks, no host networking, no further loopback addresses unless they are configured"
		f.mend = "measure on Linux; on Windows, in WSL2"
	}
	if dir := os.TempDir(); f.ok {
		f.says += ", temporary files in " + dir
	}
	return f
}
