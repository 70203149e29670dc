package topology

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// markName is the environment variable that every process of a run carries, so that the watchdog finds it even when it was
// never registered.
const markName = "BRUNT_RUN"

// gonePoll is how often a process is looked for that should be gone.
const gonePoll = 2 * time.Millisecond

// program is what to start.
type program struct {
	path string
	args []string
	dir  string // working directory
	env  []string
	user *account
	// death is the signal that the process gets when we die (Linux only).
	death syscall.Signal
	// end is how the process is asked to end.
	end syscall.Signal
	log *tail
}

// process is a started program, which leads a process group of its own.
type process struct {
	program
	pid  int
	done chan struct{} // closed when it has ended and its output is read
	err  error         // how it ended; valid after done
}

// launcher starts processes from one thread that lives as long as the topology: a process with a parent-death signal gets
// it when the thread that made it ends, not when the program does.
type launcher struct {
	runID    string
	register func(pid int) error
	requests chan func()
	finished chan struct{}
}

func newLauncher(opts Options) *launcher {
	l := &launcher{runID: opts.RunID, requests: make(chan func()), finished: make(chan struct{})}
	l.register = func(int) error { return nil }
	if opts.Registrar != nil {
		l.register = opts.Registrar.Process
	}
	go l.serve()
	return l
}

func (l *launcher) serve() {
	defer close(l.finished)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread() // the thread goes back to the others and does not end
	for request := range l.requests {
		request()
	}
}

// close ends the thread's work; every process has to be gone by then.
func (l *launcher) close() {
	close(l.requests)
	<-l.finished
}

// launch starts a program and registers it.
func (l *launcher) launch(p program) (*process, error) {
	cmd := exec.Command(p.path, p.args...)
	cmd.Dir = p.dir
	cmd.Env = append([]string{markName + "=" + l.runID}, p.env...)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	// A grandchild that holds the output open must not hold up the wait for the process itself.
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = attributes(p)
	failed := make(chan error, 1)
	l.requests <- func() { failed <- cmd.Start() }
	if err := <-failed; err != nil {
		return nil, fmt.Errorf("start %s: %w", p.path, err)
	}
	started := &process{program: p, pid: cmd.Process.Pid, done: make(chan struct{})}
	go func() { // ends with the process, which remove waits for
		started.err = ended(cmd.Wait())
		close(started.done)
	}()
	// A process that has ended by now can't be registered, and need not be; that it ended is told by who waits for it.
	if err := l.register(started.pid); err != nil && alive(started.pid) {
		started.kill(context.Background())
		return nil, fmt.Errorf("register process %d: %w", started.pid, err)
	}
	return started, nil
}

// cleanExit is how the end of a process with exit code 0 reads.
const cleanExit = "exit status 0"

// ended describes how a process ended; ending by itself is no success while it is needed.
func ended(err error) error {
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return errors.New(cleanExit)
	}
	return err
}

// running says whether the process has not ended.
func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// pause stops every process of the tree. The parent is stopped first, and the tree read again until nothing in it is new,
// so that nobody can slip away.
func (p *process) pause() error {
	if !p.running() {
		return fmt.Errorf("process %d has ended: %w", p.pid, p.err)
	}
	return signalTree(p.pid, syscall.SIGSTOP)
}

// resume lets every process of the tree go on.
func (p *process) resume() error {
	if !p.running() {
		return fmt.Errorf("process %d has ended: %w", p.pid, p.err)
	}
	return signalTree(p.pid, syscall.SIGCONT)
}

// signalTree sends a signal to a process and all its descendants, which are often leaders of sessions of their own, as
// PostgreSQL's are.
func signalTree(pid int, signal syscall.Signal) error {
	sent := map[int]bool{}
	for {
		tree, err := processTree(pid)
		if err != nil {
			return err
		}
		grown := false
		for _, member := range tree {
			if sent[member] {
				continue
			}
			if err := syscall.Kill(member, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("signal %s to process %d: %w", signal, member, err)
			}
			sent[member], grown = true, true
		}
		if !grown {
			return nil
		}
	}
}

// kill ends the whole tree with SIGKILL and returns when every process of it is gone or ctx is done.
func (p *process) kill(ctx context.Context) {
	if !p.running() {
		return
	}
	_ = signalTree(p.pid, syscall.SIGSTOP) // what can't be stopped is killed all the same
	tree, err := processTree(p.pid)
	if err != nil {
		tree = []int{p.pid}
	}
	for _, member := range tree {
		_ = syscall.Kill(member, syscall.SIGKILL) // gone already is what we want
	}
	p.awaitGone(ctx, tree)
}

// ask asks the process to end, and sees to it that what it had started ends with it.
func (p *process) ask() error {
	if !p.running() {
		return nil
	}
	tree, err := processTree(p.pid)
	if err != nil {
		tree = []int{p.pid}
	}
	if err := syscall.Kill(p.pid, p.end); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal %s to process %d: %w", p.end, p.pid, err)
	}
	_ = signalTree(p.pid, syscall.SIGCONT) // a paused process would never hear of it
	go func() {                            // ends with the process, which whoever starts or removes the node waits for
		<-p.done
		p.endOrphans(tree)
	}()
	return nil
}

// endOrphans kills descendants that outlived their parent: they were in its tree until now, and ids are not reused within so
// short a time.
func (p *process) endOrphans(tree []int) {
	for _, member := range tree {
		if member != p.pid && alive(member) {
			_ = syscall.Kill(member, syscall.SIGKILL)
		}
	}
}

// finish gives a process that was asked to end that long, and kills what is left of its tree.
func (p *process) finish(ctx context.Context, patience time.Duration) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
	case <-ctx.Done():
	}
	p.kill(ctx)
}

// stop asks the process to end, waits for patience, and kills what is left of its tree.
func (p *process) stop(ctx context.Context, patience time.Duration) {
	if !p.running() {
		return
	}
	tree, err := processTree(p.pid)
	if err != nil {
		tree = []int{p.pid}
	}
	_ = p.ask() // what does not hear it is killed
	p.finish(ctx, patience)
	p.endOrphans(tree)
	p.awaitGone(ctx, tree)
}

func (p *process) awaitGone(ctx context.Context, tree []int) {
	tick := time.NewTicker(gonePoll)
	defer tick.Stop()
	for _, member := range tree {
		for member != p.pid && alive(member) && ctx.Err() == nil {
			<-tick.C
		}
	}
	select {
	case <-p.done:
	case <-ctx.Done():
	}
}
