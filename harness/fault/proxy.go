package fault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	countEvery   = time.Second // traffic since then is lost when the child dies
	restarts     = 5           // within restartWindow, before giving up
	restartPause = 100 * time.Millisecond
	restartSpan  = 30 * time.Second
)

// ProxyOptions configure a Proxy. Exe is needed; the zero value of the others is their default.
type ProxyOptions struct {
	Exe   string   // the binary whose child becomes the proxy
	Args  []string // its arguments; default: __proxy
	RunID string   // for messages
	// Started is told of each child, the first and those that replace one that died: its process id and the TCP
	// address at which it echoes. The lease wants to know both. An error is logged.
	Started func(pid int, heartbeat string) error
	Logger  *slog.Logger
}

// Proxy is the proxy child as its parent holds it. A child that dies is replaced: its links are open again at the same
// addresses at once, but their connections and faults are gone. Its methods may be called concurrently.
type Proxy struct {
	opts ProxyOptions
	log  *slog.Logger
	over chan struct{} // the supervisor has ended

	mu      sync.Mutex
	child   *process
	up      chan struct{} // closed when child serves all links
	links   []request     // how to open each link again, in order
	counts  map[string]count
	died    []time.Time
	failed  error // why there is no child any more
	onLost  func(at time.Time, reason string)
	onEnded func(fault string, at time.Time)
}

// Traffic is what crossed a link so far; probes are not counted. What came in the last second before a child's death is not
// known.
type Traffic struct {
	Connections int64
	// Exchanges is how often a client began to send, since it was connected or last answered, whether anything passed or not. Of
	// protocols that answer one request after another, such as HTTP/1.1, those are the requests; what is pipelined or multiplexed
	// is fewer. The greeting of a new connection is one as well, and so is a connection that is reset before it could say anything.
	// What a link that is down refuses is not among them: the system answers for it, and tells nobody.
	Exchanges int64
}

func (t Traffic) and(o Traffic) Traffic {
	return Traffic{t.Connections + o.Connections, t.Exchanges + o.Exchanges}
}

// count is the traffic of a link.
type count struct {
	before Traffic // under children that died
	now    Traffic // under the present one
}

// StartProxy starts the proxy child. It lives until Close or until this process ends; ctx bounds the start alone.
func StartProxy(ctx context.Context, opts ProxyOptions) (*Proxy, error) {
	if len(opts.Args) == 0 {
		opts.Args = []string{"__proxy"}
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Proxy{
		opts: opts, log: opts.Logger.With("run", opts.RunID), over: make(chan struct{}),
		counts: map[string]count{}, up: make(chan struct{}),
		onLost: func(time.Time, string) {}, onEnded: func(string, time.Time) {},
	}
	if err := p.start(ctx); err != nil {
		return nil, err
	}
	go p.supervise()
	return p, nil
}

// start starts a child and opens all links in it.
func (p *Proxy) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	child, err := startProcess(ctx, p.opts, p.event)
	if err != nil {
		return err
	}
	p.mu.Lock()
	links := slices.Clone(p.links)
	p.mu.Unlock()
	for _, link := range links {
		if _, err := child.call(ctx, link); err != nil {
			child.kill()
			return fmt.Errorf("open link %s again: %w", link.Link, err)
		}
	}
	if p.opts.Started != nil {
		if err := p.opts.Started(child.cmd.Process.Pid, child.heartbeat); err != nil {
			p.log.Warn("the proxy is not registered", "error", err)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if errors.Is(p.failed, ErrClosed) {
		child.kill()
		return ErrClosed
	}
	p.child = child
	close(p.up)
	return nil
}

func (p *Proxy) event(r response) {
	if r.Expired == "" {
		return
	}
	p.mu.Lock()
	ended := p.onEnded
	p.mu.Unlock()
	ended(r.Expired, time.Unix(0, r.At))
}

// supervise replaces a child that died, and keeps the counts.
func (p *Proxy) supervise() {
	defer close(p.over)
	for {
		p.mu.Lock()
		child := p.child
		p.mu.Unlock()
		select {
		case <-time.After(countEvery):
			if states, err := child.call(context.Background(), request{Op: opState}); err == nil {
				p.keep(child, states.Links)
			}
		case <-child.done:
			if !p.replace(child) {
				return
			}
		}
	}
}

// keep notes the traffic.
func (p *Proxy) keep(child *process, states []linkState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child != child {
		return
	}
	for _, s := range states {
		c := p.counts[s.Name]
		c.now = Traffic{s.Crossed, s.Exchanges}
		p.counts[s.Name] = c
	}
}

// replace starts another child for one that is dead. It returns false when there will be none.
func (p *Proxy) replace(dead *process) bool {
	now := time.Now()
	p.mu.Lock()
	if p.failed != nil {
		p.mu.Unlock()
		return false
	}
	p.up = make(chan struct{})
	for name, c := range p.counts {
		p.counts[name] = count{before: c.before.and(c.now)}
	}
	p.died = append(slices.DeleteFunc(p.died, func(t time.Time) bool { return now.Sub(t) > restartSpan }), now)
	tooOften := len(p.died) > restarts
	lost := p.onLost
	p.mu.Unlock()
	p.log.Warn("the proxy died; starting another", "pid", dead.cmd.Process.Pid)
	lost(now, "the proxy died")
	err := errors.New("the proxy dies too often")
	for try := 0; try < restarts && !tooOften; try++ {
		if err = p.start(context.Background()); err == nil {
			return true
		}
		if errors.Is(err, ErrClosed) {
			return false
		}
		time.Sleep(restartPause)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed == nil {
		p.failed = fmt.Errorf("%w for good: %w", ErrProxyDied, err)
		close(p.up)
	}
	return false
}

// present is the child that serves, after a restart that may be under way.
func (p *Proxy) present(ctx context.Context) (*process, error) {
	for {
		p.mu.Lock()
		child, up, failed := p.child, p.up, p.failed
		p.mu.Unlock()
		if failed != nil {
			return nil, failed
		}
		select {
		case <-up:
			select {
			case <-child.done: // the supervisor has yet to notice
				time.Sleep(time.Millisecond)
				continue
			default:
				return child, nil
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrNoAnswer, ctx.Err())
		}
	}
}

// call asks the present child.
func (p *Proxy) call(ctx context.Context, req request) (response, error) {
	waiting, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	child, err := p.present(waiting)
	if err != nil {
		return response{}, err
	}
	return child.call(ctx, req)
}

// restart kills the child and returns when another serves all links.
func (p *Proxy) restart(ctx context.Context) error {
	p.mu.Lock()
	child := p.child
	p.mu.Unlock()
	child.kill()
	for {
		now, err := p.present(ctx)
		if err != nil {
			return fmt.Errorf("restart the proxy: %w", err)
		}
		if now != child {
			return nil
		}
	}
}

// Open opens the link name: it listens at listen (host:port, on loopback) and passes on to upstream, and returns the
// address it listens at, which differs from listen only in a port of 0. An address that is taken is
// syscall.EADDRINUSE. The upstream is dialled when a client comes.
func (p *Proxy) Open(ctx context.Context, name, listen, upstream string) (string, error) {
	req := request{Op: opOpen, Link: name, Listen: listen, Upstream: upstream}
	resp, err := p.call(ctx, req)
	if err != nil {
		return "", fmt.Errorf("open link %s: %w", name, err)
	}
	req.Listen = resp.Address
	p.mu.Lock()
	defer p.mu.Unlock()
	p.links = append(p.links, req)
	return resp.Address, nil
}

// opened says how the link was opened.
func (p *Proxy) opened(name string) (request, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.links, func(r request) bool { return r.Link == name })
	if i < 0 {
		return request{}, false
	}
	return p.links[i], true
}

// Connections says how many connections have crossed a link so far.
func (p *Proxy) Connections(ctx context.Context, link string) int64 {
	return p.Traffic(ctx, link).Connections
}

// Traffic says what has crossed a link so far.
func (p *Proxy) Traffic(ctx context.Context, link string) Traffic {
	if child, err := p.present(ctx); err == nil {
		if resp, err := child.call(ctx, request{Op: opState}); err == nil {
			p.keep(child, resp.Links)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.counts[link]
	return c.before.and(c.now)
}

// PID is the process id of the present child.
func (p *Proxy) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.child.cmd.Process.Pid
}

// Heartbeat is the TCP address at which the present child echoes.
func (p *Proxy) Heartbeat() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.child.heartbeat
}

// Restarted says how often the child was replaced within the last half minute.
func (p *Proxy) Restarted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.died)
}

// Close lifts all faults, closes all links and ends the child.
func (p *Proxy) Close(ctx context.Context) error {
	p.mu.Lock()
	if errors.Is(p.failed, ErrClosed) {
		p.mu.Unlock()
		<-p.over
		return nil
	}
	p.failed = ErrClosed
	child := p.child
	p.mu.Unlock()
	child.end(ctx)
	<-p.over
	return nil
}

// subscribe tells an injector what happens to faults beside its own calls.
func (p *Proxy) subscribe(lost func(at time.Time, reason string), ended func(fault string, at time.Time)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onLost, p.onEnded = lost, ended
}
