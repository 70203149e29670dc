package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/devcraft-studio/brunt/harness/campaign"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

const (
	// pairWarmup is how long both builds of a pair are warmed up at least, under half the load, and pairMeasured how long they are
	// measured, before --time-scale.
	pairWarmup, pairMeasured = 15 * time.Second, 45 * time.Second
	// siteOverhead is what starting and stopping a site takes, and loadOverhead what the load generator takes to start and to end,
	// until they have been measured.
	siteOverhead, loadOverhead = 4 * time.Second, 3 * time.Second
	// leastLooked is how many pairs there have to be before the first look, unless --pairs asks for fewer.
	leastLooked = 5
)

// timingHelp is the part of the help that is about the timing gate.
const timingHelp = `gate holds the candidate's latency and errors against the baseline's. It measures pair after pair: fresh processes of both builds,
each with dependencies of its own, warmed up and then measured for 45 s, side by side (mirror), or a whole trial of each, one
after the other (trials). From the fifth pair on it looks after each whether p50, p95, p99 or the share that failed is worse for
sure, or within 3, 5 and 8 % and 0.1 points for sure, and ends as soon as it knows; at the end of --budget it is inconclusive,
and says what it would have seen. --resume goes on with a gate that was interrupted: finished pairs are kept.

`

// timingOptions are the flags of a timing gate.
type timingOptions struct {
	budget time.Duration
	mode   string
	pairs  int
}

func (o *gateOptions) registerTiming(c *cobra.Command) {
	f := c.Flags()
	f.DurationVar(&o.timing.budget, "budget", 20*time.Minute, "how long all pairs may take, from the first start on; builds are not counted")
	f.StringVar(&o.timing.mode, "mode", "", "how a pair is loaded: mirror (both builds at once) or trials (a whole trial of each; default where there are faults)")
	f.IntVar(&o.timing.pairs, "pairs", results.MostGatePairs, "the most pairs, for a quick look")
	f.StringVar(&o.rate, "rate", "", "iterations per second, such as 100/s")
	f.Float64Var(&o.timeScale, "time-scale", 0, "multiplies how long a pair is warmed up and measured, and every duration of the experiment")
	f.StringVar(&o.resume, "resume", "", "go on with this run: an id, the beginning of one, or latest")
}

// checkTiming refuses what can be told without the experiment.
func (o *gateOptions) checkTiming() error {
	t := o.timing
	switch {
	case o.costs && (t.mode != "" || o.resume != ""):
		return usage(errors.New("--mode and --resume are of the timing gate: leave --costs out"))
	case t.mode == string(results.GateSlices):
		return usage(errors.New("--mode slices is not built yet; there are mirror and trials"))
	case !slices.Contains([]string{"", string(results.GateMirror), string(results.GateTrials)}, t.mode):
		return usage(fmt.Errorf("--mode is mirror or trials, not %q", t.mode))
	case t.pairs < results.FewestGatePairs || t.pairs > results.MostGatePairs:
		return usage(fmt.Errorf("--pairs is %d to %d, not %d", results.FewestGatePairs, results.MostGatePairs, t.pairs))
	}
	return nil
}

// timing is what a timing gate is about.
type timing struct {
	plan  results.Gate
	sides [2]side // the baseline and the candidate
}

// asked is the plan as it is kept with the run; nil where there is no timing gate.
func (t *timing) asked() *results.Gate {
	if t == nil {
		return nil
	}
	plan := t.plan.WithDefaults()
	return &plan
}

// askForTimes leaves of the question what a pair is to do, and plans the gate.
func (a *app) askForTimes(ctx context.Context, q *question, sides [2]side, o gateOptions) error {
	q.timing = &timing{sides: sides}
	mode, err := a.modeOf(ctx, q, o.timing.mode)
	if err != nil {
		return err
	}
	if len(q.experiment.Faults) > 0 && mode == results.GateMirror {
		q.warnings = append(q.warnings, "the faults of the experiment are left out: --mode trials compares the builds under them")
		q.experiment.Faults = nil
	}
	q.experiment.SLOs, q.experiment.Expect, q.experiment.Ledgers, q.slos, q.selectors = nil, nil, nil, nil, nil
	q.experiment.Load.Escape, q.script.Escape = false, false
	scale := q.experiment.TimeScale
	warmup := max(q.experiment.Warmup, time.Duration(float64(pairWarmup)*scale))
	q.experiment.Warmup, q.script.Warmup = warmup, warmup
	if mode == results.GateMirror {
		q.mirror(time.Duration(float64(pairMeasured) * scale))
	}
	if q.inspection, err = load.Inspect(ctx, a.Exe, q.script, nil); err != nil {
		return a.inspectionError(err)
	}
	if q.inspection.Search != nil {
		return usage(errors.New("a search for the breakpoint offers each build another load: name another shape, or give --mode mirror"))
	}
	q.inspection.Thresholds, q.duration = nil, q.inspection.Duration
	q.timing.plan = planOf(q, mode, o.timing)
	if scale != 1 {
		q.warnings = append(q.warnings, fmt.Sprintf("--time-scale %v: a pair is warmed up for %v and measured for %v only", scale, warmup, q.duration))
	}
	if err := (campaign.Gate{Plan: q.timing.plan}).Check(); err != nil {
		return usage(err)
	}
	return nil
}

// planOf is the plan of a gate whose load was inspected.
func planOf(q *question, mode results.GateMode, o timingOptions) results.Gate {
	plan := results.Gate{
		Mode: mode, Budget: o.budget.Seconds(), MostPairs: o.pairs, LeastPairs: min(leastLooked, o.pairs),
		Measured: q.duration.Seconds(), Window: 5 * min(1, q.experiment.TimeScale),
	}
	once := q.experiment.Warmup + q.duration + loadOverhead
	plan.PairSeconds = (once + 2*siteOverhead).Seconds()
	if mode == results.GateTrials {
		plan.PairSeconds = (2 * (once + siteOverhead)).Seconds()
	}
	if !q.inspection.OpenModel {
		plan.Metric = "http_req_duration"
	}
	return plan
}

// modeOf is the mode that was asked for, or the one that fits the experiment.
func (a *app) modeOf(ctx context.Context, q *question, asked string) (results.GateMode, error) {
	if asked == string(results.GateTrials) || asked == "" && len(q.experiment.Faults) > 0 {
		return results.GateTrials, nil
	}
	why, err := a.unmirrored(ctx, q)
	switch {
	case err != nil:
		return "", err
	case why == "":
		return results.GateMirror, nil
	case asked == "":
		q.warnings = append(q.warnings, "the builds are measured one after the other, which needs more pairs: "+why)
		return results.GateTrials, nil
	}
	return "", usage(fmt.Errorf("--mode mirror: %s; --mode trials can do it", why))
}

// unmirrored says why both builds can't be loaded at once; "" where they can.
func (a *app) unmirrored(ctx context.Context, q *question) (why string, err error) {
	if slices.ContainsFunc(q.experiment.Services, func(s experiment.Service) bool { return s.URL != "" }) {
		return "a service with a url: is there but once", nil
	}
	switch {
	case q.script.Requests != nil:
		return "requests without a script can't be made to two builds at once", nil
	case !q.inspection.OpenModel:
		return "the script's scenarios are not on brunt-arrival", nil
	case q.script.Shape == "" && !q.inspection.ConstantRate:
		return "the rate of the script's scenarios changes", nil
	}
	setsUp, err := load.SetsUp(ctx, a.Exe, q.script)
	if err != nil {
		return "", a.inspectionError(err)
	}
	if setsUp {
		return "the script's setup or teardown is run once, and not for each build", nil
	}
	return "", nil
}

// mirror makes the load one of a constant rate, which both builds bear at once.
func (q *question) mirror(length time.Duration) {
	if q.script.Shape != "" {
		q.script.Shape, q.script.From, q.script.Step = "soak", 0, 0
		if q.script.Rate == 0 {
			q.script.Rate = constantRate
		}
	}
	q.script.Duration, q.script.Scripted = length, false
	q.script.Builds = nil
	for _, name := range []results.Side{results.SideBaseline, results.SideCandidate} {
		q.script.Builds = append(q.script.Builds, wire.Build{Name: string(name), Env: q.script.Env})
	}
}
