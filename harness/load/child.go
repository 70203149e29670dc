package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// command is the first argument by which the binary knows that it is the k6 child.
const command = "__k6"

// wireVariable names the variable that holds the number of the descriptor of the child's end of the socket pair.
const wireVariable = "BRUNT_WIRE_FD"

const (
	// stopGrace is how long k6 has to end after SIGTERM, its teardown included, before it is killed.
	stopGrace = 8 * time.Second
	// pipeGrace is how long a descriptor that outlives the child is waited for.
	pipeGrace = 2 * time.Second
)

// child is a k6 process.
type child struct {
	cmd  *exec.Cmd
	conn *wire.Conn

	exited chan struct{} // closed when the process is gone
	lived  time.Duration // valid after exited

	stopping sync.Once
	stopped  chan struct{} // closed when it was asked to end
	killed   chan struct{} // closed when it had to be killed
}

// arguments are those of k6 run.
func arguments(s Script, output string, more ...string) []string {
	args := []string{command, "run", "--quiet", "--no-usage-report", "--summary-mode=disabled", "--address=", "--log-format=json", "-o", output}
	for _, name := range names(s.Env) {
		if strings.HasPrefix(name, "K6_") { // in the environment it would steer k6 itself
			args = append(args, "-e", name+"="+s.Env[name])
		}
	}
	args = append(args, more...)
	args = append(args, s.Flags...)
	if s.Bare {
		return append(args, s.Path)
	}
	return append(args, "-")
}

// Inherited says whether k6 gets a variable of this process's environment: not where it would steer the load, or what is
// kept of it. The browser's are no such.
func Inherited(name string) bool {
	return !strings.HasPrefix(name, "K6_") || strings.HasPrefix(name, "K6_BROWSER_")
}

// environment is the child's: that of this process without what steers k6, and the script's variables. They are not passed
// as arguments, because every user of the machine can read those.
func environment(environ []string, s Script) []string {
	env := map[string]string{
		"GOGC": "400", // the generator has memory to spare, and CPU is what it must not run out of
	}
	if s.light() {
		env["GOMAXPROCS"] = "1"
	}
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok && Inherited(name) {
			env[name] = value
		}
	}
	for name, value := range s.Env {
		if !strings.HasPrefix(name, "K6_") {
			env[name] = value
		}
	}
	// Else k6 downloads another binary for an import of k6/x/… that it does not know.
	env["K6_AUTO_EXTENSION_RESOLUTION"] = "false"
	env[wireVariable] = "3"
	list := make([]string, 0, len(env))
	for _, name := range names(env) {
		list = append(list, name+"="+env[name])
	}
	return list
}

func names(m map[string]string) []string {
	list := make([]string, 0, len(m))
	for name := range m {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}

// streams are what k6 reads and take what it writes.
type streams struct {
	in  string    // the script "-"; empty: the wrapper, which a bare script has none of
	out io.Writer // what a script or an output of k6's has for standard output
	err io.Writer // the log
}

// startChild starts k6 and sends it its configuration.
func startChild(exe string, s Script, args []string, config wire.Config, to streams) (*child, error) {
	conn, theirs, err := wire.Pair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	c := &child{
		cmd: exec.Command(exe, args...), conn: conn,
		exited: make(chan struct{}), stopped: make(chan struct{}), killed: make(chan struct{}),
	}
	c.cmd.Dir = s.Dir
	c.cmd.Env = environment(os.Environ(), s)
	c.cmd.Stdout, c.cmd.Stderr = to.out, to.err
	c.cmd.ExtraFiles = []*os.File{theirs}
	c.cmd.WaitDelay = pipeGrace
	c.cmd.SysProcAttr = attributes()
	if to.in == "" && !s.Bare {
		path, err := absolute(s)
		if err != nil {
			conn.Close()
			return nil, err
		}
		to.in = s.wrapper(path)
	}
	if to.in != "" {
		c.cmd.Stdin = strings.NewReader(to.in)
	}
	if err := c.start(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("start k6: %w", err)
	}
	if err := conn.Send(config); err != nil && !errors.Is(err, syscall.EPIPE) { // EPIPE: it has died; its log says why
		c.kill()
		<-c.exited
		conn.Close()
		return nil, fmt.Errorf("configure k6: %w", err)
	}
	return c, nil
}

// start starts the process from an operating system thread that lives as long as it does: the signal that the child gets
// when its parent dies (see attributes) comes, strictly, when the thread that started it does.
func (c *child) start() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		began := time.Now()
		_ = c.cmd.Wait() // how it ended stands in ProcessState
		c.lived = time.Since(began)
		close(c.exited)
	}()
	return <-started
}

// stop asks k6 to end, and kills it when it does not within grace. It returns at once and can be called many times.
func (c *child) stop(grace time.Duration) {
	c.stopping.Do(func() {
		close(c.stopped)
		go func() { // ends with the child
			select {
			case <-c.exited:
				return
			default:
			}
			_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may have just ended
			timer := time.NewTimer(grace)
			defer timer.Stop()
			select {
			case <-c.exited:
			case <-timer.C:
				close(c.killed)
				c.kill()
			}
		}()
	})
}

// kill kills the process and what it may have started.
func (c *child) kill() {
	select {
	case <-c.exited: // its number may be another's by now
	default:
		_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	}
}

// exit is the exit code of the ended child, and the signal that ended it, if one did.
func (c *child) exit() (code int, signal string) {
	state := c.cmd.ProcessState
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return -1, status.Signal().String()
	}
	return state.ExitCode(), ""
}

func (c *child) wasStopped() bool { return closed(c.stopped) }

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// follow stops the child when ctx is done, until the child has ended.
func (c *child) follow(ctx context.Context, grace time.Duration) {
	select {
	case <-ctx.Done():
		c.stop(grace)
	case <-c.exited:
	}
}
