package leak

import (
	"sync"

	"github.com/gorilla/websocket"
)

// naive is a list of callbacks that only grows.
type naive struct {
	mu  sync.Mutex
	all []func(Event)
}

// serve listens until the client says that it leaves, or its connection does. One that does neither stays.
func (h *naive) serve(conn *websocket.Conn) {
	buffer := newBuffer()
	h.register(func(e Event) {
		_ = write(conn, buffer, e) // a client that left is no concern of ours
	})
	for {
		if _, _, err := conn.NextReader(); err != nil {
			return
		}
	}
}

func (h *naive) register(listener func(Event)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, listener)
}

// publish writes to one client after another.
func (h *naive) publish(e Event) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, listener := range h.all {
		listener(e)
	}
	return len(h.all)
}

func (h *naive) listeners() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.all)
}
