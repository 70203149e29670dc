package topology

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/devcraft-studio/brunt/harness/site"
)

// inherited are the variables that a command gets from our own environment when no Environ is given.
var inherited = []string{"PATH", "HOME", "USER", "LANG", "TMPDIR"}

// prepareService says how a service starts: the static target binary, or the user's command in the experiment's folder.
func (l *local) prepareService(p servicePlan) (*localNode, error) {
	n := &localNode{provider: l, address: p.Address, timeout: readyTimeout(p.Ready), log: &tail{}}
	n.node = &site.Node{Name: p.Name, Role: "service", Address: p.Address, Control: n}
	n.program = program{dir: l.opts.Experiment.Dir, death: syscall.SIGKILL, end: syscall.SIGTERM}
	if p.Reference != "" {
		n.node.Kind = "reference"
		n.program.path = l.target
		n.program.args = []string{p.Reference, "--variant=" + variantOf(p), "--listen=" + p.Address}
		n.program.env = pairs(p.Env)
	} else {
		n.node.Kind = "command"
		n.program.env = l.commandEnvironment(p)
		path, err := lookUpCommand(p.Command[0], n.program.dir, n.program.env)
		if err != nil {
			return nil, err
		}
		n.program.path, n.program.args = path, p.Command[1:]
	}
	log := func(context.Context) (string, error) { return string(n.log.bytes()), nil }
	n.ready = checkFor(p.Ready, p.Address, log, func(ctx context.Context, words []string) error {
		return l.runReady(ctx, words, n.program.dir, n.program.env)
	})
	return n, nil
}

func variantOf(p servicePlan) string {
	if p.Variant == "" {
		return "fixed"
	}
	return p.Variant
}

// commandEnvironment is what a command is started with: what it inherits, HOST and PORT to listen on, and its own env,
// which stands.
func (l *local) commandEnvironment(p servicePlan) []string {
	env := map[string]string{}
	for _, entry := range l.opts.Environ {
		if name, value, ok := strings.Cut(entry, "="); ok {
			env[name] = value
		}
	}
	if l.opts.Environ == nil {
		for _, name := range inherited {
			if value, ok := l.opts.lookup(name); ok {
				env[name] = value
			}
		}
	}
	if host, port, err := net.SplitHostPort(p.Address); err == nil {
		env["HOST"], env["PORT"] = host, port
	}
	delete(env, markName) // ours is set when the process starts
	maps.Copy(env, p.Env)
	return pairs(env)
}

// pairs are the variables of a map as NAME=value, sorted.
func pairs(env map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

// lookUpCommand finds a program as a shell in dir would: by its path, relative to dir, or in the PATH of its environment.
func lookUpCommand(name, dir string, env []string) (string, error) {
	if strings.ContainsRune(name, filepath.Separator) {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("command %s: %w", name, err)
		}
		return path, nil
	}
	for _, entry := range env {
		path, ok := strings.CutPrefix(entry, "PATH=")
		if !ok {
			continue
		}
		for _, folder := range filepath.SplitList(path) {
			if candidate := filepath.Join(folder, name); executable(candidate) {
				return candidate, nil
			}
		}
	}
	return "", fmt.Errorf("command %s: %w", name, exec.ErrNotFound)
}
