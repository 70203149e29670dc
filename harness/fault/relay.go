package fault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
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
	alarm  *alarm
	log    *slog.Logger
	work   sync.WaitGroup
	report func(fault string, at time.Time) // of an expiry

	changing sync.Mutex // one change at a time

	mu       sync.Mutex
	listener net.Listener // nil while connections are refused
	disabled bool
	shut     bool
	faults   map[string]*inForce
	conns    map[*connection]bool
	ordinals [2]uint64 // of the last connection and the last probe
	crossed  int64
	filtered bool // the listener has lost requests to connect: what it accepted may have inherited that

	exchanges atomic.Int64
	tolls     tolls

	burden atomic.Pointer[burden] // of the faults; it is stored with mu held
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
	b := r.burden.Load()
	if r.listener != nil || r.disabled || b.down {
		return nil
	}
	config := net.ListenConfig{}
	config.SetMultipathTCP(false) // its sockets take no filter
	if share := b.unheard(); share > 0 {
		r.filtered = true
		config.Control = func(_, _ string, socket syscall.RawConn) error { return lose(socket, share) }
	}
	listener, err := config.Listen(r.ctx, "tcp", r.address)
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
	b := r.burden.Load()
	if b.connect > 0 {
		c.due = time.Now().Add(b.connect)
	}
	refused := r.shut || r.disabled || b.down || b.reset
	if !refused {
		r.conns[c] = true
		c.ordinal = r.ordinal(c.probe)
		if r.filtered {
			c.leaks[0].share = inherited
		}
	}
	r.mu.Unlock()
	if refused {
		if !c.probe {
			r.exchanges.Add(1) // the client asks for something, though nothing hears what
		}
		c.end(true)
		return
	}
	if !r.follows(c) {
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
	dialer := net.Dialer{}
	share := r.burden.Load().loss
	if share > 0 {
		dialer.Control = func(_, _ string, socket syscall.RawConn) error { return lose(socket, share) }
	}
	conn, err := dialer.DialContext(ctx, "tcp", upstream)
	if err != nil {
		r.log.Debug("upstream not reached", "link", r.name, "error", err)
		c.end(true)
		return
	}
	if !c.connect(conn.(*net.TCPConn), share > 0) || !r.follows(c) {
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

// follows brings a new socket of a connection to the share of packets that the link loses. It tells whether the connection goes on.
func (r *relay) follows(c *connection) bool {
	err := c.lose()
	if err != nil {
		r.log.Error("connection does not follow", "link", r.name, "error", err)
		c.end(true)
	}
	return err == nil
}

// ordinal is that of a new connection. Probes have their own, so that they take none away. r.mu is held.
func (r *relay) ordinal(probe bool) uint64 {
	if probe {
		r.ordinals[1]++
		return r.ordinals[1] | 1<<63
	}
	r.ordinals[0]++
	return r.ordinals[0]
}

func (r *relay) forget(c *connection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
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
	r.bear()
	r.mu.Unlock()
	r.cancel()
	for _, c := range r.present() {
		c.end(false)
	}
}

func (r *relay) state() linkState {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := linkState{Name: r.name, Crossed: r.crossed, Exchanges: r.exchanges.Load(), Open: len(r.conns)}
	for name := range r.faults {
		s.Faults = append(s.Faults, name)
	}
	slices.Sort(s.Faults)
	return s
}
