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

	seed    int64
	program *requests.Program // once validated
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
	if len(c.Builds) > 0 {
		problems = append(problems, errors.New(Type+" can't run two builds in one slot"))
	}
	if c.program == nil {
		program, err := requests.Compile(c.Spec)
		if err != nil {
			return append(problems, err)
		}
		c.program = program
	}
	return problems
}

// GetDescription is one line for people.
func (c *Config) GetDescription(tuple *lib.ExecutionTuple) string {
	return fmt.Sprintf("%d requests without a script, %s", len(c.Requests), c.Config.GetDescription(tuple))
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
