package native

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// counted is a connection that counts its bytes.
type counted struct {
	net.Conn
	sent, received atomic.Int64

	raw  syscall.RawConn       // nil: it can't be looked at
	look func(fd uintptr) bool // made once: a closure for each request costs
	dead bool                  // what look found

	deadline atomic.Int64 // the latest that was set, Unix nanoseconds
}

func newCounted(conn net.Conn) *counted {
	c := &counted{Conn: conn}
	if s, ok := conn.(syscall.Conn); ok {
		c.raw, _ = s.SyscallConn() // nil: as if there were none
	}
	c.look = func(fd uintptr) bool {
		var one [1]byte
		n, err := syscall.Read(int(fd), one[:])
		c.dead = n > 0 || !errors.Is(err, syscall.EAGAIN)
		return true
	}
	return c
}

// silent says whether the other end has neither closed the connection nor said anything unasked.
func (c *counted) silent() bool { return c.raw == nil || c.raw.Read(c.look) == nil && !c.dead }

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.received.Add(int64(n))
	return n, err
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.sent.Add(int64(n))
	return n, err
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
