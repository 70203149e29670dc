package leak

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/kit/kittest"
)

const patience = 30 * time.Second

// served is a variant behind a real server.
type served struct {
	*testing.T
	url string
}

func serve(t *testing.T, variant kit.Variant, env map[string]string) served {
	t.Helper()
	e := kittest.Environment(variant, env)
	ctx, end := context.WithCancel(context.Background())
	service, err := Target().Open(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(kit.Routes(e, service))
	t.Cleanup(func() {
		end()
		server.Close()
		service.Close()
	})
	return served{t, server.URL}
}

// listen opens a WebSocket, which ends with the test at the latest.
func (s served) listen() *websocket.Conn {
	s.Helper()
	conn := s.dial()
	s.Cleanup(func() { conn.Close() })
	return conn
}

func (s served) dial() *websocket.Conn {
	s.Helper()
	conn, _, err := websocket.DefaultDialer.Dial(strings.Replace(s.url, "http", "ws", 1)+"/ws", nil)
	if err != nil {
		s.Fatal(err)
	}
	return conn
}

func (s served) publish(body string) (int, string) {
	s.Helper()
	response, err := http.Post(s.url+"/publish", "application/json", strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// told is a gauge of the service.
func (s served) told(name string) (n int) {
	s.Helper()
	response, err := http.Get(s.url + "/metrics")
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	_, value, _ := strings.Cut(string(text), "\n"+name+" ")
	if _, err := fmt.Sscan(value, &n); err != nil {
		s.Fatalf("%s: %v", name, err)
	}
	return n
}

// until waits until listeners and open sockets are so many.
func (s served) until(listeners, sockets int) {
	s.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		l, o := s.told("feed_listeners"), s.told("feed_open_sockets")
		if l == listeners && o == sockets {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("%d listeners and %d open sockets, want %d and %d", l, o, listeners, sockets)
		}
	}
}

func variants(t *testing.T, run func(t *testing.T, v kit.Variant)) {
	for _, v := range []kit.Variant{kit.Naive, kit.Fixed} {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			run(t, v)
		})
	}
}

func TestWhatIsPublishedReachesAllListeners(t *testing.T) {
	variants(t, func(t *testing.T, v kit.Variant) {
		s := serve(t, v, nil)
		first, second := s.listen(), s.listen()
		s.until(2, 2)
		if code, text := s.publish(`{"text": "hello"}`); code != 202 || text != `{"id":1,"listeners":2}` {
			t.Errorf("answered %d: %s", code, text)
		}
		for _, conn := range []*websocket.Conn{first, second} {
			var e Event
			if err := conn.ReadJSON(&e); err != nil || e.ID != 1 || e.Text != "hello" || e.At.IsZero() {
				t.Errorf("heard %+v: %v", e, err)
			}
		}
		for _, body := range []string{``, `{}`, `{"text": ""}`, `["hello"]`, `{"text": "` + strings.Repeat("x", 5000) + `"}`} {
			if code, text := s.publish(body); code != 400 || !strings.Contains(text, "the body is") {
				t.Errorf("%.20s… was answered with %d: %s", body, code, text)
			}
		}
	})
}

func TestWhoLeavesIsForgottenByFixedAlone(t *testing.T) {
	variants(t, func(t *testing.T, v kit.Variant) {
		s := serve(t, v, nil)
		stays := s.listen()
		for _, leave := range []func(*websocket.Conn){
			func(c *websocket.Conn) {
				c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(patience))
			},
			func(c *websocket.Conn) { c.Close() },
			func(c *websocket.Conn) { c.NetConn().(*net.TCPConn).SetLinger(0); c.Close() },
		} {
			leave(s.listen())
		}
		s.until(map[kit.Variant]int{kit.Naive: 4, kit.Fixed: 1}[v], 1)
		s.publish(`{"text": "still here?"}`)
		var e Event
		if err := stays.ReadJSON(&e); err != nil || e.Text != "still here?" {
			t.Errorf("heard %+v: %v", e, err)
		}
	})
}

// TestWhoAnswersNoPingsIsLetGoByFixedAlone: a client that reads answers them, one that is gone does not.
func TestWhoAnswersNoPingsIsLetGoByFixedAlone(t *testing.T) {
	variants(t, func(t *testing.T, v kit.Variant) {
		s := serve(t, v, map[string]string{"PONG_WAIT": "1500ms"})
		s.listen()
		listens := s.listen()
		go func() {
			for _, _, err := listens.NextReader(); err == nil; _, _, err = listens.NextReader() {
			}
		}()
		want := map[kit.Variant]int{kit.Naive: 2, kit.Fixed: 1}[v]
		s.until(want, want)
		time.Sleep(2 * time.Second) // more than another wait
		s.until(want, want)
	})
}

// TestWhoDoesNotReadStopsNobodyInFixed: its own place is all that it loses.
func TestWhoDoesNotReadStopsNobodyInFixed(t *testing.T) {
	t.Parallel()
	s := serve(t, kit.Fixed, nil)
	s.listen() // reads nothing
	listens := s.listen()
	heard := make(chan int64, 100_000)
	go func() {
		var e Event
		for listens.ReadJSON(&e) == nil {
			heard <- e.ID
		}
	}()
	s.until(2, 2)
	body := `{"text": "` + strings.Repeat("x", 3900) + `"}`
	deadline := time.Now().Add(patience)
	for n := int64(1); s.told("feed_listeners") == 2; { // until all buffers between here and there are full
		for range 200 {
			if code, text := s.publish(body); code != 202 {
				t.Fatalf("answered %d: %s", code, text)
			}
			if got := <-heard; got != n {
				t.Fatalf("heard %d, want %d", got, n)
			}
			n++
		}
		if time.Now().After(deadline) {
			t.Fatal("the one that does not read was never let go")
		}
	}
}

// TestAVisitLeavesItsBufferBehindInNaive counts what is alive after a collection, before and after visits.
func TestAVisitLeavesItsBufferBehindInNaive(t *testing.T) {
	const visits = 100
	for _, row := range []struct {
		variant     kit.Variant
		least, most int64
	}{
		{kit.Fixed, -visits * 4 << 10, visits * 4 << 10},
		{kit.Naive, visits * bufferSize, visits * (bufferSize + 32<<10)},
	} {
		s := serve(t, row.variant, nil)
		visit := func(n int) {
			for range n {
				s.dial().Close() // and nothing of the client's is left
			}
		}
		visit(10)
		s.until(map[kit.Variant]int{kit.Naive: 10}[row.variant], 0)
		before := alive()
		visit(visits)
		s.until(map[kit.Variant]int{kit.Naive: 10 + visits}[row.variant], 0)
		if grown := alive() - before; grown < row.least || grown > row.most {
			t.Errorf("%s: %d bytes are left of %d visits, want %d to %d", row.variant, grown, visits, row.least, row.most)
		}
	}
}

func alive() int64 {
	runtime.GC() // the first makes what pools hold ready to go
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestTheServiceEndsItsSockets(t *testing.T) {
	variants(t, func(t *testing.T, v kit.Variant) {
		address, end := kittest.Serve(t, Target(), kittest.Environment(v, nil))
		conn := served{t, "http://" + address}.listen()
		end()
		if _, _, err := conn.NextReader(); err == nil {
			t.Error("a socket outlived the service")
		}
	})
}

func TestAWaitThatIsNoneIsRefused(t *testing.T) {
	for _, text := range []string{"soon", "0s", "-1s"} {
		e := kit.Environment{Variant: kit.Fixed, Lookup: func(string) (string, bool) { return text, true }, Registry: kit.NewRegistry()}
		_, err := Target().Open(context.Background(), e)
		if want := "PONG_WAIT is \"" + text + "\", which is not a time"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestEventsFitTheirBuffer: what is written for a client is written where its buffer is, or the buffer would be for nothing.
func TestEventsFitTheirBuffer(t *testing.T) {
	buffer := newBuffer()
	if err := json.NewEncoder(buffer).Encode(Event{ID: 1 << 62, Text: strings.Repeat("\x01", kit.LongestBody), At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if buffer.Cap() != bufferSize {
		t.Errorf("a buffer of %d bytes grew to %d", bufferSize, buffer.Cap())
	}
}
