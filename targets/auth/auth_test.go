package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/kit/kittest"
)

// TestAuth has one Postgres for all that is asked of the shop.
func TestAuth(t *testing.T) {
	t.Parallel()
	database := kittest.Postgres(t)
	schema, err := os.ReadFile("../../scenarios/auth/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := kit.Dial(t.Context(), kittest.Environment(kit.Fixed, map[string]string{"DATABASE_URL": database}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), string(schema)); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, v := range []kit.Variant{kit.Naive, kit.Fixed} {
		for _, pattern := range []string{"introspect", "internal-jwt", "passthrough", "mtls"} {
			t.Run(fmt.Sprint(v, " ", pattern), func(t *testing.T) {
				s := openShop(t, database, v, map[string]string{"PATTERN": pattern, "REVOKED_WITHIN": "1h"})
				s.letsIn(pattern)
				s.asksAuth(pattern)
				s.withoutAuth(pattern)
				s.end[gateway]() // connections are dear to Postgres
			})
			t.Run(fmt.Sprint(v, " ", pattern, ", revoked"), func(t *testing.T) {
				openShop(t, database, v, map[string]string{"PATTERN": pattern, "REVOKED_WITHIN": "600ms"}).revokes(pattern)
			})
		}
	}
	t.Run("fixed, without auth for too long", func(t *testing.T) {
		s := openShop(t, database, kit.Fixed, map[string]string{"REVOKED_WITHIN": "300ms"})
		s.road.set("closed")
		s.eventually("nobody can tell who was revoked", func() bool { return s.order("ann").code == http.StatusServiceUnavailable })
		s.road.set("open")
		s.eventually("the shop is open again", func() bool { return s.order("ann") == ok })
	})
	t.Run("fixed, with another gateway", func(t *testing.T) {
		s := openShop(t, database, kit.Fixed, nil)
		if got := s.order("ann"); got != ok {
			t.Errorf("before: %+v", got)
		}
		s.end[gateway]()
		s.serve(gateway, map[string]string{"NEXT_URL": "http://" + s.at[orders]})
		s.eventually("its key is known", func() bool { return s.order("ann") == ok })
	})
}

// letsIn asks who is let in, and where.
func (s *shop) letsIn(pattern string) {
	s.Helper()
	if got := s.order("ann"); got != ok {
		s.Errorf("an order: %+v", got)
	}
	for path, code := range map[string]int{"/orders/70000": 404, "/orders/x": 400, "/stock/1": 404} {
		if got := s.get(gateway, path, with(s.users["ann"])); got.code != code && pattern != "introspect" {
			s.Errorf("%s: %+v", path, got)
		}
	}
	parts := strings.Split(s.users["ann"], ".")
	forged := parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"auth","sub":"admin","exp":9999999999}`)) + "." + parts[2]
	// At the other doors a user's own token is as good as at the first where it is what services show one another.
	own := http.StatusUnauthorized
	if pattern == "introspect" || pattern == "passthrough" {
		own = http.StatusOK
	}
	for _, row := range []struct {
		role, path, name string
		header           http.Header
		want             int
	}{
		{gateway, "/orders/7", "nothing", nil, 401},
		{gateway, "/orders/7", "a forged token", with(forged), 401},
		{gateway, "/orders/7", "the services' secret", with(secret), 401},
		{gateway, "/orders/7", "a name", http.Header{"X-User": {"ann"}}, 401},
		{orders, "/orders/7", "nothing", nil, 401},
		{orders, "/orders/7", "a forged token", with(forged), 401},
		{orders, "/orders/7", "a name", http.Header{"X-User": {"ann"}}, 401},
		{orders, "/orders/7", "a user's token", with(s.users["ann"]), own},
		{inventory, "/stock/434", "a name", http.Header{"X-User": {"ann"}}, 401},
		{inventory, "/stock/434", "a user's token", with(s.users["ann"]), own},
	} {
		if got := s.get(row.role, row.path, row.header); got.code != row.want {
			s.Errorf("with %s at %s: %+v, want %d", row.name, row.role, got, row.want)
		}
	}
}

// asksAuth counts how often auth is asked for an order.
func (s *shop) asksAuth(pattern string) {
	s.Helper()
	want := map[string]int{"introspect": 2} // orders and inventory
	if s.v == kit.Naive {
		want = map[string]int{
			"introspect":   2,
			"internal-jwt": 4, // at the gateway keys and what was revoked, at the others keys
			"passthrough":  6,
			"mtls":         2, // at the gateway
		}
	}
	const times = 5
	before := s.road.asked()
	for range times {
		s.order("bob")
	}
	if got := s.road.asked() - before; got != times*want[pattern] {
		s.Errorf("for %d orders auth was asked %d times, want %d", times, got, times*want[pattern])
	}
}

// withoutAuth asks what becomes of an order when auth hangs up, and when it does not answer.
func (s *shop) withoutAuth(pattern string) {
	s.Helper()
	keeps := s.v == kit.Fixed && pattern != "introspect"
	defer s.road.set("open")
	s.road.set("closed")
	switch got := s.order("ann"); {
	case keeps && got != ok, !keeps && got.code != http.StatusServiceUnavailable:
		s.Errorf("without auth: %+v", got)
	}
	s.road.set("silent")
	ctx, leave := context.WithTimeout(s.Context(), map[bool]time.Duration{true: patience, false: 300 * time.Millisecond}[keeps])
	defer leave()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.at[gateway]+"/orders/7", nil)
	if err != nil {
		s.Fatal(err)
	}
	request.Header = with(s.users["ann"])
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		response.Body.Close()
	}
	if served := err == nil && response.StatusCode == http.StatusOK; served != keeps {
		s.Errorf("while auth is silent: %v, %v", response, err)
	}
}

// revokes asks when a token that was revoked is refused: at once where auth is asked, else soon.
func (s *shop) revokes(pattern string) {
	s.Helper()
	if got := s.order("ann"); got != ok {
		s.Errorf("before: %+v", got)
	}
	if got := s.tell("/revoke", url.Values{"token": {s.users["ann"]}}); got.code != http.StatusOK {
		s.Errorf("it is not revoked: %+v", got)
	}
	refused := func() bool { return s.order("ann").code == http.StatusUnauthorized }
	if s.v == kit.Fixed && pattern != "introspect" {
		s.eventually("the token is refused", refused)
	}
	for range 3 {
		if !refused() {
			s.Error("a token that was revoked is accepted")
		}
	}
	if got := s.order("bob"); got.code != http.StatusOK {
		s.Errorf("somebody else: %+v", got)
	}
}

// TestTheGatewaySignsForTwoServicesAndForAMinute looks at what the gateway of fixed hands on.
func TestTheGatewaySignsForTwoServicesAndForAMinute(t *testing.T) {
	t.Parallel()
	came := make(chan http.Header, 1)
	next := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { came <- r.Header }))
	defer next.Close()
	s := newShop(t, kit.Fixed, nil)
	s.serve(gateway, map[string]string{"NEXT_URL": next.URL})
	ann := s.token("ann")
	began := time.Now()
	if got := s.get(gateway, "/orders/7", with(ann)); got.code != http.StatusOK {
		t.Fatalf("%+v", got)
	}
	token := strings.TrimPrefix((<-came).Get("Authorization"), "Bearer ")
	if token == ann {
		t.Error("the user's own token was handed on")
	}
	var said struct {
		Issuer   string   `json:"iss"`
		Subject  string   `json:"sub"`
		Audience []string `json:"aud"`
		Ends     int64    `json:"exp"`
	}
	body, err := base64.RawURLEncoding.DecodeString(strings.Split(token+"..", ".")[1])
	if err != nil || json.Unmarshal(body, &said) != nil {
		t.Fatalf("%q is no token: %v", token, err)
	}
	life := time.Unix(said.Ends, 0).Sub(began)
	if said.Issuer != gateway || said.Subject != "ann" || !slices.Equal(said.Audience, []string{orders, inventory}) || life < 50*time.Second || life > 70*time.Second {
		t.Errorf("it says %s, and holds for %v", body, life)
	}
}

func TestWhatItIsGivenHasToMakeSense(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		env  map[string]string
		want string
	}{
		{nil, "NEXT_URL"}, // of the gateway
		{map[string]string{"ROLE": "shop"}, "ROLE"},
		{map[string]string{"ROLE": "auth"}, "SERVICE_TOKEN"},
		{map[string]string{"ROLE": "gateway", "NEXT_URL": "http://127.0.0.1:1", "SERVICE_TOKEN": secret}, "AUTH_URL"},
		{map[string]string{"ROLE": "gateway", "AUTH_URL": "http://127.0.0.1:1", "SERVICE_TOKEN": secret}, "NEXT_URL"},
		{map[string]string{"ROLE": "inventory", "AUTH_URL": "http://127.0.0.1:1", "SERVICE_TOKEN": secret}, "DATABASE_URL"},
		{map[string]string{"ROLE": "gateway", "NEXT_URL": "http://127.0.0.1:1", "AUTH_URL": "http://127.0.0.1:1", "SERVICE_TOKEN": secret, "PATTERN": "trust"}, "PATTERN"},
		{map[string]string{"ROLE": "gateway", "NEXT_URL": "http://127.0.0.1:1", "AUTH_URL": "http://127.0.0.1:1", "SERVICE_TOKEN": secret, "REVOKED_WITHIN": "soon"}, "REVOKED_WITHIN"},
	} {
		if _, err := Target().Open(t.Context(), kittest.Environment(kit.Fixed, row.env)); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("opened with %v: %v", row.env, err)
		}
	}
}
