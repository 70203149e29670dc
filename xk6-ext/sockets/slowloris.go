package sockets

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// halfOpen is an HTTP request whose head does not end.
type halfOpen struct {
	Plan
	conn net.Conn     // what is written to: over TLS, perhaps
	tcp  *net.TCPConn // below it
}

// halfOpen connects and sends the head of a request, up to the middle of its last header.
func (h *held) halfOpen(ctx context.Context) (socket, error) {
	tcp, err := dial(ctx, h.address)
	if err != nil {
		return nil, err
	}
	s := &halfOpen{h.Plan, tcp, tcp}
	if secure(h.url) {
		over := tls.Client(tcp, h.tls(h.url))
		if err := over.HandshakeContext(ctx); err != nil {
			s.end()
			return nil, err
		}
		s.conn = over
	}
	if _, err := s.conn.Write([]byte(h.head())); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

func (h *held) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\n", h.url.RequestURI(), h.url.Host)
	_ = h.Header.Write(&b) // to memory
	b.WriteString("X-Slow: ")
	return b.String()
}

// keep sends a byte at each interval and listens in between. A server that answers is listened to until it ends.
func (s *halfOpen) keep(ctx context.Context) int {
	defer interrupted(ctx, s.conn)()
	answer := make([]byte, 512)
	for next := time.Now().Add(s.Every); ctx.Err() == nil; {
		_ = s.conn.SetReadDeadline(next) // an ended connection says so when it is read
		if ctx.Err() != nil {
			return 0 // or the deadline would be later than the end
		}
		_, err := s.conn.Read(answer)
		switch {
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return 0
		case ctx.Err() == nil:
			next = next.Add(s.Every)
			if _, err := s.conn.Write([]byte{'a'}); err != nil {
				return 0
			}
		}
	}
	return 0
}

func (s *halfOpen) end() { s.finish(s.tcp) }

// interrupted lets go of who reads or writes when ctx is done. What it returns ends that, and waits if it is under way.
func interrupted(ctx context.Context, conn net.Conn) func() {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		_ = conn.SetDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-done
		}
	}
}
