// Package leak is a feed: clients listen over WebSockets, and what is published reaches all of them.
//
//	GET /ws         listens (RFC 6455): each event from then on, as a text {"id", "text", "at"}
//	POST /publish   {"text"}; 202 with {"id", "listeners"}
//
// What happened: a notification service kept a list of callbacks, one for each client that had connected, and nobody took
// any off it. A callback holds what it needs to write to its client, so that each visit left some 70 KB behind. It happens to
// whoever adds a listener at a place that has no end (an event bus, a hub, an observer) and to whom clients come and go.
//
// From outside: memory grows with the number of visits, not with that of clients, between restarts "to be safe"; publishing grows
// slower, because the dead are told too; nothing fails until the process is out of memory. Beside it, clients whose network is
// gone say no goodbye: their connections, and a goroutine each, stay for ever where nobody asks whether they are still there.
//
// What mends it: who adds a listener removes it where it ends (defer), a queue for each that is bounded, so that one client
// that does not keep up loses its place instead of stopping all, and pings, with a deadline for their answer.
//
// PONG_WAIT (default 20s) is how long fixed waits for the answer. The metrics feed_listeners and feed_open_sockets tell the two
// numbers that should be one.
package leak

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/devcraft-studio/brunt/targets/kit"
)

const (
	bufferSize   = 64 << 10 // in which the events for one client are written
	longestWords = 512      // bytes of what a client says
)

// Event is what was published.
type Event struct {
	ID   int64     `json:"id"`
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// hub is what the variants differ in.
type hub interface {
	// serve writes to a connection what is published from now on, and returns when it has ended.
	serve(conn *websocket.Conn)
	// publish hands an event to all listeners, and returns how many there were.
	publish(e Event) int
	listeners() int
}

// Target is the reference target of this package.
func Target() kit.Target {
	return kit.Target{Name: "leak", About: "a feed over WebSockets that remembers who left", Open: open}
}

func open(ctx context.Context, env kit.Environment) (kit.Service, error) {
	wait, err := env.Duration("PONG_WAIT", 20*time.Second)
	if err != nil {
		return kit.Service{}, err
	}
	feed := &feed{ctx: ctx, hub: &naive{}}
	if env.Variant == kit.Fixed {
		feed.hub = newFixed(wait)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", feed.listen)
	mux.HandleFunc("POST /publish", feed.publish)
	return kit.Service{Handler: mux, Close: feed.ended.Wait}, errors.Join(
		env.Gauge("feed_listeners", "Listeners that are told of an event.", func() float64 { return float64(feed.hub.listeners()) }),
		env.Gauge("feed_open_sockets", "WebSockets that are open.", func() float64 { return float64(feed.open.Load()) }),
	)
}

// feed turns HTTP into calls of the hub; it is the same for both variants.
type feed struct {
	ctx      context.Context // of the process
	hub      hub
	upgrader websocket.Upgrader
	events   atomic.Int64
	open     atomic.Int64
	ended    sync.WaitGroup // of the connections
}

func (f *feed) listen(w http.ResponseWriter, r *http.Request) {
	conn, err := f.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the client has been told
	}
	f.open.Add(1)
	f.ended.Add(1)
	defer f.ended.Done()
	defer f.open.Add(-1)
	defer conn.Close()
	defer context.AfterFunc(f.ctx, func() { _ = conn.Close() })() // the server waits for requests only, and this is none any more
	conn.SetReadLimit(longestWords)
	f.hub.serve(conn)
}

func (f *feed) publish(w http.ResponseWriter, r *http.Request) {
	var given struct{ Text string }
	if err := kit.ReadJSON(w, r, &given); err != nil || given.Text == "" {
		http.Error(w, `the body is {"text": "…"}, of up to 4 KiB`, http.StatusBadRequest)
		return
	}
	e := Event{ID: f.events.Add(1), Text: given.Text, At: time.Now()}
	listeners := f.hub.publish(e)
	kit.WriteJSON(w, http.StatusAccepted, fmt.Appendf(nil, `{"id":%d,"listeners":%d}`, e.ID, listeners))
}

// write writes an event into a listener's buffer, and that to its client.
func write(conn *websocket.Conn, buffer *bytes.Buffer, e Event) error {
	buffer.Reset()
	_ = json.NewEncoder(buffer).Encode(e) // to memory
	return conn.WriteMessage(websocket.TextMessage, buffer.Bytes())
}

func newBuffer() *bytes.Buffer { return bytes.NewBuffer(make([]byte, 0, bufferSize)) }
