package auth

import (
	"context"
	"net/http"
	"time"

	"github.com/devcraft-studio/brunt/targets/kit/identity"
)

// clientNaive waits for as long as anything takes.
func clientNaive() *http.Client { return http.DefaultClient }

// rememberNaive remembers nothing.
func rememberNaive[T any](fetch asking[T], _ time.Duration) identity.Memory[T] { return fetch }

type asking[T any] func(context.Context) (T, error)

func (fetch asking[T]) Get(ctx context.Context) (T, error)     { return fetch(ctx) }
func (fetch asking[T]) Refresh(ctx context.Context) (T, error) { return fetch(ctx) }

// introspect asks auth about the user's token, each time and in each service; the gateway only routes.
type introspect struct{ *service }

func (i introspect) admit(r *http.Request) (user string, err error) {
	if i.role == gateway {
		return "", nil
	}
	return i.auth.Introspect(r.Context(), identity.Bearer(r))
}

// pass hands on the user's own token, which opens every door.
func (i introspect) pass(r, next *http.Request, _ string) error {
	next.Header.Set("Authorization", r.Header.Get("Authorization"))
	return nil
}
