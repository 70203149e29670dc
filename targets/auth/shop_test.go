package auth

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/kit/kittest"
)

const (
	patience = 30 * time.Second
	secret   = "told-to-all-services"
)

// shop is all four services, each behind its own server. Auth is reached through a road that can be closed.
type shop struct {
	*testing.T
	env   map[string]string // of all services
	v     kit.Variant
	at    map[string]string // addresses
	road  *road
	end   map[string]func()
	users map[string]string // a token each
}

// road leads to auth.
type road struct {
	to http.Handler

	mu    sync.Mutex
	state string // open, closed, silent
	calls int
	leave chan struct{}
}

func (r *road) set(state string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = state
}

func (r *road) asked() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls
}

func (r *road) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	r.calls++
	state := r.state
	r.mu.Unlock()
	switch state {
	case "closed":
		panic(http.ErrAbortHandler) // the connection ends without an answer
	case "silent":
		select {
		case <-request.Context().Done():
		case <-r.leave:
		}
		return
	}
	r.to.ServeHTTP(w, request)
}

// newShop is a shop with auth alone.
func newShop(t *testing.T, v kit.Variant, env map[string]string) *shop {
	t.Helper()
	s := &shop{T: t, v: v, env: map[string]string{"SERVICE_TOKEN": secret}, at: map[string]string{}, end: map[string]func(){}}
	maps.Copy(s.env, env)
	s.serve(issuer, nil)
	to, err := url.Parse("http://" + s.at[issuer])
	if err != nil {
		t.Fatal(err)
	}
	s.road = &road{to: httputil.NewSingleHostReverseProxy(to), leave: make(chan struct{})}
	server := httptest.NewServer(s.road)
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(s.road.leave) })
	s.env["AUTH_URL"] = server.URL
	return s
}

// openShop opens a shop over a database that holds what the experiment's does.
func openShop(t *testing.T, database string, v kit.Variant, env map[string]string) *shop {
	t.Helper()
	s := newShop(t, v, env)
	s.env["DATABASE_URL"] = database
	s.serve(inventory, nil)
	s.serve(orders, map[string]string{"NEXT_URL": "http://" + s.at[inventory]})
	s.serve(gateway, map[string]string{"NEXT_URL": "http://" + s.at[orders]})
	s.users = map[string]string{"ann": s.token("ann"), "bob": s.token("bob")}
	return s
}

// serve starts a role and waits until it is ready.
func (s *shop) serve(role string, env map[string]string) {
	s.Helper()
	e := kittest.Environment(s.v, nil)
	e.Lookup = func(name string) (string, bool) {
		if name == "ROLE" {
			return role, true
		}
		if value, ok := env[name]; ok {
			return value, true
		}
		value, ok := s.env[name]
		return value, ok
	}
	s.at[role], s.end[role] = kittest.Serve(s.T, Target(), e)
	s.eventually(role+" is ready", func() bool { return s.get(role, "/healthz", nil).code == 200 })
}

func (s *shop) eventually(what string, is func() bool) {
	s.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("it never came to be that %s", what)
		}
	}
}

// answered is what came back.
type answered struct {
	code int
	text string
}

func (s *shop) get(role, path string, header http.Header) answered {
	return s.do(http.MethodGet, role, path, "", header)
}

func (s *shop) do(method, role, path, body string, header http.Header) answered {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), method, "http://"+s.at[role]+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answered{text: err.Error()}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.Error(err)
	}
	return answered{response.StatusCode, strings.TrimSpace(string(text))}
}

func with(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

// tell asks auth itself, past the road.
func (s *shop) tell(path string, form url.Values) answered {
	header := with(secret)
	header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(http.MethodPost, issuer, path, form.Encode(), header)
}

func (s *shop) token(user string) string {
	s.Helper()
	var told struct{ Token string }
	if a := s.tell("/tokens", url.Values{"user": {user}, "for": {"1h"}}); json.Unmarshal([]byte(a.text), &told) != nil || told.Token == "" {
		s.Fatalf("there is no token: %+v", a)
	}
	return told.Token
}

// order asks the gateway for an order, on a user's behalf.
func (s *shop) order(user string) answered { return s.get(gateway, "/orders/7", with(s.users[user])) }

// ok is the answer to ann's order: of order 7, item 434, there are 34.
var ok = answered{200, `{"units":34,"user":"ann"}`}
