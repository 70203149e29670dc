package load

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestInspectSaysWhatIsWrongWithAScript(t *testing.T) {
	t.Parallel()
	const fine = "export default function () {}\n"
	shape := func(s Script) Script { s.Shape = "smoke"; return s }
	for _, row := range []struct {
		name, text string
		metrics    []string
		kind       ErrorKind
		message    string // PATH stands for the script's path
		with       func(Script) Script
	}{
		{"it does not parse", "export default function () {\n  let x = ;\n}", nil, KindParse,
			"PATH:2:11: Unexpected token ; (and 1 more errors)", nil},
		{"it throws in init", "\nthrow new Error('boom');\n" + fine, nil, KindInit, "Error: boom (PATH:2:7)", nil},
		{"it exports nothing to run", "export const x = 1;", nil, KindParse, "no exported functions in script", nil},
		{"it exports no default for a shape", "export function f() {}", nil, KindConfig, "executor smoke: function 'default' not found in exports", shape},
		{"it imports an unknown module", "import x from 'k6/x/nope';\n" + fine, nil, KindParse, `unknown modules ["k6/x/nope"] were tried`, nil},
		{"it imports a missing file", "import x from './nope.js';\n" + fine, nil, KindParse, `The moduleSpecifier "./nope.js" couldn't be found`, nil},
		{"it opens a missing file", "const d = open('nope.json');\n" + fine, nil, KindInit, "nope.json: no such file or directory (PATH:1:15)", nil},
		{"a threshold can't be read", "export const options = { thresholds: { http_req_duration: ['p(95)<<300'] } };\n" + fine, nil, KindThreshold,
			`failed parsing threshold expresion's "p(95)<<300" right hand side`, nil},
		{"a threshold is not for its metric", "export const options = { thresholds: { http_req_duration: ['rate<0.1'] } };\n" + fine, nil, KindThreshold,
			"unsupported aggregation method rate on metric of type trend", nil},
		{"a threshold is on no metric", "export const options = { thresholds: { nope: ['rate<0.1'] } };\n" + fine, nil, KindMetric, `no metric name "nope" found`, nil},
		{"an SLO is on no metric", fine, []string{"nope", "latency", "http_reqs", "never", "nope"}, KindMetric,
			"neither k6 nor the script defines the metrics never, nope", nil},
		{"it defines a metric of ours", "import { Trend } from 'k6/metrics'; new Trend('latency');\n" + fine, nil, KindMetric,
			"the script defines a metric latency, which brunt measures itself", shape},
		{"an executor is unknown", "export const options = { scenarios: { a: { executor: 'nope' } } };\n" + fine, nil, KindConfig, "unknown executor type 'nope'", nil},
		{"options are missing", "export const options = { scenarios: { a: { executor: 'brunt-arrival', rate: 5 } } };\n" + fine, nil, KindConfig,
			"scenario a has configuration errors: the duration is unspecified", nil},
		{"a function is missing", "export const options = { scenarios: { a: { executor: 'brunt-arrival', rate: 5, duration: '1s', exec: 'f' } } };\n" + fine, nil,
			KindConfig, "executor a: function 'f' not found in exports", nil},
		{"a shape is unknown", fine, nil, KindInit, "unknown shape zigzag: there are smoke, ramp, soak, spike, breakpoint",
			func(s Script) Script { s.Shape = "zigzag"; return s }},
		{"a flag is unknown", fine, nil, KindConfig, "unknown flag: --nope",
			func(s Script) Script { s.Bare, s.Flags = true, []string{"--nope"}; return s }},
		{"a flag would hide exceptions", fine, nil, KindConfig, "the flag --log-format goes only with `brunt k6 run`",
			func(s Script) Script { s.Bare, s.Flags = true, []string{"--vus=2", "--log-format=raw"}; return s }},
		{"it aborts in init", "import exec from 'k6/execution';\nexec.test.abort('no');\n" + fine, nil, KindInit, "test aborted: no", nil},
		{"there is no file", "", nil, KindMissing, "there is no such file", func(s Script) Script { s.Path += "x"; return s }},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := write(t, "script.js", row.text)
			s := Script{Path: path}
			if row.with != nil {
				s = row.with(s)
			}
			_, err := Inspect(t.Context(), os.Args[0], s, row.metrics)
			var wrong *ScriptError
			if !errors.As(err, &wrong) {
				t.Fatalf("the error is %v", err)
			}
			want := strings.ReplaceAll(row.message, "PATH", path)
			if wrong.Kind != row.kind || !strings.Contains(wrong.Message, want) || strings.Contains(wrong.Message, "\n") {
				t.Errorf("%s: %q\nwant %s: %q", wrong.Kind, wrong.Message, row.kind, want)
			}
		})
	}
}

func TestInspectSaysWhatAScriptComesTo(t *testing.T) {
	t.Parallel()
	const constant = "export const options = { scenarios: { a: { executor: 'constant-arrival-rate', rate: 5, duration: '10s', preAllocatedVUs: 2 } } };\n"
	const ramping = "export const options = { scenarios: { a: { executor: 'ramping-vus', startTime: '2s', stages: [{ duration: '1m', target: 3 }, { duration: '90s', target: 0 }] } } };\n"
	const short = "export const options = { vus: 3, duration: '20s' };\n"
	const fine = "export default function () {}\n"
	shape := func(name string, rate float64, d time.Duration, scale float64) Script {
		return Script{Shape: name, Rate: rate, Duration: d, TimeScale: scale, Warmup: 5 * time.Second}
	}
	for _, row := range []struct {
		name, text     string
		script         Script
		executor       string
		open, constant bool
		duration       time.Duration
		vus            int
	}{
		{"k6's open executor", constant, Script{}, "constant-arrival-rate", false, true, 10 * time.Second, 2},
		{"its warm-up is part of its load", constant, Script{Warmup: 4 * time.Second}, "constant-arrival-rate", false, true, 6 * time.Second, 2},
		{"ramping VUs", ramping, Script{}, "ramping-vus", false, false, 152 * time.Second, 3},
		{"the short form", short, Script{}, "constant-vus", false, false, 20 * time.Second, 3},
		{"bare, with flags", short, Script{Bare: true, Flags: []string{"--duration", "7s"}}, "constant-vus", false, false, 7 * time.Second, 3},
		{"stretched", ramping, Script{TimeScale: 0.1}, "ramping-vus", false, false, 15200 * time.Millisecond, 3},
		{"stretched short form", short, Script{TimeScale: 2}, "constant-vus", false, false, 40 * time.Second, 3},
		{"smoke", short, shape("smoke", 0, 0, 1), "brunt-arrival", true, true, 30 * time.Second, 5},
		{"smoke, stretched by default only", short, shape("smoke", 0, 0, 0.1), "brunt-arrival", true, true, 3 * time.Second, 5},
		{"ramp", constant, shape("ramp", 40, 50*time.Second, 0.1), "brunt-arrival", true, false, 50 * time.Second, 40},
		{"soak", constant, shape("soak", 0, 0, 1), "brunt-arrival", true, true, 30 * time.Minute, 50},
		{"spike", ramping, shape("spike", 0, 0, 1), "brunt-arrival", true, false, 2 * time.Minute, 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.script.Path = write(t, "script.js", row.text+fine)
			in, err := Inspect(t.Context(), os.Args[0], row.script, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := Inspection{Executors: []string{row.executor}, OpenModel: row.open, ConstantRate: row.constant, Levels: row.open, Duration: row.duration, MaxVUs: row.vus}
			got := in
			got.SystemTags, got.Metrics = nil, nil
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if (in.Metrics == nil) != row.script.Bare || !row.script.Bare && in.Metrics["http_req_duration"] != "trend" {
				t.Errorf("metrics %v", in.Metrics)
			}
		})
	}
}

func TestInspectReadsThresholds(t *testing.T) {
	t.Parallel()
	path := write(t, "script.js", `
import { Rate } from 'k6/metrics';
new Rate('bad');
export const options = { thresholds: {
  http_req_duration: ['p(95)<300', { threshold: 'max<1000', abortOnFail: true, delayAbortEval: '10s' }],
  'bad{endpoint:create}': ['rate<0.1'],
} };
export default function () {}`)
	in, err := Inspect(t.Context(), os.Args[0], Script{Path: path}, []string{"bad"})
	if err != nil {
		t.Fatal(err)
	}
	want := []Threshold{
		{Metric: "bad{endpoint:create}", Expr: "rate<0.1"},
		{Metric: "http_req_duration", Expr: "p(95)<300"},
		{Metric: "http_req_duration", Expr: "max<1000", AbortOnFail: true, Grace: 10 * time.Second},
	}
	if diff := cmp.Diff(want, in.Thresholds); diff != "" {
		t.Error(diff)
	}
	if in.Metrics["bad"] != "rate" {
		t.Errorf("bad is a %s", in.Metrics["bad"])
	}
}

func TestInspectEndsWithItsContext(t *testing.T) {
	t.Parallel()
	path := write(t, "script.js", "for (;;) {}\nexport default function () {}")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := Inspect(ctx, os.Args[0], Script{Path: path}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
}

func TestASetupThatThrowsIsTheScriptsFault(t *testing.T) {
	t.Parallel()
	path := write(t, "script.js", "export function setup() { throw new Error('no data'); }\nexport default function () {}")
	fitness, err, _ := run(t, Options{Script: Script{Path: path}})
	var wrong *ScriptError
	if !errors.As(err, &wrong) || wrong.Kind != KindInit || !strings.HasPrefix(wrong.Message, "Error: no data ("+path+":1:") {
		t.Errorf("the error is %v", err)
	}
	if fitness.ExitCode != exitException {
		t.Errorf("exit code %d", fitness.ExitCode)
	}
}
