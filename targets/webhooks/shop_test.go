package webhooks_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/kit/kittest"
	"github.com/devcraft-studio/brunt/targets/webhooks"
)

const asWorkers = "WEBHOOKS_TEST_WORKERS"

// TestMain runs the workers instead of the tests, until it is killed, where it was started for that.
func TestMain(m *testing.M) {
	if url := os.Getenv(asWorkers); url != "" {
		if _, err := webhooks.Target().Open(context.Background(), environment(kit.Fixed, url, map[string]string{"ROLE": "workers"})); err != nil {
			panic(err)
		}
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the test, at the latest
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// call is what an endpoint was told.
type call struct {
	path, key string
	order     webhooks.Order
}

// shop is a database, and a server in the place of the ten endpoints.
type shop struct {
	url   string
	db    *kit.Conn
	hooks *httptest.Server

	mu     sync.Mutex
	calls  []call
	answer func(call) int // the status; it may take its time
}

func start(t *testing.T) *shop {
	s := &shop{url: kittest.Postgres(t), answer: func(call) int { return http.StatusOK }}
	db, err := kit.Dial(t.Context(), environment(kit.Fixed, s.url, nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	s.db = db
	schema, err := os.ReadFile("../../scenarios/webhooks/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	for sql := range strings.SplitSeq(string(schema), ";") {
		s.exec(t, sql)
	}
	s.hooks = httptest.NewServer(http.HandlerFunc(s.hook))
	t.Cleanup(s.hooks.Close)
	return s
}

func environment(variant kit.Variant, url string, more map[string]string) kit.Environment {
	return kit.Environment{
		Variant: variant, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Registry: kit.NewRegistry(),
		Lookup: func(name string) (string, bool) {
			if name == "DATABASE_URL" {
				return url, true
			}
			v, ok := more[name]
			return v, ok
		},
	}
}

func (s *shop) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := s.db.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%v: %s", err, sql)
	}
}

func (s *shop) count(t *testing.T, sql string) (n int) {
	t.Helper()
	if err := s.db.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatalf("%v: %s", err, sql)
	}
	return n
}

func (s *shop) hook(w http.ResponseWriter, r *http.Request) {
	c := call{path: r.URL.Path, key: r.Header.Get("Idempotency-Key")}
	_ = json.NewDecoder(r.Body).Decode(&c.order) // what is none stays zero, and is missed
	s.mu.Lock()
	s.calls = append(s.calls, c)
	answer := s.answer
	s.mu.Unlock()
	w.WriteHeader(answer(c))
}

func (s *shop) answers(how func(call) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = how
}

// told is what the endpoints were told up to now, of the orders that are wanted.
func (s *shop) told(wanted func(call) bool) (found []call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if wanted(c) {
			found = append(found, c)
		}
	}
	return found
}

func anything(call) bool { return true }

// api opens the api of a variant, and waits until it is ready.
func (s *shop) api(t *testing.T, variant kit.Variant) http.Handler {
	t.Helper()
	env := environment(variant, s.url, map[string]string{"FIRST_URL": s.hooks.URL, "OTHERS_URL": s.hooks.URL})
	handler := open(t, env)
	await(t, "the api to be ready", func() bool { return get(handler, "/healthz").Code == http.StatusOK })
	return handler
}

func open(t *testing.T, env kit.Environment) http.Handler {
	t.Helper()
	service, err := webhooks.Target().Open(context.Background(), env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	return kit.Routes(env, service)
}

// workers run until the test ends, in this process.
func (s *shop) workers(t *testing.T) http.Handler {
	t.Helper()
	return open(t, environment(kit.Fixed, s.url, map[string]string{"ROLE": "workers"}))
}

// child runs workers in a process of their own and returns what kills them.
func (s *shop) child(t *testing.T) (kill func()) {
	t.Helper()
	workers := exec.Command(os.Args[0])
	workers.Env = append(os.Environ(), asWorkers+"="+s.url)
	workers.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := workers.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := workers.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = workers.Process.Kill()
		_ = workers.Wait() // says that it was killed
		_ = stdin.Close()
	})
	t.Cleanup(kill)
	return kill
}

func get(handler http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func post(handler http.Handler, path, body string) int {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	return w.Code
}

// place places orders and expects each to be accepted.
func place(t *testing.T, api http.Handler, endpoint int, ids ...int) {
	t.Helper()
	for _, id := range ids {
		if code := post(api, "/orders", fmt.Sprintf(`{"id":%d,"endpoint":%d,"total_cents":999}`, id, endpoint)); code != http.StatusCreated {
			t.Fatalf("order %d was answered with %d", id, code)
		}
	}
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited a minute for %s", what)
		}
	}
}
