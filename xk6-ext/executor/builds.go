package executor

import (
	"errors"
	"fmt"
	"regexp"

	"go.k6.io/k6/lib"
)

// BuildTag is the tag of all samples of a build.
const BuildTag = "build"

// Build is one of two builds that a scenario measures side by side. Both are offered the same iterations at the scenario's
// rate, each: a slot of the schedule holds one iteration of either, with the same number and hence the same payload, half
// a slot apart, in an order that a seeded coin decides. Each build has VUs, a queue and an account of its own.
type Build struct {
	Name string            `json:"name"`
	Env  map[string]string `json:"env"` // over that of the scenario, in __ENV; for the init context see BuildOf
}

// BuildOf is the number of the build, 0 or 1, that a VU works for where a scenario has builds. VUs are alike until they are
// given to a scenario, but what a script reads of __ENV in its init context it reads before: it depends on the VU's number
// alone, so that package jsmodule can tell.
func BuildOf(vu uint64) int { return int(vu % 2) }

var buildName = regexp.MustCompile(`^[0-9a-zA-Z_.-]+$`)

func (c *Config) validateBuilds() []error {
	if c.Builds == nil {
		return nil
	}
	var problems []error
	if len(c.Builds) != 2 {
		problems = append(problems, fmt.Errorf("builds are two or none, but there are %d", len(c.Builds)))
	}
	for i, b := range c.Builds {
		if !buildName.MatchString(b.Name) {
			problems = append(problems, fmt.Errorf("build %d needs a name of letters, digits, '.', '_' and '-'", i+1))
		} else if i > 0 && b.Name == c.Builds[0].Name {
			problems = append(problems, fmt.Errorf("both builds are called %q", b.Name))
		}
	}
	if planned, most := c.vus(); planned != most {
		problems = append(problems, errors.New("with builds all VUs are set up before the load: leave out preAllocatedVUs, or maxVUs"))
	}
	if _, taken := c.Tags[BuildTag]; taken && len(c.Builds) > 0 {
		problems = append(problems, fmt.Errorf("the tag %q is set by the builds and can't be one of the scenario's tags", BuildTag))
	}
	return problems
}

// builds are the names of the builds, in the order of the options.
func (c *Config) builds() []string {
	var names []string
	for _, b := range c.Builds {
		names = append(names, b.Name)
	}
	return names
}

// mirrored are the builds of the scenarios that have some.
func mirrored(scenarios lib.ScenarioConfigs) map[string][]string {
	var found map[string][]string
	for name, config := range scenarios {
		c := arrivalOf(config)
		if c == nil || len(c.Builds) == 0 {
			continue
		}
		if found == nil {
			found = map[string][]string{}
		}
		found[name] = c.builds()
	}
	return found
}
