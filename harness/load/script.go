package load

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	xk6ext "github.com/devcraft-studio/brunt/xk6-ext"
	"github.com/devcraft-studio/brunt/xk6-ext/requests"
	"github.com/devcraft-studio/brunt/xk6-ext/wire"
)

// Script is what k6 runs, and how.
type Script struct {
	Path string // of the script, .js or .ts; relative to Dir
	Dir  string // working directory of k6; empty: that of this process

	// Env is what the script sees in __ENV beside the environment of this process.
	Env map[string]string

	// Bare runs the file itself, without the wrapper: shape and time scale have no effect.
	Bare bool
	// Flags are k6 flags of a bare run, such as --vus 10.
	Flags []string

	// Requests take the place of a script: brunt-native makes them. Path is then what messages name. Without a shape the rate
	// is constant.
	Requests *requests.Spec
	// Sides are the requests of each of Builds, in their order: Requests, but for where the builds are.
	Sides []requests.Spec

	// Shape replaces the script's own scenarios: one of lib.Names. Empty: the script's own.
	Shape    string
	Rate     float64       // of the shape, iterations per second at its peak; 0: its default
	Duration time.Duration // of the shape, as it is to be run; 0: its default times TimeScale
	VUs      int           // of the shape, the most; 0: its default
	From     float64       // of breakpoint, the first rate; 0: its default
	Step     time.Duration // of breakpoint, as it is to be run; 0: its default
	// Escape lets the load of a constant Rate go on after Duration, at lower rates, when its target is down then; see
	// Options.JudgeEscape. Shape is smoke, soak or, of Requests, none.
	Escape bool
	// Warmup comes before everything else; see package executor. As it is to be run, not to be scaled.
	Warmup time.Duration
	// LeastWarmup makes the warm-up last until times are level, no shorter than this and no longer than Warmup; see executor.Leveling.
	// It needs an Inspection that Levels. 0: it lasts for Warmup.
	LeastWarmup time.Duration
	// TimeScale stretches the script's own scenarios; 0 is 1.
	TimeScale float64

	// Scripted says that faults wait for the script. A scenario of one VU and one iteration beside others is then taken to drive them,
	// and to be no load.
	Scripted bool

	// Each is how many iterations are made one after another by a single VU, of all scenarios in turn, in place of what they
	// say; 0: they stand. A scenario that offers more than another has more turns. Of Requests it is one VU that they wait for.
	Each int

	// Builds are two builds that every scenario measures side by side, each at its rate; see package executor. All scenarios
	// must then be of the open model; those of a constant rate last for Duration where it is given. setup and teardown see the
	// environment of the first. nil: none.
	Builds []wire.Build
	// Slices are when each of the Builds is under load, where they take turns; Duration is then the end of the last. nil: both are all the
	// time.
	Slices []wire.Slice
}

func (s Script) scale() float64 {
	if s.TimeScale == 0 {
		return 1
	}
	return s.TimeScale
}

// wrapper is the main script of a wrapped run.
func (s Script) wrapper(path string) string {
	if s.Requests != nil {
		return s.scriptless()
	}
	var b strings.Builder
	module := quoted((&url.URL{Scheme: "file", Path: path}).String())
	b.WriteString("import brunt from 'k6/x/brunt';\n") // first: it makes __ENV that of a build
	fmt.Fprintf(&b, "import * as script from %s;\n", module)
	fmt.Fprintf(&b, "export * from %s;\n", module)
	fmt.Fprintf(&b, "export const options = Object.assign({}, brunt.scaled(script.options, %v));\n", s.scale())
	if s.Shape != "" {
		// k6's short forms of a scenario would contend with the shape.
		b.WriteString("for (const key of ['vus', 'duration', 'iterations', 'stages']) delete options[key];\n")
		fmt.Fprintf(&b, "options.scenarios = { %s: brunt.shape(%s, %s, %v) };\n",
			quoted(s.Shape), quoted(s.played()), quoted(s.shapeOptions()), s.scale())
	}
	if s.Builds != nil {
		b.WriteString("if (!options.scenarios) throw new Error('two builds need scenarios on brunt-arrival, or a shape');\n")
		fmt.Fprintf(&b, "for (const s of Object.values(options.scenarios)) s.builds = %s;\n", quoted(s.builds()))
		if s.Shape == "" && s.Duration > 0 {
			fmt.Fprintf(&b, "for (const s of Object.values(options.scenarios)) if (s.rate) s.duration = %s;\n", quoted(s.Duration.String()))
		}
	}
	b.WriteString(s.each())
	b.WriteString("export default script.default;\n")
	return b.String()
}

// eachRate is the highest rate of requests that are made one after another.
const eachRate = 100.0

// longestEach is more than a list of requests may take: who has it made ends it.
const longestEach = 10 * time.Minute

// each makes one scenario of all: their functions in turn, each with the environment of its scenario and as often as its scenario
// offers them against the others. Thresholds, which could end the load, have no part in it. What a script asks k6 of the scenario
// that it runs in (exec.scenario, tags) is that of the one scenario.
func (s Script) each() string {
	if s.Each == 0 {
		return ""
	}
	return fmt.Sprintf(`const turns = brunt.turns(options.scenarios, %[1]d);
for (const key of ['thresholds', 'vus', 'duration', 'iterations', 'stages']) delete options[key];
options.scenarios = { each: { executor: 'shared-iterations', vus: 1, iterations: %[1]d, maxDuration: '%[2]s', gracefulStop: '1s', exec: 'bruntEach' } };
let turn = 0, own;
export function bruntEach(data) {
  const next = turns[turn++];
  own = own || __ENV;
  globalThis.__ENV = Object.assign({}, own, next.env);
  return script[next.exec](data);
}
`, s.Each, longestEach)
}

// builds are the builds as the executor's option has them.
func (s Script) builds() []map[string]any {
	var all []map[string]any
	for _, b := range s.Builds {
		all = append(all, map[string]any{"name": b.Name, "env": b.Env})
	}
	return all
}

// constantRequests is the name of the scenario of requests at a constant rate.
const constantRequests = "requests"

// lightRate is up to how many requests a second without a script a generator needs no second processor, with a wide margin:
// they take a quarter of one.
const lightRate = 5000

// light says whether the generator does with one processor at a time. With more, Go wakes another one for nearly every
// answer, which finds nothing to do: that was a fifth of what a request cost.
func (s Script) light() bool {
	return s.Requests != nil && s.Rate*float64(max(1, len(s.Builds))) <= lightRate && !s.Requests.HTTP.NoKeepAlive
}

// scriptless is the main script of requests without a script: options, and nothing to run.
func (s Script) scriptless() string {
	name, schedule := constantRequests, ""
	if s.Shape != "" {
		name = s.Shape
	}
	switch {
	case s.Each > 0: // a rate at which they wait for one another, or nearly so
		rate := min(eachRate, float64(s.Each))
		schedule = quoted(map[string]any{"rate": rate, "duration": float64(s.Each) / rate * 1000, "maxVUs": 1, "gracefulStop": longestEach.String()})
	case s.played() != "":
		schedule = fmt.Sprintf("brunt.shape(%s, %s, %v)", quoted(s.played()), quoted(s.shapeOptions()), s.scale())
	default:
		constant := s.shapeOptions()
		if delete(constant, "vus"); s.VUs > 0 {
			constant["maxVUs"] = s.VUs
		}
		schedule = quoted(constant)
	}
	var b strings.Builder
	b.WriteString("import brunt from 'k6/x/brunt';\n")
	fmt.Fprintf(&b, "const requests = %s;\n", quoted(s.asked()))
	fmt.Fprintf(&b, "export const options = { scenarios: { %s: Object.assign(%s, { executor: %s }, requests) } };\n",
		quoted(name), schedule, quoted(xk6ext.Native))
	b.WriteString("export default function () {}\n") // k6 wants one
	return b.String()
}

// asked are the requests as the executor's options have them: those of each build, where there are builds.
func (s Script) asked() any {
	if s.Builds == nil {
		return s.Requests
	}
	return map[string]any{"builds": s.builds(), "sides": s.Sides}
}

// played is the shape that is offered: the one that follows the rates asked for is breakpoint.
func (s Script) played() string {
	if s.Escape {
		return "breakpoint"
	}
	return s.Shape
}

func (s Script) shapeOptions() map[string]any {
	o := map[string]any{}
	if s.Rate > 0 {
		o["rate"] = s.Rate
	}
	if s.Duration > 0 {
		o["duration"] = float64(s.Duration) / float64(time.Millisecond)
	}
	if s.VUs > 0 {
		o["vus"] = s.VUs
	}
	if s.Escape {
		o["from"], o["duration"] = s.Rate, float64(s.Duration+EscapeLength)/float64(time.Millisecond)
	}
	if s.From > 0 {
		o["from"] = s.From
	}
	if s.Step > 0 {
		o["step"] = float64(s.Step) / float64(time.Millisecond)
	}
	return o
}

// quoted is a value as JavaScript writes it.
func quoted(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "undefined" // of strings and numbers: never
	}
	return string(b)
}
