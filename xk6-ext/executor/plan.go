package executor

import (
	"sort"
	"time"

	"go.k6.io/k6/lib"
	k6executor "go.k6.io/k6/lib/executor"
)

// Plan is what the scenarios of a script come to.
type Plan struct {
	Executors    []string // types, sorted, each once
	OpenModel    bool     // every scenario is on brunt-arrival, or on its kin without a script
	ConstantRate bool     // after the warm-up the offered rate does not change
	// Duration is the planned load after the warm-up, graceful stops not counted; of executors that end with their
	// iterations it is the longest they may take.
	Duration time.Duration
	// Builds are the names of the builds that a scenario measures side by side, by scenario; nil: there are none.
	Builds map[string][]string

	// Search is what a scenario that searches for its breakpoint asks for; nil: there is none.
	Search *SearchPlan

	// Drivers are the scenarios that are taken to drive faults alone, sorted. They have no part in OpenModel, ConstantRate and
	// Duration.
	Drivers []string

	// Levels is true when all scenarios are of the open model, begin at once and warm up as the run does, so that the warm-up can end
	// when times are level.
	Levels bool

	leader string // name of the scenario that begins t = 0; "" when none is on brunt-arrival
}

// Leads reports whether a scenario on brunt-arrival begins t = 0.
func (p Plan) Leads() bool { return p.leader != "" }

// PlanOf reads the scenarios. The run's warm-up is that of the executors' Options.
func PlanOf(scenarios lib.ScenarioConfigs, tuple *lib.ExecutionTuple, warmup time.Duration) Plan {
	p := Plan{OpenModel: len(scenarios) > 0, ConstantRate: len(scenarios) > 0, Levels: len(scenarios) > 0, Builds: mirrored(scenarios)}
	var zero, end time.Duration
	types := map[string]bool{}
	starts, ends := map[time.Duration]bool{}, map[time.Duration]bool{}
	for _, config := range scenarios.GetSortedConfigs() {
		types[config.GetType()] = true
		begin, stop := window(config, tuple)
		end = max(end, stop)
		starts[begin], ends[stop] = true, true
		p.ConstantRate = p.ConstantRate && constantRate(config)
		c := arrivalOf(config)
		p.OpenModel = p.OpenModel && c != nil
		p.Levels = p.Levels && c != nil && c.BaseConfig.GetStartTime() == 0 && !c.Warmup.Valid && c.Search == nil
		if c != nil && c.Search != nil {
			p.Search = c.searchPlan(len(scenarios) == 1)
		}
		if c != nil && (p.leader == "" || c.zero() < zero) {
			p.leader, zero = c.Name, c.zero()
		}
	}
	if p.leader == "" {
		zero = warmup
	}
	p.ConstantRate = p.ConstantRate && len(starts) == 1 && len(ends) == 1
	p.Duration = max(0, end-zero)
	for t := range types {
		p.Executors = append(p.Executors, t)
	}
	sort.Strings(p.Executors)
	return p
}

// DrivenPlanOf is PlanOf of a script that faults wait for. A scenario of one VU and one iteration beside others is taken to do nothing
// but drive them: it offers no load. Whether it sends requests all the same shows in the recording.
func DrivenPlanOf(scenarios lib.ScenarioConfigs, tuple *lib.ExecutionTuple, warmup time.Duration) Plan {
	p := PlanOf(scenarios, tuple, warmup)
	others := lib.ScenarioConfigs{}
	for name, config := range scenarios {
		if runsOnce(config) {
			p.Drivers = append(p.Drivers, name)
		} else {
			others[name] = config
		}
	}
	if len(others) == 0 || len(p.Drivers) == 0 {
		p.Drivers = nil
		return p
	}
	sort.Strings(p.Drivers)
	load := PlanOf(others, tuple, warmup)
	p.OpenModel, p.ConstantRate, p.Duration = load.OpenModel, load.ConstantRate, load.Duration
	return p
}

// runsOnce says whether a scenario is a single iteration.
func runsOnce(config lib.ExecutorConfig) bool {
	switch c := config.(type) {
	case k6executor.PerVUIterationsConfig:
		return c.VUs.Int64 == 1 && c.Iterations.Int64 == 1
	case k6executor.SharedIterationsConfig:
		return c.VUs.Int64 == 1 && c.Iterations.Int64 == 1
	}
	return false
}

// window is when a scenario offers load, from the start of the executors.
func window(config lib.ExecutorConfig, tuple *lib.ExecutionTuple) (start, end time.Duration) {
	if c := arrivalOf(config); c != nil {
		return c.zero(), c.zero() + c.length()
	}
	last, _ := lib.GetEndOffset(config.GetExecutionRequirements(tuple))
	return config.GetStartTime(), config.GetStartTime() + max(0, last-config.GetGracefulStop())
}

func constantRate(config lib.ExecutorConfig) bool {
	if c := arrivalOf(config); c != nil {
		return c.constant()
	}
	_, constant := config.(*k6executor.ConstantArrivalRateConfig)
	return constant
}
