package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// metered opens a meter before a service, and returns the address to ask.
func metered(t *testing.T, m *Meter, service http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	address, err := m.Open(t.Context(), "load->api", "127.0.0.1:0", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return "http://" + address
}

func TestTheMeterLetsOneRequestThroughAtATime(t *testing.T) {
	t.Parallel()
	var inside, most, before atomic.Int32
	var after []Metered
	m := &Meter{
		Before: func(context.Context) error { before.Add(1); return nil },
		After:  func(r Metered) { after = append(after, r) }, // by one at a time, too
	}
	url := metered(t, m, func(w http.ResponseWriter, r *http.Request) {
		if now := inside.Add(1); now > most.Load() {
			most.Store(now)
		}
		defer inside.Add(-1)
		time.Sleep(2 * time.Millisecond) // long enough for another to come in, if it could
		fmt.Fprint(w, "hello")
	})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			response, err := http.Get(fmt.Sprint(url, "/items/", i, "?page=", i))
			if err != nil {
				t.Error(err)
				return
			}
			_ = response.Body.Close()
		})
	}
	wg.Wait()
	m.mu.Lock() // the last may have its answer, and not be told of
	defer m.mu.Unlock()
	if most.Load() != 1 || before.Load() != 20 || len(after) != 20 {
		t.Errorf("%d at once; %d begun, %d ended", most.Load(), before.Load(), len(after))
	}
	for _, r := range after {
		if diff := cmp.Diff(Metered{"GET /items/{id}", 200, 5}, r); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTheServiceSeesWhatItWouldSeeWithoutTheMeter(t *testing.T) {
	t.Parallel()
	var told []Metered
	m := &Meter{Before: func(context.Context) error { return nil }, After: func(r Metered) { told = append(told, r) }}
	url := metered(t, m, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Forwarded-For") != "" || r.Host != "shop.example" || r.URL.RawQuery != "a=1;b" {
			t.Errorf("the service saw %s %q %v", r.Host, r.URL.RawQuery, r.Header)
		}
		w.WriteHeader(http.StatusTeapot)
	})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url+"/cups?a=1;b", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "shop.example"
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	if response.StatusCode != http.StatusTeapot || len(told) != 1 || told[0] != (Metered{"PUT /cups", http.StatusTeapot, 0}) {
		t.Errorf("%s; told %+v", response.Status, told)
	}
}

// TestTheMeterPassesOnHTTP2 asks as gRPC does: without TLS, knowing beforehand what is spoken.
func TestTheMeterPassesOnHTTP2(t *testing.T) {
	t.Parallel()
	var seen atomic.Value
	service := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.Proto)
		w.Header().Set("Trailer", "Grpc-Status")
		fmt.Fprint(w, "hello")
		w.Header().Set("Grpc-Status", "0")
	}))
	service.Config.Protocols = priorKnowledge(true)
	service.Start()
	t.Cleanup(service.Close)
	var told []Metered
	m := &Meter{Before: func(context.Context) error { return nil }, After: func(r Metered) { told = append(told, r) }}
	address, err := m.Open(t.Context(), "load->api", "127.0.0.1:0", service.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{Protocols: priorKnowledge(false)}
	response, err := (&http.Client{Transport: transport}).Get("http://" + address + "/shop.Orders/Place")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	transport.CloseIdleConnections()
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if seen.Load() != "HTTP/2.0" || string(body) != "hello" || response.Trailer.Get("Grpc-Status") != "0" {
		t.Errorf("the service saw %v; the client %q with %v", seen.Load(), body, response.Trailer)
	}
	if len(told) != 1 || told[0] != (Metered{"GET /shop.Orders/Place", http.StatusOK, 5}) {
		t.Errorf("told %+v", told)
	}
}

// TestWhatStaysOpenEndsTheMetering asks for a WebSocket, which would keep all that comes after it waiting.
func TestWhatStaysOpenEndsTheMetering(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*http.Request){
		"a WebSocket": func(r *http.Request) { r.Header.Set("Connection", "Upgrade"); r.Header.Set("Upgrade", "websocket") },
		"a tunnel":    func(r *http.Request) { r.Method = http.MethodConnect },
	} {
		var endless []string
		var served, before atomic.Int32
		m := &Meter{
			Before: func(context.Context) error { before.Add(1); return nil }, After: func(Metered) {},
			Endless: func(endpoint string) { endless = append(endless, endpoint) },
		}
		handler := m.handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }))
		for range 2 {
			request := httptest.NewRequest(http.MethodGet, "/ws", nil)
			change(request)
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, request)
			if answer.Code != http.StatusNotImplemented {
				t.Errorf("%s is answered with %d", name, answer.Code)
			}
		}
		if len(endless) != 1 || !strings.HasSuffix(endless[0], " /ws") || served.Load() != 0 || before.Load() != 0 {
			t.Errorf("%s: told of %v; %d were served, %d counted", name, endless, served.Load(), before.Load())
		}
	}
	m := &Meter{Before: func(context.Context) error { return nil }, After: func(Metered) {}, Endless: func(string) { t.Error("h2c is HTTP") }}
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.Header.Set("Upgrade", "h2c")
	m.handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(httptest.NewRecorder(), request)
}

func TestWhenTheListEndsNothingIsAnswered(t *testing.T) {
	t.Parallel()
	asked := 0
	m := &Meter{After: func(Metered) {}, Before: func(context.Context) error {
		if asked++; asked > 1 {
			return errors.New("it ends")
		}
		return nil
	}}
	var served atomic.Int32
	url := metered(t, m, func(http.ResponseWriter, *http.Request) { served.Add(1) })
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			t.Errorf("it was answered: %s", response.Status)
			_ = response.Body.Close()
		}
		cancel()
	}
	if served.Load() != 1 || asked != 2 {
		t.Errorf("%d were served, and %d asked for", served.Load(), asked)
	}
}

func TestEndpointsLeaveOutWhatIdentifies(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/":                "GET /",
		"/items/17":        "GET /items/{id}",
		"/items/17/parts/": "GET /items/{id}/parts/",
		"/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301": "GET /users/{id}",
		"/objects/5f43a9c0de12ab34cd56ef78":           "GET /objects/{id}",
		"/reset/eyJhbGciOiJIUzI1NiJ9.e30":             "GET /reset/{id}",
		"/frequently-asked-questions":                 "GET /frequently-asked-questions",
		"/v2/cafe":                                    "GET /v2/cafe",
	} {
		if got := EndpointOf(http.MethodGet, path); got != want {
			t.Errorf("%s is %q, not %q", path, got, want)
		}
	}
}
