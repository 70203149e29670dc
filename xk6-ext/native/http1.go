package native

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/devcraft-studio/brunt/xk6-ext/executor"
)

// answer is what came of a request.
type answer struct {
	status int // 0: there is no answer
	proto  string
	secure string // version of TLS, or ""
	body   []byte // until the next request
	err    error
}

// http11 is the protocol of nearly every answer.
const http11 = "HTTP/1.1"

// userAgent is what a request without a User-Agent says.
const userAgent = "brunt"

// message is a request with its values.
type message struct {
	form    *form
	path    []byte
	headers [][]byte // values, in the form's order
	body    []byte
}

// appendHTTP1 writes the message as HTTP/1.1 has it.
func (m *message) appendHTTP1(b []byte, keepAlive bool) []byte {
	b = append(append(append(b, m.form.Method...), ' '), m.path...)
	b = append(b, " HTTP/1.1\r\n"...)
	if !m.form.hosted {
		b = append(append(append(b, "Host: "...), m.form.Host...), "\r\n"...)
	}
	if !m.form.agent {
		b = append(b, "User-Agent: "+userAgent+"\r\n"...)
	}
	for i, value := range m.headers {
		b = append(append(b, m.form.Headers[i].Name...), ": "...)
		b = append(append(b, value...), "\r\n"...)
	}
	if !keepAlive {
		b = append(b, "Connection: close\r\n"...)
	}
	if len(m.body) > 0 || m.form.Method == http.MethodPost || m.form.Method == http.MethodPut || m.form.Method == http.MethodPatch {
		b = strconv.AppendInt(append(b, "Content-Length: "...), int64(len(m.body)), 10)
		b = append(b, "\r\n"...)
	}
	return append(append(b, "\r\n"...), m.body...)
}

// exchange1 sends a message over HTTP/1.1, once, and awaits the answer.
func (l *link) exchange1(out []byte, method string, x *executor.Exchange) answer {
	begun := time.Now()
	_, err := l.stream.Write(out)
	sent := time.Now()
	x.Sending = sent.Sub(begun)
	if err != nil {
		return answer{err: err}
	}
	_, err = l.reader.Peek(1)
	first := time.Now()
	x.Waiting = first.Sub(sent)
	if err != nil {
		return answer{err: err}
	}
	l.response.SkipBody = method == "HEAD"
	err = l.response.Read(l.reader)
	x.Receiving = time.Since(first)
	if err != nil {
		return answer{err: broken(err)}
	}
	a := answer{status: l.response.StatusCode(), proto: http11, secure: l.secure, body: l.response.Body()}
	if proto := l.response.Header.Protocol(); string(proto) != http11 {
		a.proto = string(proto)
	}
	l.closing = l.response.ConnectionClose() || !l.keepAlive || l.reader.Buffered() > 0 || a.proto != http11
	return a
}

// errMalformed is an answer that is none. What it was is not told, because the text of an error becomes a tag.
var errMalformed = errors.New("malformed HTTP response")

// broken is the error of an answer that began.
func broken(err error) error {
	var network net.Error
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	case errors.As(err, &network):
		return err
	}
	return errMalformed
}
