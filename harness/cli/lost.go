package cli

import (
	"context"
	"strings"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/store"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// lost warns of limits that the latest other build did better at, here and started in the same way.
func (inv *invocation) lost(ctx context.Context) []string {
	before, ok := inv.otherBuild(ctx)
	if !ok {
		return nil
	}
	lost := verdict.Lost(before.Verdict, inv.run.Verdict)
	if len(lost) == 0 {
		return nil
	}
	return []string{"less than the build " + buildName(before.Builds[0]) + " held in run " + before.ID + ": " + strings.Join(lost, "; ")}
}

// otherBuild is the latest run that looked for limits of another build on this machine.
func (inv *invocation) otherBuild(ctx context.Context) (results.Run, bool) {
	list, err := inv.store.List(ctx, store.Filter{Experiment: inv.run.Experiment, Limit: 50})
	if err != nil {
		inv.log.Warn("earlier limits not read", "error", err)
		return results.Run{}, false
	}
	now := inv.run.Builds[0]
	for _, s := range list {
		run, err := inv.store.Run(ctx, s.ID)
		if err != nil || run.ID == inv.run.ID || len(run.Builds) == 0 || len(run.Verdict.Tolerances)+len(run.Verdict.Breakpoints) == 0 {
			continue
		}
		b := run.Builds[0]
		other := b.SHA != now.SHA || b.DiffDigest != now.DiffDigest
		if other && b.Called() == now.Called() && run.Provider == inv.run.Provider && run.Host.Fingerprint == inv.run.Host.Fingerprint {
			return run, true
		}
	}
	return results.Run{}, false
}
