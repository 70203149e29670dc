// Package kit is what several reference targets have in common: a Postgres pool, a Redis cache, a circuit breaker, pauses, calls of
// other services, workers, roles, replies, metrics, profiles, readiness and a server with timeouts. It is part of the victim: nothing
// that measures may import it.
//
// Targets use pgx and go-redis through this package alone, so that a change of a driver is a change in one place.
package kit

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Variant is the implementation of a target that is to run.
type Variant string

// The variants. The zero value is neither.
const (
	Naive Variant = "naive" // with the bug
	Fixed Variant = "fixed" // without it
)

// ParseVariant reads a variant's name.
func ParseVariant(s string) (Variant, error) {
	switch v := Variant(s); v {
	case Naive, Fixed:
		return v, nil
	}
	return "", fmt.Errorf("unknown variant %q: naive or fixed", s)
}

// Target is a reference service: its name on the command line and how to start it.
type Target struct {
	Name  string
	About string // one line

	// Open makes the service. It must not wait for dependencies: /healthz reports them until they answer.
	Open func(ctx context.Context, env Environment) (Service, error)
}

// Environment is what a target is given from outside.
type Environment struct {
	Variant  Variant
	Lookup   func(name string) (string, bool) // environment variables
	Logger   *slog.Logger
	Registry *prometheus.Registry
}

// Require returns the value of a variable, or an error that names the missing one.
func (e Environment) Require(name string) (string, error) {
	if v, ok := e.Lookup(name); ok && v != "" {
		return v, nil
	}
	return "", fmt.Errorf("the environment variable %s is not set", name)
}

// Optional returns the value of a variable, or "" when it is not set.
func (e Environment) Optional(name string) string {
	v, _ := e.Lookup(name)
	return v
}

// Duration returns the value of a variable such as 60s, or otherwise when it is not set.
func (e Environment) Duration(name string, otherwise time.Duration) (time.Duration, error) {
	text := e.Optional(name)
	if text == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("the environment variable %s is %q, which is not a time such as 60s", name, text)
	}
	return d, nil
}

// Service is a target that was opened.
type Service struct {
	Handler http.Handler
	// Server has the timeouts and limits of the server, where those of Serve are not what the target is about.
	Server *http.Server
	// TLS is spoken with clients that begin with it, beside plain HTTP on the same address; nil: with none.
	TLS          *tls.Config
	Dependencies []Dependency
	Close        func()
}

// Dependency is something that /healthz asks for.
type Dependency struct {
	Name string
	Ping func(ctx context.Context) error
	// Optional dependencies must have answered once before the service is ready; afterwards the service works without
	// them and stays ready.
	Optional bool
}
