package native

import (
	"errors"
	"fmt"

	"github.com/sirupsen/logrus"
	"go.k6.io/k6/lib"
	k6executor "go.k6.io/k6/lib/executor"

	"github.com/devcraft-studio/brunt/xk6-ext/executor"
	"github.com/devcraft-studio/brunt/xk6-ext/requests"
)

// Type is the name of the executor in options.scenarios.
const Type = "brunt-native"

// Config holds the options of a scenario on brunt-native: those of brunt-arrival, and the requests. maxVUs bounds the
// connections.
type Config struct {
	*executor.Config
	requests.Spec
	// Sides are the requests of each of the builds, in their order, in place of requests: alike but for where the builds are.
	Sides []requests.Spec `json:"sides"`

	seed     int64
	programs []*requests.Program // of each of specs, once validated
}

var _ lib.ExecutorConfig = &Config{}

// Register makes the executor known to k6. It can be called once per process.
func Register(o executor.Options) {
	lib.RegisterExecutorConfigType(Type, func(name string, raw []byte) (lib.ExecutorConfig, error) {
		c := newConfig(name, o)
		err := lib.StrictJSONUnmarshal(raw, c)
		return c, err
	})
}

func newConfig(name string, o executor.Options) *Config {
	return &Config{Config: executor.NewConfig(name, Type, o), seed: o.Seed}
}

// Validate returns every problem of the options.
func (c *Config) Validate() []error {
	problems := c.Config.Validate()
	if len(c.Sides) != len(c.Builds) {
		problems = append(problems, errors.New("builds need sides, the requests of each, and sides builds"))
	}
	if len(c.Sides) > 0 && len(c.Requests) > 0 {
		problems = append(problems, errors.New("give either requests or sides"))
	}
	if c.programs != nil {
		return problems
	}
	for _, spec := range c.specs() {
		program, err := requests.Compile(spec)
		if err != nil {
			c.programs = nil
			return append(problems, err)
		}
		c.programs = append(c.programs, program)
	}
	return problems
}

// specs are the requests of each build; where there are none, of the target.
func (c *Config) specs() []requests.Spec {
	if len(c.Builds) == 0 {
		return []requests.Spec{c.Spec}
	}
	return c.Sides
}

// GetDescription is one line for people.
func (c *Config) GetDescription(tuple *lib.ExecutionTuple) string {
	return fmt.Sprintf("%d requests without a script, %s", len(c.specs()[0].Requests), c.Config.GetDescription(tuple))
}

// GetExecutionRequirements asks k6 for no VUs: workers take their place. The end is told all the same.
func (c *Config) GetExecutionRequirements(tuple *lib.ExecutionTuple) []lib.ExecutionStep {
	steps := c.Config.GetExecutionRequirements(tuple)
	for i := range steps {
		steps[i].PlannedVUs, steps[i].MaxUnplannedVUs = 0, 0
	}
	return steps
}

// NewExecutor makes the executor of the scenario.
func (c *Config) NewExecutor(es *lib.ExecutionState, logger *logrus.Entry) (lib.Executor, error) {
	return &native{BaseExecutor: k6executor.NewBaseExecutor(c, es, logger), config: c, state: es, logger: logger}, nil
}
