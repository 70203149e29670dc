package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
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
	// pairWarmup is how long both builds of a pair are warmed up at least, under half the load, and mostWarmup at most, until their times
	// are level, see executor.Leveling; pairMeasured is how long they are measured, before --time-scale.
	pairWarmup, mostWarmup, pairMeasured = 15 * time.Second, 30 * time.Second, 45 * time.Second
	// siteOverhead is what starting and stopping a site takes, and loadOverhead what the load generator takes to start and to end,
	// until they have been measured.
	siteOverhead, loadOverhead = 4 * time.Second, 3 * time.Second
	// leastLooked is how many pairs there have to be before the first look, unless --pairs asks for fewer.
	leastLooked = 5
)

// timingHelp is the part of the help that is about the timing gate.
const timingHelp = `gate holds the candidate's latency and errors against the baseline's. It measures pair after pair: fresh processes of both builds,
each with dependencies of its own, warmed up until their times are level (15 to 30 s) and then measured for 45 s: both at once (mirror),
in turns of 4 s (slices), or a whole trial of each, one after the other (trials). Where both at once need more than 60 % of the
machine's CPU, or a calibration of this machine read back too little of a planted delay, they go on in turns, unless --mode was given:
after such a calibration mirror is then refused. From the fifth pair on it looks after each whether p50, p95, p99 or the share that
failed is worse for sure, or within 3, 5 and 8 % and 0.1 points for sure, and ends as soon as it knows; at the end of --budget it is
inconclusive, and says what it would have seen. Of a load on k6's own executors throughput is tested, too. --resume goes on with a gate
that was interrupted: finished pairs are kept. brunt calibrate finds out in advance how small a change can be seen on this machine.

A fail is followed by one more pair, which is not part of the test and not counted against --budget. The services' /debug/pprof is asked
for profiles of CPU, contention and heap of both builds, which are kept with the run; the report says which functions grew, and what
requests cost more (see --costs). --no-profiles leaves it out.

`

// gateBudget is how long a timing gate may take where nobody says otherwise.
const gateBudget = 20 * time.Minute

// timingOptions are the flags of a timing gate.
type timingOptions struct {
	budget     time.Duration
	mode       string
	pairs      int
	unprofiled bool
}

func (o *gateOptions) registerTiming(c *cobra.Command) {
	f := c.Flags()
	f.DurationVar(&o.timing.budget, "budget", gateBudget, "how long all pairs may take, from the first start on; builds are not counted")
	f.StringVar(&o.timing.mode, "mode", "", "how a pair is loaded: mirror (both builds at once), slices (in turns) or trials (a whole trial of each; default where there are faults)")
	f.IntVar(&o.timing.pairs, "pairs", results.MostGatePairs, "the most pairs, for a quick look")
	f.BoolVar(&o.timing.unprofiled, "no-profiles", false, "of a fail, leave out the pair with profiles that shows where the time went")
	f.StringVar(&o.rate, "rate", "", "iterations per second, such as 100/s")
	f.Float64Var(&o.timeScale, "time-scale", 0, "multiplies how long a pair is warmed up and measured, and every duration of the experiment")
	f.StringVar(&o.resume, "resume", "", "go on with this run: an id, the beginning of one, or latest")
}

// checkTiming refuses what can be told without the experiment.
func (o *gateOptions) checkTiming() error {
	t := o.timing
	switch {
	case o.costs && (t.mode != "" || o.resume != "" || t.unprofiled):
		return usage(errors.New("--mode, --resume and --no-profiles are of the timing gate: leave --costs out"))
	case o.costs && (t.budget != gateBudget || t.pairs != results.MostGatePairs):
		return usage(errors.New("--budget and --pairs are of the timing gate: leave --costs out, which needs three starts of each build at most"))
	case !slices.Contains([]string{"", string(results.GateMirror), string(results.GateSlices), string(results.GateTrials)}, t.mode):
		return usage(fmt.Errorf("--mode is mirror, slices or trials, not %q", t.mode))
	case t.pairs < results.FewestGatePairs || t.pairs > results.MostGatePairs:
		return usage(fmt.Errorf("--pairs is %d to %d, not %d", results.FewestGatePairs, results.MostGatePairs, t.pairs))
	}
	return nil
}

// timing is what a timing gate is about.
type timing struct {
	plan  results.Gate
	sides [2]side // the baseline and the candidate
	name  string  // of the experiment, as it was given
	// chosen says that people asked for the mode.
	chosen      bool
	unprofiled  bool                 // a fail is not followed by a pair with profiles
	calibration *results.Calibration // of a build against itself; nil: the question is that of a gate
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
	q.timing = &timing{sides: sides, chosen: o.timing.mode != "", unprofiled: o.timing.unprofiled}
	mode, err := a.modeOf(ctx, q, o.timing.mode)
	if err != nil {
		return err
	}
	if len(q.experiment.Faults) > 0 && mode != results.GateTrials {
		q.warnings = append(q.warnings, "the faults of the experiment are left out: --mode trials compares the builds under them")
		q.experiment.Faults = nil
	}
	q.experiment.SLOs, q.experiment.Expect, q.experiment.Ledgers, q.slos, q.selectors = nil, nil, nil, nil, nil
	q.experiment.Load.Escape, q.script.Escape = false, false
	scale := q.experiment.TimeScale
	warmup := max(q.experiment.Warmup, time.Duration(float64(pairWarmup)*scale))
	q.experiment.Warmup, q.script.Warmup = warmup, warmup
	if mode != results.GateTrials {
		q.mirror(measuredFor(mode, scale))
	}
	if q.inspection, err = load.Inspect(ctx, a.Exe, q.script, nil); err != nil {
		return a.inspectionError(err)
	}
	if most := time.Duration(float64(mostWarmup) * scale); q.inspection.Levels && most > warmup {
		q.script.Warmup, q.script.LeastWarmup = most, warmup
	}
	if q.inspection.Search != nil {
		return usage(errors.New("a search for the breakpoint offers each build another load: name another shape, or give --mode mirror or slices"))
	}
	if q.inspection.Duration <= 0 {
		return usage(fmt.Errorf("nothing of the load is left after the warm-up of %v, which scenarios on k6's own executors spend of their own time: let them last %v or longer",
			warmup, warmup+time.Duration(float64(pairMeasured)*scale)))
	}
	q.inspection.Thresholds, q.duration = nil, q.inspection.Duration
	q.timing.plan = planOf(q, mode, o.timing)
	if scale != 1 {
		q.warnings = append(q.warnings, fmt.Sprintf("--time-scale %v: a pair is warmed up for %v and measured for %v only", scale, warmup,
			time.Duration(q.timing.plan.Measured*float64(time.Second)).Round(time.Millisecond)))
	}
	if err := (campaign.Gate{Plan: q.timing.plan}).Check(); err != nil {
		return usage(err)
	}
	return nil
}

// mostWarmup is how long the load may be warmed up until its times are level; 0: it is warmed up for as long as was asked.
func (q *question) mostWarmup() time.Duration {
	if q.script.LeastWarmup == 0 {
		return 0
	}
	return q.script.Warmup
}

// planOf is the plan of a gate whose load was inspected.
func planOf(q *question, mode results.GateMode, o timingOptions) results.Gate {
	plan := results.Gate{
		Mode: mode, Budget: o.budget.Seconds(), MostPairs: o.pairs, LeastPairs: min(leastLooked, o.pairs),
		Measured: q.duration.Seconds(), Window: windowFor(q.experiment.TimeScale),
	}
	once := q.experiment.Warmup + q.duration + loadOverhead
	plan.PairSeconds = (once + 2*siteOverhead).Seconds()
	switch mode {
	case results.GateTrials:
		plan.PairSeconds = (2 * (once + siteOverhead)).Seconds()
	case results.GateSlices:
		plan.Measured = pairMeasured.Seconds() * q.experiment.TimeScale
	}
	if !q.inspection.OpenModel {
		plan.Metric = "http_req_duration"
		plan.Primary = append(plan.WithDefaults().Primary, results.GateMetric{Name: results.GateThroughput})
	}
	return plan
}

// windowFor is how long a window is, in seconds.
func windowFor(scale float64) float64 { return 5 * min(1, scale) }

// measuredFor is how long the load of both builds lasts after the warm-up, in a mode in which they share a load generator.
func measuredFor(mode results.GateMode, scale float64) time.Duration {
	if mode != results.GateSlices {
		return time.Duration(float64(pairMeasured) * scale)
	}
	last := campaign.SlicesLast(results.Gate{Measured: pairMeasured.Seconds() * scale, Window: windowFor(scale)})
	return time.Duration(math.Round(last * 1e9))
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
	case why == "" && asked == string(results.GateSlices):
		return results.GateSlices, nil
	case why == "":
		return results.GateMirror, nil
	case asked == "":
		q.warnings = append(q.warnings, "the builds are measured one after the other, which needs more pairs: "+why)
		return results.GateTrials, nil
	}
	return "", usage(fmt.Errorf("--mode %s: %s; --mode trials can do it", asked, why))
}

// unmirrored says why one load generator can't load both builds, at once or in turn; "" where it can.
func (a *app) unmirrored(ctx context.Context, q *question) (why string, err error) {
	if slices.ContainsFunc(q.experiment.Services, func(s experiment.Service) bool { return s.URL != "" }) {
		return "a service with a url: is there but once", nil
	}
	switch {
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

// mirror makes the load one of a constant rate, which both builds bear at once or in turn.
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
	if q.script.Requests != nil { // as far as they are known before the builds stand
		sideRequests(&q.script, q.script.Requests.Texts(), q.script.Requests.Texts())
	}
}
