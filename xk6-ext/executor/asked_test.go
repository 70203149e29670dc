package executor

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.k6.io/k6/lib"
)

func TestAskedCountsWhatIsDueAfterTheWarmUp(t *testing.T) {
	const warmup = 2 * time.Second
	stock := func(name, kind, options string) lib.ExecutorConfig {
		c, err := lib.GetParsedExecutorConfig(name, kind, []byte(options))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	steady := parse(t, warmup, "a", `{"rate":50,"duration":"7s"}`)
	ramp := parse(t, warmup, "b", `{"startRate":60,"timeUnit":"1m","stages":[{"duration":"10s","target":600},{"duration":0,"target":1200},{"duration":"1s","target":1200}]}`)
	mirror := parse(t, warmup, "m", `{"rate":50,"duration":"7s","builds":[{"name":"base"},{"name":"candidate"}]}`)
	search := parse(t, warmup, "s", `{"rate":50,"duration":"7s","search":{"from":10,"most":50,"factor":1.5,"step":"1s"}}`)
	constant := stock("k", "constant-arrival-rate", `{"executor":"constant-arrival-rate","rate":300,"timeUnit":"1m","duration":"7s","preAllocatedVUs":1}`)
	ramping := stock("r", "ramping-arrival-rate",
		`{"executor":"ramping-arrival-rate","startRate":0,"startTime":"1s","preAllocatedVUs":1,"stages":[{"duration":"10s","target":10}]}`)
	closed := stock("v", "constant-vus", `{"executor":"constant-vus","vus":5,"duration":"7s"}`)
	for _, row := range []struct {
		name      string
		scenarios []lib.ExecutorConfig
		want      Asked
	}{
		{"a constant rate", []lib.ExecutorConfig{steady}, Asked{350, map[string]float64{"a": 50}}},
		{"a ramp and a jump", []lib.ExecutorConfig{ramp}, Asked{55 + 20, map[string]float64{"b": 20}}},
		{"several add up", []lib.ExecutorConfig{steady, ramp}, Asked{425, map[string]float64{"a": 50, "b": 20}}},
		{"each of two builds gets all", []lib.ExecutorConfig{mirror}, Asked{700, map[string]float64{"m": 50}}},
		{"a search", []lib.ExecutorConfig{search, steady}, Asked{0, map[string]float64{"a": 50, "s": 50}}},
		{"k6's own beside ours are not counted with them", []lib.ExecutorConfig{steady, closed, constant}, Asked{350, map[string]float64{"a": 50}}},
		{"k6's own, without the 10 of the warm-up", []lib.ExecutorConfig{constant}, Asked{25, map[string]float64{}}},
		{"k6's own ramp, of which the first second is in the warm-up", []lib.ExecutorConfig{ramping}, Asked{49, map[string]float64{}}},
		{"k6's own add up", []lib.ExecutorConfig{constant, ramping}, Asked{74, map[string]float64{}}},
		{"one without a schedule", []lib.ExecutorConfig{closed}, Asked{0, map[string]float64{}}},
		{"one without a schedule among others", []lib.ExecutorConfig{constant, closed}, Asked{0, map[string]float64{}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			scenarios := lib.ScenarioConfigs{}
			for _, c := range row.scenarios {
				scenarios[c.GetName()] = c
			}
			if diff := cmp.Diff(row.want, AskedOf(scenarios, warmup)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
