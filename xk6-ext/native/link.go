package native

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/devcraft-studio/brunt/xk6-ext/executor"
	"github.com/devcraft-studio/brunt/xk6-ext/requests"
)

// origin is where requests of a scheme and host go, and how.
type origin struct {
	scheme, host string
	address      string      // with the port
	tls          *tls.Config // nil over http
	http2        bool
	keepAlive    bool
}

// originOf makes the origin of a request.
func originOf(scheme, host string, o requests.HTTP) (*origin, error) {
	at := &origin{scheme: scheme, host: host, address: host, http2: o.Version == requests.HTTP2, keepAlive: !o.NoKeepAlive}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		port := map[string]string{"http": "80", "https": "443"}[scheme]
		name = trimBrackets(host)
		at.address = net.JoinHostPort(name, port)
	}
	if scheme != "https" {
		return at, nil
	}
	at.tls = &tls.Config{ServerName: name, InsecureSkipVerify: o.Insecure, NextProtos: []string{"http/1.1"}}
	if at.http2 {
		at.tls.NextProtos = []string{"h2"}
	}
	if o.CA == "" {
		return at, nil
	}
	at.tls.RootCAs, err = trusted(o.CA)
	return at, err
}

func trimBrackets(host string) string {
	if n := len(host); n > 2 && host[0] == '[' && host[n-1] == ']' {
		return host[1 : n-1]
	}
	return host
}

// trusted are the certificates of the system and those of a file.
func trusted(file string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the certificates to trust: %w", err)
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read the certificates to trust: there are none in %s", file)
	}
	return pool, nil
}

// largestHeader bounds the header of an answer over HTTP/1.1, in bytes.
const largestHeader = 32 << 10

// link is a worker's connection to an origin, opened when it is needed.
type link struct {
	*origin
	cutOff *atomic.Pointer[counted] // what a worker waits on, for who ends the load

	conn   *counted // nil: closed
	stream net.Conn // conn, or TLS over it
	reader *bufio.Reader
	http2  *http.ClientConn
	secure string // version of TLS

	response fasthttp.Response
	closing  bool // after the answer that came last

	sentBefore, receivedBefore int64 // counted by closed or former requests
}

// ready makes sure that there is a connection, and notes what that took.
func (l *link) ready(ctx context.Context, deadline time.Time, x *executor.Exchange) error {
	if l.conn != nil && l.usable(deadline) {
		return ctx.Err()
	}
	l.close()
	begun := time.Now()
	dialer := net.Dialer{Deadline: deadline}
	conn, err := dialer.DialContext(ctx, "tcp", l.address)
	x.Connecting = time.Since(begun)
	if err != nil {
		return dialError{err}
	}
	l.open(conn)
	if err := l.conn.until(deadline); err != nil {
		return err
	}
	if l.tls != nil {
		begun := time.Now()
		err := l.handshake(ctx)
		x.TLSHandshaking = time.Since(begun)
		if err != nil {
			return err
		}
	}
	if l.origin.http2 {
		return l.speakHTTP2(ctx)
	}
	if l.reader == nil {
		l.reader = bufio.NewReaderSize(l.stream, largestHeader)
	}
	l.reader.Reset(l.stream)
	return ctx.Err()
}

func (l *link) open(conn net.Conn) {
	l.conn = newCounted(conn)
	l.stream = l.conn
	l.sentBefore, l.receivedBefore = 0, 0
	l.cutOff.Store(l.conn)
}

func (l *link) handshake(ctx context.Context) error {
	over := tls.Client(l.conn, l.tls)
	if err := over.HandshakeContext(ctx); err != nil {
		return err
	}
	l.stream = over
	state := over.ConnectionState()
	l.secure = versionName(state.Version)
	if l.origin.http2 && state.NegotiatedProtocol != "h2" {
		return errors.New("the server does not speak HTTP/2")
	}
	return nil
}

// versionName names a version of TLS as k6 does.
func versionName(version uint16) string {
	return map[uint16]string{
		tls.VersionTLS10: "tls1.0", tls.VersionTLS11: "tls1.1", tls.VersionTLS12: "tls1.2", tls.VersionTLS13: "tls1.3",
	}[version]
}

// usable says whether an idle connection can still be used: the server has not closed it, and has said nothing unasked. It
// sets its deadline.
func (l *link) usable(deadline time.Time) bool {
	if l.http2 != nil {
		return l.http2.Err() == nil && l.http2.Available() > 0
	}
	return l.conn.until(deadline) == nil && l.conn.silent()
}

// close closes the connection. Another is opened when it is needed.
func (l *link) close() {
	if l.conn == nil {
		return
	}
	l.cutOff.Store(nil)
	if l.http2 != nil {
		_ = l.http2.Close()
	}
	_ = l.conn.Close() // whatever is wrong with it, it is not used any more
	l.conn, l.stream, l.http2, l.secure, l.closing = nil, nil, nil, "", false
}

// volume is how many bytes went and came since the last call.
func (l *link) volume() (sent, received int64) {
	if l.conn == nil {
		return 0, 0
	}
	s, r := l.conn.sent.Load(), l.conn.received.Load()
	sent, received = s-l.sentBefore, r-l.receivedBefore
	l.sentBefore, l.receivedBefore = s, r
	return sent, received
}
