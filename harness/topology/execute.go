package topology

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// killWait is how long a command may take to be gone once it was killed.
const killWait = 2 * time.Second

// Execute runs a command as a child of ours, in the node's folder and as its user.
func (n *localNode) Execute(ctx context.Context, words []string) error {
	if err := n.execute(ctx, words); err != nil {
		return fmt.Errorf("%s on %s: %w", words[0], n.node.Name, err)
	}
	return nil
}

func (n *localNode) execute(ctx context.Context, words []string) error {
	p := n.program
	p.log, p.death = &tail{}, syscall.SIGKILL
	path, ok := n.provider.opts.lookup("PATH") // that of the node stands before it, if it has one
	if ok {
		p.env = append([]string{"PATH=" + path}, p.env...)
	}
	var err error
	if p.path, err = lookUpCommand(words[0], p.dir, p.env); err != nil {
		return err
	}
	p.args = words[1:]
	started, err := n.provider.launcher.launch(p)
	if err != nil {
		return err
	}
	for _, g := range n.groups {
		err = errors.Join(err, g.adopt(started.pid))
	}
	select {
	case <-started.done:
	case <-ctx.Done():
		err = fmt.Errorf("killed: %w", ctx.Err())
		killing, cancel := context.WithTimeout(context.WithoutCancel(ctx), killWait)
		defer cancel()
		started.kill(killing)
		if started.running() {
			return errors.Join(err, fmt.Errorf("process %d does not end", started.pid))
		}
	}
	_, _ = n.log.Write(p.log.bytes()) // never fails
	if err == nil && started.err.Error() != cleanExit {
		err = started.err
	}
	return n.provider.opts.withOutput(err, p.log.bytes())
}

// withOutput adds what a command that failed has written.
func (o Options) withOutput(err error, output []byte) error {
	if said := o.lastLines(output, logLines); err != nil && said != "" {
		return fmt.Errorf("%w: %s", err, said)
	}
	return err
}

// Execute runs a command in the container.
func (n *containerNode) Execute(ctx context.Context, words []string) error {
	if err := n.execute(ctx, words); err != nil {
		return fmt.Errorf("%s on %s: %w", words[0], n.node.Name, err)
	}
	return nil
}

func (n *containerNode) execute(ctx context.Context, words []string) error {
	made, err := n.engine.ExecCreate(ctx, n.id, client.ExecCreateOptions{AttachStdout: true, AttachStderr: true, Cmd: words})
	if err != nil {
		return err
	}
	stream, err := n.engine.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, stream.Close) // ends the copy
	defer stop()
	defer stream.Close()
	output := &tail{}
	_, err = stdcopy.StdCopy(output, output, stream.Reader)
	_, _ = n.said.Write(output.bytes()) // never fails
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), engineDeadline)
	defer cancel()
	found, inspectErr := n.engine.ExecInspect(asking, made.ID, client.ExecInspectOptions{})
	switch {
	case ctx.Err() != nil:
		err = errors.Join(fmt.Errorf("killed: %w", ctx.Err()), n.killExecuted(found.PID))
	case err != nil && !errors.Is(err, io.EOF):
	case inspectErr != nil:
		err = inspectErr
	case found.ExitCode != 0:
		err = fmt.Errorf("exit status %d", found.ExitCode)
	default:
		err = nil
	}
	return n.provider.opts.withOutput(err, output.bytes())
}

// killExecuted kills a command's process and what it started; the engine can't. It is known by its control group, which a
// process of another container or of this machine is not in.
func (n *containerNode) killExecuted(pid int) error {
	member, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
	if pid == 0 || errors.Is(err, os.ErrNotExist) {
		return nil // it has ended
	}
	if err != nil || !strings.Contains(string(member), n.id) {
		return fmt.Errorf("process %d can't be seen from here; it ends with its container at the latest", pid)
	}
	tree, err := processTree(pid)
	if err != nil {
		tree = []int{pid}
	}
	for _, member := range tree {
		if err := syscall.Kill(member, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill process %d: %w", member, err)
		}
	}
	return nil
}
