package topology

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// provider is how nodes are started. It wants more than three methods because a half provider is of no use; what only one
// of the two can do stands in a further interface (snapshotter).
//
// Several calls run at once: dependencies start in parallel, and so do services that do not need each other.
type provider interface {
	// name is docker or local.
	name() string

	// prepare makes sure, before anything starts, that everything the plan needs can be had: programs found, images
	// pulled or present, the target image built. Its error says what is missing; under `auto` the next provider is tried.
	prepare(ctx context.Context, p plan) error

	// startDependency starts a dependency that listens exactly on plan.Address and returns when it is ready: a known kind
	// when Server.At(…).Version answers, an image by its ready check. It fills Name, Role, Kind, Address, PID or Container,
	// Image, ImageDigest, Params (= plan.Params) and Control; Version is filled in by the caller where the kind is known.
	// When it fails it leaves nothing behind.
	startDependency(ctx context.Context, p depPlan) (*site.Node, error)

	// startService is the same for a service. It is never called for a service with a URL.
	startService(ctx context.Context, p servicePlan) (*site.Node, error)

	// stop ends a node that it started, paused or killed or not: it asks politely, then kills, and removes what the node
	// had. Its log should stay readable. ctx is fresh and bounded.
	stop(ctx context.Context, n *site.Node) error

	// close removes what belongs to the whole run (a network, a directory). It is called once, after every stop.
	close(ctx context.Context) error
}

// snapshotter is the ability to keep what the setup steps made of a dependency, and to start from that the next time.
type snapshotter interface {
	// restored says whether n came up with the state that was kept under plan.Snapshot, so that setup is not needed.
	restored(n *site.Node) bool
	// keep stores the state of n under key (depPlan.Snapshot). The node may be restarted meanwhile; it is ready again,
	// at the same address, on return. An error that wraps errNotKept leaves a node that works.
	keep(ctx context.Context, n *site.Node, key string) error
}

// errNotKept marks a snapshot that could not be stored while the node itself is well: a warning, not a failure.
var errNotKept = errors.New("setup was not kept as a snapshot")

// plan is everything that will be started.
type plan struct {
	dependencies []depPlan
	services     []servicePlan // without those that have a URL
}

// depPlan is one dependency to start.
type depPlan struct {
	experiment.Dependency                    // Env is already resolved
	Server                *dependency.Server // nil for kind image
	Address               string             // host:port to listen on: 127.a.b.c with the kind's port, or Dependency.Port
	Params                map[string]string  // user, password, database; nil for kind image
	// Snapshot is the key of what its setup steps make of it, without the server's version, which the provider adds. Empty
	// when there is no setup.
	Snapshot string
}

// servicePlan is one service to start.
type servicePlan struct {
	experiment.Service        // Env and Command are already resolved for this consumer
	Address            string // host:port to listen on: 127.a.b.c with Service.Port
	// Hosts maps the name of every other node to the address (IP only) that this service reaches it at: its link's where
	// that is proxied, else the node's own. Containers get it as --add-host.
	Hosts map[string]string
}

// defaultReadyTimeout is how long a node may take to become ready.
const defaultReadyTimeout = 60 * time.Second

// readyTimeout is how long a node with this ready check may take.
func readyTimeout(r experiment.Ready) time.Duration {
	if r.Timeout > 0 {
		return r.Timeout
	}
	return defaultReadyTimeout
}

// NotReadyError says that a node started but did not become ready.
type NotReadyError struct {
	Node  string
	Check string        // what was waited for, such as "GET /healthz answers 2xx"
	After time.Duration // how long it was given; 0 when it ended by itself
	Last  error         // the last failure of the check, or how the process ended
	Log   string        // its last lines
}

func (e *NotReadyError) Error() string {
	text := fmt.Sprintf("%s did not become ready within %s (%s): %v", e.Node, e.After, e.Check, e.Last)
	if e.After == 0 {
		text = fmt.Sprintf("%s ended before it was ready (%s): %v", e.Node, e.Check, e.Last)
	}
	if e.Log != "" {
		text += "\nits last lines:\n" + e.Log
	}
	return text
}

func (e *NotReadyError) Unwrap() error { return e.Last }
