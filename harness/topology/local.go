package topology

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/site"
)

// local starts nodes as child processes. PostgreSQL and Redis are those that this machine has.
type local struct {
	opts     Options
	dir      string // of the run: data directories and sockets
	programs programs
	user     *account // whom the servers run as; nil: as ourselves
	launcher *launcher
	cache    *cache
	target   string // static binary of the reference targets

	mu    sync.Mutex
	nodes map[*site.Node]*localNode
	count int
}

func newLocal(_ context.Context, opts Options) (provider, error) {
	l := &local{opts: opts, nodes: map[*site.Node]*localNode{}}
	l.launcher = newLauncher(opts)
	l.cache = newCache(opts)
	return l, nil
}

func (l *local) name() string { return ProviderLocal }

// prepare finds the programs, refuses what only a container engine can start, and makes the run's directory.
func (l *local) prepare(ctx context.Context, p plan) error {
	if err := refuseContainers(p); err != nil {
		return err
	}
	path, _ := l.opts.lookup("PATH")
	found, err := findPrograms(ctx, path, p.dependencies)
	if err != nil {
		return err
	}
	l.programs = found
	for _, d := range p.dependencies {
		if d.Image != "" {
			l.opts.warn(fmt.Sprintf("%s: the image %s is asked, but the local provider uses this machine's own %s", d.Name, d.Image, d.Kind))
		}
	}
	for _, s := range p.services {
		if s.Resources.CPUs > 0 || s.Resources.Memory > 0 {
			l.opts.warn(fmt.Sprintf("%s: the local provider does not enforce resources; it ran without a limit", s.Name))
		}
		if s.Reference != "" && l.target == "" {
			if l.target, err = l.targetBinary(ctx); err != nil {
				return err
			}
		}
	}
	l.warnOfHostNames(p)
	if l.user, err = unprivileged(); err != nil {
		return err
	}
	return l.makeDir()
}

func refuseContainers(p plan) error {
	var problems []error
	for _, d := range p.dependencies {
		if d.Server == nil {
			problems = append(problems, fmt.Errorf("dependency %s: the local provider cannot start the image %s: it needs a Docker engine", d.Name, d.Image))
		}
	}
	for _, s := range p.services {
		switch {
		case s.Image != "":
			problems = append(problems, fmt.Errorf("service %s: the local provider cannot start the image %s: it needs a Docker engine", s.Name, s.Image))
		case s.Build != nil:
			problems = append(problems, fmt.Errorf("service %s: the local provider cannot build %s: it needs a Docker engine", s.Name, s.Build.Dockerfile))
		}
	}
	return errors.Join(problems...)
}

// warnOfHostNames tells of links that a process can't be made to use: outside a container no name maps to a link.
func (l *local) warnOfHostNames(p plan) {
	for _, f := range l.opts.Experiment.Faults {
		from, to, _ := strings.Cut(f.Link, "->")
		for _, s := range p.services {
			if s.Name != from {
				continue
			}
			for _, original := range l.opts.Experiment.Services {
				if original.Name == from && !contains(serviceReferences(original), to) {
					l.opts.warn(fmt.Sprintf("link %s: nothing in the environment of %s refers to ${%s.…}, and under the local provider no name maps to the link, so the fault %s may touch nothing", f.Link, from, to, f.Name))
				}
			}
		}
	}
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func (l *local) targetBinary(ctx context.Context) (string, error) {
	if runtime.GOOS != "linux" {
		return "", fmt.Errorf("reference targets are built for linux; the local provider cannot start them on %s", runtime.GOOS)
	}
	if l.opts.TargetBinary == nil {
		return "", errors.New("no binary of the reference targets is given")
	}
	path, err := l.opts.TargetBinary(ctx)
	if err != nil {
		return "", fmt.Errorf("build the reference targets: %w", err)
	}
	return path, nil
}

// makeDir makes the run's directory where the servers' user can reach it.
func (l *local) makeDir() error {
	parent, err := dataParent(l.opts, l.user)
	if err != nil {
		return err
	}
	dir := filepath.Join(parent, l.opts.name())
	if l.opts.Registrar != nil {
		// Registered before it is made, so that no moment is left in which it could be orphaned.
		if err := l.opts.Registrar.Path(dir); err != nil {
			return fmt.Errorf("register %s: %w", dir, err)
		}
	}
	if err := os.Mkdir(dir, 0o711); err != nil {
		return fmt.Errorf("make the run's directory: %w", err)
	}
	l.dir = dir
	return nil
}

// nodeDir makes a directory of its own for a node, owned by whom its server runs as. Its name is short because a Unix socket's
// path may have no more than about 100 bytes.
func (l *local) nodeDir() (string, error) {
	l.mu.Lock()
	l.count++
	dir := filepath.Join(l.dir, fmt.Sprintf("n%d", l.count))
	l.mu.Unlock()
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	return dir, l.user.own(dir)
}

func (l *local) startDependency(ctx context.Context, p depPlan) (*site.Node, error) {
	dir, err := l.nodeDir()
	if err != nil {
		return nil, err
	}
	n := &localNode{provider: l, dir: dir, address: p.Address, timeout: readyTimeout(p.Ready), log: &tail{}}
	node := &site.Node{Name: p.Name, Role: "dependency", Kind: p.Kind, Address: p.Address, Params: p.Params, Control: n}
	n.node = node
	switch p.Kind {
	case dependency.Postgres:
		err = l.preparePostgres(ctx, p, n)
	case dependency.Redis:
		err = l.prepareRedis(p, n)
	}
	if err == nil {
		n.groups, err = l.opts.groupsFor(p.Name)
	}
	if err == nil {
		err = n.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, n.remove(context.WithoutCancel(ctx)))
	}
	l.remember(node, n)
	return node, nil
}

func (l *local) startService(ctx context.Context, p servicePlan) (*site.Node, error) {
	n, err := l.prepareService(p)
	if err != nil {
		return nil, err
	}
	if n.groups, err = l.opts.groupsFor(p.Name); err != nil {
		return nil, err
	}
	if err := n.start(ctx); err != nil {
		var late *NotReadyError
		if errors.As(err, &late) {
			if remark := elsewhere(p.Address); remark != "" {
				err = fmt.Errorf("%w\n%s", err, remark)
			}
		}
		return nil, errors.Join(err, n.remove(context.WithoutCancel(ctx)))
	}
	l.remember(n.node, n)
	return n.node, nil
}

func (l *local) remember(node *site.Node, n *localNode) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nodes[node] = n
}

func (l *local) stop(ctx context.Context, node *site.Node) error {
	l.mu.Lock()
	n := l.nodes[node]
	delete(l.nodes, node)
	l.mu.Unlock()
	if n == nil {
		return nil
	}
	return n.remove(ctx)
}

func (l *local) close(context.Context) error {
	l.launcher.close()
	if l.dir == "" {
		return nil
	}
	if err := os.RemoveAll(l.dir); err != nil {
		return fmt.Errorf("remove the run's directory: %w", err)
	}
	return nil
}
