// Package auth is a shop of three services, each of which has to know for whom it works, and a fourth that knows who is who.
//
//	GET /orders/{id}   at the gateway, with a user's token: how many there are of what was ordered, and who asked
//
// What happened: the gateway asked orders, which asked inventory, and each of the two asked auth about the user's token, every time.
// Auth became slow, and the shop twice as slow; auth did not answer, and whatever came in waited with it, as nobody had said for how
// long; auth was down, and so was the shop, though nothing was wrong with it. It happens to whoever takes "trust nobody" for "ask
// about everything", and makes one service the point at which every request of every other fails. From outside: an outage of a service
// that no user knows is an outage of all, and its load is a multiple of everybody's.
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
// In all of them naive asks auth for keys and lists whenever it needs them, and fixed keeps them. NEXT_URL is where the gateway finds
// orders, and orders inventory; these two work on the tables of scenarios/auth/schema.sql. REVOKED_WITHIN is 60s.
package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/kit/identity"
)

const issuer, gateway, orders, inventory = "auth", "gateway", "orders", "inventory"

// place is what a service does with a number, once it knows for whom.
type place struct {
	role, path string // where the number comes
	sql        string // what it stands for, if that is looked up
	next, at   string // the service that goes on with it, and where
	caller     string // the only service that may ask
}

func places() []place {
	return []place{
		{role: gateway, path: "/orders/", next: orders, at: "/orders/"},
		{role: orders, path: "/orders/", sql: `SELECT item_id FROM orders WHERE id = $1`, next: inventory, at: "/stock/", caller: gateway},
		{role: inventory, path: "/stock/", sql: `SELECT units FROM stock WHERE item_id = $1`, caller: orders},
	}
}

// remember is what the variant keeps of what auth says.
func remember[T any](env kit.Environment, within time.Duration, fetch func(context.Context) (T, error)) identity.Memory[T] {
	if env.Variant == kit.Naive {
		return rememberNaive(fetch, within)
	}
	return rememberFixed(fetch, within)
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
	var roles []kit.Role
	for _, p := range places() {
		roles = append(roles, kit.Role{Name: p.role, Open: func(ctx context.Context, env kit.Environment) (kit.Service, error) {
			return openService(ctx, env, &service{place: p})
		}})
	}
	return kit.OpenRole(ctx, env, append(roles, kit.Role{Name: issuer, Open: func(_ context.Context, env kit.Environment) (kit.Service, error) {
		provider, err := identity.NewProvider(env, issuer, gateway, orders, inventory)
		return kit.Service{Handler: provider, Close: func() {}}, err
	}})...)
}

// service is one of the three. What it does beside asking who asks is the same in all variants and patterns.
type service struct {
	place
	pattern pattern
	db      *kit.Pool
	url     string // of the next service
	client  *http.Client
	logger  *slog.Logger
	auth    *identity.Client
	users   identity.Verifier // of users' own tokens
	peers   identity.Verifier // of those that the gateway signs
}

func openService(ctx context.Context, env kit.Environment, s *service) (_ kit.Service, err error) {
	if err := s.configure(env); err != nil {
		return kit.Service{}, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+s.path+"{id}", s.serve)
	// Auth has to answer once: whom it does not know, the others can't know.
	opened := kit.Service{Handler: mux, TLS: s.auth.Listen(), Dependencies: []kit.Dependency{{Name: issuer, Ping: s.auth.Enrol, Optional: true}}, Close: func() {}}
	if s.sql != "" {
		if s.db, err = kit.OpenPool(ctx, env, kit.PoolSize, s.sql); err != nil {
			return kit.Service{}, err
		}
		opened.Dependencies = append(opened.Dependencies, kit.Dependency{Name: "postgres", Ping: s.db.Ping})
		opened.Close = s.db.Close
	}
	return opened, nil
}

func (s *service) configure(env kit.Environment) error {
	chosen := "internal-jwt"
	if s.client, s.logger = clientFixed(), env.Logger; env.Variant == kit.Naive {
		s.client, chosen = clientNaive(), "introspect"
	}
	within, err := env.Duration("REVOKED_WITHIN", time.Minute)
	auth, err2 := identity.NewClient(env, s.role, s.client)
	if s.next != "" && err == nil {
		s.url, err = env.Require("NEXT_URL")
	}
	if s.auth = auth; errors.Join(err, err2) != nil {
		return errors.Join(err, err2)
	}
	keys := func(name string) identity.Memory[identity.KeySet] {
		return remember(env, time.Hour, func(ctx context.Context) (identity.KeySet, error) { return s.auth.Keys(ctx, name) })
	}
	s.users = identity.Verifier{Issuer: issuer, Keys: keys(issuer), Revoked: remember(env, within, s.auth.Revoked)}
	s.peers = identity.Verifier{Issuer: gateway, Audience: s.role, Keys: keys(gateway)}
	s.pattern = map[string]pattern{
		"introspect": introspect{s}, "internal-jwt": internalJWT{s}, "passthrough": passthrough{introspect{s}}, "mtls": mtls{s},
	}[cmp.Or(env.Optional("PATTERN"), chosen)]
	if s.pattern == nil {
		return fmt.Errorf("PATTERN=%s is none of introspect, internal-jwt, passthrough and mtls", env.Optional("PATTERN"))
	}
	if s.pattern == (mtls{s}) {
		s.client = mutual(s)
	}
	return nil
}

func (s *service) serve(w http.ResponseWriter, r *http.Request) {
	user, err := s.pattern.admit(r)
	if err != nil {
		identity.Refuse(w, err)
		return
	}
	number, ok := kit.PathID(w, r)
	if !ok {
		return
	}
	if s.sql != "" {
		err = s.db.QueryRow(r.Context(), s.sql, number).Scan(&number)
	}
	if err != nil || s.next == "" {
		kit.Reply(w, s.logger, http.StatusOK, map[string]any{"user": user, "units": number}, err)
		return
	}
	next, err := http.NewRequestWithContext(r.Context(), http.MethodGet, fmt.Sprint(s.url, s.at, number), nil)
	if err == nil {
		err = s.pattern.pass(r, next, user)
	}
	if err != nil {
		kit.Reply(w, s.logger, 0, nil, err)
		return
	}
	answer, err := kit.Call(s.client, next)
	if err != nil && answer.Code < http.StatusInternalServerError { // it is not what the next service said
		http.Error(w, s.next+" gave no answer", http.StatusBadGateway)
		return
	}
	kit.WriteJSON(w, answer.Code, answer.Body)
}
