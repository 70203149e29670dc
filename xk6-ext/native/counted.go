package native

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/devcraft-studio/brunt/xk6-ext/executor"
)

// counted is a connection that counts its bytes, and sends and receives without the Go scheduler, see executor.ReadNow. Like any
// connection it may be read from by one goroutine and written to by another.
type counted struct {
	net.Conn
	sent, received atomic.Int64

	raw syscall.RawConn // nil: there is no socket to get at
	// What RawConn calls, made once, because a closure for each request costs.
	look, receive, send func(fd uintptr) bool

	dead   bool   // what look found
	in     []byte // to be filled
	got    int
	inErr  error
	out    []byte // to be sent
	outErr error

	deadline atomic.Int64 // the latest that was set, Unix nanoseconds
}

func newCounted(conn net.Conn) *counted {
	c := &counted{Conn: conn}
	if s, ok := conn.(syscall.Conn); ok {
		c.raw, _ = s.SyscallConn() // nil: as if there were none
	}
	c.look = func(fd uintptr) bool {
		var one [1]byte
		n, err := executor.ReadNow(fd, one[:])
		c.dead = n > 0 || !errors.Is(err, syscall.EAGAIN)
		return true
	}
	c.receive = func(fd uintptr) bool {
		c.got, c.inErr = executor.ReadNow(fd, c.in)
		return !errors.Is(c.inErr, syscall.EAGAIN)
	}
	c.send = func(fd uintptr) bool {
		for len(c.out) > 0 {
			n, err := executor.WriteNow(fd, c.out)
			if c.outErr = err; err != nil {
				return !errors.Is(err, syscall.EAGAIN)
			}
			c.out = c.out[n:]
		}
		return true
	}
	return c
}

// silent says whether the other end has neither closed the connection nor said anything unasked.
func (c *counted) silent() bool { return c.raw == nil || c.raw.Read(c.look) == nil && !c.dead }

func (c *counted) Read(b []byte) (int, error) {
	if c.raw == nil || len(b) == 0 {
		n, err := c.Conn.Read(b)
		c.received.Add(int64(n))
		return n, err
	}
	c.in, c.got = b, 0
	err := c.raw.Read(c.receive)
	c.in = nil
	switch {
	case err != nil || c.inErr != nil:
		return 0, c.failed("read", err, c.inErr)
	case c.got == 0:
		return 0, io.EOF
	}
	c.received.Add(int64(c.got))
	return c.got, nil
}

func (c *counted) Write(b []byte) (int, error) {
	if c.raw == nil || len(b) == 0 {
		n, err := c.Conn.Write(b)
		c.sent.Add(int64(n))
		return n, err
	}
	c.out, c.outErr = b, nil
	err := c.raw.Write(c.send)
	n := len(b) - len(c.out)
	c.out = nil
	c.sent.Add(int64(n))
	if err != nil || c.outErr != nil {
		return n, c.failed("write", err, c.outErr)
	}
	return n, nil
}

// failed is an error as a net.Conn returns it: waiting ended, by a deadline or because the connection was closed, or the system
// call failed.
func (c *counted) failed(operation string, waiting, call error) error {
	failed := &net.OpError{Op: operation, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError(operation, call)}
	if waiting != nil {
		failed.Err = waiting
		var op *net.OpError
		if errors.As(waiting, &op) {
			failed.Err = op.Err
		}
	}
	return failed
}

// deadlineSlack is the part of the time to a deadline by which it may be set too late: 64 then means 1/64.
const deadlineSlack = 64

// until sets the deadline of a request. Setting one costs, so that it is set a little later than asked for, and then holds for
// the requests of the next moment too: a timeout rings at most 1/64 late.
func (c *counted) until(deadline time.Time) error {
	have := time.Duration(c.deadline.Load() - deadline.UnixNano())
	slack := time.Until(deadline) / deadlineSlack
	if have >= 0 && have <= slack {
		return nil
	}
	later := deadline.Add(slack)
	c.deadline.Store(later.UnixNano())
	return c.Conn.SetDeadline(later)
}

// SetDeadline sets exactly that deadline. It is called from outside, too, to end what a request waits on.
func (c *counted) SetDeadline(t time.Time) error {
	c.deadline.Store(t.UnixNano())
	return c.Conn.SetDeadline(t)
}
