package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/harness/probe"
	"github.com/devcraft-studio/brunt/harness/runner"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/harness/topology"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// conductMirrored measures both builds at once, or in slices: each has a site of its own, and one load generator loads both.
func (inv *invocation) conductMirrored(ctx context.Context, pair campaign.GatePair) ([]results.Trial, error) {
	inv.side = nil
	number := 2*pair.Number - 1
	as, err := inv.assemble(ctx, number)
	if err != nil {
		trial, err := unstarted(ctx, number, err)
		return []results.Trial{trial}, err
	}
	defer as.close()
	as.apart = true
	both := &twin{as: as}
	as.Parts.Topology = func(ctx context.Context) (runner.Topology, error) { return both.start(ctx, pair) }
	as.Parts.Load = func(ctx context.Context, s *site.Site) (runner.Load, error) { return both.load(ctx, s, number) }
	as.Parts.Evidence, as.Parts.Ledgers = nil, nil
	trial, err := runner.Conduct(as.ctx, runner.Plan{
		Number: number, Experiment: inv.conducted(), Duration: inv.question.duration, Recording: as.recording,
		MostWarmup: inv.question.mostWarmup(),
	}, as.Parts)
	inv.take(&trial, as)
	return both.divide(trial), err
}

// twin is a site of each build, which to the runner is one.
type twin struct {
	as      *assembly
	started [2]*topology.Topology // of the baseline and the candidate; nil: it has not started
	joint   *site.Site
}

func (t *twin) Site() *site.Site { return t.joint }

// Stop stops both.
func (t *twin) Stop(ctx context.Context) error {
	var problems [2]error
	var all sync.WaitGroup
	for i, s := range t.started {
		if s != nil {
			all.Go(func() { problems[i] = s.Stop(ctx) })
		}
	}
	all.Wait()
	return errors.Join(problems[:]...)
}

// start starts one site after the other, in the pair's order. What has started is the runner's to stop, whatever else fails.
func (t *twin) start(ctx context.Context, pair campaign.GatePair) (runner.Topology, error) {
	inv := t.as.inv
	defer func() { inv.side = nil }()
	for _, i := range firstOf(pair) {
		inv.side = &inv.question.timing.sides[i]
		inv.progress.Step("starting the " + string(inv.side.name()))
		started, err := t.as.startSite(ctx)
		if err != nil {
			return t, fmt.Errorf("the %s: %w", inv.side.name(), err)
		}
		t.started[i] = started
	}
	t.join()
	t.as.site = t.joint
	return t, nil
}

// join makes one site of both, in which the nodes bear the names of their sides.
func (t *twin) join() {
	t.joint = &site.Site{}
	for i, name := range []results.Side{results.SideBaseline, results.SideCandidate} {
		of := t.started[i].Site()
		t.joint.Provider = of.Provider
		t.joint.Warnings = appendNew(t.joint.Warnings, of.Warnings...)
		for _, n := range of.Nodes {
			apart := *n
			apart.Name = sided(name, n.Name)
			t.joint.Nodes = append(t.joint.Nodes, &apart)
		}
		for _, l := range of.Links {
			l.From, l.To, _ = strings.Cut(sidedLink(name, l.Name()), "->")
			t.joint.Links = append(t.joint.Links, l)
		}
	}
}

// load starts the one generator that loads both.
func (t *twin) load(ctx context.Context, joint *site.Site, number int) (runner.Load, error) {
	script := t.as.inv.question.script
	script.Env, script.Builds = t.started[0].Site().LoadEnv, nil
	turns := t.as.inv.turns()
	for i, name := range []results.Side{results.SideBaseline, results.SideCandidate} {
		of := t.started[i].Site()
		script.Slices = append(script.Slices, wireSlices(turns[i], i)...)
		script.Builds = append(script.Builds, wire.Build{Name: string(name), Env: of.LoadEnv, Facts: facts(of)})
	}
	sideRequests(&script, t.started[0].Site().LoadTexts, t.started[1].Site().LoadTexts)
	slices.SortFunc(script.Slices, func(a, b wire.Slice) int { return cmp.Compare(a.StartNanos, b.StartNanos) })
	t.account(ctx, joint)
	process, output, err := t.as.launch(ctx, number, load.Options{Script: script})
	if err != nil {
		return nil, err
	}
	profiling, metered := t.as.inv.profiling, t.as.meterTarget(ctx, t.started[1].Site(), process)
	for i := range t.started {
		profiling.watch(t.as, i, t.started[i].Site(), process)
	}
	return generator{process, output, func() { metered(); profiling.wait() }, faultAsks(process)}, nil
}

// account lets the generator tell the CPU time of other programs from that of both sites, where all their processes are known.
func (t *twin) account(ctx context.Context, joint *site.Site) {
	table := &probe.ProcessTable{}
	var nodes []*probe.Processes
	for _, n := range joint.Nodes {
		p, err := processes(ctx, table, n)
		if err != nil {
			t.as.inv.log.Debug("what a node uses of the machine is not known", "node", n.Name, "error", err)
			return
		}
		nodes = append(nodes, p)
	}
	t.as.work = func() (time.Duration, error) { return table.Work(os.Getpid(), nodes) }
}

// divide makes two trials of the record of both: they have the load, its recording and its fitness in common.
func (t *twin) divide(joint results.Trial) []results.Trial {
	if t.joint == nil {
		return []results.Trial{joint}
	}
	var trials []results.Trial
	nodes, links, turns := joint.Nodes, joint.Links, t.as.inv.turns()
	for i, name := range []results.Side{results.SideBaseline, results.SideCandidate} {
		of := t.started[i].Site()
		one := joint
		one.Number, one.Build, one.Tagged, one.Slices = joint.Number+i, i, name, turns[i]
		one.Nodes, nodes = nodes[:len(of.Nodes):len(of.Nodes)], nodes[len(of.Nodes):]
		one.Links, links = links[:len(of.Links):len(of.Links)], links[len(of.Links):]
		for k, n := range of.Nodes {
			one.Nodes[k].Name = n.Name
		}
		for k, l := range of.Links {
			one.Links[k].Name = l.Name()
		}
		one.Faults = t.faultsOf(joint.Faults, i)
		trials = append(trials, one)
	}
	return trials
}

// faultsOf are the faults of one build, under the names that its own site has for what they act on: the candidate has those that were
// planted, and there are no others.
func (t *twin) faultsOf(joint []results.Fault, build int) []results.Fault {
	own := []results.Fault{}
	planted := t.as.inv.pair.Planted
	if build == 0 || planted == nil {
		return own
	}
	for _, f := range joint {
		if f.Link != "" {
			f.Link = planted.On
		} else {
			f.Node = planted.On
		}
		own = append(own, f)
	}
	return own
}
