package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

func lookup(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

func TestWhereATargetListens(t *testing.T) {
	for _, row := range []struct {
		name string
		env  map[string]string
		want string
	}{
		{"by default", nil, "127.0.0.1:8080"},
		{"on the port of PORT, on loopback", map[string]string{"PORT": "9000"}, "127.0.0.1:9000"},
		{"on LISTEN_ADDR rather than PORT", map[string]string{"PORT": "9000", "LISTEN_ADDR": "127.1.2.3:80"}, "127.1.2.3:80"},
	} {
		if got := defaultListen(lookup(row.env)); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"nosuch"}, {"restapi", "--variant=slow"}, {"restapi", "--nosuch"}} {
		err := run(context.Background(), args, io.Discard, lookup(nil))
		if !errors.Is(err, errUsage) {
			t.Errorf("%q: %v is not a usage error", args, err)
		}
	}
}

func TestAMissingVariableIsNamed(t *testing.T) {
	err := run(context.Background(), []string{"restapi"}, io.Discard, lookup(nil))
	if err == nil || !strings.Contains(err.Error(), "DATABASE_URL is not set") {
		t.Errorf("got %v", err)
	}
}

// A target starts and serves while its dependencies are away, says so, and ends in order when it is told to.
func TestServesUntilToldToEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	logs, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"restapi", "--listen=127.0.0.1:0"}, writer, lookup(map[string]string{
			"DATABASE_URL": "postgres://x@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"}))
		writer.Close()
		ended <- err
	}()
	var line struct{ Address string }
	decoder := json.NewDecoder(logs)
	if err := decoder.Decode(&line); err != nil || line.Address == "" {
		t.Fatalf("no address was logged: %v", err)
	}
	go func() { _, _ = io.Copy(io.Discard, io.MultiReader(decoder.Buffered(), logs)) }()

	response, err := http.Get("http://" + line.Address + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	_, _ = body.ReadFrom(response.Body)
	response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body.String(), "postgres: ") {
		t.Errorf("/healthz answered %d: %s", response.StatusCode, &body)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}
