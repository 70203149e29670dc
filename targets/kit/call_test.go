package kit

import (
	"net/http"
	"net/http/httptest"
	"strings"
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
