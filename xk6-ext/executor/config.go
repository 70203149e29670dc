package executor

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"go.k6.io/k6/lib"
	k6executor "go.k6.io/k6/lib/executor"
	"go.k6.io/k6/lib/types"
	"gopkg.in/guregu/null.v3"
)

// Type is the name of the executor in options.scenarios.
const Type = "brunt-arrival"

const (
	queueSeconds = 10  // default bound of the queue, in seconds of the highest rate
	mostVUs      = 200 // most VUs that the default sets up
	mostQueue    = 10_000_000
	shortest     = time.Second // as k6's other executors have it
)

// Stage is a part of a changing load: the rate goes linearly to Target, or jumps there if Duration is 0.
type Stage struct {
	Duration types.NullDuration `json:"duration"`
	Target   null.Float         `json:"target"` // iterations per timeUnit
}

// Config holds the options of a scenario on brunt-arrival, in k6's words: either rate and duration, or startRate and stages.
type Config struct {
	k6executor.BaseConfig
	Rate      null.Float         `json:"rate"`     // iterations per timeUnit
	TimeUnit  types.NullDuration `json:"timeUnit"` // default 1s
	Duration  types.NullDuration `json:"duration"`
	StartRate null.Float         `json:"startRate"` // default 0
	Stages    []Stage            `json:"stages"`

	// PreAllocatedVUs are ready before the load starts, default: MaxVUs, else as many as one second of the highest rate
	// needs, at most 200. More are set up during the load, up to MaxVUs, when iterations begin to wait; that costs CPU.
	PreAllocatedVUs null.Int `json:"preAllocatedVUs"`
	MaxVUs          null.Int `json:"maxVUs"`

	// Queue is how many iterations may wait for a VU; those beyond are dropped. Default: 10 s of the highest rate.
	Queue null.Int `json:"queue"`
	// Warmup comes before the schedule and offers half the first rate. Default: the run's warm-up, for a scenario that
	// starts at 0.
	Warmup types.NullDuration `json:"warmup"`

	// Builds are two builds that are measured side by side; preAllocatedVUs, maxVUs, queue and the rate are then those of
	// each. Default: none.
	Builds []Build `json:"builds"`

	// Search makes the scenario follow the rates that the driving brunt asks for. Default: none, and the schedule stands, as
	// it does where none drives.
	Search *Search `json:"search"`

	options Options
}

var _ lib.ExecutorConfig = &Config{}

func newConfig(name string, o Options) *Config {
	return &Config{
		BaseConfig: k6executor.NewBaseConfig(name, Type),
		TimeUnit:   types.NewNullDuration(time.Second, false),
		options:    o,
	}
}

// Validate returns every problem of the options.
func (c *Config) Validate() []error {
	problems := c.BaseConfig.Validate()
	add := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	add(c.TimeUnit.TimeDuration() <= 0, "the timeUnit must be more than 0")
	problems = append(problems, c.validateSchedule()...)
	add(c.PreAllocatedVUs.Int64 < 0, "the number of preAllocatedVUs can't be negative")
	add(c.MaxVUs.Valid && c.MaxVUs.Int64 < 1, "maxVUs must be at least 1")
	add(c.MaxVUs.Valid && c.MaxVUs.Int64 < c.PreAllocatedVUs.Int64, "maxVUs can't be less than preAllocatedVUs")
	add(c.PreAllocatedVUs.Valid && !c.MaxVUs.Valid && c.PreAllocatedVUs.Int64 == 0, "without maxVUs, preAllocatedVUs must be at least 1")
	add(c.Queue.Int64 < 0 || c.Queue.Int64 > mostQueue, "the queue must hold 0 to %d iterations", mostQueue)
	add(c.Warmup.Duration < 0, "the warmup can't be negative")
	problems = append(problems, c.Search.validate()...)
	add(c.Search != nil && len(c.Builds) > 0, "a search and builds exclude each other")
	return append(problems, c.validateBuilds()...)
}

func (c *Config) validateSchedule() []error {
	var problems []error
	constant, ramping := c.Rate.Valid || c.Duration.Valid, c.StartRate.Valid || len(c.Stages) > 0
	switch {
	case constant && ramping:
		return []error{errors.New("give either rate and duration, or startRate and stages")}
	case ramping:
		problems = c.validateStages()
	case !c.Rate.Valid:
		problems = append(problems, errors.New("the rate isn't specified"))
	case !(c.Rate.Float64 > 0) || math.IsInf(c.Rate.Float64, 0):
		problems = append(problems, errors.New("the rate must be more than 0"))
	}
	if !ramping && !c.Duration.Valid {
		problems = append(problems, errors.New("the duration is unspecified"))
	} else if len(problems) == 0 && c.length() < shortest {
		problems = append(problems, fmt.Errorf("the duration must be at least %v, but is %v", shortest, c.length()))
	}
	return problems
}

func (c *Config) validateStages() []error {
	var problems []error
	if len(c.Stages) == 0 {
		problems = append(problems, errors.New("at least one stage has to be specified"))
	}
	if !(c.StartRate.Float64 >= 0) || math.IsInf(c.StartRate.Float64, 0) {
		problems = append(problems, errors.New("the startRate can't be negative"))
	}
	for i, s := range c.Stages {
		switch {
		case !s.Duration.Valid:
			problems = append(problems, fmt.Errorf("stage %d doesn't have a duration", i+1))
		case s.Duration.Duration < 0:
			problems = append(problems, fmt.Errorf("the duration for stage %d can't be negative", i+1))
		}
		switch {
		case !s.Target.Valid:
			problems = append(problems, fmt.Errorf("stage %d doesn't have a target", i+1))
		case !(s.Target.Float64 >= 0) || math.IsInf(s.Target.Float64, 0):
			problems = append(problems, fmt.Errorf("the target for stage %d can't be negative", i+1))
		}
	}
	if len(problems) == 0 && c.peak() == 0 {
		problems = append(problems, errors.New("every rate is 0: nothing would be offered"))
	}
	return problems
}

// perSecond converts a rate of the options.
func (c *Config) perSecond(rate float64) float64 { return rate / c.TimeUnit.TimeDuration().Seconds() }

// spans is the schedule after the warm-up.
func (c *Config) spans() []Span {
	if len(c.Stages) == 0 {
		rate := c.perSecond(c.Rate.Float64)
		return []Span{{From: rate, To: rate, Length: c.Duration.TimeDuration()}}
	}
	spans := make([]Span, 0, len(c.Stages))
	from := c.perSecond(c.StartRate.Float64)
	for _, s := range c.Stages {
		to := c.perSecond(s.Target.Float64)
		spans = append(spans, Span{From: from, To: to, Length: s.Duration.TimeDuration()})
		from = to
	}
	return spans
}

// peak is the highest rate per second.
func (c *Config) peak() float64 {
	peak := 0.0
	for _, s := range c.spans() {
		if s.Length > 0 {
			peak = max(peak, s.From)
		}
		peak = max(peak, s.To)
	}
	return peak
}

// length is the duration of the schedule without the warm-up.
func (c *Config) length() time.Duration {
	if len(c.Stages) == 0 {
		return c.Duration.TimeDuration()
	}
	var d time.Duration
	for _, s := range c.Stages {
		d += s.Duration.TimeDuration()
	}
	return d
}

// constant reports whether the rate never changes.
func (c *Config) constant() bool {
	spans := NewSchedule(c.spans()...).spans
	for _, s := range spans {
		if s.From != spans[0].From || s.To != spans[0].From {
			return false
		}
	}
	return true
}

// warmup is how long this scenario warms up before its schedule begins.
func (c *Config) warmup() time.Duration {
	if c.Warmup.Valid {
		return c.Warmup.TimeDuration()
	}
	if c.BaseConfig.GetStartTime() == 0 {
		return c.options.Warmup
	}
	return 0
}

// warmupSpan offers half the first rate; where that is 0, half the first target that is not.
func (c *Config) warmupSpan() Span {
	first := 0.0
	for _, s := range c.spans() {
		if first == 0 {
			first = s.From
		}
		if first == 0 {
			first = s.To
		}
	}
	return Span{From: first / 2, To: first / 2, Length: c.warmup()}
}

// GetStartTime is the startTime of the options, later by the run's warm-up for a scenario that does not itself warm up, so
// that scenarios keep their places relative to each other.
func (c *Config) GetStartTime() time.Duration {
	start := c.BaseConfig.GetStartTime()
	if start > 0 && !c.Warmup.Valid {
		start += c.options.Warmup
	}
	return start
}

// zero is when the schedule begins, from the start of the executors.
func (c *Config) zero() time.Duration { return c.GetStartTime() + c.warmup() }

func (c *Config) vus() (planned, most int64) {
	switch {
	case c.PreAllocatedVUs.Valid && c.MaxVUs.Valid:
		return c.PreAllocatedVUs.Int64, c.MaxVUs.Int64
	case c.MaxVUs.Valid:
		return c.MaxVUs.Int64, c.MaxVUs.Int64
	case c.PreAllocatedVUs.Valid:
		return c.PreAllocatedVUs.Int64, c.PreAllocatedVUs.Int64
	}
	n := int64(min(mostVUs, max(1, math.Ceil(c.peak()))))
	return n, n
}

func (c *Config) queue() int64 {
	if c.Queue.Valid {
		return c.Queue.Int64
	}
	return int64(min(mostQueue, max(1, math.Ceil(c.peak()*queueSeconds))))
}

// IsDistributable is false: the schedule is not divided over several k6 instances.
func (c *Config) IsDistributable() bool { return false }

// HasWork reports that there is always something to do.
func (c *Config) HasWork(*lib.ExecutionTuple) bool { return true }

// GetDescription is one line for people.
func (c *Config) GetDescription(*lib.ExecutionTuple) string {
	planned, most := c.vus()
	each := ""
	if names := c.builds(); names != nil {
		each = " for each of " + strings.Join(names, " and ")
	}
	return fmt.Sprintf("up to %.2f iterations/s for %v%s, queueing up to %d (VUs: %d-%d, warm-up: %v, gracefulStop: %v)",
		c.peak(), c.length(), each, c.queue(), planned, most, c.warmup(), c.GetGracefulStop())
}

// GetExecutionRequirements tells k6 how many VUs to set up, and for how long.
func (c *Config) GetExecutionRequirements(*lib.ExecutionTuple) []lib.ExecutionStep {
	planned, most := c.vus()
	pools := max(1, int64(len(c.Builds)))
	planned, most = planned*pools, most*pools
	return []lib.ExecutionStep{
		{PlannedVUs: uint64(planned), MaxUnplannedVUs: uint64(most - planned)},
		{TimeOffset: c.warmup() + c.length() + c.GetGracefulStop()},
	}
}

// NewExecutor makes the executor of the scenario.
func (c *Config) NewExecutor(es *lib.ExecutionState, logger *logrus.Entry) (lib.Executor, error) {
	return &arrival{BaseExecutor: k6executor.NewBaseExecutor(c, es, logger), config: c, state: es, logger: logger}, nil
}
