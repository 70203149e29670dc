package sockets

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// openTimeout bounds one try to open a socket, its handshake included.
const openTimeout = 10 * time.Second

// address is where a URL leads to, which must be on loopback: holding a server's sockets is an attack on any other machine.
func (p Plan) address(u *url.URL) (string, error) {
	port := u.Port()
	if port == "" {
		port = map[bool]string{false: "80", true: "443"}[secure(u)]
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return "", fmt.Errorf("%q is no port", port)
	}
	ip := net.ParseIP(u.Hostname())
	if ip == nil {
		if ip, err = p.resolve(net.JoinHostPort(u.Hostname(), port)); err != nil {
			return "", fmt.Errorf("look up %s: %w", u.Hostname(), err)
		}
	}
	if !ip.IsLoopback() {
		return "", fmt.Errorf("sockets are held on loopback addresses only, and %s is at %s", u.Hostname(), ip)
	}
	return (&net.TCPAddr{IP: ip, Port: int(number)}).String(), nil
}

func (p Plan) resolve(hostport string) (net.IP, error) {
	if p.Resolve != nil {
		return p.Resolve(hostport)
	}
	address, err := net.ResolveTCPAddr("tcp", hostport)
	if err != nil {
		return nil, err
	}
	return address.IP, nil
}

// dial makes the TCP connection alone.
func dial(ctx context.Context, address string) (*net.TCPConn, error) {
	conn, err := (&net.Dialer{KeepAlive: -1}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// tls is the configuration for a URL's host, of HTTP/1.1 alone.
func (p Plan) tls(u *url.URL) *tls.Config {
	config := &tls.Config{}
	if p.TLS != nil {
		config = p.TLS.Clone()
	}
	config.ServerName, config.NextProtos = u.Hostname(), []string{"http/1.1"}
	return config
}

// own reports whether it is this machine that can open no further socket, and says what it lacks.
func own(err error) error {
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fmt.Errorf("this process may open no more files (raise ulimit -n): %w", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("this machine has no free port left for a connection to that address: %w", err)
	case errors.Is(err, syscall.ENOBUFS), errors.Is(err, syscall.ENOMEM):
		return fmt.Errorf("this machine has no memory left for a connection: %w", err)
	}
	return nil
}
