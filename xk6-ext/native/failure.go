package native

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// dialError is an error of opening a connection.
type dialError struct{ error }

func (e dialError) Unwrap() error { return e.error }

// failure is an error as k6 names it: a number, and a text without addresses, because it becomes a tag.
type failure struct {
	code int
	text string
}

// k6's numbers of errors: https://grafana.com/docs/k6/latest/javascript-api/error-codes/.
const (
	codeOther            = 1000
	codeNotTCP           = 1010
	codeTimeout          = 1050
	codeDNS              = 1100
	codeNoSuchHost       = 1101
	codeTCP              = 1200
	codeBrokenPipe       = 1201
	codeDial             = 1210
	codeDialTimeout      = 1211
	codeRefused          = 1212
	codeReset            = 1220
	codeTLS              = 1300
	codeNotTLS           = 1301
	codeUnknownAuthority = 1310
	codeWrongHost        = 1311
	codeGoAway           = 1610
	codeStream           = 1630
	codeConnection       = 1650
)

// failureOf names an error.
func failureOf(err error) failure {
	var dialling dialError
	atDial := errors.As(err, &dialling)
	var timeout net.Error
	late := errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
	var dns *net.DNSError
	switch {
	case late && atDial:
		return failure{codeDialTimeout, "dial: i/o timeout"}
	case late:
		return failure{codeTimeout, "request timeout"}
	case errors.As(err, &dns) && dns.IsNotFound:
		return failure{codeNoSuchHost, "lookup: no such host"}
	case errors.As(err, &dns):
		return failure{codeDNS, "lookup: " + dns.Err}
	case errors.Is(err, syscall.ECONNREFUSED):
		return failure{codeRefused, "dial: connection refused"}
	case errors.Is(err, syscall.ECONNRESET):
		return failure{codeReset, operation(err) + ": connection reset by peer"}
	case errors.Is(err, syscall.EPIPE):
		return failure{codeBrokenPipe, operation(err) + ": broken pipe"}
	case atDial:
		return failure{codeDial, "dial: " + innermost(err)}
	}
	if f, ok := tlsFailure(err); ok {
		return f
	}
	if f, ok := http2Failure(err); ok {
		return f
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return failure{codeOther, "unexpected EOF"}
	case errors.Is(err, io.EOF):
		return failure{codeOther, "EOF"}
	}
	var op *net.OpError
	switch {
	case errors.As(err, &op) && !strings.HasPrefix(op.Net, "tcp"): // such as what the other end of TLS complains of
		return failure{codeNotTCP, op.Op + ": " + innermost(err)}
	case op != nil:
		return failure{codeTCP, op.Op + ": " + innermost(err)}
	}
	return failure{codeOther, innermost(err)}
}

func tlsFailure(err error) (failure, bool) {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var header tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &authority):
		return failure{codeUnknownAuthority, "x509: unknown authority"}, true
	case errors.As(err, &host):
		return failure{codeWrongHost, "x509: certificate doesn't match hostname"}, true
	case errors.As(err, &header):
		return failure{codeNotTLS, "tls: first record does not look like a TLS handshake"}, true
	case errors.As(err, &alert):
		return failure{codeTLS, alert.Error()}, true
	}
	return failure{}, false
}

// http2Codes are the names of RFC 9113, section 7, in the order of their numbers.
func http2Codes() []string {
	return []string{
		"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR",
		"REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
	}
}

// http2Failure knows the errors of net/http's HTTP/2 by their texts, for it exports no types of them.
func http2Failure(err error) (failure, bool) {
	text := err.Error()
	for _, kind := range []struct {
		begins, name string
		code         int
	}{
		{"stream error: ", "stream error", codeStream},
		{"connection error: ", "connection error", codeConnection},
		{"http2: server sent GOAWAY", "received GoAway", codeGoAway},
	} {
		if !strings.HasPrefix(text, kind.begins) {
			continue
		}
		for i, name := range http2Codes() {
			if strings.Contains(text, name) {
				return failure{kind.code + 1 + i, "http2: " + kind.name + " with http2 ErrCode " + name}, true
			}
		}
		return failure{kind.code, "http2: " + kind.name}, true
	}
	return failure{}, false
}

// operation is what a network error happened at: read, write.
func operation(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op
	}
	return "read"
}

// innermost is the text of the error below all others, in which no addresses stand, and no more of it than a tag can hold.
func innermost(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			break
		}
		err = inner
	}
	text := err.Error()
	if len(text) > 100 {
		text = strings.ToValidUTF8(text[:100], "")
	}
	return text
}
