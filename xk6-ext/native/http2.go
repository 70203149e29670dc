package native

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/devcraft-studio/brunt/xk6-ext/executor"
)

// speakHTTP2 begins HTTP/2 on the open connection. A single connection, unlike a transport's pool, sends no request twice.
func (l *link) speakHTTP2(ctx context.Context) error {
	given := func(context.Context, string, string) (net.Conn, error) { return l.stream, nil }
	t := &http.Transport{DialContext: given, DialTLSContext: given, DisableCompression: true, Protocols: new(http.Protocols)}
	t.Protocols.SetHTTP2(l.tls != nil)
	t.Protocols.SetUnencryptedHTTP2(l.tls == nil)
	conn, err := t.NewClientConn(ctx, l.scheme, l.address)
	if err != nil {
		return err
	}
	l.http2 = conn
	// A deadline of the connection would be one of all its streams, and of the frames in between: requests have their own.
	return l.conn.SetDeadline(time.Time{})
}

// exchange2 sends a message over HTTP/2, once, and awaits the answer.
func (l *link) exchange2(ctx context.Context, m *message, deadline time.Time, x *executor.Exchange) answer {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	begun := time.Now()
	var sent, first atomic.Int64 // nanoseconds after begun, of goroutines of the connection
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest:         func(httptrace.WroteRequestInfo) { sent.Store(int64(time.Since(begun))) },
		GotFirstResponseByte: func() { first.Store(int64(time.Since(begun))) },
	})
	response, err := l.http2.RoundTrip(m.request(ctx))
	if err != nil {
		x.Waiting = time.Since(begun)
		return answer{err: err}
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // it was read to its end, or is given up
	took := time.Since(begun)
	x.Waiting = min(took, time.Duration(first.Load()))
	if wrote := time.Duration(sent.Load()); wrote <= x.Waiting { // else the answer came before the request was complete
		x.Sending, x.Waiting = wrote, x.Waiting-wrote
	}
	x.Receiving = took - x.Sending - x.Waiting
	if err != nil {
		return answer{err: broken(err)}
	}
	return answer{status: response.StatusCode, proto: response.Proto, secure: l.secure, body: body}
}

// request is the message as net/http has it.
func (m *message) request(ctx context.Context) *http.Request {
	r := &http.Request{
		Method: m.form.Method, URL: &url.URL{Scheme: m.form.Scheme, Host: m.form.Host, Opaque: string(m.path)},
		Header: http.Header{"User-Agent": {userAgent}}, Host: m.form.Host, ContentLength: int64(len(m.body)),
	}
	if len(m.body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(m.body))
	}
	agent := false
	for i, value := range m.headers {
		name := http.CanonicalHeaderKey(m.form.Headers[i].Name)
		switch {
		case name == "Host":
			r.Host = string(value)
		case name == "User-Agent" && !agent:
			agent = true
			r.Header.Set(name, string(value))
		default:
			r.Header.Add(name, string(value))
		}
	}
	return r.WithContext(ctx)
}
