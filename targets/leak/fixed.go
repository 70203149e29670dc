package leak

import (
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	queueSize   = 16              // events that a client may be behind
	writeWait   = 5 * time.Second // what a write may take
	pingsInWait = 3               // so that one lost answer ends nothing
)

// fixed is a set of listeners that each leaves with its connection.
type fixed struct {
	pongWait time.Duration
	mu       sync.Mutex
	all      map[chan Event]bool
}

func newFixed(pongWait time.Duration) *fixed {
	return &fixed{pongWait: pongWait, all: map[chan Event]bool{}}
}

// serve listens until the client leaves, does not keep up, or does not answer pings any more.
func (h *fixed) serve(conn *websocket.Conn) {
	queue := h.register()
	defer h.remove(queue)
	gone := h.read(conn)
	defer func() {
		_ = conn.Close() // ends the reading
		<-gone
	}()
	buffer, pings := newBuffer(), time.NewTicker(h.pongWait/pingsInWait)
	defer pings.Stop()
	for {
		select {
		case <-gone:
			return
		case e, ok := <-queue:
			_ = conn.SetWriteDeadline(time.Now().Add(writeWait)) // never fails
			if !ok || write(conn, buffer, e) != nil {
				return
			}
		case <-pings.C:
			if conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait)) != nil {
				return
			}
		}
	}
}

// read reads what a client says until it has said nothing, not even to a ping, for too long.
func (h *fixed) read(conn *websocket.Conn) (gone chan struct{}) {
	heard := func(string) error { return conn.SetReadDeadline(time.Now().Add(h.pongWait)) }
	conn.SetPongHandler(heard)
	gone = make(chan struct{})
	go func() {
		defer close(gone)
		for err := heard(""); err == nil; _, _, err = conn.NextReader() {
		}
	}()
	return gone
}

func (h *fixed) register() chan Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	queue := make(chan Event, queueSize)
	h.all[queue] = true
	return queue
}

func (h *fixed) remove(queue chan Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.all, queue)
}

// publish waits for nobody: who is too far behind is let go.
func (h *fixed) publish(e Event) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	told := len(h.all)
	for queue := range h.all {
		select {
		case queue <- e:
		default:
			delete(h.all, queue)
			close(queue)
		}
	}
	return told
}

func (h *fixed) listeners() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.all)
}
