package output

import (
	"errors"
	"sort"
	"time"

	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"
	k6output "go.k6.io/k6/output"

	"github.com/devcraft-studio/brunt/xk6-ext/executor"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// Inspect is the argument of the output (-o brunt=inspect) that makes k6 read and check a script and its options exactly as it
// does before a run, say what they come to, and end instead of running it.
const Inspect = "inspect"

// errInspected ends k6 before it runs the script.
var errInspected = errors.New("the script was inspected, not run")

// inspect sends what the script comes to.
func inspect(p k6output.Params, o Options) error {
	tuple, err := lib.NewExecutionTuple(p.ScriptOptions.ExecutionSegment, p.ScriptOptions.ExecutionSegmentSequence)
	if err != nil {
		return err
	}
	planOf := executor.PlanOf
	if o.Config.Scripted {
		planOf = executor.DrivenPlanOf
	}
	plan := planOf(p.ScriptOptions.Scenarios, tuple, time.Duration(o.Config.WarmupNanos))
	m := wire.Inspected{
		Executors: plan.Executors, OpenModel: plan.OpenModel, ConstantRate: plan.ConstantRate,
		DurationNanos: int64(plan.Duration), MaxVUs: int64(lib.GetMaxPossibleVUs(p.ExecutionPlan)),
		Thresholds: thresholdsOf(p.ScriptOptions.Thresholds), Drivers: plan.Drivers, Levels: plan.Levels,
	}
	if s := plan.Search; s != nil {
		m.Search = &wire.Search{From: s.From, Most: s.Most, Factor: s.Factor, StepNanos: int64(s.Step), VUs: s.VUs, Alone: s.Alone}
	}
	for name := range p.ScriptOptions.SystemTags.Map() {
		m.SystemTags = append(m.SystemTags, name)
	}
	sort.Strings(m.SystemTags)
	if r := o.Registry(); r != nil {
		m.Metrics = map[string]string{}
		for _, metric := range r.All() {
			m.Metrics[metric.Name] = metric.Type.String()
		}
	}
	m.Ledgers = o.ledgerNames()
	if err := o.Conn.Send(m); err != nil {
		return err
	}
	return errInspected
}

func thresholdsOf(script map[string]metrics.Thresholds) []wire.Threshold {
	var all []wire.Threshold
	for metric, thresholds := range script {
		for _, t := range thresholds.Thresholds {
			all = append(all, wire.Threshold{
				Metric: metric, Expr: t.Source, AbortOnFail: t.AbortOnFail, GraceNanos: int64(t.AbortGracePeriod.TimeDuration()),
			})
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Metric < all[j].Metric })
	return all
}
