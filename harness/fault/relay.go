package fault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
)

const (
	dialTime  = 10 * time.Second       // for the upstream; its client waits, nobody else does
	patience  = time.Second            // for a connection to follow a change
	afterCut  = 500 * time.Millisecond // for a connection that was cut to be done
	relisten  = time.Second            // to get a listener's address back
	acceptGap = 10 * time.Millisecond  // after an accept that failed
)

// The addresses that probes come from. Their connections are not counted; those from probeEcho go to the child's own echo
// instead of the upstream, and so see the link alone.
var (
	probeReal = net.IPv4(127, 63, 0, 1)
	probeEcho = net.IPv4(127, 63, 0, 2)
)

// errShut is what a relay answers after it was closed.
var errShut = errors.New("the link is closed")

// relay is one link as the child serves it.
type relay struct {
	name, address, upstream string

	ctx    context.Context // ends with the relay
	cancel context.CancelFunc
	server *toxiproxy.ApiServer
	echo   string // where probes of the link alone go
	log    *slog.Logger
	gate   *gate
	work   sync.WaitGroup
	report func(fault string, at time.Time) // of an expiry

	changing sync.Mutex // one change at a time

	mu       sync.Mutex
	listener net.Listener // nil while connections are refused
	disabled bool
	shut     bool
	faults   map[string]inForce
	conns    map[*connection]bool
	crossed  int64
}

// inForce is a fault of a relay.
type inForce struct {
	strength
	expiry *time.Timer
}

// change is what became of a change of strength.
type change struct {
	at           time.Time
	cut, pending int
}

// open begins to listen. The address may have port 0, which the system then chooses.
func (r *relay) open() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.listen()
}

// listen starts to accept, unless the link is to be refused. r.mu is held.
func (r *relay) listen() error {
	if r.shut {
		return errShut
	}
	if r.listener != nil || r.disabled || r.strengthNow().Down {
		return nil
	}
	listener, err := net.Listen("tcp", r.address)
	if err != nil {
		return fmt.Errorf("listen for link %s: %w", r.name, err)
	}
	r.listener, r.address = listener, listener.Addr().String()
	r.work.Go(func() { r.accept(listener) })
	return nil
}

// refuse stops listening: the kernel answers with a reset, which a client sees as "connection refused". r.mu is held.
func (r *relay) refuse() {
	if r.listener != nil {
		_ = r.listener.Close()
		r.listener = nil
	}
}

func (r *relay) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // out of file descriptors, or a client that left: it passes
			r.log.Warn("accept failed", "link", r.name, "error", err)
			time.Sleep(acceptGap)
		default:
			r.take(conn.(*net.TCPConn))
		}
	}
}

// take begins to serve a connection, without waiting for anything.
func (r *relay) take(client *net.TCPConn) {
	from, _ := client.RemoteAddr().(*net.TCPAddr)
	echo := from != nil && from.IP.Equal(probeEcho)
	c := &connection{relay: r, client: client, done: make(chan struct{}), probe: echo || from != nil && from.IP.Equal(probeReal)}
	r.mu.Lock()
	now := r.strengthNow()
	refused := r.shut || r.disabled || now.Down
	if !refused && !now.Reset {
		r.conns[c] = true
	}
	r.mu.Unlock()
	if refused || now.Reset {
		c.end(true)
		return
	}
	upstream := r.upstream
	if echo {
		upstream = r.echo
	}
	r.work.Go(func() { r.serve(c, upstream) })
}

// serve dials the upstream and lets data flow. It returns when they do.
func (r *relay) serve(c *connection, upstream string) {
	head, ok := c.await()
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(r.ctx, dialTime)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", upstream)
	if err != nil {
		r.log.Debug("upstream not reached", "link", r.name, "error", err)
		c.end(true)
		return
	}
	if !c.connect(conn.(*net.TCPConn)) {
		return
	}
	if !c.probe {
		r.mu.Lock()
		r.crossed++
		r.mu.Unlock()
	}
	if err := c.start(head); err != nil {
		r.log.Error("connection not started", "link", r.name, "error", err)
		c.end(true)
	}
}

func (r *relay) forget(c *connection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}

// strength is what the link suffers at present.
func (r *relay) strength() strength {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.strengthNow()
}

// strengthNow is strength with r.mu held.
func (r *relay) strengthNow() strength {
	var sum strength
	for _, f := range r.faults {
		sum = sum.with(f.strength)
	}
	return sum
}

func (r *relay) present() []*connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	conns := make([]*connection, 0, len(r.conns))
	for c := range r.conns {
		conns = append(conns, c)
	}
	return conns
}

// strike resets the connections of this moment and leaves the link as it is.
func (r *relay) strike() change {
	for _, c := range r.present() {
		c.end(true)
	}
	return change{at: time.Now()}
}

// apply brings a fault into force until it is lifted or expires.
func (r *relay) apply(name string, s strength, expires time.Time) (change, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	r.mu.Lock()
	if r.shut {
		r.mu.Unlock()
		return change{}, errShut
	}
	if _, ok := r.faults[name]; ok {
		r.mu.Unlock()
		return change{}, fmt.Errorf("fault %s is already in force", name)
	}
	before := r.strengthNow()
	r.faults[name] = inForce{s, time.AfterFunc(time.Until(expires), func() { r.expire(name) })}
	r.mu.Unlock()
	return r.settle(before, false)
}

// lift ends a fault; one that is not in force is lifted already.
func (r *relay) lift(name string) (change, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	r.mu.Lock()
	f, ok := r.faults[name]
	if !ok {
		r.mu.Unlock()
		return change{at: time.Now()}, nil
	}
	before := r.strengthNow()
	f.expiry.Stop()
	delete(r.faults, name)
	r.mu.Unlock()
	return r.settle(before, true)
}

func (r *relay) expire(name string) {
	r.mu.Lock()
	_, ok := r.faults[name]
	r.mu.Unlock()
	if !ok {
		return
	}
	done, err := r.lift(name)
	if err != nil {
		r.log.Error("expired fault not lifted", "link", r.name, "fault", name, "error", err)
	}
	r.report(name, done.at)
}

// settle brings sockets and toxics to the present strength. When a fault ends, connections that do not follow are cut.
// r.changing is held.
func (r *relay) settle(before strength, ends bool) (change, error) {
	now := r.strength()
	r.gate.hold(now.Hold)
	if now.Down && !before.Down {
		r.mu.Lock()
		r.refuse()
		r.mu.Unlock()
		for _, c := range r.present() {
			c.end(false)
		}
	}
	if now.Reset && !before.Reset {
		r.strike()
	}
	var err error
	if !now.Down && before.Down {
		err = r.listenAgain()
	}
	done := change{}
	if before.Latency != now.Latency || before.Jitter != now.Jitter || before.Rate != now.Rate {
		done = r.syncAll(ends)
	}
	done.at = time.Now()
	return done, err
}

// listenAgain takes the link's address back. It was free for anybody meanwhile.
func (r *relay) listenAgain() error {
	deadline := time.Now().Add(relisten)
	for {
		r.mu.Lock()
		err := r.listen()
		r.mu.Unlock()
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(acceptGap)
	}
}

// syncAll brings every connection to the present strength. Those that have not followed in time are left to follow when
// their peers read again, or are cut: then they end with a reset, and nobody waits for them any more.
func (r *relay) syncAll(cut bool) change {
	waiting := map[*connection]bool{}
	conns := r.present()
	followed := make(chan *connection, len(conns))
	for _, c := range conns {
		waiting[c] = true
		r.work.Go(func() {
			if err := c.sync(); err != nil {
				r.log.Error("connection does not follow", "link", r.name, "error", err)
				c.end(true) // it must not keep a toxic that nobody knows of
			}
			followed <- c
		})
	}
	collect := func(limit time.Duration) {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		for len(waiting) > 0 {
			select {
			case c := <-followed:
				delete(waiting, c)
			case <-timer.C:
				return
			}
		}
	}
	collect(patience)
	if !cut {
		return change{pending: len(waiting)}
	}
	done := change{cut: len(waiting)}
	for c := range waiting {
		c.end(true)
	}
	collect(afterCut)
	return done
}

// disable refuses and closes everything, whatever else goes on.
func (r *relay) disable() {
	r.mu.Lock()
	r.disabled = true
	r.refuse()
	r.mu.Unlock()
	r.strike()
}

func (r *relay) enable() error {
	r.mu.Lock()
	r.disabled = false
	r.mu.Unlock()
	return r.listenAgain()
}

// close ends the link with everything on it, and returns when its listener is closed.
func (r *relay) close() {
	r.mu.Lock()
	r.shut = true
	r.refuse()
	for _, f := range r.faults {
		f.expiry.Stop()
	}
	clear(r.faults)
	r.mu.Unlock()
	r.cancel()
	r.gate.hold(false)
	for _, c := range r.present() {
		c.end(false)
	}
}

func (r *relay) state() linkState {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := linkState{Name: r.name, Crossed: r.crossed, Open: len(r.conns)}
	for name := range r.faults {
		s.Faults = append(s.Faults, name)
	}
	slices.Sort(s.Faults)
	return s
}
