package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/fault"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
	"github.com/devcraft-studio/brunt/results/store"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// matrixOptions are the flags of `brunt matrix`.
type matrixOptions struct {
	campaignOptions
	nodes []string
}

// matrixBudget holds, for one service on Postgres and Redis, a fault of each kind.
const matrixBudget = 15 * time.Minute

func (a *app) matrixCommand() *cobra.Command {
	var o matrixOptions
	c := &cobra.Command{
		Use:   "matrix EXPERIMENT",
		Short: "try every fault on every link and node, one by one: a scorecard",
		Long: `matrix tries every kind of fault on every link between nodes and on every node, each in two strengths and in a trial of its own,
and asks of each whether the SLOs without a phase, or in steady, hold while it is in force. The faults of the experiment are left alone.

Within --budget as many are tried as there is time for: those that failed in the latest scorecard of the experiment first, then
such as cover every link, node and kind with the fewest, the strong ones before the mild ones. It passes when each link, node and kind
was tried at least once, and all that was tried is tolerated. --resume goes on with a scorecard that was interrupted, or whose
budget was used up. With --seed the order is that of the seed alone, so that it repeats a scorecard.

Left out are memory-limit, because what a node needs is not known before, and command; ` + "`brunt run`" + ` injects both.`,
		Example: `  brunt matrix scenarios/restapi --budget 5m
  brunt matrix scenarios/restapi --link 'api->cache' --kind timeout --kind down
  brunt matrix scenarios/restapi --on cache
  brunt matrix scenarios/restapi --resume latest`,
		Args: oneExperiment("matrix"),
		RunE: func(c *cobra.Command, args []string) error { return a.matrix(c.Context(), args[0], o) },
	}
	o.register(c, "only faults of this kind; may be repeated (default: all)", matrixBudget)
	f := c.Flags()
	f.StringArrayVar(&o.nodes, "on", nil, "only faults on this node, such as cache; may be repeated (default: all, unless a link is named)")
	f.StringVar(&o.resume, "resume", "", "go on with this run: an id, the beginning of one, or latest")
	return c
}

// matrix is `brunt matrix` from the question to the exit code.
func (a *app) matrix(ctx context.Context, name string, o matrixOptions) error {
	if err := o.check(name); err != nil {
		return err
	}
	o.shape, o.duration, o.asker, o.trials = "soak", mostLoad, "matrix", 1
	q, err := a.ask(ctx, name, o.runOptions)
	if err != nil {
		return err
	}
	if err := o.choose(&q); err != nil {
		return err
	}
	return a.conductRun(ctx, q, o.runOptions, func(inv *invocation) error { return inv.measureCells(ctx, o.budget) })
}

// check refuses what can be told without the experiment.
func (o *matrixOptions) check(name string) error {
	if err := o.runOptions.check(); err != nil {
		return err
	}
	for _, kind := range o.kinds {
		if !slices.Contains(cellKinds(), kind) {
			return usage(fmt.Errorf("--kind %s: a scorecard has none of it; there are %s", kind, strings.Join(cellKinds(), ", ")))
		}
	}
	return o.checkBudget(name, "matrix", "a single fault", "what is tolerated")
}

// cellKinds are the kinds that a scorecard tries.
func cellKinds() []string {
	var names []string
	for _, k := range fault.Kinds {
		if campaign.CellsOf("", k.Name) != nil || campaign.NodeCellsOf("", k.Name) != nil {
			names = append(names, k.Name)
		}
	}
	return names
}

// choose puts all that there is to try into the question.
func (o *matrixOptions) choose(q *question) error {
	links, err := o.limitLinks(q.experiment)
	if err != nil {
		return err
	}
	nodes, err := o.cellNodes(q.experiment)
	if err != nil {
		return err
	}
	if len(o.links) == 0 && len(o.nodes) > 0 {
		links = nil
	}
	for _, kind := range o.possible(q) {
		for _, link := range links {
			if !strings.HasPrefix(kind, "http-") || leadsToService(q.experiment, link) { // no database speaks it
				q.cells = append(q.cells, campaign.CellsOf(link, kind)...)
			}
		}
		var shared []string
		for _, node := range nodes {
			if kind == "disconnect" && !hasNetwork(q.experiment, node) {
				shared = append(shared, node)
				continue
			}
			q.cells = append(q.cells, campaign.NodeCellsOf(node, kind)...)
		}
		if len(shared) > 0 {
			q.warnings = append(q.warnings, "the scorecard leaves out disconnect on "+strings.Join(shared, ", ")+
				", which can't be taken off the network that they share with the machine; down cuts the links to them")
		}
	}
	q.narrowed = len(o.links)+len(o.nodes)+len(o.kinds) > 0
	if len(q.cells) == 0 {
		return usage(errors.New("the experiment has no link and no node that such a fault could act on"))
	}
	if least := q.cellLength(q.cells[0]) + cellOverhead; o.budget < least {
		return usage(fmt.Errorf("--budget %v is too short for a single fault, which takes about %v", o.budget, least))
	}
	return nil
}

// possible are the kinds to try: those that were named, or all that this machine can make. What it can't is said.
func (o *matrixOptions) possible(q *question) []string {
	if len(o.kinds) > 0 {
		return o.kinds
	}
	return slices.DeleteFunc(cellKinds(), func(name string) bool {
		kind, _ := fault.KindNamed(name)
		err := kind.Possible()
		if err != nil {
			q.warnings = append(q.warnings, fmt.Sprintf("the scorecard leaves out %s: %v", name, err))
		}
		return err != nil
	})
}

// cellNodes are the nodes to disturb: those that were named, or all that brunt starts where no link was.
func (o *matrixOptions) cellNodes(e experiment.Experiment) ([]string, error) {
	var known []string
	for _, s := range e.Services {
		if s.URL == "" {
			known = append(known, s.Name)
		}
	}
	for _, d := range e.Dependencies {
		known = append(known, d.Name)
	}
	slices.Sort(known)
	if len(o.nodes) == 0 {
		if len(o.links) > 0 {
			return nil, nil
		}
		return known, nil
	}
	for _, n := range o.nodes {
		if !slices.Contains(known, n) {
			return nil, usage(fmt.Errorf("--on %s: brunt starts no such node; there are %s", n, orNone(known)))
		}
	}
	chosen := slices.Sorted(slices.Values(o.nodes))
	return slices.Compact(chosen), nil
}

// orNone lists names.
func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// leadsToService says whether a link ends at a service.
func leadsToService(e experiment.Experiment, link string) bool {
	_, to, _ := strings.Cut(link, "->")
	return slices.ContainsFunc(e.Services, func(s experiment.Service) bool { return s.Name == to })
}

// hasNetwork says whether a node has a network of its own: dependencies that brunt does not know have.
func hasNetwork(e experiment.Experiment, node string) bool {
	return slices.ContainsFunc(e.Dependencies, func(d experiment.Dependency) bool { return d.Name == node && d.Kind == "image" })
}

// scorecard turns the question into that of a scorecard: each SLO is asked of the fault phase.
func (q *question) scorecard() []error {
	if q.asks != "matrix" {
		return nil
	}
	at := fmt.Sprintf("%s:%d: ", q.experiment.File, q.experiment.Load.Line)
	if !q.inspection.ConstantRate {
		return []error{fmt.Errorf("%sa scorecard needs a constant load", at)}
	}
	q.leaveOut()
	for i, s := range q.experiment.SLOs {
		text, ok := verdict.Disturbed(s.SLO, q.scraped)
		if !ok { // leaveOut has let it through, so that only its right side can be of a phase
			return []error{fmt.Errorf("%s:%d: a scorecard can't ask %s of a fault (leave out the phase on its right)", q.experiment.File, s.Line, s.Text)}
		}
		parsed, err := slo.Parse(text)
		if err != nil {
			return []error{fmt.Errorf("%s:%d: %w", q.experiment.File, s.Line, err)}
		}
		q.experiment.SLOs[i].Text, q.experiment.SLOs[i].SLO = text, parsed
	}
	if len(q.experiment.SLOs) == 0 {
		return []error{fmt.Errorf("%sno SLO is left that matrix could ask of a fault (give one without a phase, or in steady: p95(latency) < 300ms)", at)}
	}
	return nil
}

// failedBefore are the cells that failed in the latest other scorecard of the experiment; none where a seed was asked for, which
// is to give the same order whatever went before.
func (inv *invocation) failedBefore(ctx context.Context) []results.Cell {
	if inv.options.seed != 0 {
		return nil
	}
	list, err := inv.store.List(ctx, store.Filter{Experiment: inv.run.Experiment, Limit: 50})
	if err != nil {
		inv.log.Warn("earlier scorecards not read", "error", err)
		return nil
	}
	for _, s := range list {
		run, err := inv.store.Run(ctx, s.ID)
		if err != nil || run.ID == inv.run.ID || len(run.Verdict.Cells) == 0 {
			continue
		}
		var failed []results.Cell
		for _, c := range run.Verdict.Cells {
			if c.Outcome == results.Fail {
				failed = append(failed, c.Cell)
			}
		}
		return failed
	}
	return nil
}

// reopen takes up a campaign that was interrupted.
func (inv *invocation) reopen(ctx context.Context) error {
	if inv.question.timing != nil {
		return inv.reopenPairs(ctx)
	}
	run, err := inv.store.Run(ctx, inv.options.resume)
	if err != nil {
		return usage(err)
	}
	same := slices.EqualFunc(run.Question.SLOs, inv.question.slos, func(a, b results.SLO) bool { return a.Text == b.Text })
	if err := inv.resumable(run); err != nil {
		return err
	}
	switch {
	case run.Experiment != inv.question.experiment.Name || !same:
		return usage(fmt.Errorf("--resume %s: it asked something else: %s with %d SLOs", run.ID, run.Experiment, len(run.Question.SLOs)))
	case inv.options.seed != 0 && inv.options.seed != run.Seed:
		return usage(fmt.Errorf("--resume %s: it has the seed %d", run.ID, run.Seed))
	}
	again, err := inv.measuredNow(ctx)
	if err != nil {
		return err
	}
	was := run.Builds[0]
	if was.SHA != again.SHA || was.Called() != again.Called() {
		return usage(fmt.Errorf("--resume %s: it measured another build: %s, not %s", run.ID, buildName(was), buildName(again)))
	}
	if asked := run.Question.Cells; inv.question.narrowed && len(asked) > 0 && !sameCells(asked, inv.question.cells) {
		return usage(fmt.Errorf("--resume %s: it tries other links, nodes or kinds; leave --link, --on and --kind out", run.ID))
	}
	inv.run = run
	if was.DiffDigest != again.DiffDigest {
		inv.run.Warnings = appendNew(inv.run.Warnings, "the sources were changed while the run was interrupted")
	}
	inv.run.Warnings = slices.DeleteFunc(inv.run.Warnings, func(w string) bool { return strings.Contains(w, "--resume goes on") })
	return nil
}

// sameCells says whether two lists hold the same cells, in whatever order.
func sameCells(a, b []results.Cell) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(c results.Cell) bool { return !slices.Contains(b, c) })
}
