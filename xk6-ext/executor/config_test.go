package executor

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.k6.io/k6/lib"
)

func parse(t *testing.T, warmup time.Duration, name, options string) *Config {
	t.Helper()
	c := newConfig(name, Options{Warmup: warmup})
	if err := lib.StrictJSONUnmarshal([]byte(options), c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestValidateNamesEveryProblem(t *testing.T) {
	for _, row := range []struct{ name, options, want string }{
		{"a rate and a duration are enough", `{"rate":10,"duration":"3s"}`, ""},
		{"so are stages", `{"stages":[{"duration":"3s","target":5}]}`, ""},
		{"a rate may be a fraction", `{"rate":0.5,"duration":"3s"}`, ""},
		{"a jump may open the stages", `{"stages":[{"duration":0,"target":5},{"duration":"1s","target":5}]}`, ""},
		{"nothing", `{}`, "the rate isn't specified; the duration is unspecified"},
		{"no rate", `{"duration":"3s"}`, "the rate isn't specified"},
		{"no duration", `{"rate":1}`, "the duration is unspecified"},
		{"rate 0", `{"rate":0,"duration":"3s"}`, "the rate must be more than 0"},
		{"too short", `{"rate":1,"duration":"10ms"}`, "the duration must be at least 1s, but is 10ms"},
		{"two kinds of schedule", `{"rate":1,"duration":"3s","stages":[{"duration":"3s","target":1}]}`, "give either rate and duration, or startRate and stages"},
		{"a start without stages", `{"startRate":5}`, "at least one stage has to be specified"},
		{"stages without load", `{"stages":[{"duration":"3s","target":0}]}`, "every rate is 0: nothing would be offered"},
		{"a stage without a target", `{"stages":[{"duration":"3s"}]}`, "stage 1 doesn't have a target"},
		{"a negative target", `{"stages":[{"duration":"3s","target":-1}]}`, "the target for stage 1 can't be negative"},
		{"fewer VUs than are set up", `{"rate":1,"duration":"3s","preAllocatedVUs":5,"maxVUs":3}`, "maxVUs can't be less than preAllocatedVUs"},
		{"no VU", `{"rate":1,"duration":"3s","preAllocatedVUs":0}`, "without maxVUs, preAllocatedVUs must be at least 1"},
		{"a negative queue", `{"rate":1,"duration":"3s","queue":-1}`, "the queue must hold 0 to 10000000 iterations"},
		{"a negative warm-up", `{"rate":1,"duration":"3s","warmup":"-1s"}`, "the warmup can't be negative"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := errors.Join(parse(t, 0, "s", row.options).Validate()...)
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), "\n", "; ")
			}
			if got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestAnUnknownOptionIsRefused(t *testing.T) {
	err := lib.StrictJSONUnmarshal([]byte(`{"rate":1,"duration":"3s","vus":3}`), newConfig("s", Options{}))
	if err == nil {
		t.Error("vus was taken")
	}
}

func TestDefaultsFollowTheHighestRate(t *testing.T) {
	for _, row := range []struct {
		name, options        string
		planned, most, queue int64
	}{
		{"as many VUs as a second needs", `{"rate":50,"duration":"3s"}`, 50, 50, 500},
		{"no more than 200", `{"rate":5000,"duration":"3s"}`, 200, 200, 50_000},
		{"at least one", `{"rate":1,"timeUnit":"1m","duration":"2m"}`, 1, 1, 1},
		{"all that may be used are set up", `{"rate":50,"duration":"3s","maxVUs":7}`, 7, 7, 500},
		{"unless fewer are asked for", `{"rate":50,"duration":"3s","preAllocatedVUs":3,"maxVUs":7,"queue":0}`, 3, 7, 0},
		{"the peak of a ramp counts", `{"startRate":1,"stages":[{"duration":"1s","target":30},{"duration":"1s","target":2}]}`, 30, 30, 300},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := parse(t, 0, "s", row.options)
			planned, most := c.vus()
			if planned != row.planned || most != row.most || c.queue() != row.queue {
				t.Errorf("VUs %d-%d, queue %d", planned, most, c.queue())
			}
		})
	}
}

func TestWarmupComesBeforeTheScheduleAtHalfTheFirstRate(t *testing.T) {
	for _, row := range []struct {
		name, options string
		rate          float64
		start, zero   time.Duration
	}{
		{"constant", `{"rate":100,"duration":"3s"}`, 50, 0, 10 * time.Second},
		{"a ramp warms up at half its start", `{"startRate":20,"stages":[{"duration":"3s","target":100}]}`, 10, 0, 10 * time.Second},
		{"a ramp from nothing at half its first target", `{"stages":[{"duration":"3s","target":100}]}`, 50, 0, 10 * time.Second},
		{"its own warm-up counts", `{"rate":100,"duration":"3s","warmup":"2s"}`, 50, 0, 2 * time.Second},
		{"one that starts later keeps its place", `{"rate":100,"duration":"3s","startTime":"5s"}`, 50, 15 * time.Second, 15 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := parse(t, 10*time.Second, "s", row.options)
			if got := c.warmupSpan().From; got != row.rate {
				t.Errorf("warms up at %v/s, want %v", got, row.rate)
			}
			if c.GetStartTime() != row.start || c.zero() != row.zero {
				t.Errorf("starts at %v, its schedule at %v", c.GetStartTime(), c.zero())
			}
		})
	}
}

func TestPlanSumsUpTheScenarios(t *testing.T) {
	k6, err := lib.GetParsedExecutorConfig("k", "constant-arrival-rate", []byte(
		`{"executor":"constant-arrival-rate","rate":5,"duration":"7s","preAllocatedVUs":1}`))
	if err != nil {
		t.Fatal(err)
	}
	vus, err := lib.GetParsedExecutorConfig("v", "constant-vus", []byte(`{"executor":"constant-vus","vus":5,"duration":"7s"}`))
	if err != nil {
		t.Fatal(err)
	}
	const warmup = 2 * time.Second
	steady := parse(t, warmup, "a", `{"rate":5,"duration":"7s"}`)
	later := parse(t, warmup, "b", `{"rate":5,"duration":"7s","startTime":"4s"}`)
	ramp := parse(t, warmup, "c", `{"stages":[{"duration":"7s","target":5}]}`)
	driver, err := lib.GetParsedExecutorConfig("d", "per-vu-iterations", []byte(`{"executor":"per-vu-iterations"}`))
	if err != nil {
		t.Fatal(err)
	}
	twice, err := lib.GetParsedExecutorConfig("e", "shared-iterations", []byte(`{"executor":"shared-iterations","iterations":2}`))
	if err != nil {
		t.Fatal(err)
	}
	both := []string{Type, "constant-vus"}
	driven, shared := []string{Type, "per-vu-iterations"}, []string{Type, "shared-iterations"}
	for _, row := range []struct {
		name      string
		scenarios []lib.ExecutorConfig
		want      Plan
	}{
		{"one that drives faults beside one at a constant rate", []lib.ExecutorConfig{steady, driver}, Plan{driven, true, true, 7 * time.Second, nil, nil, []string{"d"}, false, "a"}},
		{"one of two iterations may send requests in the second", []lib.ExecutorConfig{steady, twice}, Plan{shared, false, false, 10*time.Minute - warmup, nil, nil, nil, false, "a"}},
		{"a single iteration alone is the load", []lib.ExecutorConfig{driver}, Plan{driven[1:], false, false, 10*time.Minute - warmup, nil, nil, nil, false, ""}},
		{"one at a constant rate", []lib.ExecutorConfig{steady}, Plan{[]string{Type}, true, true, 7 * time.Second, nil, nil, nil, true, "a"}},
		{"a ramp", []lib.ExecutorConfig{ramp}, Plan{[]string{Type}, true, false, 7 * time.Second, nil, nil, nil, true, "c"}},
		{"two after another", []lib.ExecutorConfig{later, steady}, Plan{[]string{Type}, true, false, 11 * time.Second, nil, nil, nil, false, "a"}},
		{"k6's own open executor", []lib.ExecutorConfig{k6}, Plan{[]string{"constant-arrival-rate"}, false, true, 5 * time.Second, nil, nil, nil, false, ""}},
		{"a mixture", []lib.ExecutorConfig{steady, vus}, Plan{both, false, false, 7 * time.Second, nil, nil, nil, false, "a"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			scenarios := lib.ScenarioConfigs{}
			for _, c := range row.scenarios {
				scenarios[c.GetName()] = c
			}
			tuple, err := lib.NewExecutionTuple(nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := DrivenPlanOf(scenarios, tuple, warmup)
			if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(Plan{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}
