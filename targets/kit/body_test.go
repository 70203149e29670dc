package kit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestABodyIsReadUpToItsBound(t *testing.T) {
	t.Parallel()
	var read atomic.Int64
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var given struct{ Text string }
		if err := ReadJSON(w, r, &given); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		read.Store(int64(len(given.Text)))
		WriteJSON(w, http.StatusAccepted, []byte(`{"ok":true}`))
	})
	for _, row := range []struct {
		body string
		code int
	}{
		{`{"text":"` + strings.Repeat("x", 4000) + `"}`, 202}, {`{"text":"` + strings.Repeat("x", LongestBody) + `"}`, 400}, {`{`, 400}, {`[1]`, 400},
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(row.body)))
		if w.Code != row.code || row.code == 202 && (read.Load() != 4000 || w.Body.String() != `{"ok":true}` || w.Header().Get("Content-Type") != "application/json") {
			t.Errorf("%.20s: %d %s %v", row.body, w.Code, w.Body, w.Header())
		}
	}
}

func TestAReplySaysWhatBecameOfTheRequest(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		value any
		err   error
		code  int
		body  string
	}{
		{map[string]int{"id": 1}, nil, 201, `{"id":1}`}, {json.RawMessage(`{"id": 1}`), nil, 201, `{"id": 1}`},
		{nil, fmt.Errorf("select: %w", ErrNoRow), 404, "there is no such thing\n"}, {json.RawMessage(nil), io.ErrUnexpectedEOF, 500, "internal error\n"},
		{func() {}, nil, 500, "internal error\n"},
	} {
		var logs bytes.Buffer
		w := httptest.NewRecorder()
		Reply(w, slog.New(slog.NewTextHandler(&logs, nil)), 201, row.value, row.err)
		if w.Code != row.code || w.Body.String() != row.body || (logs.Len() > 0) != (row.code == 500) {
			t.Errorf("%v, %v: %d %s, logged %s", row.value, row.err, w.Code, w.Body, &logs)
		}
	}
}

func TestAPathHasAnID(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
		if id, ok := PathID(w, r); ok {
			fmt.Fprint(w, id)
		}
	})
	for path, want := range map[string]string{"/items/-7": "-7", "/items/x": "an id is a whole number\n"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Body.String() != want || (w.Code == 400) != (path == "/items/x") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
