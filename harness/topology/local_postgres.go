package topology

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/site"
)

// templateFormat is raised when data directories begin to be made in another way.
const templateFormat = 1

// cluster is one PostgreSQL data directory in the making.
type cluster struct {
	postgresProgram
	plan       depPlan
	data       string // the data directory
	env        []string
	user       *account
	statements bool // pg_stat_statements is installed
}

// preparePostgres fills a data directory, from a snapshot or from a template that is made when it is first needed, and says
// how the server starts.
func (l *local) preparePostgres(ctx context.Context, p depPlan, n *localNode) error {
	c := cluster{
		postgresProgram: l.programs.postgres[p.Name], plan: p, data: filepath.Join(n.dir, "data"),
		env: l.serverEnvironment(), user: l.user,
	}
	c.statements = c.hasStatements()
	if err := l.fill(ctx, c, n); err != nil {
		return err
	}
	args := append([]string{"-D", c.data},
		p.Server.Args(p.Address, dependency.Settings{Statements: c.statements, Extra: p.Args})...)
	// Dynamic shared memory in files of the data directory, so that a killed server leaves none behind; and the socket in
	// the node's own directory, which only its owner and root can enter.
	args = append(args, "-c", "dynamic_shared_memory_type=mmap", "-c", "unix_socket_directories="+n.dir)
	n.program = program{
		path: filepath.Join(c.dir, "postgres"), args: args, dir: n.dir, env: c.env, user: l.user,
		// On SIGQUIT the server ends its children and gives back its shared memory; SIGKILL would do neither.
		death: syscall.SIGQUIT, end: syscall.SIGINT,
	}
	n.ready = checkServer(p)
	instance := p.Server.At(p.Address, p.Params)
	n.began = func(ctx context.Context) error { return instance.AssignPassword(ctx, n.dir) }
	n.before = func() error {
		// Every process of the last start is gone, so what its lock file names is nobody, or somebody else by now.
		n.began = nil
		err := os.Remove(filepath.Join(c.data, "postmaster.pid"))
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	n.after = func() { releaseSharedMemory(c.data) }
	return nil
}

// fill makes c.data: the state after setup if it was kept, else a fresh cluster.
func (l *local) fill(ctx context.Context, c cluster, n *localNode) error {
	if c.plan.Snapshot != "" && l.cache.restore(ctx, c.key(c.plan.Snapshot), c.data, l.user) {
		n.restored = true
		return nil
	}
	if l.cache.restore(ctx, c.key(""), c.data, l.user) {
		return nil
	}
	l.opts.step(fmt.Sprintf("%s: making a data directory with initdb, once", c.plan.Name))
	if err := c.create(ctx); err != nil {
		return err
	}
	if err := l.cache.keep(ctx, c.key(""), c.data); err != nil {
		l.opts.warn(fmt.Sprintf("%s: the data directory is not kept for the next run: %v", c.plan.Name, err))
	}
	return nil
}

// key names a data directory in the cache: what it was made by and from. setup is empty for a fresh cluster.
func (c cluster) key(setup string) string {
	return digest("postgres", fmt.Sprint(templateFormat), c.version, c.dir,
		c.plan.Params[dependency.ParamUser], c.plan.Params[dependency.ParamDatabase],
		strings.Join(dependency.InitdbArgs(), " "), fmt.Sprint(c.statements), setup)
}

// create makes a fresh cluster with the plan's user and database.
func (c cluster) create(ctx context.Context) error {
	user, database := c.plan.Params[dependency.ParamUser], c.plan.Params[dependency.ParamDatabase]
	args := append([]string{"-D", c.data, "--username=" + user, "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync"},
		dependency.InitdbArgs()...)
	if err := c.run(ctx, "", "initdb", args...); err != nil {
		return err
	}
	if database != "postgres" && database != "template1" {
		if err := c.single(ctx, "postgres", "CREATE DATABASE "+quoteName(database)); err != nil {
			return err
		}
	}
	if !c.statements {
		return nil
	}
	return c.single(ctx, database, "CREATE EXTENSION pg_stat_statements")
}

// single executes one statement in single-user mode, without a server.
func (c cluster) single(ctx context.Context, database, sql string) error {
	return c.run(ctx, sql+"\n", "postgres", "--single", "-D", c.data, "-c", "fsync=off", "-c", "log_checkpoints=off",
		"-c", "exit_on_error=on", database)
}

func (c cluster) run(ctx context.Context, input, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(c.dir, name), args...)
	var out bytes.Buffer
	cmd.Dir, cmd.Env = filepath.Dir(c.data), c.env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &out
	cmd.SysProcAttr = attributes(program{user: c.user})
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, lastLines(out.Bytes(), logLines))
	}
	return nil
}

// hasStatements says whether the library of pg_stat_statements and its SQL are installed.
func (c cluster) hasStatements() bool {
	root := filepath.Dir(c.dir)
	for _, library := range []string{"lib", "lib/postgresql"} {
		for _, ending := range []string{".so", ".dylib"} {
			if _, err := os.Stat(filepath.Join(root, library, "pg_stat_statements"+ending)); err == nil {
				return true
			}
		}
	}
	return false
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// restored says whether the node came up with its setup already applied.
func (l *local) restored(node *site.Node) bool {
	n, ok := node.Control.(*localNode)
	return ok && n.restored
}

// keep stops the server in good order, copies its data directory into the cache and starts it again.
func (l *local) keep(ctx context.Context, node *site.Node, key string) error {
	n, ok := node.Control.(*localNode)
	if !ok || node.Kind != dependency.Postgres {
		return fmt.Errorf("%w: %s is no postgres of this provider", errNotKept, node.Name)
	}
	c := cluster{postgresProgram: l.programs.postgres[node.Name], plan: depPlan{Params: node.Params}}
	c.statements = c.hasStatements()
	n.mu.Lock()
	n.process.stop(ctx, patience)
	clean := n.process.err != nil && n.process.err.Error() == cleanExit
	n.mu.Unlock()
	var kept error
	if !clean {
		kept = fmt.Errorf("%w: the server did not end in good order: %v", errNotKept, n.process.err)
	} else if err := l.cache.keep(ctx, c.key(key), filepath.Join(n.dir, "data")); err != nil {
		kept = fmt.Errorf("%w: %v", errNotKept, err)
	}
	if err := n.Restart(ctx); err != nil {
		return err
	}
	return kept
}
