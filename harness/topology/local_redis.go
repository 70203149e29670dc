package topology

import (
	"context"
	"fmt"
	"syscall"

	"github.com/devcraft-studio/brunt/harness/dependency"
)

// prepareRedis says how a Redis starts. Its directory holds whatever the experiment makes it keep.
func (l *local) prepareRedis(p depPlan, n *localNode) error {
	n.program = program{
		path: l.programs.redis, args: p.Server.Args(p.Address, dependency.Settings{Extra: p.Args}),
		dir: n.dir, env: l.serverEnvironment(), user: l.user, death: syscall.SIGKILL, end: syscall.SIGTERM,
	}
	n.ready = checkServer(p)
	return nil
}

// checkServer holds when the server answers a query.
func checkServer(p depPlan) check {
	instance := p.Server.At(p.Address, p.Params)
	return check{fmt.Sprintf("%s answers a query at %s", p.Kind, p.Address), func(ctx context.Context) error {
		_, err := instance.Version(ctx)
		return err
	}}
}

// serverEnvironment is what PostgreSQL and Redis are started with: nothing of ours that could change how they behave.
func (l *local) serverEnvironment() []string {
	path, _ := l.opts.lookup("PATH")
	return []string{"PATH=" + path, "LC_ALL=C", "TZ=UTC", markName + "=" + l.opts.RunID}
}
