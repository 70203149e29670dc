package topology

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tcexec "github.com/testcontainers/testcontainers-go/exec"

	"github.com/devcraft-studio/brunt/harness/site"
)

// containerNode is a node of the docker provider and what can be done to it: site.Pauser, site.Killer,
// site.Stopper, site.Limiter, site.Disconnecter, site.Executor and site.Logger.
type containerNode struct {
	engine   *client.Client
	provider *docker
	node     *site.Node
	name     string // of the container
	image    imageUse
	timeout  time.Duration
	ready    check
	data     string        // data directory in the container; empty when it has no volume
	volume   string        // that it lies on
	mounts   []mount.Mount // of the volume
	restored bool          // came up with its setup already applied

	made testcontainers.Container
	id   string
	said tail // by commands that were run in it

	leader atomic.Int64 // process that leads the node now

	mu       sync.Mutex
	holder   string // container that keeps the volume's memory while the node's own is down
	paused   bool
	stopping time.Time // when it was asked to end; zero once it has been started again
	last     []byte    // the log as it was before the container was removed
	limits   map[site.Resource]undoing
	offline  undoing // what puts it back on its networks
}

// exitWait tells when and how a container ended, for whoever waits until it is ready.
type exitWait struct {
	ended  chan struct{} // closed when the container ended
	err    error         // how; set before ended is closed
	over   chan struct{} // closed when nobody watches any more
	cancel context.CancelFunc
}

// watch follows the container until it ends or stop is called.
func (n *containerNode) watch(ctx context.Context) *exitWait {
	ctx, cancel := context.WithCancel(ctx)
	e := &exitWait{ended: make(chan struct{}), over: make(chan struct{}), cancel: cancel}
	waiting := n.engine.ContainerWait(ctx, n.id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	go func() {
		defer close(e.over)
		select {
		case answer := <-waiting.Result:
			e.err = fmt.Errorf("exit code %d", answer.StatusCode)
			close(e.ended)
		case <-waiting.Error: //nolint:errcheck // what can't be watched counts as running; readiness has its own deadline
		}
	}()
	return e
}

func (e *exitWait) stop() {
	e.cancel()
	<-e.over
}

// start launches the container and returns when the node is ready.
func (n *containerNode) start(ctx context.Context, launch func(context.Context) error) error {
	if err := launch(ctx); err != nil {
		return n.explain(err)
	}
	exit := n.watch(ctx)
	defer exit.stop()
	if err := n.identify(ctx); err != nil {
		return err
	}
	return starting{
		name: n.node.Name, timeout: n.timeout, ended: exit.ended, ending: func() error { return exit.err },
		log: func() string {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), engineDeadline)
			defer cancel()
			text, _ := n.text(ctx) // the error about readiness counts, with a log or without
			return n.provider.opts.lastLines([]byte(text), logLines)
		},
	}.await(ctx, n.ready)
}

// explain says of a port that is taken that it is.
func (n *containerNode) explain(err error) error {
	if strings.Contains(err.Error(), "address already in use") || strings.Contains(err.Error(), "port is already allocated") {
		return fmt.Errorf("its address %s is in use: %w", n.node.Address, err)
	}
	return err
}

// identify reads the container's id and process.
func (n *containerNode) identify(ctx context.Context) error {
	state, err := n.state(ctx)
	if err != nil {
		return err
	}
	n.node.Container = n.id
	// Whoever reads the node's process while it restarts has to ask PID instead.
	n.node.PID = state.Pid
	n.leader.Store(int64(state.Pid))
	return nil
}

func (n *containerNode) state(ctx context.Context) (container.State, error) {
	found, err := n.engine.ContainerInspect(ctx, n.id, client.ContainerInspectOptions{})
	if err == nil && found.Container.State == nil {
		err = errors.New("the engine does not tell its state")
	}
	if err != nil {
		return container.State{}, fmt.Errorf("inspect the container of %s: %w", n.node.Name, err)
	}
	return *found.Container.State, nil
}

// PID is the process that leads the node now; it is another one after a restart. It waits for nobody.
func (n *containerNode) PID() int { return int(n.leader.Load()) }

// Pause freezes every process of the container.
func (n *containerNode) Pause(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.paused {
		return nil
	}
	if _, err := n.engine.ContainerPause(ctx, n.id, client.ContainerPauseOptions{}); err != nil {
		return fmt.Errorf("pause %s: %w", n.node.Name, err)
	}
	n.paused = true
	return nil
}

// Resume lets every process of the container go on.
func (n *containerNode) Resume(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := resume(ctx, n.engine, n.id); err != nil {
		return fmt.Errorf("resume %s: %w", n.node.Name, err)
	}
	n.paused = false
	return nil
}

// Kill ends every process of the container with SIGKILL and returns when they are gone.
func (n *containerNode) Kill(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.hold(ctx); err != nil {
		return fmt.Errorf("kill %s: %w", n.node.Name, err)
	}
	if n.paused {
		if err := resume(ctx, n.engine, n.id); err != nil {
			return fmt.Errorf("kill %s: %w", n.node.Name, err)
		}
		n.paused = false
	}
	return n.killed(ctx)
}

// killed kills the container and returns when it is gone. n.mu is held.
func (n *containerNode) killed(ctx context.Context) error {
	if err := n.signal(ctx, "SIGKILL"); err != nil {
		return fmt.Errorf("kill %s: %w", n.node.Name, err)
	}
	if err := n.gone(ctx); err != nil {
		return fmt.Errorf("kill %s: wait until it is gone: %w", n.node.Name, err)
	}
	return nil
}

func (n *containerNode) signal(ctx context.Context, name string) error {
	_, err := n.engine.ContainerKill(ctx, n.id, client.ContainerKillOptions{Signal: name})
	if errdefs.IsConflict(err) { // it does not run
		return nil
	}
	return err
}

// gone returns when the container does not run.
func (n *containerNode) gone(ctx context.Context) error {
	waiting := n.engine.ContainerWait(ctx, n.id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case <-waiting.Result:
		return nil
	case err := <-waiting.Error:
		return err
	}
}

// Stop sends the signal by which the image wants to be ended, SIGTERM unless it says otherwise.
func (n *containerNode) Stop(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.hold(ctx); err != nil {
		return fmt.Errorf("stop %s: %w", n.node.Name, err)
	}
	found, err := n.engine.ContainerInspect(ctx, n.id, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("stop %s: %w", n.node.Name, err)
	}
	asking := "SIGTERM"
	if c := found.Container.Config; c != nil && c.StopSignal != "" {
		asking = c.StopSignal
	}
	if err := n.signal(ctx, asking); err != nil {
		return fmt.Errorf("stop %s: %w", n.node.Name, err)
	}
	n.stopping = time.Now()
	return nil
}

// Restart starts the container again, at the same address and with the data that it left, and returns when it is ready. One
// that still runs is left as it is, unless it was asked to stop: then it is killed when its time is over.
func (n *containerNode) Restart(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.stopping.IsZero() {
		ending, cancel := context.WithDeadline(ctx, n.stopping.Add(patience))
		err := n.gone(ending)
		cancel()
		if err != nil {
			if err := n.killed(ctx); err != nil {
				return fmt.Errorf("restart %s: %w", n.node.Name, err)
			}
		}
	}
	state, err := n.state(ctx)
	if err != nil || state.Running {
		return err
	}
	return n.startAgain(ctx)
}

func (n *containerNode) startAgain(ctx context.Context) error {
	err := n.start(ctx, func(ctx context.Context) error {
		_, err := n.engine.ContainerStart(ctx, n.id, client.ContainerStartOptions{})
		return err
	})
	if err != nil {
		return fmt.Errorf("restart %s: %w", n.node.Name, err)
	}
	n.stopping = time.Time{}
	return nil
}

// hold keeps the volume mounted by a second container that sleeps: memory that nobody mounts is given back, and with it
// what a crash would have left.
func (n *containerNode) hold(ctx context.Context) error {
	if n.volume == "" || n.holder != "" {
		return nil
	}
	var made client.ContainerCreateResult
	if err := uncut(ctx, func(ctx context.Context) (err error) {
		made, err = n.engine.ContainerCreate(ctx, client.ContainerCreateOptions{
			Name: n.name + "-holder",
			Config: &container.Config{
				Image: n.image.ref, Entrypoint: []string{"sleep", "infinity"}, Labels: n.provider.labels(n.node.Name), StopSignal: "SIGKILL",
			},
			HostConfig: &container.HostConfig{NetworkMode: "none", Mounts: n.mounts, LogConfig: logFile},
		})
		return err
	}); err != nil {
		return fmt.Errorf("hold its data: %w", err)
	}
	n.holder = made.ID
	if _, err := n.engine.ContainerStart(ctx, made.ID, client.ContainerStartOptions{}); err != nil {
		return fmt.Errorf("hold its data: %w", err)
	}
	return nil
}

// Log is the last 1 MiB of what the container wrote, restarts included. It stays readable when the container is gone.
func (n *containerNode) Log(ctx context.Context) (io.Reader, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.last != nil {
		return bytes.NewReader(n.last), nil
	}
	text, err := n.text(ctx)
	return strings.NewReader(text), err
}

// text is the end of the container's log.
func (n *containerNode) text(ctx context.Context) (string, error) {
	stream, err := n.engine.ContainerLogs(ctx, n.id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return "", fmt.Errorf("log of %s: %w", n.node.Name, err)
	}
	defer stream.Close()
	var end tail
	if _, err := stdcopy.StdCopy(&end, &end, stream); err != nil {
		return "", fmt.Errorf("log of %s: %w", n.node.Name, err)
	}
	return string(end.bytes()) + string(n.said.bytes()), nil
}

// succeeds runs a command in the container and is nil when it ends with 0.
func (n *containerNode) succeeds(ctx context.Context, words []string) error {
	return n.run(ctx, words)
}

func (n *containerNode) run(ctx context.Context, words []string, options ...tcexec.ProcessOption) error {
	code, output, err := n.made.Exec(ctx, words, append(options, tcexec.Multiplexed())...)
	if err != nil {
		return err
	}
	if code == 0 {
		return nil
	}
	said, _ := io.ReadAll(io.LimitReader(output, 1<<12)) // the exit code alone would do
	return fmt.Errorf("exit code %d: %s", code, n.provider.opts.lastLines(said, 2))
}

// remove ends the container, politely first, and removes it with its volume and whatever held that. What is already gone is
// no error.
func (n *containerNode) remove(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, patience+2*removalDeadline)
	defer cancel()
	var problems []error
	container := n.id
	if container == "" {
		container = n.name // made perhaps, but we were not told
	} else {
		problems = append(problems, n.end(ctx))
	}
	problems = append(problems, removeContainer(ctx, n.engine, container))
	if n.holder != "" {
		problems = append(problems, removeContainer(ctx, n.engine, n.holder))
	}
	if n.volume != "" {
		problems = append(problems, removeVolume(ctx, n.engine, n.volume))
	}
	return errors.Join(problems...)
}

// end stops the container and keeps its log.
func (n *containerNode) end(ctx context.Context) error {
	if err := resume(ctx, n.engine, n.id); err != nil {
		return err
	}
	seconds := int(patience.Seconds())
	_, err := n.engine.ContainerStop(ctx, n.id, client.ContainerStopOptions{Timeout: &seconds})
	if text, logErr := n.text(ctx); logErr == nil {
		n.last = []byte(text)
	}
	return unlessGone(err)
}
