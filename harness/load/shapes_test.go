package load

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// importing is a user's script that asks the module for a shape.
func importing(name, options string) string {
	return fmt.Sprintf(`import { %s } from 'k6/x/brunt';
export const options = { scenarios: { load: %s(%s) } };
export default function () {}`, name, name, options)
}

func TestAnyScriptCanImportTheShapes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		shape, options string
		scale          float64
		bare, constant bool
		duration       time.Duration
		vus            int
	}{
		{"smoke", "", 0, false, true, 30 * time.Second, 5},
		{"smoke", "", 0, true, true, 30 * time.Second, 5},
		{"smoke", "", 0.1, false, true, 3 * time.Second, 5},
		{"ramp", "{ rate: 40, duration: '50s' }", 0, false, false, 50 * time.Second, 40},
		{"ramp", "{ rate: 40, duration: '50s' }", 0.1, false, false, 5 * time.Second, 40},
		{"soak", "{ rate: 7.5, duration: 90000, vus: 3, tags: { a: 'b' }, gracefulStop: '1s' }", 0, false, true, 90 * time.Second, 3},
		{"spike", "{ rate: null, duration: undefined }", 0, true, false, 2 * time.Minute, 200},
		{"breakpoint", "", 0, false, false, 10 * time.Minute, 200},
		{"breakpoint", "{ duration: '4s' }", 0, false, false, 4 * time.Second, 200},
		{"breakpoint", "{ rate: 90, from: 30, duration: '2m' }", 0.5, false, false, time.Minute, 90},
		{"breakpoint", "{ rate: 50, from: 50 }", 0, true, true, 10 * time.Minute, 50},
	} {
		t.Run(fmt.Sprintf("%s(%s), bare %v, scale %v", row.shape, row.options, row.bare, row.scale), func(t *testing.T) {
			s := Script{Path: write(t, "script.js", importing(row.shape, row.options)), TimeScale: row.scale, Bare: row.bare}
			in, err := Inspect(t.Context(), os.Args[0], s, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !in.OpenModel || in.ConstantRate != row.constant || in.Duration != row.duration || in.MaxVUs != row.vus {
				t.Errorf("%+v\nwant constant %v, %v, %d VUs", in, row.constant, row.duration, row.vus)
			}
		})
	}
}

func TestShapesSayWhatIsWrongWithTheirOptions(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, shape, options, message string }{
		{"a rate of nothing", "ramp", "{ rate: 0 }", "ramp: rate must be a number more than 0, but is 0"},
		{"a negative rate", "soak", "{ rate: -5 }", "soak: rate must be a number more than 0, but is -5"},
		{"a rate that is a text", "soak", "{ rate: '50/s' }", `soak: rate must be a number more than 0, but is "50/s"`},
		{"an unknown option", "spike", "{ rats: 5 }",
			"spike: unknown option rats: there are rate, duration, vus, startTime, gracefulStop, exec, env, tags"},
		{"an option of breakpoint elsewhere", "ramp", "{ step: '5s' }", "ramp: unknown option step"},
		{"a duration that is none", "smoke", "{ duration: 'long' }", "smoke: the duration long is not a duration: write 30s or 1m30s"},
		{"a duration too short", "ramp", "{ duration: '500ms' }", "ramp: the duration must be at least 1s, but is 500ms"},
		{"no whole number of VUs", "ramp", "{ vus: 1.5 }", "ramp: vus must be a whole number, at least 1, but is 1.5"},
		{"no VUs", "ramp", "{ vus: 0 }", "ramp: vus must be a whole number, at least 1, but is 0"},
		{"a start above the most", "breakpoint", "{ rate: 50, from: 60 }", "breakpoint: from is 60, more than rate, 50"},
		{"a factor that does not grow", "breakpoint", "{ factor: 1 }", "breakpoint: factor must be more than 1 and at most 10, but is 1"},
		{"a step too short", "breakpoint", "{ step: '1s' }", "breakpoint: the step must be at least 2s, but is 1s"},
		{"time for one step only", "breakpoint", "{ duration: '30s', step: '20s' }", "breakpoint: the duration, 30s, must hold at least two steps of 20s"},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := write(t, "script.js", importing(row.shape, row.options))
			_, err := Inspect(t.Context(), os.Args[0], Script{Path: path}, nil)
			var wrong *ScriptError
			if !errors.As(err, &wrong) || wrong.Kind != KindInit || !strings.Contains(wrong.Message, row.message) {
				t.Fatalf("the error is %v\nwant %s", err, row.message)
			}
			if !strings.Contains(wrong.Message, path+":2:") {
				t.Errorf("%s: the place in the script is not told", wrong.Message)
			}
		})
	}
}

// TestShapesRunUnderK6Alone is `brunt k6 run`: nobody drives the child, and the shapes are there all the same.
func TestShapesRunUnderK6Alone(t *testing.T) {
	t.Parallel()
	path := write(t, "script.js", importing("breakpoint", "{ rate: 40, from: 10, factor: 2, step: '2s', duration: '6s' }"))
	cmd := exec.CommandContext(t.Context(), os.Args[0], command, "inspect", "--execution-requirements", path)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// 10, 20 and 40/s share the 6 s.
	for _, want := range []string{`"executor": "brunt-arrival"`, `"target": 20`, `"duration": "2s"`, `"totalDuration": "36s"`, `"maxVUs": 40`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%s is missing in\n%s", want, out)
		}
	}
}
