package experiment

import (
	"strings"
	"testing"
	"time"
)

func TestATimeScaleLeavesAHoldAsItIsUnlessItIsWrittenAsScaled(t *testing.T) {
	for _, row := range []struct {
		name, hold string
		want       time.Duration // at a scale of 0.1; 0: it is refused
		problem    string
	}{
		{"as it is", "4s", 4 * time.Second, ""},
		{"scaled", `"${scaled:60s}"`, 6 * time.Second, ""},
		{"scaled, and too long", `"${scaled:61s}"`, 0, "ends at 2m1s, after the load"},
		{"scaled nothing", `"${scaled:0s}"`, 0, "hold is 0"},
		{"no duration", `"${scaled:soon}"`, 0, `"soon" is not a duration`},
		{"no end", `"${scaled:60s"`, 0, `"${scaled:60s" is not a duration`},
		{"another reference", `"${env.HOLD}"`, 0, `"${env.HOLD}" is not a duration`},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := write(t, `
name: held
services: {api: {url: "http://127.0.0.1:1"}}
dependencies: {db: {kind: postgres}}
load: {script: script.js, shape: soak, rate: 1/s, duration: 120s}
faults: [{name: locked, on: db, kind: command, run: SELECT 1, at: 60s, hold: `+row.hold+`}]
slos: [p95(http_req_duration) < 300ms]
`)
			e, err := Read(dir, Options{})
			if row.want == 0 {
				if err == nil || !strings.Contains(err.Error(), row.problem) {
					t.Errorf("got %v, want %s", err, row.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if f := e.Scaled(0.1).Faults[0]; f.Hold != row.want || f.For != row.want {
				t.Errorf("held for %v, lasts %v, want %v", f.Hold, f.For, row.want)
			}
		})
	}
}
