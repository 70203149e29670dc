package kittest

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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

// Serve serves a target as its command does, on an address of its own, and with env's logger replaced: the address is in its first
// line. end is an orderly end, at the latest with the test, and waits for it.
func Serve(t testing.TB, target kit.Target, env kit.Environment) (address string, end func()) {
	t.Helper()
	logs, writer := io.Pipe()
	env.Logger = slog.New(slog.NewJSONHandler(writer, nil))
	ctx, cancel := context.WithCancel(context.Background())
	service, err := target.Open(ctx, env)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- kit.Serve(ctx, "127.0.0.1:0", env, service)
		writer.Close()
	}()
	end = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	var line struct{ Address string }
	decoder := json.NewDecoder(logs)
	if err := decoder.Decode(&line); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, io.MultiReader(decoder.Buffered(), logs)) }() // nobody reads what else it logs
	return line.Address, end
}

// Both starts Postgres, executes the statements there, and opens both variants of a target on it. The connection ends with the test.
func Both(t testing.TB, target kit.Target, statements ...string) (*kit.Conn, map[kit.Variant]http.Handler) {
	t.Helper()
	variables := map[string]string{"DATABASE_URL": Postgres(t)}
	db, err := kit.Dial(context.Background(), Environment(kit.Fixed, variables))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	for _, sql := range statements {
		if _, err := db.Exec(context.Background(), sql); err != nil {
			t.Fatalf("%v: %s", err, sql)
		}
	}
	handlers := map[kit.Variant]http.Handler{}
	for _, variant := range []kit.Variant{kit.Naive, kit.Fixed} {
		handlers[variant] = Open(t, target, Environment(variant, variables))
	}
	return db, handlers
}

// Do sends a request to a handler and returns the status and the body of its answer.
func Do(handler http.Handler, method, path, body string) (int, string) {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w.Code, w.Body.String()
}
