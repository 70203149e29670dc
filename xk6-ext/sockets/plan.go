package sockets

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// The bounds of what may be asked for.
const (
	MostSockets = 10_000 // open at a time in a process
	Longest     = time.Hour
	Fastest     = 10 * time.Millisecond // between two bytes of a Slowloris socket
)

// Kind is what a socket does while it is held.
type Kind string

// The kinds. The zero value is none.
const (
	Slowloris Kind = "slowloris"
	WebSocket Kind = "websocket"
)

// End is how a socket that its server left open is ended.
type End string

// The ends. The zero value is Reset.
const (
	Reset End = "reset" // a TCP reset: as of a process that was killed with data in flight
	Cut   End = "cut"   // a TCP end (FIN), of a WebSocket without a close frame: as of a process that died
	Close End = "close" // of a WebSocket: a close frame, and then the server's own
)

// Plan says which sockets are opened, when, and what becomes of them.
type Plan struct {
	Kind Kind
	URL  string // http, https, ws or wss, either way; at a loopback address

	Sockets int           // how many are held; default 1
	Over    time.Duration // they are opened evenly over this time; 0: all at once
	For     time.Duration // from the first opening to the end of all; more than 0
	Reopen  bool          // one that its server ended, or refused, is tried again, a second after its last try at the soonest

	Every time.Duration // of Slowloris: from one byte to the next; default 2 s
	Mute  bool          // of WebSocket: what arrives is thrown away unread, and nothing is ever answered, pings neither
	End   End

	Header http.Header // of the request that opens
	TLS    *tls.Config // of https and wss; nil: the default
	// Resolve looks up the address of host:port; nil: as the system does.
	Resolve func(hostport string) (net.IP, error)
}

// Report is what came of a plan.
type Report struct {
	Opened   int // sockets that the server took, each time that it did
	Refused  int // tries that failed: no connection, or none within ten seconds, or another answer than a WebSocket's
	Closed   int // sockets that the server ended before their time
	Held     int // sockets that were open until the end
	Most     int // open at the same time
	Messages int // that WebSockets received, of those that are not mute
	// Refusal is why the first try failed that did.
	Refusal error
}

// settled is the plan with its defaults, or what is wrong with it.
func (p Plan) settled() (Plan, *url.URL, error) {
	if p.Sockets == 0 {
		p.Sockets = 1
	}
	if p.Every == 0 {
		p.Every = 2 * time.Second
	}
	if p.End == "" {
		p.End = Reset
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return p, nil, fmt.Errorf("no URL: %w", err)
	}
	switch {
	case p.Kind != Slowloris && p.Kind != WebSocket:
		err = fmt.Errorf("unknown kind %q", p.Kind)
	case u.Hostname() == "" || !webSchemes(u.Scheme):
		err = fmt.Errorf("%q is no URL such as http://127.0.0.1:8080/path or ws://127.0.0.1:8080/path", p.URL)
	case p.Sockets < 1 || p.Sockets > MostSockets:
		err = fmt.Errorf("sockets is %d: from 1 to %d may be held", p.Sockets, MostSockets)
	case p.For <= 0 || p.For > Longest:
		err = fmt.Errorf("for is %v: sockets are held for up to %v", p.For, Longest)
	case p.Over < 0 || p.Over > p.For:
		err = fmt.Errorf("over is %v: sockets are opened within the time that they are held for, %v", p.Over, p.For)
	case p.Every < Fastest:
		err = fmt.Errorf("every is %v: a byte follows another after %v at least", p.Every, Fastest)
	case p.End != Reset && p.End != Cut && p.End != Close:
		err = fmt.Errorf("end is %q: a socket ends by %s, %s or, of a WebSocket, %s", p.End, Reset, Cut, Close)
	case p.Kind == Slowloris && p.End == Close:
		err = errors.New("end is close: only a WebSocket has a close frame")
	case p.Kind == Slowloris && p.Mute:
		err = errors.New("mute is of WebSockets: half-open requests never answer")
	}
	return p, u, err
}

func webSchemes(scheme string) bool {
	return scheme == "http" || scheme == "https" || scheme == "ws" || scheme == "wss"
}

func secure(u *url.URL) bool { return u.Scheme == "https" || u.Scheme == "wss" }
