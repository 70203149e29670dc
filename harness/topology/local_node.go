package topology

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/devcraft-studio/brunt/harness/site"
)

// patience is how long a process may take to end after it was asked to.
const patience = 5 * time.Second

// logLines is how much of its log an error about a node shows.
const logLines = 8

// localNode is a node of the local provider and what can be done to it: site.Pauser, site.Killer,
// site.Stopper, site.Limiter, site.Executor and site.Logger.
type localNode struct {
	provider *local
	node     *site.Node
	dir      string // removed with the node; empty when it has none
	address  string
	timeout  time.Duration
	program  program
	ready    check
	log      *tail
	began    func(ctx context.Context) error // nil, or what has to be done after each start and before it is ready
	before   func() error                    // nil, or what has to be done before a restart after a crash
	after    func()                          // nil, or what has to be done once its processes are gone for good
	restored bool                            // came up with its setup already applied
	groups   []group                         // that its faults will limit it in

	leader atomic.Int64 // process that leads the node now

	mu       sync.Mutex
	process  *process
	paused   bool
	stopping time.Time // when it was asked to end; zero once it has been started again
	limits   map[site.Resource]undoing
}

// start launches the program and returns when it is ready.
func (n *localNode) start(ctx context.Context) error {
	n.program.log = n.log
	p, err := n.provider.launcher.launch(n.program)
	if err != nil {
		return err
	}
	n.process = p
	for _, g := range n.groups {
		if err := g.adopt(p.pid); err != nil {
			return err
		}
	}
	// Whoever reads the node's id while it restarts has to ask PID instead.
	n.node.PID = p.pid
	n.leader.Store(int64(p.pid))
	s := starting{
		name: n.node.Name, timeout: n.timeout, ended: p.done, ending: func() error { return p.err },
		log: func() string { return n.provider.opts.lastLines(n.log.bytes(), logLines) },
	}
	c := n.ready
	if n.began != nil {
		done := false
		c.probe = func(ctx context.Context) error {
			if !done {
				if err := n.began(ctx); err != nil {
					return err
				}
				done = true
			}
			return n.ready.probe(ctx)
		}
	}
	return s.await(ctx, c)
}

// PID is the process that leads the node now; it is another one after a restart. It waits for nobody.
func (n *localNode) PID() int { return int(n.leader.Load()) }

// Pause stops every process of the node.
func (n *localNode) Pause(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.process.pause(); err != nil {
		return fmt.Errorf("pause %s: %w", n.node.Name, err)
	}
	n.paused = true
	return nil
}

// Resume lets every process of the node go on.
func (n *localNode) Resume(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.paused {
		return nil
	}
	if err := n.process.resume(); err != nil {
		return fmt.Errorf("resume %s: %w", n.node.Name, err)
	}
	n.paused = false
	return nil
}

// Kill ends every process of the node with SIGKILL and returns when they are gone.
func (n *localNode) Kill(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.process.kill(ctx)
	n.paused = false
	if n.process.running() {
		return fmt.Errorf("kill %s: %w", n.node.Name, ctx.Err())
	}
	return nil
}

// Stop sends the signal by which the program wants to be ended.
func (n *localNode) Stop(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.process.ask(); err != nil {
		return fmt.Errorf("stop %s: %w", n.node.Name, err)
	}
	n.stopping = time.Now()
	return nil
}

// Restart starts the node again at the same address with the data that it left, and returns when it is ready. A node that
// still runs is left as it is, unless it was asked to stop: then it is killed when its time is over.
func (n *localNode) Restart(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.stopping.IsZero() {
		n.process.finish(ctx, time.Until(n.stopping.Add(patience)))
	}
	if n.process.running() {
		return nil
	}
	if n.before != nil {
		if err := n.before(); err != nil {
			return fmt.Errorf("restart %s: %w", n.node.Name, err)
		}
	}
	if err := n.start(ctx); err != nil {
		return fmt.Errorf("restart %s: %w", n.node.Name, err)
	}
	n.stopping = time.Time{}
	return nil
}

// Log is the last 1 MiB of what the node's processes wrote, restarts included.
func (n *localNode) Log(context.Context) (io.Reader, error) {
	return bytes.NewReader(n.log.bytes()), nil
}

// remove stops the node and removes its directory.
func (n *localNode) remove(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, limit := range n.limits {
		_ = limit.restore() // with a limit it would only end more slowly
	}
	if n.process != nil {
		n.process.stop(ctx, patience)
		if n.process.running() {
			return fmt.Errorf("process %d of %s does not end", n.process.pid, n.node.Name)
		}
	}
	removeGroups(n.groups)
	if n.after != nil {
		n.after()
	}
	if n.dir == "" {
		return nil
	}
	return os.RemoveAll(n.dir)
}

// runReady runs the command of a ready check.
func (l *local) runReady(ctx context.Context, words []string, dir string, env []string) error {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir, cmd.Env = dir, env
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if text := l.opts.lastLines(out, 1); text != "" {
		return errors.New(text)
	}
	return err
}
