package experiment

import (
	"strings"
	"testing"
	"time"
)

func TestTheShapeBreakpointHasItsOwnKeys(t *testing.T) {
	read := func(load string, o Options) (Experiment, error) {
		return Read(write(t, `
target: {url: "http://127.0.0.1:9"}
load: {script: script.js, `+load+`}
slos: [p95(latency) < 300ms in steady]
`), o)
	}
	e, err := read("shape: breakpoint, from: 40/s, rate: 300/s, step: 30s, duration: 5m", Options{TimeScale: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if e.Load.From != 40 || e.Load.Rate != 300 || e.Load.Step != 15*time.Second || e.Load.Duration != 150*time.Second {
		t.Errorf("%+v", e.Load)
	}
	if e, err = read("shape: breakpoint, step: 10s, duration: 5m", Options{TimeScale: 0.1}); err != nil || e.Load.Step != 2*time.Second {
		t.Errorf("a step is never shorter than 2 s: %v, %v", e.Load.Step, err)
	}
	for _, row := range []struct{ name, load, problem string }{
		{"from belongs to breakpoint", "shape: soak, duration: 1m, from: 5/s", "load.from has no meaning without shape: breakpoint"},
		{"step belongs to breakpoint", "step: 5s", "load.step has no meaning without shape: breakpoint"},
		{"from is no more than rate", "shape: breakpoint, duration: 5m, from: 50/s, rate: 40/s", "load.from is more than load.rate"},
		{"a step too short", "shape: breakpoint, duration: 5m, step: 1s", "load.step is less than 2s"},
		{"time for one step only", "shape: breakpoint, duration: 30s, step: 20s", "load.duration holds less than two steps"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := read(row.load, Options{}); err == nil || !strings.Contains(err.Error(), row.problem) {
				t.Errorf("the error is %v\nwant %s", err, row.problem)
			}
		})
	}
}
