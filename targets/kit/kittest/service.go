package kittest

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/devcraft-studio/brunt/targets/kit"
)

// Environment is what a variant of a target is given, with a registry of its own and a logger that nobody reads.
func Environment(variant kit.Variant, variables map[string]string) kit.Environment {
	return kit.Environment{
		Variant: variant, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Registry: kit.NewRegistry(),
		Lookup: func(name string) (string, bool) { v, ok := variables[name]; return v, ok },
	}
}

// Open opens a target, which is closed with the test, and returns all its routes.
func Open(t testing.TB, target kit.Target, env kit.Environment) http.Handler {
	t.Helper()
	service, err := target.Open(context.Background(), env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	return kit.Routes(env, service)
}

// Do sends a request to a handler and returns the status and the body of its answer.
func Do(handler http.Handler, method, path, body string) (int, string) {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w.Code, w.Body.String()
}
