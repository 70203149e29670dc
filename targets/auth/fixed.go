package auth

import (
	"context"
	"net/http"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit"
	"github.com/devcraft-studio/brunt/targets/kit/identity"
)

// clientFixed waits for so long and no longer, on so many connections to one service and no more.
func clientFixed() *http.Client {
	return &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{MaxConnsPerHost: 200, MaxIdleConnsPerHost: 200}}
}

// rememberFixed asks in the background, once for all, and lives with what it knows for as long as it may.
func rememberFixed[T any](fetch func(context.Context) (T, error), within time.Duration) identity.Memory[T] {
	return kit.NewKept(fetch, min(within/6, 10*time.Second), within)
}

// internalJWT checks the user's token once, without asking anybody, and signs another one.
type internalJWT struct{ *service }

func (j internalJWT) admit(r *http.Request) (user string, err error) {
	if j.role == gateway {
		return j.users.User(r)
	}
	return j.peers.User(r)
}

// pass hands on a token that opens two doors, for a minute.
func (j internalJWT) pass(r, next *http.Request, user string) (err error) {
	token := identity.Bearer(r)
	if j.role == gateway {
		token, err = identity.Sign(j.auth.Key, identity.Claims{
			Issuer: gateway, Subject: user, Audience: []string{orders, inventory}, Ends: time.Now().Add(time.Minute),
		})
	}
	next.Header.Set("Authorization", "Bearer "+token)
	return err
}
