package probe

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestFetch(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte("up 1\n"))
	}))
	defer server.Close()
	if body, err := Fetch(t.Context(), server.URL+"/metrics"); err != nil || string(body) != "up 1\n" {
		t.Errorf("got %q, %v", body, err)
	}
	if body, err := Fetch(t.Context(), server.URL+"/nothing"); err == nil {
		t.Errorf("a 404 was taken for metrics: %q", body)
	}
}
