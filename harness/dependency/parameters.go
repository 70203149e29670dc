package dependency

import (
	"crypto/rand"
	"maps"
	"net"
	"strings"
)

// Params are the parameters of a fresh instance. A PostgreSQL gets the user and database brunt and a random password; a
// Redis has no password, as the official image has none. What the experiment sets (POSTGRES_USER, POSTGRES_PASSWORD,
// POSTGRES_DB in env, --requirepass in args) stands.
func (s Server) Params(env map[string]string, args []string) map[string]string {
	switch s.Kind {
	case Postgres:
		user := or(env["POSTGRES_USER"], "brunt")
		return map[string]string{
			ParamUser:     user,
			ParamPassword: or(env["POSTGRES_PASSWORD"], rand.Text()),
			ParamDatabase: or(env["POSTGRES_DB"], user),
		}
	case Redis:
		params := map[string]string{ParamUser: "default", ParamDatabase: "0"}
		if password := argument(args, "--requirepass"); password != "" {
			params[ParamPassword] = password
		}
		return params
	}
	return nil
}

// Environment is what the official image has to be given to come up with params, and the experiment's own variables,
// which stand.
func (s Server) Environment(params, env map[string]string) map[string]string {
	all := map[string]string{}
	if s.Kind == Postgres {
		all["POSTGRES_USER"] = params[ParamUser]
		all["POSTGRES_PASSWORD"] = params[ParamPassword]
		all["POSTGRES_DB"] = params[ParamDatabase]
		all["POSTGRES_INITDB_ARGS"] = strings.Join(InitdbArgs(), " ")
	}
	maps.Copy(all, env)
	return all
}

// InitdbArgs are the arguments that a PostgreSQL data directory is made with.
func InitdbArgs() []string { return []string{"--encoding=UTF8", "--locale=C"} }

// Settings say what a server is started with beside its address.
type Settings struct {
	// Statements loads pg_stat_statements; only where the library is there, or the server won't start.
	Statements bool
	// Extra are the experiment's own arguments. They come last and stand.
	Extra []string
}

// Args are the arguments of the server's program, without the program itself, to listen at listen (host:port; the host may
// be 0.0.0.0 where the address is published from elsewhere).
func (s Server) Args(listen string, settings Settings) []string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		host, port = listen, ""
	}
	var args []string
	switch s.Kind {
	case Postgres:
		args = []string{"-c", "listen_addresses=" + host, "-c", "port=" + port, "-c", "fsync=off"}
		if settings.Statements {
			args = append(args, "-c", "shared_preload_libraries=pg_stat_statements")
		}
	case Redis:
		// Protected mode would refuse a container's peers; what guards this server is its loopback address.
		args = []string{
			"--bind", host, "--port", port, "--protected-mode", "no", "--save", "", "--appendonly", "no", "--daemonize", "no",
		}
	}
	return append(args, settings.Extra...)
}

func argument(args []string, name string) string {
	for i, a := range args {
		if a == name && i+1 < len(args) {
			return args[i+1]
		}
		if value, ok := strings.CutPrefix(a, name+"="); ok {
			return value
		}
	}
	return ""
}

func or(value, fallback string) string {
	if value != "" {
		return value
	}
	return fallback
}
