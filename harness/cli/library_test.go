package cli_test

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// slowness is how long the slow answers of the library take: far above the bounds that they must break.
const slowness = 150 * time.Millisecond

// library is the service that the scripts in testdata/k6 use: a server of books on 127.0.0.1.
type library struct {
	url string

	mu   sync.Mutex
	seen map[string]int
}

func newLibrary(t *testing.T) *library {
	l := &library{seen: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") })
	mux.HandleFunc("GET /books", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"books": []any{book(1), book(2)}})
	})
	mux.HandleFunc("GET /books/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.PathValue("id"))
		answer(w, http.StatusOK, book(id))
	})
	mux.HandleFunc("POST /books", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = io.Copy(w, r.Body)
	})
	mux.HandleFunc("DELETE /books/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /slow", func(http.ResponseWriter, *http.Request) { time.Sleep(slowness) })
	mux.HandleFunc("GET /stuck", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("GET /broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("GET /agent", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.UserAgent()) })
	mux.HandleFunc("GET /hop/{n}", hop)
	mux.HandleFunc("POST /login", login)
	mux.HandleFunc("GET /me", me)
	mux.HandleFunc("GET /seen/{token}", l.visit)
	mux.HandleFunc("GET /ws", echo)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

func book(id int) map[string]any {
	titles := []string{"Mansfield Park", "Emma", "Persuasion"}
	return map[string]any{"id": id, "title": titles[id%len(titles)]}
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// hop leads to the place with the next lower number.
func hop(w http.ResponseWriter, r *http.Request) {
	if n, _ := strconv.Atoi(r.PathValue("n")); n > 0 {
		w.Header().Set("Location", "/hop/"+strconv.Itoa(n-1))
		w.WriteHeader(http.StatusFound)
	}
}

func login(w http.ResponseWriter, r *http.Request) {
	session := "session-of-" + r.FormValue("user")
	http.SetCookie(w, &http.Cookie{Name: "session", Value: session, Path: "/"})
	answer(w, http.StatusOK, map[string]any{"session": session})
}

func me(w http.ResponseWriter, r *http.Request) {
	session, err := r.Cookie("session")
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	about := map[string]any{"user": strings.TrimPrefix(session.Value, "session-of-")}
	if theme, err := r.Cookie("theme"); err == nil {
		about["theme"] = theme.Value
	}
	answer(w, http.StatusOK, about)
}

func (l *library) visit(_ http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[r.PathValue("token")]++
}

// visits is how often a script said that it came by.
func (l *library) visits(token string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[token]
}

// echo is a WebSocket that repeats what it hears until it hears the end (RFC 6455; messages below 126 bytes).
func echo(w http.ResponseWriter, r *http.Request) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	for rw.Flush() == nil {
		if end, err := repeat(rw); end || err != nil {
			_ = rw.Flush()
			return
		}
	}
}

// repeat answers one frame with the same, unmasked. It reports whether the frame was the end.
func repeat(rw *bufio.ReadWriter) (end bool, err error) {
	const headed, closing = 6, 0x8 // bytes of head with mask; the opcode
	head := make([]byte, headed)
	if _, err := io.ReadFull(rw, head); err != nil {
		return false, err
	}
	payload := make([]byte, head[1]&0x7f)
	if _, err := io.ReadFull(rw, payload); err != nil {
		return false, err
	}
	for i := range payload {
		payload[i] ^= head[2+i%4]
	}
	_, err = rw.Write(append([]byte{head[0], byte(len(payload))}, payload...))
	return head[0]&0xf == closing, err
}
