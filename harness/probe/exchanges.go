package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Exchanges stands on links and counts how often a client began to send, since it had connected or was last answered: the round trips
// that it waited for, connection by connection. Ten at once over ten connections are ten, and so are ten one after another; a
// pipeline that is sent before its first answer comes is one. What opens and ends a connection counts, too, as do BEGIN and COMMIT.
type Exchanges struct {
	count atomic.Int64
	work  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	open   map[io.Closer]bool // listeners and connections
}

// dialExchange is how long the upstream has to accept a connection.
const dialExchange = 10 * time.Second

// Open makes it listen and pass on to upstream, as topology's Linker does.
func (e *Exchanges) Open(ctx context.Context, name, listen, upstream string) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return "", fmt.Errorf("open link %s: %w", name, err)
	}
	if !e.hold(listener) {
		return "", fmt.Errorf("open link %s: %w", name, net.ErrClosed)
	}
	e.work.Go(func() {
		for {
			client, err := listener.Accept()
			switch {
			case errors.Is(err, net.ErrClosed):
				return
			case err != nil: // out of file descriptors, or a client that left: it passes
				time.Sleep(10 * time.Millisecond)
			default:
				e.work.Go(func() { e.serve(client, upstream) })
			}
		}
	})
	return listener.Addr().String(), nil
}

// Count is how many exchanges there were, on all links together.
func (e *Exchanges) Count() int64 { return e.count.Load() }

// serve passes on what the two ends of a connection send each other, until both have ended.
func (e *Exchanges) serve(client net.Conn, upstream string) {
	defer e.drop(client)
	if !e.hold(client) {
		return
	}
	server, err := net.DialTimeout("tcp", upstream, dialExchange)
	if err != nil {
		return
	}
	defer e.drop(server)
	if !e.hold(server) {
		return
	}
	var asking atomic.Bool
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		pass(client, server, func() { asking.Store(false) }) // before the client has it, and may ask again
	}()
	pass(server, client, func() {
		if !asking.Swap(true) {
			e.count.Add(1)
		}
	})
	<-answered
}

// pass copies from one end to the other and tells of each piece before it is passed on. The end of one direction is passed on, too.
func pass(to, from net.Conn, tell func()) {
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		if n > 0 {
			tell()
			if _, err := to.Write(piece[:n]); err != nil {
				_ = from.Close() // whoever sends has to see that nobody listens any more
				return
			}
		}
		if err != nil {
			break
		}
	}
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite() // it may be gone already
	}
}

// hold notes what Close ends, and says whether there is still time.
func (e *Exchanges) hold(c io.Closer) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		_ = c.Close()
		return false
	}
	if e.open == nil {
		e.open = map[io.Closer]bool{}
	}
	e.open[c] = true
	return true
}

func (e *Exchanges) drop(c io.Closer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, c)
	_ = c.Close()
}

// Close ends what Open began.
func (e *Exchanges) Close() {
	e.mu.Lock()
	e.closed = true
	for c := range e.open {
		_ = c.Close()
	}
	e.mu.Unlock()
	e.work.Wait()
}
