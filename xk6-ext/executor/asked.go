package executor

import (
	"sort"
	"time"

	"go.k6.io/k6/lib"
	k6executor "go.k6.io/k6/lib/executor"
)

// Asked is what the schedules of a script's scenarios ask for after the warm-up.
type Asked struct {
	// Due is how many iterations are due: of the scenarios of brunt's open model where there are any, else of k6's own
	// arrival-rate executors; 0 where there are others beside them, which have no schedule but are counted with them, or where
	// a scenario searches for its rate.
	Due   int64
	Peaks map[string]float64 // highest rate per second, by scenario; of brunt's open model only
}

// AskedOf reads the scenarios. The run's warm-up is that of the executors' Options.
func AskedOf(scenarios lib.ScenarioConfigs, warmup time.Duration) Asked {
	a := Asked{Peaks: map[string]float64{}}
	var stock int64
	others, searching := false, false
	for name, config := range scenarios {
		c := arrivalOf(config)
		if c == nil {
			due, scheduled := stockDue(config, warmup)
			stock += due
			others = others || !scheduled
			continue
		}
		for build := range max(1, len(c.Builds)) {
			a.Due += c.TimetableOf(build).main.Count()
		}
		a.Peaks[name] = c.peak()
		searching = searching || c.Search != nil
	}
	switch {
	case searching:
		a.Due = 0
	case len(a.Peaks) == 0 && !others:
		a.Due = stock
	}
	return a
}

// stockDue is how many iterations of a scenario on one of k6's own arrival-rate executors are due after the warm-up, and
// whether it is one.
func stockDue(config lib.ExecutorConfig, warmup time.Duration) (due int64, scheduled bool) {
	var spans []Span
	switch c := config.(type) {
	case *k6executor.ConstantArrivalRateConfig:
		rate := float64(c.Rate.Int64) / c.TimeUnit.TimeDuration().Seconds()
		spans = []Span{{From: rate, To: rate, Length: c.Duration.TimeDuration()}}
	case *k6executor.RampingArrivalRateConfig:
		unit := c.TimeUnit.TimeDuration().Seconds()
		from := float64(c.StartRate.Int64) / unit
		for _, s := range c.Stages {
			to := float64(s.Target.Int64) / unit
			spans = append(spans, Span{From: from, To: to, Length: s.Duration.TimeDuration()})
			from = to
		}
	default:
		return 0, false
	}
	s := NewSchedule(spans...)
	early := sort.Search(int(s.Count()), func(i int) bool { return config.GetStartTime()+s.At(float64(i)) >= warmup })
	return s.Count() - int64(early), true
}
