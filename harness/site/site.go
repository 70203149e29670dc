// Package site describes a started topology: its nodes, its links, and what can be done to a node.
//
// What a node can do beyond existing stands in small interfaces, so that a provider offers what it has and a fault asks
// for what it needs.
package site

import (
	"context"
	"fmt"
	"io"
)

// Load is the name under which the load generator stands in links: load->api.
const Load = "load"

// Node is a started service or dependency.
type Node struct {
	Name        string
	Role        string // service, dependency
	Kind        string // postgres, redis, image, reference, command, url
	Address     string // host:port that it really listens on, on loopback
	PID         int    // local processes and, where the engine tells, containers; 0 when unknown
	Container   string // container id; empty for local processes
	Image       string
	ImageDigest string
	Version     string // as the node itself says, such as "15.18"

	// Ready is the path that answers over HTTP when the node is ready; empty when readiness is told in another way.
	Ready string

	// Params are the values that ${name.param} can name beside url, host and port: user, password, database.
	Params map[string]string

	// Control carries the node's abilities: any of Pauser, Killer, Stopper, Limiter, Disconnecter, Executor, Leader, Logger.
	Control any
}

// Link is a connection from a node (or from Load) to a node.
type Link struct {
	From, To string
	Address  string // what From dials: host:port with the original port
	Upstream string // where To really listens
	Proxied  bool   // a fault or a measurement has business with it; otherwise Address reaches To directly
}

// Name is the link's name in experiments and reports.
func (l Link) Name() string { return LinkName(l.From, l.To) }

// LinkName is the name of the link between two nodes.
func LinkName(from, to string) string { return from + "->" + to }

// Site is a started topology.
type Site struct {
	Provider string
	Nodes    []*Node
	Links    []Link
	Warnings []string // doubts to keep with the run, such as a fallback to another major version

	// LoadEnv is load.env with its references resolved against the started nodes.
	LoadEnv map[string]string
	// LoadTexts are the texts of load.requests, resolved in the same way, in their order.
	LoadTexts []string
	// TargetURL is the base URL of the service that load enters, through its link where that is proxied.
	TargetURL string
}

// Node returns the node of that name, or nil.
func (s *Site) Node(name string) *Node {
	for _, n := range s.Nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// Link returns the link of that name (from->to).
func (s *Site) Link(name string) (Link, bool) {
	for _, l := range s.Links {
		if l.Name() == name {
			return l, true
		}
	}
	return Link{}, false
}

// Pauser freezes a node and lets it go on. Both are idempotent.
type Pauser interface {
	Pause(ctx context.Context) error
	Resume(ctx context.Context) error
}

// Killer ends a node's processes with SIGKILL and starts the node again at the same address. Restart returns when the
// node is ready, and its data are those that a crash would have left. A node that runs is left as it is, unless it was
// asked to stop.
type Killer interface {
	Kill(ctx context.Context) error
	Restart(ctx context.Context) error
}

// Stopper asks a node to end, as an orchestrator does: with the signal that its program takes for that, mostly SIGTERM. Stop
// returns at once. Killer.Restart then gives it some seconds to end, kills what is left, and starts it again.
type Stopper interface {
	Stop(ctx context.Context) error
}

// Resource is what a node can be short of.
type Resource string

// The resources of nodes.
const (
	CPU    Resource = "cpu"    // in cores
	Memory Resource = "memory" // in bytes
)

// Undo says how a node is brought back to how it was, for whoever has to do that when this process can't. Only the provider
// that wrote it reads it; to follow it twice does no harm.
type Undo string

// Limiter bounds what a node may use while it runs. Limit is told of an undo before anything changes, and changes nothing
// when undo's taker refuses it. Unlimit gives the node exactly what it had before.
type Limiter interface {
	Limit(ctx context.Context, r Resource, amount float64, prepared func(Undo) error) error
	Unlimit(ctx context.Context, r Resource) error
	// Held says how often the limit has held the node up so far, and out of how many times it could have: of CPU in periods
	// of the scheduler, of memory 0 because nobody counts those.
	Held(ctx context.Context, r Resource) (times, of uint64, err error)
}

// Disconnecter takes a node off its network and puts it back, under the same names and addresses. prepared is as for Limiter.
type Disconnecter interface {
	Disconnect(ctx context.Context, prepared func(Undo) error) error
	Connect(ctx context.Context) error
}

// Executor runs a command where the node's processes run and with their environment. It returns when the command has
// ended, with an error unless it ended with 0; what it writes is part of the node's log. It is killed when ctx ends.
type Executor interface {
	Execute(ctx context.Context, words []string) error
}

// Leader tells the process that leads a node now, which is another one after a restart; 0 when it is not known. It waits for nobody.
type Leader interface {
	PID() int
}

// Logger offers the last bytes (at most 1 MiB) that a node's processes wrote.
type Logger interface {
	Log(ctx context.Context) (io.Reader, error)
}

// As returns the ability T of a node, or an error that says which node lacks it.
func As[T any](n *Node) (T, error) {
	t, ok := n.Control.(T)
	if !ok {
		return t, fmt.Errorf("node %s (%s) does not offer %T here", n.Name, n.Kind, (*T)(nil))
	}
	return t, nil
}
