package kit

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// tlsHandshake is the first byte of whoever wants to speak TLS.
const tlsHandshake = 0x16

// either is a listener whose connections speak TLS with clients that begin with it, and are plain with the others.
type either struct {
	net.Listener
	config   *tls.Config
	accepted chan accepted
	closed   chan struct{}
	once     sync.Once
}

type accepted struct {
	conn net.Conn
	err  error
}

func speakEither(l net.Listener, config *tls.Config) net.Listener {
	e := &either{Listener: l, config: config, accepted: make(chan accepted), closed: make(chan struct{})}
	go e.run()
	return e
}

func (e *either) run() {
	for {
		conn, err := e.Listener.Accept()
		if err == nil {
			go e.begin(conn)
			continue
		}
		e.pass(accepted{err: err})
		if errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

// begin waits for the first byte, beside the other connections.
func (e *either) begin(conn net.Conn) {
	first := make([]byte, 1)
	_ = conn.SetReadDeadline(time.Now().Add(readHeaderTimeout)) // a connection that is gone says so when it is read
	if _, err := io.ReadFull(conn, first); err != nil {
		conn.Close()
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	whole := net.Conn(begun{conn, io.MultiReader(bytes.NewReader(first), conn)})
	if first[0] == tlsHandshake {
		whole = tls.Server(whole, e.config)
	}
	e.pass(accepted{conn: whole})
}

func (e *either) pass(a accepted) {
	select {
	case e.accepted <- a:
	case <-e.closed:
		if a.conn != nil {
			a.conn.Close()
		}
	}
}

// Accept returns a connection of which the first byte has come.
func (e *either) Accept() (net.Conn, error) {
	select {
	case a := <-e.accepted:
		return a.conn, a.err
	case <-e.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the listener.
func (e *either) Close() error {
	e.once.Do(func() { close(e.closed) })
	return e.Listener.Close()
}

// begun is a connection whose first byte was read already.
type begun struct {
	net.Conn
	all io.Reader
}

func (b begun) Read(p []byte) (int, error) { return b.all.Read(p) }
