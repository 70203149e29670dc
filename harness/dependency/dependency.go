// Package dependency holds what we know of the dependencies of a known kind, postgres and redis: their images, ports,
// variables and server arguments, how to tell that one is ready and which version it is, how to fill it and how to empty it.
//
// It decides three things for you, and says so here:
//   - PostgreSQL runs with fsync off. WAL is still written, in full, and a killed server still recovers every committed
//     transaction, because the page cache outlives the process. Only the wait for the disk is gone, which on a CI machine
//     measures the neighbours, not the build. `args: [-c, fsync=on]` brings it back.
//   - PostgreSQL sorts by code point (initdb --locale=C --encoding=UTF8), so that both providers sort alike.
//   - Redis keeps nothing on disk (save "" and no AOF), as a cache: a fork for a snapshot would be a disturbance that nobody
//     planned. `args: [--appendonly, "yes"]` brings it back.
package dependency

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// The known kinds.
const (
	Postgres = "postgres"
	Redis    = "redis"
)

// Names of the parameters that a node carries in site.Node.Params.
const (
	ParamUser     = "user"
	ParamPassword = "password"
	ParamDatabase = "database"
)

// Server is what we know of a kind.
type Server struct {
	Kind           string
	Port           int    // the kind's own port
	DefaultVersion string // of the default image
	Repository     string // of the official image
	ImageVariable  string // environment variable that overrides the image
	DataPath       string // where the official image keeps its data
	engine         engine
}

// engine is what differs from kind to kind once a server runs.
type engine interface {
	url(address string, params map[string]string) string
	open(ctx context.Context, i Instance) (session, error)
	count(ctx context.Context, i Instance) (counting, error)
}

// session is a connection of our own to a running server.
type session interface {
	// version asks the server itself; it is also the proof that it is ready.
	version(ctx context.Context) (string, error)
	// command executes the words of a command fault and returns the reply as text.
	command(ctx context.Context, words []string) (string, error)
	// reset removes every row or key.
	reset(ctx context.Context) error
	// hold executes the words in a transaction of that name, which the server itself ends after limit.
	hold(ctx context.Context, name string, words []string, limit time.Duration) error
	// holds tells whether a transaction of that name is open.
	holds(ctx context.Context, name string) (bool, error)
	// release rolls the transaction back.
	release(ctx context.Context) error
	close(ctx context.Context)
}

// Servers lists the known kinds.
func Servers() []Server {
	return []Server{
		{
			Kind: Postgres, Port: 5432, DefaultVersion: "17", Repository: "postgres",
			ImageVariable: "BRUNT_POSTGRES_IMAGE", DataPath: "/var/lib/postgresql/data", engine: postgres{},
		},
		{
			Kind: Redis, Port: 6379, DefaultVersion: "7", Repository: "redis",
			ImageVariable: "BRUNT_REDIS_IMAGE", DataPath: "/data", engine: redisEngine{},
		},
	}
}

// Known returns the server of that kind, and false when the kind is none of ours.
func Known(kind string) (Server, bool) {
	servers := Servers()
	i := slices.IndexFunc(servers, func(s Server) bool { return s.Kind == kind })
	if i < 0 {
		return Server{}, false
	}
	return servers[i], true
}

// Image is the image to start d from: the environment's, else the experiment's, else the official one in the version asked
// for.
func (s Server) Image(d experiment.Dependency, lookup func(string) (string, bool)) string {
	if lookup != nil {
		if image, ok := lookup(s.ImageVariable); ok && image != "" {
			return image
		}
	}
	if d.Image != "" {
		return d.Image
	}
	if d.Version != "" {
		return s.Repository + ":" + d.Version
	}
	return s.Repository + ":" + s.DefaultVersion
}

// At is the instance of s that listens at address (host:port), with the parameters it was started with.
func (s Server) At(address string, params map[string]string) Instance {
	return Instance{Server: s, Address: address, Params: params}
}

// Of is the instance behind a started node of a known kind.
func Of(node *site.Node) (Instance, error) {
	s, ok := Known(node.Kind)
	if !ok {
		return Instance{}, fmt.Errorf("node %s is of kind %s, not one of the known kinds", node.Name, node.Kind)
	}
	return s.At(node.Address, node.Params), nil
}

// Instance is a running server. Its methods open a connection of their own, straight to the server and through no link,
// and close it again.
type Instance struct {
	Server
	Address string // host:port
	Params  map[string]string
}

// URL is the connection URL of the instance as seen from a consumer that dials address, which may be a link.
func (s Server) URL(address string, params map[string]string) string {
	return s.engine.url(address, params)
}

// Version asks the server for its version, such as "15.18". No error means that the server answers queries: this is the
// readiness check.
func (i Instance) Version(ctx context.Context) (version string, err error) {
	err = i.with(ctx, func(s session) error {
		version, err = s.version(ctx)
		return err
	})
	return version, err
}

// Command executes a command in the server and returns its reply as text: for redis the words, for postgres the words
// joined by spaces as one SQL statement.
func (i Instance) Command(ctx context.Context, words []string) (reply string, err error) {
	if len(words) == 0 {
		return "", fmt.Errorf("%s: no command given", i.Kind)
	}
	err = i.with(ctx, func(s session) error {
		reply, err = s.command(ctx, words)
		return err
	})
	return reply, err
}

// Reset empties the server: postgres truncates every table of every schema of its own (the schema stays), redis flushes
// all its databases.
func (i Instance) Reset(ctx context.Context) error {
	return i.with(ctx, func(s session) error { return s.reset(ctx) })
}

func (i Instance) with(ctx context.Context, do func(session) error) error {
	s, err := i.engine.open(ctx, i)
	if err != nil {
		return err
	}
	defer s.close(context.WithoutCancel(ctx))
	return do(s)
}

// Command executes words in the node, which must be of a known kind; see Instance.Command.
func Command(ctx context.Context, node *site.Node, words []string) (string, error) {
	i, err := Of(node)
	if err != nil {
		return "", err
	}
	reply, err := i.Command(ctx, words)
	if err != nil {
		return "", fmt.Errorf("command on %s: %w", node.Name, err)
	}
	return reply, nil
}

// Hold executes words in the node, which must be a postgres, in a transaction that stays open until release rolls it back. The
// server ends it by itself at expires, and when this process dies.
func Hold(ctx context.Context, node *site.Node, name string, words []string, expires time.Time) (release func(context.Context) error, err error) {
	i, err := Of(node)
	if err != nil {
		return nil, err
	}
	s, err := i.engine.open(ctx, i)
	if err != nil {
		return nil, err
	}
	if err := s.hold(ctx, name, words, time.Until(expires)); err != nil {
		s.close(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("hold on %s: %w", node.Name, err)
	}
	return func(ctx context.Context) error {
		defer s.close(context.WithoutCancel(ctx))
		if err := s.release(ctx); err != nil {
			return fmt.Errorf("release what is held on %s: %w", node.Name, err)
		}
		return nil
	}, nil
}

// Holds tells whether the node has the transaction of that name open.
func Holds(ctx context.Context, node *site.Node, name string) (open bool, err error) {
	i, err := Of(node)
	if err != nil {
		return false, err
	}
	err = i.with(ctx, func(s session) error {
		open, err = s.holds(ctx, name)
		return err
	})
	return open, err
}
