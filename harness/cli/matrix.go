package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/fault"
	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/slo"
	"github.com/devcraft-studio/brunt/results/store"
	"github.com/devcraft-studio/brunt/results/verdict"
)

// matrixOptions are the flags of `brunt matrix`.
type matrixOptions struct {
	limitsOptions
}

func (a *app) matrixCommand() *cobra.Command {
	var o matrixOptions
	c := &cobra.Command{
		Use:   "matrix EXPERIMENT",
		Short: "try every fault on every link, one by one: a scorecard",
		Long: `matrix tries every kind of fault on every link between nodes, each in two strengths and in a trial of its own, and asks of each
whether the SLOs without a phase, or in steady, hold while it is in force. The faults of the experiment are left alone.

Within --budget as many are tried as there is time for: those that failed in the latest scorecard of the experiment first, then
such as cover most. --resume goes on with a scorecard that was interrupted.`,
		Example: `  brunt matrix scenarios/restapi --budget 5m
  brunt matrix scenarios/restapi --link 'api->cache' --kind timeout --kind down
  brunt matrix scenarios/restapi --resume latest`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(fmt.Errorf("matrix takes one experiment, not %d", len(args)))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return a.matrix(c.Context(), args[0], o) },
	}
	o.registerCommon(c)
	f := c.Flags()
	f.StringArrayVar(&o.links, "link", nil, "only this link, such as 'api->cache'; may be repeated (default: all between nodes)")
	f.StringArrayVar(&o.kinds, "kind", nil, "only faults of this kind; may be repeated (default: all that act on links)")
	f.DurationVar(&o.budget, "budget", 10*time.Minute, "how long all may take")
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
	cells, err := o.cells(q)
	if err != nil {
		return err
	}
	return a.conductRun(ctx, q, o.runOptions, func(inv *invocation) error { return inv.measureCells(ctx, cells, o.budget) })
}

// check refuses what can be told without the experiment.
func (o *matrixOptions) check(name string) error {
	if err := o.runOptions.check(); err != nil {
		return err
	}
	for _, kind := range o.kinds {
		if campaign.CellsOf("", kind) == nil {
			return usage(fmt.Errorf("--kind %s: a scorecard has none of it; there are %s", kind, strings.Join(cellKinds(), ", ")))
		}
	}
	if o.budget < leastPart {
		return usage(fmt.Errorf("--budget %v is too short for a single fault; it is %v at least", o.budget, leastPart))
	}
	if isScript(name) {
		return usage(errors.New("matrix takes an experiment, whose SLOs say what is tolerated, not a bare script"))
	}
	return nil
}

// cellKinds are the kinds that a scorecard tries, of those that this machine can make.
func cellKinds() []string {
	var names []string
	for _, k := range fault.Kinds {
		if k.On == fault.OnLink && campaign.CellsOf("", k.Name) != nil && k.Possible() == nil {
			names = append(names, k.Name)
		}
	}
	return names
}

// cells are all that there are to try.
func (o *matrixOptions) cells(q question) ([]results.Cell, error) {
	links, err := o.limitLinks(q.experiment)
	if err != nil {
		return nil, err
	}
	kinds := o.kinds
	if len(kinds) == 0 {
		kinds = cellKinds()
	}
	var all []results.Cell
	for _, link := range links {
		for _, kind := range kinds {
			if strings.HasPrefix(kind, "http-") && !leadsToService(q.experiment, link) {
				continue // no database speaks it
			}
			all = append(all, campaign.CellsOf(link, kind)...)
		}
	}
	if len(all) == 0 {
		return nil, usage(errors.New("the experiment has no link that a fault could act on"))
	}
	return all, nil
}

// leadsToService says whether a link ends at a service.
func leadsToService(e experiment.Experiment, link string) bool {
	_, to, _ := strings.Cut(link, "->")
	return slices.ContainsFunc(e.Services, func(s experiment.Service) bool { return s.Name == to })
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

const (
	// cellBefore is how long a trial goes on before its fault, and cellAfter how long after it: recovery is read off windows of 10 s.
	cellBefore, cellAfter = 14 * time.Second, 16 * time.Second
	// cellLasts is how long a fault lasts whose strength is not its length.
	cellLasts = 10 * time.Second
	// cellOverhead is what starting and stopping a trial takes, until one has been measured.
	cellOverhead = 5 * time.Second
	// unavailable is the status that http-error answers with.
	unavailable = 503
)

// cellFault is a cell as a fault.
func cellFault(c results.Cell) (experiment.Fault, error) {
	f := experiment.Fault{Name: c.Kind + "-" + c.Strength, Link: c.Link, Kind: c.Kind, At: cellBefore, For: cellLasts}
	share, delay, _ := strings.Cut(c.What, " by ")
	var errs [2]error
	switch c.Kind {
	case "latency":
		f.Latency, errs[0] = time.ParseDuration(c.What)
	case "bandwidth":
		f.Rate, errs[0] = experiment.ParseThroughput(c.What)
	case "connect-delay":
		f.Delay, errs[0] = time.ParseDuration(c.What)
	case "stall":
		f.Share, errs[0] = shareOf(share)
		f.Delay, errs[1] = time.ParseDuration(delay)
	case "http-error", "http-abort", "loss":
		f.Share, errs[0] = shareOf(share)
		if c.Kind == "http-error" {
			f.Status = unavailable
		}
	default:
		f.For, errs[0] = time.ParseDuration(strings.TrimPrefix(c.What, "for "))
	}
	if err := errors.Join(errs[:]...); err != nil {
		return f, fmt.Errorf("fault of %s %s: %w", c.Kind, c.What, err)
	}
	return f, nil
}

// shareOf reads per cent.
func shareOf(text string) (float64, error) {
	percent, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	return percent / 100, err
}

// measureCells conducts a trial for each cell within the budget, saving the run after each. What does not fit is left out, and
// said. The returned error says why the run is not complete; the run itself is stored all the same.
func (inv *invocation) measureCells(ctx context.Context, cells []results.Cell, budget time.Duration) error {
	matrix := campaign.Matrix{Cells: cells, Seed: inv.run.Seed, Failed: inv.failedBefore(ctx)}
	inv.run.Trials = slices.DeleteFunc(inv.run.Trials, func(t results.Trial) bool { return t.Status != results.StatusComplete })
	var tried []results.Cell
	number := 0
	for _, t := range inv.run.Trials { // of the run that goes on
		tried, number = append(tried, *t.Cell), t.Number
	}
	deadline := time.Now().Add(budget)
	longest := inv.question.experiment.Warmup + cellBefore + cellLasts + cellAfter + cellOverhead
	var failed error
	for failed == nil {
		cell, ok := matrix.Next(tried)
		if !ok {
			break
		}
		if len(tried) > 0 && time.Until(deadline) < longest {
			inv.run.Warnings = appendNew(inv.run.Warnings, fmt.Sprintf("%d of %d faults were tried within --budget; --resume goes on", len(tried), len(cells)))
			break
		}
		began := time.Now()
		number++
		inv.progress.Step(fmt.Sprintf("%d of %d: %s on %s, %s", len(tried)+1, len(cells), cell.Kind, cell.Link, cell.What))
		var trial results.Trial
		trial, failed = inv.conductCell(ctx, cell, number)
		inv.run.Trials, tried = append(inv.run.Trials, trial), append(tried, cell)
		inv.options.trials = len(cells)
		if err := inv.save(ctx, failed); err != nil {
			return errors.Join(failed, err)
		}
		inv.tellCell(number)
		longest = max(longest, time.Since(began))
	}
	if failed == nil {
		inv.options.trials = len(inv.run.Trials)
		return inv.save(ctx, nil)
	}
	if ctx.Err() != nil {
		return &exitError{exitInterrupted, failed}
	}
	return brokenUnlessClassified(failed)
}

// tellCell tells people what came of a cell.
func (inv *invocation) tellCell(number int) {
	for _, c := range inv.run.Verdict.Cells {
		if c.Trial == number {
			inv.progress.Step(fmt.Sprintf("%s %s %s: %s %s", c.Link, c.Kind, c.What, c.Outcome, c.SLO))
		}
	}
}

// conductCell measures one cell.
func (inv *invocation) conductCell(ctx context.Context, cell results.Cell, number int) (results.Trial, error) {
	asked := inv.question
	defer func() { inv.question = asked }()
	broken := func(err error) (results.Trial, error) {
		trial, err := unstarted(ctx, number, err)
		trial.Cell = &cell
		return trial, err
	}
	f, err := cellFault(cell)
	if err != nil {
		return broken(err)
	}
	q := &inv.question
	q.script.Escape, q.experiment.Load.Escape = false, false // a trial has its share of the time
	q.duration = f.At + f.For + cellAfter
	q.script.Duration = q.duration
	if q.script.Rate == 0 {
		q.script.Rate = constantRate
	}
	if q.inspection, err = load.Inspect(ctx, inv.Exe, q.script, q.metrics()); err != nil {
		return broken(inv.inspectionError(err))
	}
	q.inspection.Thresholds = nil
	q.experiment.Faults, q.experiment.Settle = []experiment.Fault{f}, cellAfter
	trial, err := inv.conduct(ctx, number)
	trial.Cell = &cell
	return trial, err
}

// failedBefore are the cells that failed in the latest other scorecard of the experiment.
func (inv *invocation) failedBefore(ctx context.Context) []results.Cell {
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

// reopen takes up a scorecard that was interrupted.
func (inv *invocation) reopen(ctx context.Context) error {
	run, err := inv.store.Run(ctx, inv.options.resume)
	if err != nil {
		return usage(err)
	}
	same := slices.EqualFunc(run.Question.SLOs, inv.question.slos, func(a, b results.SLO) bool { return a.Text == b.Text })
	isScorecard := len(run.Trials) > 0 && !slices.ContainsFunc(run.Trials, func(t results.Trial) bool { return t.Cell == nil })
	switch {
	case !isScorecard:
		return usage(fmt.Errorf("--resume %s: it is no scorecard that was begun", run.ID))
	case run.Experiment != inv.question.experiment.Name || !same:
		return usage(fmt.Errorf("--resume %s: it asked something else: %s with %d SLOs", run.ID, run.Experiment, len(run.Question.SLOs)))
	case inv.options.seed != 0 && inv.options.seed != run.Seed:
		return usage(fmt.Errorf("--resume %s: it has the seed %d", run.ID, run.Seed))
	}
	inv.run = run
	inv.run.Warnings = slices.DeleteFunc(inv.run.Warnings, func(w string) bool { return strings.Contains(w, "--resume goes on") })
	return nil
}
