package experiment

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const small = `
services:
  api:
    reference: restapi
    env: {A: file}
dependencies:
  cache: {kind: redis}
load: {script: script.js, shape: ramp, rate: 10/s, duration: 60s}
faults:
  - {name: redis-slow, link: api->cache, kind: latency, latency: 200ms, at: 10s, for: 10s}
slos:
  - p95(latency) < 300ms
`

// write makes a folder with an experiment and a script.
func write(t testing.TB, text string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{FileName: text, "script.js": "export default function () {}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestWhatStandsAboveTheFile(t *testing.T) {
	dir := write(t, small)
	for _, row := range []struct {
		name string
		opts Options
		env  map[string]string
		got  func(e Experiment) any
		want any
	}{
		{"nothing", Options{}, nil, func(e Experiment) any { return e.Load.Rate }, 10.0},
		{"a flag", Options{Rate: "20/s"}, nil, func(e Experiment) any { return e.Load.Rate }, 20.0},
		{"a variable", Options{}, map[string]string{"BRUNT_RATE": "30/s"}, func(e Experiment) any { return e.Load.Rate }, 30.0},
		{"a flag above a variable", Options{Rate: "20/s"}, map[string]string{"BRUNT_RATE": "30/s"}, func(e Experiment) any { return e.Load.Rate }, 20.0},
		{"an empty variable", Options{}, map[string]string{"BRUNT_RATE": ""}, func(e Experiment) any { return e.Load.Rate }, 10.0},
		{"the shape", Options{Shape: "soak"}, map[string]string{"BRUNT_SHAPE": "spike"}, func(e Experiment) any { return e.Load.Shape }, "soak"},
		{"the duration", Options{Duration: 90 * time.Second}, nil, func(e Experiment) any { return e.Load.Duration }, 90 * time.Second},
		{"the duration by a variable", Options{}, map[string]string{"BRUNT_DURATION": "2m"}, func(e Experiment) any { return e.Load.Duration }, 2 * time.Minute},
		{"the variant", Options{Variant: "naive"}, nil, func(e Experiment) any { return e.Services[0].Variant }, "naive"},
		{"the variant by default", Options{}, nil, func(e Experiment) any { return e.Services[0].Variant }, "fixed"},
		{"a variable of the load", Options{Env: map[string]string{"B": "x=y"}}, nil, func(e Experiment) any { return e.Load.Env }, map[string]string{"B": "x=y"}},
		{"--set of a key", Options{Set: []string{"load.vus=7"}}, nil, func(e Experiment) any { return e.Load.VUs }, 7},
		{"--set twice: the last one stands", Options{Set: []string{"load.vus=7", "load.vus=8"}}, nil, func(e Experiment) any { return e.Load.VUs }, 8},
		{"--set of a new variable", Options{Set: []string{"services.api.env.B=1"}}, nil, func(e Experiment) any { return e.Services[0].Env }, map[string]string{"A": "file", "B": "1"}},
		{"--set of the target, whatever it is called", Options{Set: []string{"target.env.A="}}, nil, func(e Experiment) any { return e.Services[0].Env }, map[string]string{"A": ""}},
		{"--set of what was not there", Options{Set: []string{"services.api.resources.memory=1GiB"}}, nil, func(e Experiment) any { return e.Services[0].Resources.Memory }, int64(1 << 30)},
		{"--set of the first variable of a load", Options{Set: []string{"load.env.X=1"}}, nil, func(e Experiment) any { return e.Load.Env }, map[string]string{"X": "1"}},
		{"--set of a fault by its name", Options{Set: []string{"faults.redis-slow.latency=1s"}}, nil, func(e Experiment) any { return e.Faults[0].Latency }, time.Second},
		{"--set of a fault by its number", Options{Set: []string{"faults.0.latency=1s"}}, nil, func(e Experiment) any { return e.Faults[0].Latency }, time.Second},
		{"--set of an SLO", Options{Set: []string{"slos.0=p95(latency{a:b}) < 1s"}}, nil, func(e Experiment) any { return e.SLOs[0].Text }, "p95(latency{a:b}) < 1s"},
		{"--set of a list", Options{Set: []string{"dependencies.cache.args=[--maxmemory, 1mb]"}}, nil, func(e Experiment) any { return e.Dependencies[0].Args }, []string{"--maxmemory", "1mb"}},
		{"the time scale", Options{TimeScale: 0.5}, nil, func(e Experiment) any { return e.Load.Duration }, 30 * time.Second},
		{"the time scale by a variable", Options{}, map[string]string{"BRUNT_TIME_SCALE": "2"}, func(e Experiment) any { return e.Faults[0].At }, 20 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.opts.Lookup = lookup(row.env)
			e, err := Read(dir, row.opts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, row.got(e)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatCannotStandAboveTheFile(t *testing.T) {
	dir := write(t, small)
	for _, row := range []struct {
		name string
		opts Options
		env  map[string]string
		want string
	}{
		{"an unknown key", Options{Set: []string{"load.rat=1/s"}}, nil, "--set load.rat: load.rat names nothing: unknown key load.rat (did you mean rate?)"},
		{"a service that is not there", Options{Set: []string{"services.ap.env.A=1"}}, nil, "--set services.ap.env.A: services.ap.env.A names nothing: there is no services.ap (did you mean api?)"},
		{"a fault that is not there", Options{Set: []string{"faults.7.at=1s"}}, nil, "--set faults.7.at: faults.7.at names nothing: there is no faults.7 (items are named by number, from 0, or by name)"},
		{"an SLO that is not there", Options{Set: []string{"slos.1=x"}}, nil, "--set slos.1: slos.1 names nothing: the list has no 1 (items are named by number, from 0, or by name)"},
		{"a whole part", Options{Set: []string{"load=x"}}, nil, "--set load: load names nothing: load is not a single value (name one of its parts)"},
		{"a part of a value", Options{Set: []string{"load.rate.x=1"}}, nil, "--set load.rate.x: load.rate.x names nothing: load.rate has no parts"},
		{"a new service", Options{Set: []string{"services.new=1"}}, nil, "--set services.new: services.new names nothing: services.new is not a single value (name one of its parts)"},
		{"no value", Options{Set: []string{"load.rate"}}, nil, "--set load.rate: a path and a value are wanted (write path=value, such as load.rate=50/s)"},
		{"a value that is wrong", Options{Set: []string{"load.rate=fast"}}, nil, `--set load.rate: load.rate: "fast" is not a rate (write one such as 100/s or 6000/m)`},
		{"a rate without a unit", Options{Rate: "50"}, nil, "--rate: load.rate: 50 has no unit (write 50/s or 50/m)"},
		{"a variable that is wrong", Options{}, map[string]string{"BRUNT_SHAPE": "rmp"}, `BRUNT_SHAPE: load.shape: unknown shape "rmp" (did you mean ramp?)`},
		{"a time scale", Options{TimeScale: -1}, nil, "--time-scale: -1 is not a time scale (it is 0.001 to 1000; 0.5 halves every time)"},
		{"a time scale that is no number", Options{}, map[string]string{"BRUNT_TIME_SCALE": "half"}, `BRUNT_TIME_SCALE: "half" is not a number (write one such as 0.5)`},
		{"a duration before the end of a fault", Options{Duration: 15 * time.Second}, nil,
			FileName + ":10: fault redis-slow ends at 20s, after the load (the load lasts 15s after the warm-up; --time-scale changes both)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.opts.Lookup = lookup(row.env)
			_, err := Read(dir, row.opts)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(row.want, strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAVariantNeedsAReferenceTarget(t *testing.T) {
	_, err := Read("testdata/good/short.yaml", Options{Variant: "naive"})
	if want := "--variant: no service of the experiment is a reference target (only those have variants)"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSettingPastAnAliasLeavesItsAnchorAlone(t *testing.T) {
	dir := write(t, `
services:
  a: &a
    reference: restapi
    env: &env {X: file}
  b: *a
  c:
    <<: *a
load: {target: a, script: script.js}
slos: [p95(http_req_duration) < 300ms]
`)
	e, err := Read(dir, Options{Set: []string{"services.b.env.X=b", "services.c.env.Y=c"}, Variant: "naive"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]map[string]string{}
	for _, s := range e.Services {
		got[s.Name+" "+s.Variant] = s.Env
	}
	want := map[string]map[string]string{"a naive": {"X": "file"}, "b naive": {"X": "b"}, "c naive": {"X": "file", "Y": "c"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestScaled(t *testing.T) {
	e, err := Read("testdata/good/everything.yaml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	before := e.Faults[0]
	s := e.Scaled(0.1)
	type times struct{ Duration, Warmup, Settle, At, For, Latency, Jitter, Ready time.Duration }
	of := func(e Experiment) times {
		f := e.Faults[0]
		return times{e.Load.Duration, e.Warmup, e.Settle, f.At, f.For, f.Latency, f.Jitter, e.Services[0].Ready.Timeout}
	}
	want := times{12 * time.Second, time.Second, 3 * time.Second, 4 * time.Second, 2 * time.Second, 200 * time.Millisecond, 20 * time.Millisecond, 90 * time.Second}
	if diff := cmp.Diff(want, of(s)); diff != "" {
		t.Error("scaled by 0.1:", diff)
	}
	if s.Load.Rate != e.Load.Rate || s.TimeScale != 0.1 || s.Services[0].Env["WINDOW"] != "${scaled:60s}" {
		t.Errorf("rate %v, time scale %v, env %v", s.Load.Rate, s.TimeScale, s.Services[0].Env)
	}
	if diff := cmp.Diff(before, e.Faults[0]); diff != "" {
		t.Error("the original was changed:", diff)
	}
	if twice := s.Scaled(10); twice.TimeScale != 1 || twice.Load.Duration != e.Load.Duration {
		t.Errorf("scaled back: %v, %v", twice.TimeScale, twice.Load.Duration)
	}
}

func TestScalingARepeatedFaultScalesItsTimesAndNotItsStrength(t *testing.T) {
	e, err := Read("testdata/good/everything.yaml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []Fault
	for _, f := range e.Scaled(0.5).Faults {
		if f.Name == "long-tail" {
			f.Line = 0
			got = append(got, f)
		}
	}
	one := Fault{
		Name: "long-tail", Link: "api->cache", Kind: "latency", At: 30500 * time.Millisecond, For: time.Second, Ramp: 500 * time.Millisecond,
		Latency: 5 * time.Millisecond, Jitter: 50 * time.Millisecond, Distribution: "pareto", Occurrence: 1,
	}
	two := one
	two.At, two.Occurrence = 35500*time.Millisecond, 2
	if diff := cmp.Diff([]Fault{one, two}, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadingAScenarioThatComesWithBrunt(t *testing.T) {
	unpack := t.TempDir()
	opts := Options{Dir: t.TempDir(), Scenarios: os.DirFS(scenarios), Unpack: unpack}
	for _, name := range []string{"scenarios/restapi", "restapi", "scenarios/restapi/"} {
		e, err := Read(name, opts)
		if err != nil {
			t.Fatal(err)
		}
		if e.File != "scenarios/restapi/experiment.yaml" || e.Load.Script != filepath.Join(unpack, "restapi", "script.js") {
			t.Errorf("%s: file %s, script %s", name, e.File, e.Load.Script)
		}
	}
	_, err := Read("scenarios/restapy", opts)
	if want := "scenarios/restapy: there is no such experiment (did you mean scenarios/restapi?)"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestUnpackedScenariosAreNeverHalfWritten(t *testing.T) {
	unpack := t.TempDir()
	opts := Options{Dir: t.TempDir(), Scenarios: os.DirFS(scenarios), Unpack: unpack}
	script := filepath.Join(unpack, "restapi", "script.js")
	read := func() {
		t.Helper()
		if _, err := Read("restapi", opts); err != nil {
			t.Fatal(err)
		}
	}
	read()
	if err := os.WriteFile(script, []byte("// of another version"), 0o644); err != nil {
		t.Fatal(err)
	}
	opened, err := os.Open(script) // as a k6 of another run holds it
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	read()
	if text, err := io.ReadAll(opened); err != nil || string(text) != "// of another version" {
		t.Errorf("the one who was reading it has %q, %v", text, err)
	}
	whole, err := os.ReadFile(filepath.Join(scenarios, "restapi", "script.js"))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(script); err != nil || string(text) != string(whole) {
		t.Errorf("the script was not replaced: %q, %v", text, err)
	}
	before, _ := os.Stat(script)
	read()
	if after, err := os.Stat(script); err != nil || !os.SameFile(before, after) {
		t.Errorf("a script that is as it should be was written again, %v", err)
	}
}

func TestNamesAreRelativeToTheGivenFolder(t *testing.T) {
	dir := write(t, small)
	e, err := Read(filepath.Base(dir), Options{Dir: filepath.Dir(dir)})
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(filepath.Base(dir), FileName); e.File != want || e.Dir != dir || e.Name != filepath.Base(dir) {
		t.Errorf("file %s, folder %s, name %s", e.File, e.Dir, e.Name)
	}
}
