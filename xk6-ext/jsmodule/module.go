package jsmodule

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"github.com/grafana/sobek"
	"go.k6.io/k6/js/common"
	"go.k6.io/k6/js/modules"
	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/results/ledger"
	scripts "github.com/devcraft-studio/brunt/scenarios/lib"
	"github.com/devcraft-studio/brunt/xk6-ext/sockets"
)

// Name is what scripts import.
const Name = "k6/x/brunt"

// Options say what the module tells scripts.
type Options struct {
	Seed  int64
	Facts map[string]string
	// Builds are the environments of two builds, over the script's own, by number; nil: there are none.
	Builds []map[string]string
	// BuildFacts are the facts of each of them, over Facts; nil: they have none of their own.
	BuildFacts []map[string]string
	// BuildOf is the number of the build that a VU works for.
	BuildOf func(vu uint64) int
	// Driven is false where k6 runs by itself: the seed is then that of the script's environment.
	Driven bool
	// Registry is told k6's registry of metrics; nil: nobody is told.
	Registry func(*metrics.Registry)
	// Ledgers takes the script's ledgers; nil: there can be none.
	Ledgers *ledger.Book
	// Fault brings a fault into force, or lifts it, and returns when that is confirmed; nil: there can be none.
	Fault func(ctx context.Context, fault string, lift bool) error
}

// Register makes the module known to k6. It can be called once per process.
func Register(o Options) { modules.Register(Name, &module{options: o}) }

type module struct {
	options Options
	shapes  program
	holder  sockets.Holder
}

var _ modules.Module = &module{}

// instance is the module in one VU.
type instance struct {
	vu     modules.VU
	seed   int64
	facts  map[string]string
	module *module
	shapes *sobek.Object // made when one is first asked for

	counted *socketMetrics
}

// NewModuleInstance is called by k6 for each VU.
func (m *module) NewModuleInstance(vu modules.VU) modules.Instance {
	i := &instance{vu: vu, seed: m.options.Seed, facts: m.options.Facts, module: m}
	env := vu.InitEnv()
	if env == nil {
		return i
	}
	if m.options.Registry != nil {
		m.options.Registry(env.Registry)
	}
	if err := m.environment(vu.Runtime()); err != nil {
		common.Throw(vu.Runtime(), err)
	}
	if build, ok := m.build(vu.Runtime()); ok && len(m.options.BuildFacts) == 2 {
		i.facts = maps.Clone(i.facts)
		if i.facts == nil {
			i.facts = map[string]string{}
		}
		maps.Copy(i.facts, m.options.BuildFacts[build])
	}
	if env.Registry != nil {
		var err error
		if i.counted, err = newSocketMetrics(env.Registry); err != nil {
			common.Throw(vu.Runtime(), err)
		}
	}
	if text := env.RuntimeOptions.Env["BRUNT_SEED"]; text != "" && !m.options.Driven {
		seed, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			common.Throw(vu.Runtime(), fmt.Errorf("BRUNT_SEED is no whole number: %q", text))
		}
		i.seed = seed
	}
	return i
}

// build is the number of the build that the VU works for; it is not ok where there are no builds.
func (m *module) build(rt *sobek.Runtime) (number int, ok bool) {
	vu := rt.Get("__VU")
	if len(m.options.Builds) != 2 || common.IsNullish(vu) {
		return 0, false
	}
	return m.options.BuildOf(uint64(vu.ToInteger())), true
}

// environment makes __ENV that of the VU's build. The module is made before any line of the scripts that import it runs, and
// of those that are imported after it.
func (m *module) environment(rt *sobek.Runtime) error {
	build, ok := m.build(rt)
	if !ok || common.IsNullish(rt.Get("__ENV")) {
		return nil
	}
	env := rt.Get("__ENV").ToObject(rt)
	for name, value := range m.options.Builds[build] {
		if err := env.Set(name, value); err != nil {
			return fmt.Errorf("set %s of a build: %w", name, err)
		}
	}
	return nil
}

// Exports are what scripts see.
func (i *instance) Exports() modules.Exports {
	facts := map[string]string{}
	maps.Copy(facts, i.facts)
	named := map[string]any{
		"seed": i.seed, "facts": facts, "fact": i.fact, "number": i.number, "url": i.url, "rand": i.rand,
		"ledger": i.ledger,
	}
	disturb, err := i.fault()
	if err != nil {
		common.Throw(i.vu.Runtime(), err)
	}
	named["fault"] = disturb
	if named["sockets"], err = i.sockets(); err != nil {
		common.Throw(i.vu.Runtime(), err)
	}
	for _, name := range scripts.Functions() {
		named[name] = i.shape(name)
	}
	return modules.Exports{Default: named, Named: named}
}

func (i *instance) fact(name string) (string, error) {
	value, ok := i.facts[name]
	if !ok {
		return "", fmt.Errorf("brunt knows no fact %q of this run", name)
	}
	return value, nil
}

func (i *instance) number(name string) (float64, error) {
	text, err := i.fact(name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("the fact %s is no number: %q", name, text)
	}
	return n, nil
}

// url is that of a node, or of the target. A node that is known by its address alone is taken to speak HTTP.
func (i *instance) url(node string) (string, error) {
	if node == "" {
		node = "target"
	}
	if address, ok := i.facts[node+".address"]; ok && i.facts[node+".url"] == "" {
		return "http://" + address, nil
	}
	return i.fact(node + ".url")
}

// rand makes the random source of an iteration.
func (i *instance) rand(iteration sobek.Value) (*sobek.Object, error) {
	scenario, n := "", int64(0)
	given := !common.IsNullish(iteration)
	if running := lib.GetScenarioState(i.vu.Context()); running != nil {
		scenario = running.Name
	}
	if state := i.vu.State(); state != nil && state.GetScenarioGlobalVUIter != nil && !given {
		n, given = int64(state.GetScenarioGlobalVUIter()), true
	}
	if !given {
		return nil, errors.New("brunt.rand() needs the number of an iteration where none runs: brunt.rand(0)")
	}
	if !common.IsNullish(iteration) {
		n = iteration.ToInteger()
	}
	return object(i.vu.Runtime(), newRandom(i.seed, scenario, n))
}

func object(rt *sobek.Runtime, r *Random) (*sobek.Object, error) {
	o := rt.NewObject()
	methods := map[string]any{"float": r.Float, "int": r.Int, "pick": r.Pick, "chance": r.Chance, "text": r.Text}
	for _, name := range []string{"float", "int", "pick", "chance", "text"} {
		if err := o.Set(name, methods[name]); err != nil {
			return nil, err
		}
	}
	return o, nil
}
