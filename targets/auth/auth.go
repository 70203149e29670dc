// Package auth is a shop of three services, each of which has to know for whom it works, and a fourth that knows who is who.
//
//	GET /orders/{id}   at the gateway, with a user's token: how many there are of what was ordered, and who asked
//
// What happened: the gateway asked orders, which asked inventory, and each of the two asked auth about the user's token, every time.
// Auth became slow, and the shop twice as slow; auth did not answer, and whatever came in waited with it, as nobody had said for how
// long; auth was down, and so was the shop, though nothing was wrong with it. It happens to whoever takes "trust nobody" for "ask
// about everything", and makes one service the point at which every request of every other fails.
//
// From outside: an outage of a service that no user knows is an outage of all, and its load is a multiple of everybody's.
//
// What mends it: what auth says of a user is signed, so that it can be checked without asking. The gateway does so once, by keys
// and a list of revoked tokens which it keeps: asked for anew in the background, once for all requests, used for a while when auth
// fails; and whose key is not among them is refused. For the services behind it, it signs a token of its own: for them alone, for a minute.
//
// ROLE is gateway, orders, inventory or auth (package identity, the same in both variants). PATTERN is how services know for whom they work:
//
//	introspect     (naive) each service but the gateway asks auth about the user's token, with a secret that all of them share
//	internal-jwt   (fixed) the gateway checks the user's token, and signs another
//	passthrough    each service checks the user's token
//	mtls           the gateway checks the user's token; those behind it know one another by certificates, and believe what they are told
//
// In all of them naive asks auth for keys and lists whenever it needs them, and fixed keeps them. NEXT_URL is where the gateway finds orders, and
// orders inventory. These two work on the tables of scenarios/auth/schema.sql in DATABASE_URL. A token that was revoked is
// refused within REVOKED_WITHIN (default 60s).
package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/kit/identity"
)

const (
	issuer    = "auth"
	gateway   = "gateway"
	orders    = "orders"
	inventory = "inventory"
)

// place is what a service does with a number, once it knows for whom.
type place struct {
	path   string // where the number comes
	sql    string // what it stands for, if that is looked up
	next   string // the service that goes on with it
	caller string // the only service that may ask
}

func places() map[string]place {
	return map[string]place{
		gateway:   {path: "/orders/", next: orders},
		orders:    {path: "/orders/", sql: `SELECT item_id FROM orders WHERE id = $1`, next: inventory, caller: gateway},
		inventory: {path: "/stock/", sql: `SELECT units FROM stock WHERE item_id = $1`, caller: orders},
	}
}

// variant is what the two differ in, beside the pattern.
type variant struct {
	pattern string
	client  *http.Client
	keys    func(fetch func(context.Context) (identity.KeySet, error), within time.Duration) identity.Memory[identity.KeySet]
	revoked func(fetch func(context.Context) (map[string]time.Time, error), within time.Duration) identity.Memory[map[string]time.Time]
}

func variantOf(env kit.Environment) variant {
	if env.Variant == kit.Naive {
		return variant{"introspect", clientNaive(), rememberNaive[identity.KeySet], rememberNaive[map[string]time.Time]}
	}
	return variant{"internal-jwt", clientFixed(), rememberFixed[identity.KeySet], rememberFixed[map[string]time.Time]}
}

// pattern is how services know for whom they work.
type pattern interface {
	// admit tells who asks. It is identity.ErrRefused that says nobody.
	admit(r *http.Request) (user string, err error)
	// pass makes next bear what the next service will ask for.
	pass(r, next *http.Request, user string) error
}

// Target is the reference target of this package.
func Target() kit.Target {
	return kit.Target{Name: issuer, About: "services that have to know for whom they work", Open: open}
}

func open(ctx context.Context, env kit.Environment) (kit.Service, error) {
	role := env.Optional("ROLE")
	if p, ok := places()[role]; ok {
		return openService(ctx, env, &service{place: p, role: role})
	}
	if role != issuer {
		return kit.Service{}, fmt.Errorf("ROLE=%s is none of gateway, orders, inventory and auth", role)
	}
	provider, err := identity.NewProvider(env, issuer, gateway, orders, inventory)
	return kit.Service{Handler: provider, Close: func() {}}, err
}

// service is one of the three. What it does beside asking who asks is the same in all variants and patterns.
type service struct {
	place
	role    string
	pattern pattern
	db      *kit.Pool
	url     string // of the next service
	client  *http.Client
	auth    *identity.Client
	users   identity.Verifier // of users' own tokens
	peers   identity.Verifier // of those that the gateway signs
}

func openService(ctx context.Context, env kit.Environment, s *service) (_ kit.Service, err error) {
	if err := s.configure(env); err != nil {
		return kit.Service{}, err
	}
	// Auth has to answer once: whom it does not know, the others can't know.
	opened := kit.Service{TLS: s.auth.Listen(), Dependencies: []kit.Dependency{{Name: issuer, Ping: s.auth.Enrol, Optional: true}}, Close: func() {}}
	if s.sql != "" {
		if s.db, err = kit.OpenPool(ctx, env, kit.PoolSize, s.sql); err != nil {
			return kit.Service{}, err
		}
		opened.Dependencies = append(opened.Dependencies, kit.Dependency{Name: "postgres", Ping: s.db.Ping})
		opened.Close = s.db.Close
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+s.path+"{number}", s.serve)
	opened.Handler = mux
	return opened, nil
}

func (s *service) configure(env kit.Environment) (err error) {
	v := variantOf(env)
	within, err := env.Duration("REVOKED_WITHIN", time.Minute)
	if s.client = v.client; err != nil {
		return err
	}
	if s.auth, err = identity.NewClient(env, s.role, v.client); err != nil {
		return err
	}
	if s.url = env.Optional("NEXT_URL"); s.url == "" && s.next != "" {
		return fmt.Errorf("NEXT_URL is not set, which is where %s is", s.next)
	}
	keys := func(name string) identity.Memory[identity.KeySet] {
		return v.keys(func(ctx context.Context) (identity.KeySet, error) { return s.auth.Keys(ctx, name) }, time.Hour)
	}
	s.users = identity.Verifier{Issuer: issuer, Keys: keys(issuer), Revoked: v.revoked(s.auth.Revoked, within)}
	s.peers = identity.Verifier{Issuer: gateway, Audience: s.role, Keys: keys(gateway)}
	switch name := cmp.Or(env.Optional("PATTERN"), v.pattern); name {
	case "introspect":
		s.pattern = introspect{s}
	case "internal-jwt":
		s.pattern = internalJWT{s}
	case "passthrough":
		s.pattern = passthrough{s}
	case "mtls":
		s.pattern = newMTLS(s)
	default:
		return fmt.Errorf("PATTERN=%s is none of introspect, internal-jwt, passthrough and mtls", name)
	}
	return nil
}

// userOf is whose token it is.
func userOf(r *http.Request, by identity.Verifier) (string, error) {
	claims, err := by.Verify(r.Context(), identity.Bearer(r))
	return claims.Subject, err
}

func (s *service) serve(w http.ResponseWriter, r *http.Request) {
	user, err := s.pattern.admit(r)
	if errors.Is(err, identity.ErrRefused) {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	if err != nil {
		http.Error(w, "nobody can tell who asks", http.StatusServiceUnavailable)
		return
	}
	number, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if s.sql != "" {
		err = s.db.QueryRow(r.Context(), s.sql, number).Scan(&number)
	}
	switch {
	case errors.Is(err, kit.ErrNoRow):
		http.NotFound(w, r)
	case err != nil:
		http.Error(w, "internal error", http.StatusInternalServerError)
	case s.next == "":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"user": user, "units": number}) // a client that left is no concern of ours
	default:
		s.forward(w, r, user, number)
	}
}

func (s *service) forward(w http.ResponseWriter, r *http.Request, user string, number int64) {
	next, err := http.NewRequestWithContext(r.Context(), http.MethodGet, fmt.Sprint(s.url, places()[s.next].path, number), nil)
	if err == nil {
		err = s.pattern.pass(r, next, user)
	}
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	response, err := s.client.Do(next)
	if err != nil {
		http.Error(w, s.next+" gave no answer", http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body) // a client that left is no concern of ours
}
