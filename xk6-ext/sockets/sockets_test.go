package sockets

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
)

const patience = 30 * time.Second

// server is a real HTTP server that counts its connections.
type server struct {
	*httptest.Server
	open, handled atomic.Int64
}

func serve(t *testing.T, headerTimeout time.Duration, handler http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.handled.Add(1)
		if handler != nil {
			handler(w, r)
		}
	}))
	s.Config.ReadHeaderTimeout = headerTimeout
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.open.Add(1)
		case http.StateClosed, http.StateHijacked:
			s.open.Add(-1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func until(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !reached(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

// events are counted by what happened.
type events struct {
	mu    sync.Mutex
	all   map[What]int
	after []time.Duration
}

func (e *events) see(one Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all == nil {
		e.all = map[What]int{}
	}
	e.all[one.What]++
	if one.What == Closed {
		e.after = append(e.after, one.After)
	}
}

func (e *events) of(w What) int { e.mu.Lock(); defer e.mu.Unlock(); return e.all[w] }

func ignore(Event) {}

// started begins to hold, and says how to end it and what came of it.
func started(t *testing.T, h *Holder, p Plan, seen func(Event)) (cancel func(), report func() Report) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	reported := make(chan Report, 1)
	go func() {
		r, err := h.Hold(ctx, p, seen)
		if err != nil {
			t.Error(err)
		}
		reported <- r
	}()
	return cancel, func() Report { return <-reported }
}

func TestHalfOpenRequestsAreHeldByAServerWithoutPatienceForHeaders(t *testing.T) {
	t.Parallel()
	s, h, e := serve(t, 0, nil), &Holder{}, &events{}
	cancel, report := started(t, h, Plan{Kind: Slowloris, URL: s.URL, Sockets: 400, For: time.Hour, Every: 20 * time.Millisecond}, e.see)
	until(t, "400 held", func() bool { return s.open.Load() == 400 && h.open.Load() == 400 && e.of(Opened) == 400 })
	cancel()
	if diff := cmp.Diff(Report{Opened: 400, Held: 400, Most: 400}, report()); diff != "" {
		t.Error(diff)
	}
	until(t, "all let go by the server", func() bool { return s.open.Load() == 0 })
	if s.handled.Load() != 0 || h.open.Load() != 0 || h.asked.Load() != 0 || e.of(Closed) != 0 || e.of(Held) == 0 {
		t.Errorf("%d handled, %d open, %d asked for, events %v", s.handled.Load(), h.open.Load(), h.asked.Load(), e.all)
	}
}

func TestAServerThatLosesPatienceIsNoticed(t *testing.T) {
	t.Parallel()
	s, e := serve(t, 300*time.Millisecond, nil), &events{}
	r, err := new(Holder).Hold(context.Background(), Plan{Kind: Slowloris, URL: s.URL, Sockets: 50, Over: 100 * time.Millisecond, For: time.Hour, Every: 50 * time.Millisecond}, e.see)
	if err != nil {
		t.Fatal(err)
	}
	if r.Opened != 50 || r.Closed != 50 || r.Held != 0 || r.Refused != 0 || e.of(Closed) != 50 || s.handled.Load() != 0 {
		t.Errorf("%+v, events %v", r, e.all)
	}
	for _, after := range e.after {
		if after <= 0 {
			t.Errorf("a socket was said to have been open for %v", after)
		}
	}
}

func TestASocketIsOpenedAnewForAsLongAsThePlanLasts(t *testing.T) {
	t.Parallel()
	s, e := serve(t, 100*time.Millisecond, nil), &events{}
	cancel, report := started(t, &Holder{}, Plan{Kind: Slowloris, URL: s.URL, Sockets: 2, For: time.Hour, Reopen: true}, e.see)
	until(t, "both closed twice", func() bool { return e.of(Closed) >= 4 })
	cancel()
	if r := report(); r.Opened < 4 || r.Closed < 4 || r.Most > 2 {
		t.Errorf("%+v", r)
	}
}

// TestWhatASlowRequestSends looks at the bytes themselves.
func TestWhatASlowRequestSends(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	plan := Plan{
		Kind: Slowloris, URL: "http://" + l.Addr().String() + "/a?b=c", For: time.Hour, Every: Fastest, End: Cut,
		Header: http.Header{"Cookie": {"x=y"}},
	}
	cancel, report := started(t, &Holder{}, plan, ignore)
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const head = "GET /a?b=c HTTP/1.1\r\nHost: %\r\nCookie: x=y\r\nX-Slow: aaaaa"
	want := strings.ReplaceAll(head, "%", l.Addr().String())
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, cmp.Diff(want, string(got)))
	}
	cancel()
	if rest, err := io.ReadAll(conn); err != nil || strings.Trim(string(rest), "a") != "" {
		t.Errorf("cut, it ended with %q and %v", rest, err)
	}
	if r := report(); r.Held != 1 {
		t.Errorf("%+v", r)
	}
}

// feed is a server of WebSockets, to each of which it sends a message and a ping.
type feed struct {
	*server
	ponged chan struct{} // an answer to the ping
	ended  chan error    // why a WebSocket ended
}

func upgraded(t *testing.T, pongTimeout time.Duration) feed {
	t.Helper()
	f := feed{ponged: make(chan struct{}, 100), ended: make(chan error, 100)}
	var upgrader websocket.Upgrader
	f.server = serve(t, 0, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ws" {
			http.NotFound(w, r)
			return
		}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		conn.SetPongHandler(func(string) error { f.ponged <- struct{}{}; return conn.SetReadDeadline(time.Time{}) })
		if pongTimeout > 0 {
			conn.SetReadDeadline(time.Now().Add(pongTimeout))
		}
		conn.WriteMessage(websocket.TextMessage, []byte("hello"))
		conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(patience))
		_, _, err = conn.ReadMessage()
		f.ended <- err
	})
	return f
}

func TestWebSocketsEndAsTheServerIsToSeeIt(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		end  End
		seen func(error) bool
	}{
		{Reset, func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }},
		{"", func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }},
		{Cut, func(err error) bool { return websocket.IsCloseError(err, websocket.CloseAbnormalClosure) }},
		{Close, func(err error) bool { return websocket.IsCloseError(err, websocket.CloseNormalClosure) }},
	} {
		t.Run("by "+string(row.end), func(t *testing.T) {
			t.Parallel()
			s := upgraded(t, 0)
			cancel, report := started(t, &Holder{}, Plan{Kind: WebSocket, URL: s.URL + "/ws", For: time.Hour, End: row.end}, ignore)
			<-s.ponged // and the message before it was read
			cancel()
			if err := <-s.ended; !row.seen(err) {
				t.Errorf("the server saw %v", err)
			}
			if r := report(); r.Opened != 1 || r.Held != 1 || r.Messages != 1 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestAPingIsAnsweredUnlessTheSocketIsMute(t *testing.T) {
	t.Parallel()
	s := upgraded(t, 400*time.Millisecond)
	r, err := new(Holder).Hold(context.Background(), Plan{Kind: WebSocket, URL: s.URL + "/ws", Sockets: 5, For: time.Hour, Mute: true}, ignore)
	if err != nil || r.Opened != 5 || r.Closed != 5 || r.Messages != 0 {
		t.Errorf("mute: %+v, %v", r, err)
	}
	for range 5 {
		var timeout net.Error
		if err := <-s.ended; !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("mute: the server saw %v", err)
		}
	}
	s = upgraded(t, patience)
	cancel, report := started(t, &Holder{}, Plan{Kind: WebSocket, URL: strings.Replace(s.URL, "http", "ws", 1) + "/ws", Sockets: 5, For: time.Hour}, ignore)
	for range 5 {
		<-s.ponged
	}
	cancel()
	if r := report(); r.Opened != 5 || r.Held != 5 || r.Closed != 0 || r.Messages != 5 {
		t.Errorf("listening: %+v", r)
	}
}

func TestRefusalsAreCountedAndNamed(t *testing.T) {
	t.Parallel()
	s := upgraded(t, 0)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, row := range []struct {
		name, says string
		plan       Plan
	}{
		{"nobody listens", "connection refused", Plan{Kind: Slowloris, URL: gone.URL}},
		{"nobody listens to a WebSocket", "connection refused", Plan{Kind: WebSocket, URL: gone.URL}},
		{"another answer", "the server answered 404 Not Found", Plan{Kind: WebSocket, URL: s.URL + "/other"}},
		{"no TLS there", "tls: first record does not look like a TLS handshake", Plan{Kind: Slowloris, URL: strings.Replace(s.URL, "http", "https", 1)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var e events
			row.plan.Sockets, row.plan.For = 3, time.Hour
			r, err := new(Holder).Hold(context.Background(), row.plan, e.see)
			if err != nil || r.Refused != 3 || r.Opened != 0 || r.Refusal == nil || e.of(Refused) != 3 {
				t.Fatalf("%+v, %v", r, err)
			}
			if !strings.Contains(r.Refusal.Error(), row.says) {
				t.Errorf("it was refused by %v, not by %s", r.Refusal, row.says)
			}
		})
	}
}

func TestSocketsOverTLS(t *testing.T) {
	t.Parallel()
	lines := make(chan string, 1)
	var upgrader websocket.Upgrader
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		conn.WriteMessage(websocket.TextMessage, []byte("hello"))
		_, _, err = conn.ReadMessage()
		lines <- err.Error()
	}))
	defer s.Close()
	config := s.Client().Transport.(*http.Transport).TLSClientConfig
	for _, p := range []Plan{{Kind: Slowloris, Every: Fastest}, {Kind: WebSocket, End: Close}} {
		p.URL, p.TLS, p.For = s.URL, config, time.Hour
		e := &events{}
		cancel, report := started(t, &Holder{}, p, e.see)
		until(t, "open", func() bool { return e.of(Opened) == 1 })
		cancel()
		if r := report(); r.Opened != 1 || r.Held != 1 {
			t.Errorf("%s: %+v", p.Kind, r)
		}
	}
	if line := <-lines; !strings.Contains(line, "1000") {
		t.Errorf("the server saw %s", line)
	}
}

// TestAnAnswerIsListenedTo: a server that answers a half-open request and keeps the connection still holds it.
func TestAnAnswerIsListenedTo(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cancel, report := started(t, &Holder{}, Plan{Kind: Slowloris, URL: "http://" + l.Addr().String(), For: time.Hour, Every: Fastest}, ignore)
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	io.WriteString(conn, "HTTP/1.1 408 Request Timeout\r\n\r\n")
	for range 200 { // bytes that come long after the answer
		if _, err := reader.ReadByte(); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if r := report(); r.Held != 1 || r.Closed != 0 {
		t.Errorf("%+v", r)
	}
}
