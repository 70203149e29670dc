package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/harness/site"
)

// ErrReleased is returned by registrations after Release.
var ErrReleased = errors.New("the lease is released")

// ErrUnguarded is reported by Lost when no watchdog can be kept alive: the trial has to be aborted.
var ErrUnguarded = errors.New("no watchdog stays alive")

const (
	answerTime   = 2 * time.Second // for the watchdog to confirm a registration
	startTime    = 15 * time.Second
	askEvery     = 5 * time.Second // whether the watchdog is still there
	revivals     = 5               // within reviveWindow, before giving up
	reviveWindow = 30 * time.Second
)

// Options configure a Lease. RunID and Exe are needed; the zero value of the others is their default.
type Options struct {
	RunID   string   // a plain name: letters, digits, dot, dash and underscore
	Exe     string   // the binary whose child becomes the watchdog
	Args    []string // its arguments; default: __watchdog
	Dir     string   // where the record stands; default Dir()
	Environ []string // the watchdog's environment before it is scrubbed; default os.Environ()
	LogPath string   // a file the watchdog's messages are appended to; default: none are kept
	Logger  *slog.Logger
}

// Lease is what a run holds while anything of it may be left behind. Its methods may be called concurrently.
type Lease struct {
	opts Options
	log  *slog.Logger
	lost chan error
	over chan struct{} // the supervisor has ended

	mu       sync.Mutex
	record   record
	dog      *handle
	seq      uint64
	released bool
	revived  []time.Time
}

// Start writes the record, starts the watchdog and returns when it has confirmed. The lease lives until Release or until this process ends;
// it does not end with ctx, which bounds the start alone.
func Start(ctx context.Context, opts Options) (*Lease, error) {
	if err := checkRunID(opts.RunID); err != nil {
		return nil, err
	}
	if opts.Dir == "" {
		opts.Dir = Dir()
	}
	if len(opts.Args) == 0 {
		opts.Args = []string{"__watchdog"}
	}
	if opts.Environ == nil {
		opts.Environ = os.Environ()
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if err := ensureDir(opts.Dir); err != nil {
		return nil, err
	}
	owner, err := identify(os.Getpid())
	if err != nil {
		return nil, err
	}
	l := &Lease{
		opts: opts, log: opts.Logger, lost: make(chan error, 1), over: make(chan struct{}),
		record: record{Version: recordVersion, RunID: opts.RunID, Owner: owner},
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.revive(ctx); err != nil {
		_ = os.Remove(recordPath(opts.Dir, opts.RunID))
		return nil, err
	}
	// The supervisor's stack is what keeps the lease, and with it the pipe's write end, from being collected: were the
	// pipe closed by a finalizer, the watchdog would sweep a live run.
	go l.supervise()
	return l, nil
}

// Process registers a process with everything it will start.
func (l *Lease) Process(pid int) error {
	p, err := identify(pid)
	if err != nil {
		return fmt.Errorf("register a process: %w", err)
	}
	return l.change(func(r *record) {
		// Those that have ended lead no group any more and need no place in the record.
		if !slices.Contains(r.Processes, p) {
			r.Processes = append(r.Processes, p)
		}
	})
}

// Path registers a file or folder to be deleted with the run. It has to be absolute, and must not hold the working,
// home or temporary folder.
func (l *Lease) Path(path string) error {
	if err := checkPath(path); err != nil {
		return fmt.Errorf("register a path: %w", err)
	}
	return l.change(func(r *record) {
		if !slices.Contains(r.Paths, path) {
			r.Paths = append(r.Paths, path)
		}
	})
}

// Proxy registers the proxy child and the TCP address at which it echoes. The watchdog kills it when it stays silent;
// its parent is expected to start another. A later call replaces the former.
func (l *Lease) Proxy(pid int, heartbeat string) error {
	p, err := identify(pid)
	if err != nil {
		return fmt.Errorf("register the proxy: %w", err)
	}
	return l.change(func(r *record) { r.Proxy = &beat{Process: p, Address: heartbeat} })
}

// NodeFault makes the watchdog resume a paused node at the given time, whatever becomes of this process.
func (l *Lease) NodeFault(_ context.Context, node *site.Node, expires time.Time) error {
	p := pause{Node: node.Name, Container: node.Container, Expires: expires.UnixNano()}
	if node.Container == "" {
		var err error
		if p.Process, err = identify(node.PID); err != nil {
			return fmt.Errorf("register the pause of %s: %w", node.Name, err)
		}
	}
	return l.change(func(r *record) {
		r.Pauses = append(without(r.Pauses, node.Name), p)
	})
}

// NodeFaultLifted takes back NodeFault.
func (l *Lease) NodeFaultLifted(_ context.Context, node *site.Node) error {
	return l.change(func(r *record) { r.Pauses = without(r.Pauses, node.Name) })
}

func without(pauses []pause, node string) []pause {
	return slices.DeleteFunc(slices.Clone(pauses), func(p pause) bool { return p.Node == node })
}

// Undo makes the watchdog end a fault of a node at the given time, in the way that the node's provider said, whatever becomes
// of this process.
func (l *Lease) Undo(_ context.Context, fault string, how site.Undo, expires time.Time) error {
	return l.change(func(r *record) {
		r.Undos = append(otherUndos(r.Undos, fault), undo{Fault: fault, How: how, Expires: expires.UnixNano()})
	})
}

// Undone takes back Undo.
func (l *Lease) Undone(_ context.Context, fault string) error {
	return l.change(func(r *record) { r.Undos = otherUndos(r.Undos, fault) })
}

func otherUndos(undos []undo, fault string) []undo {
	return slices.DeleteFunc(slices.Clone(undos), func(u undo) bool { return u.Fault == fault })
}

// Lost yields ErrUnguarded, once, when the watchdog died and could not be replaced. A watchdog that dies once is replaced.
func (l *Lease) Lost() <-chan error { return l.lost }

// PID is the process id of the present watchdog.
func (l *Lease) PID() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dog.cmd.Process.Pid
}

// Release ends the lease without removing anything: the owner has already stopped all. It returns when the watchdog is
// gone and the record is deleted.
func (l *Lease) Release(ctx context.Context) error {
	l.mu.Lock()
	if l.released {
		l.mu.Unlock()
		return nil
	}
	l.released = true
	l.seq++
	// The record goes first: from here on nothing must be swept.
	err := os.Remove(recordPath(l.opts.Dir, l.opts.RunID))
	sent := l.dog.send(message{Seq: l.seq, Release: true})
	dog := l.dog
	l.mu.Unlock()
	if sent != nil || !dog.ended(ctx, answerTime) {
		dog.kill()
	}
	<-l.over
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("delete the lease record: %w", err)
	}
	return nil
}

// change alters the record, on disk first, and returns when the watchdog has confirmed it.
func (l *Lease) change(alter func(*record)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.released {
		return ErrReleased
	}
	alter(&l.record)
	if err := l.record.write(l.opts.Dir); err != nil {
		return err
	}
	l.seq++
	err := l.dog.send(message{Seq: l.seq, Record: &l.record})
	if err == nil {
		return nil
	}
	l.log.Warn("the watchdog does not answer; starting another", "error", err)
	return l.revive(context.Background())
}

// revive starts a watchdog and tells it everything. l.mu is held.
func (l *Lease) revive(ctx context.Context) error {
	now := time.Now()
	l.revived = slices.DeleteFunc(l.revived, func(t time.Time) bool { return now.Sub(t) > reviveWindow })
	if len(l.revived) > revivals {
		return ErrUnguarded
	}
	l.revived = append(l.revived, now)
	if l.dog != nil {
		l.dog.kill() // before its successor knows anything: two would both act
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	dog, err := startWatchdog(ctx, l.opts)
	if err != nil {
		return err
	}
	if l.record.Watchdog, err = identify(dog.cmd.Process.Pid); err == nil {
		err = l.record.write(l.opts.Dir)
	}
	if err == nil {
		l.seq++
		err = dog.send(message{Seq: l.seq, Record: &l.record})
	}
	if err != nil {
		dog.kill()
		return fmt.Errorf("start the watchdog: %w", err)
	}
	l.dog = dog
	return nil
}

// replaceSilent starts another watchdog when this one is dead or frozen. l.mu is held.
func (l *Lease) replaceSilent(dog *handle) error {
	if l.dog != dog {
		return nil // it was replaced already
	}
	l.seq++
	err := dog.send(message{Seq: l.seq})
	if err == nil {
		return nil
	}
	l.log.Warn("the watchdog is silent; starting another", "pid", dog.cmd.Process.Pid, "error", err)
	return l.revive(context.Background())
}

// supervise replaces a watchdog that died, until the lease is released.
func (l *Lease) supervise() {
	defer close(l.over)
	for {
		l.mu.Lock()
		dog := l.dog
		l.mu.Unlock()
		select {
		case <-dog.done:
		case <-time.After(askEvery):
		}
		l.mu.Lock()
		if l.released {
			l.mu.Unlock()
			<-dog.done // Release sees to it
			return
		}
		err := l.replaceSilent(dog)
		l.mu.Unlock()
		if err != nil {
			l.lost <- fmt.Errorf("%w: %w", ErrUnguarded, err)
			return
		}
	}
}
