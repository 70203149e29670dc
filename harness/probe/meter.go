package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Meter stands before a service that speaks HTTP and lets one request through at a time, so that what is counted between the
// beginnings of two of them is what the first had done. It costs time, and no count.
type Meter struct {
	// Before is called before each request. Its error ends the metering: that request and all that follow are not answered.
	Before func(ctx context.Context) error
	// After is told of each request that was answered, or was not: its status is 0 then.
	After func(Metered)
	// Endless is told of a request that has no end at which it could be counted: one for a WebSocket, or for a tunnel. It ends the
	// metering as an error of Before does.
	Endless func(endpoint string)

	mu      sync.Mutex // held while a request is under way
	ended   bool
	servers []*http.Server
	serving sync.WaitGroup
}

// Metered is one request.
type Metered struct {
	Endpoint string
	Status   int
	Bytes    int64 // of the answer's body
}

// Open makes the meter listen and pass on to upstream, as topology's Linker does.
func (m *Meter) Open(_ context.Context, name, listen, upstream string) (string, error) {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return "", fmt.Errorf("open link %s: %w", name, err)
	}
	to := &url.URL{Scheme: "http", Host: upstream}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host, r.Out.URL.RawQuery = r.In.Host, r.In.URL.RawQuery // the service sees what it would see without us
		for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
			if values, ok := r.In.Header[name]; ok {
				r.Out.Header[name] = values
			}
		}
	}}
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	proxy.FlushInterval = -1
	proxy.Transport = versions{
		one: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 1},
		two: &http.Transport{DisableCompression: true, Protocols: priorKnowledge(false)},
	}
	server := &http.Server{Handler: m.handler(proxy), ReadHeaderTimeout: time.Minute, ErrorLog: proxy.ErrorLog, Protocols: priorKnowledge(true)}
	m.mu.Lock()
	m.servers = append(m.servers, server)
	m.mu.Unlock()
	m.serving.Go(func() { _ = server.Serve(listener) }) // until Close
	return listener.Addr().String(), nil
}

// priorKnowledge is HTTP/2 without TLS, as gRPC speaks it, and perhaps HTTP/1.
func priorKnowledge(one bool) *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(one)
	p.SetUnencryptedHTTP2(true)
	return &p
}

// versions speaks to the service the version of HTTP that it is spoken to in.
type versions struct{ one, two http.RoundTripper }

func (v versions) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.ProtoMajor == 2 {
		return v.two.RoundTrip(r)
	}
	return v.one.RoundTrip(r)
}

func (m *Meter) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case m.pass(w, r, next):
		case endless(r): // its client would wait for ever
			w.WriteHeader(http.StatusNotImplemented)
		default:
			<-r.Context().Done() // an answer would be an error that the service did not make
		}
	})
}

// pass lets a request through, unless the metering has ended.
func (m *Meter) pass(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	endpoint := EndpointOf(r.Method, r.URL.Path)
	if !m.ended && endless(r) {
		m.ended = true
		m.Endless(endpoint)
	}
	m.ended = m.ended || m.Before(r.Context()) != nil
	if m.ended {
		return false
	}
	counted := &countedAnswer{ResponseWriter: w}
	defer func() { m.After(Metered{endpoint, counted.status, counted.bytes}) }() // even when the client has gone
	next.ServeHTTP(counted, r)
	return true
}

// endless says whether a request asks for a connection that stays open when it has been answered. A client that would only like
// another version of HTTP (h2c) is answered in this one.
func endless(r *http.Request) bool {
	return r.Method == http.MethodConnect || r.Header.Get("Upgrade") != "" && !strings.EqualFold(r.Header.Get("Upgrade"), "h2c")
}

// Close ends what Open began.
func (m *Meter) Close() error {
	m.mu.Lock()
	servers := m.servers
	m.mu.Unlock()
	var problems []error
	for _, s := range servers {
		problems = append(problems, s.Close())
	}
	m.serving.Wait()
	return errors.Join(problems...)
}

// countedAnswer counts what is answered.
type countedAnswer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (c *countedAnswer) WriteHeader(status int) {
	if status >= http.StatusOK {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *countedAnswer) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(b)
	c.bytes += int64(n)
	return n, err
}

func (c *countedAnswer) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// identifier is a part of a path that differs from request to request: a number, a long hexadecimal text, or a longer one of letters
// and digits, as UUIDs and tokens are.
var identifier = regexp.MustCompile(`^(\d+|[0-9a-fA-F]{16,}|[0-9A-Za-z_.~-]{20,})$`)

var digit = regexp.MustCompile(`\d`)

// EndpointOf names an endpoint by method and path, with {id} in place of what identifies.
func EndpointOf(method, path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if identifier.MatchString(part) && digit.MatchString(part) {
			parts[i] = "{id}"
		}
	}
	return method + " " + strings.Join(parts, "/")
}
