package sockets

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/gorilla/websocket"
)

// parting is how long an orderly end waits for the server's close frame.
const parting = time.Second

// listener is a WebSocket that says nothing of its own.
type listener struct {
	Plan
	conn *websocket.Conn
	tcp  *net.TCPConn
}

// webSocket connects and shakes hands.
func (h *held) webSocket(ctx context.Context) (socket, error) {
	s := &listener{Plan: h.Plan}
	dialer := websocket.Dialer{
		NetDialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			tcp, err := dial(ctx, h.address)
			if err != nil {
				return nil, err
			}
			s.tcp = tcp
			return tcp, nil
		},
		TLSClientConfig: h.tls(h.url), ReadBufferSize: 1024, WriteBufferSize: 256,
	}
	u := *h.url
	u.Scheme = map[bool]string{false: "ws", true: "wss"}[secure(h.url)]
	conn, response, err := dialer.DialContext(ctx, u.String(), h.Header)
	if response != nil {
		_ = response.Body.Close() // its beginning, in memory
	}
	if err != nil {
		if s.tcp != nil {
			s.end()
		}
		if response != nil && errors.Is(err, websocket.ErrBadHandshake) {
			return nil, fmt.Errorf("the server answered %s", response.Status)
		}
		return nil, err
	}
	s.conn = conn
	return s, nil
}

func (s *listener) keep(ctx context.Context) int {
	defer interrupted(ctx, s.conn.NetConn())()
	if s.Mute {
		waste := make([]byte, 512)
		for {
			if _, err := s.conn.NetConn().Read(waste); err != nil {
				return 0
			}
		}
	}
	for messages := 0; ; messages++ { // pings are answered where messages are read
		if _, _, err := s.conn.NextReader(); err != nil {
			return messages
		}
	}
}

func (s *listener) end() {
	if s.End == Close && s.conn != nil {
		s.part()
	}
	s.finish(s.tcp)
}

// part says goodbye and listens until the server has done so too.
func (s *listener) part() {
	until := time.Now().Add(parting)
	if s.conn.NetConn().SetDeadline(until) != nil {
		return
	}
	goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	if s.conn.WriteControl(websocket.CloseMessage, goodbye, until) != nil {
		return // the server was faster
	}
	waste := make([]byte, 512)
	for {
		if _, err := s.conn.NetConn().Read(waste); err != nil {
			return
		}
	}
}
