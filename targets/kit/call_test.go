package kit

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestACallReadsTheAnswerAndTellsWhetherTheServiceFailed(t *testing.T) {
	t.Parallel()
	connections := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connections[r.RemoteAddr] = true
		switch r.URL.Path {
		case "/failed":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/refused":
			w.WriteHeader(http.StatusConflict)
		case "/long":
			_, _ = w.Write(make([]byte, 100<<10))
			return
		case "/cut":
			w.Header().Set("Content-Length", "10")
		}
		_, _ = w.Write([]byte("words"))
	}))
	defer server.Close()
	for _, row := range []struct {
		path         string
		code, length int
		failed       string
	}{
		{"/", 200, 5, ""}, {"/failed", 503, 5, "answered 503"}, {"/refused", 409, 5, ""}, {"/cut", 200, 5, "read the answer"}, {"/long", 200, 64 << 10, ""},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+row.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := Call(server.Client(), request)
		if answer.Code != row.code || len(answer.Body) != row.length || (err != nil) != (row.failed != "") || err != nil && !strings.Contains(err.Error(), row.failed) {
			t.Errorf("%s: %d, %d bytes, %v", row.path, answer.Code, len(answer.Body), err)
		}
	}
	if len(connections) != 2 {
		t.Errorf("%d connections for five calls, want 2: only an answer that was cut off ends one", len(connections))
	}
}

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
