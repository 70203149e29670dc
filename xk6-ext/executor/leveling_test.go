package executor

import (
	"context"
	"math"
	"testing"
	"time"

	"go.k6.io/k6/lib"
)

// course is what the windows of a warm-up show of a build: the median of each, 0: nothing was heard.
type course []float64

// warmUp plays a warm-up of 15 to 30 s second by second and returns its end, after how many seconds that was known.
func warmUp(t *testing.T, builds map[string]course, asked int) (end Warmed, known int) {
	t.Helper()
	start := time.Unix(1000, 0)
	l := NewLeveling(15*time.Second, 30*time.Second, asked)
	l.begin(start)
	l.begin(start.Add(time.Hour)) // of another scenario: the first counts
	for second := range 40 {
		for name, c := range builds {
			if v := c[min(second/3, len(c)-1)]; v > 0 {
				for _, part := range []float64{0.1, 1, 30} { // the median is what counts
					l.Heard(name, start.Add(time.Duration(second)*time.Second), part*v)
				}
			}
		}
		now := start.Add(time.Duration(second+1) * time.Second)
		l.Look(now, now)
		if end, ok := l.ended(now); ok {
			return end, second + 1
		}
	}
	t.Fatal("it never ended")
	return Warmed{}, 0
}

func TestAWarmUpEndsWhenTimesAreLevel(t *testing.T) {
	flat := course{10}
	for _, row := range []struct {
		name   string
		builds map[string]course
		asked  int
		known  int // seconds
		level  bool
		apart  float64
	}{
		{"level from the first on", map[string]course{"": flat}, 1, 15, true, 0},
		{"level in time", map[string]course{"": {40, 20, 10, 10.5, 10.9}}, 1, 15, true, 0.09},
		{"level later", map[string]course{"": {40, 20, 10, 9, 8, 7.9}}, 1, 21, true, 8/7.9 - 1},
		{"the other build is not", map[string]course{"a": flat, "b": {20, 18, 16, 14, 12, 10.8, 10}}, 2, 24, true, 0.08},
		{"never level", map[string]course{"": {10, 12, 10, 12, 10, 12, 10, 12, 10, 12, 10}}, 1, 30, false, 0.2},
		{"nothing is served", map[string]course{"": {0}}, 1, 30, false, 0},
		{"nothing by one build", map[string]course{"a": flat}, 2, 30, false, 0},
		{"nothing in one window", map[string]course{"": {10, 10, 10, 0, 10}}, 1, 21, true, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			end, known := warmUp(t, row.builds, row.asked)
			if known != row.known || end.Level != row.level || math.Abs(end.Apart-row.apart) > 1e-9 {
				t.Errorf("known after %d s, level %v, apart %v; want %d, %v, %v", known, end.Level, end.Apart, row.known, row.level, row.apart)
			}
			want := time.Duration(known)*time.Second + levelLead
			if !row.level {
				want = 30 * time.Second
			}
			if end.Length != want || !end.Zero.Equal(time.Unix(1000, 0).Add(want)) {
				t.Errorf("it ends after %v, at %v; want %v", end.Length, end.Zero, want)
			}
		})
	}
}

// TestTheScheduleFollowsTheWarmUp: t = 0 comes earlier than planned, and nothing else is otherwise.
func TestTheScheduleFollowsTheWarmUp(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		level bool
	}{{"which is level", true}, {"which is not", false}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			const least, most = 500 * time.Millisecond, 1500 * time.Millisecond
			levels := NewLeveling(least, most, 2)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() { // what the output does
				for ctx.Err() == nil {
					for _, build := range []string{"baseline", "candidate"} {
						if row.level {
							levels.Heard(build, time.Now(), 10)
						}
					}
					levels.Look(time.Now(), time.Now())
					time.Sleep(10 * time.Millisecond)
				}
			}()
			got := play{warmup: most, levels: levels, options: `{"rate":100,"duration":"1s",` + twoBuilds + `}`}.run(t, ctx)
			if got.err != nil || len(got.told) != 1 {
				t.Fatalf("%v, told %v", got.err, got.told)
			}
			told := got.told[0]
			if told.Level != row.level || told.Length != got.warmup || !told.Zero.Equal(got.zero) || row.level == (told.Length == most) || told.Length < least {
				t.Errorf("told %+v, marked %v at %v", told.Warmed, got.warmup, got.zero)
			}
			for _, build := range []string{"baseline", "candidate"} {
				warm, measured := 0, 0
				for _, at := range got.offered(build) {
					if at < 0 {
						warm++
						continue
					}
					measured++
				}
				// 50 a second until then; the slot in which it ended may be cut in two.
				if want := told.Length.Seconds() * 50; math.Abs(float64(warm)-want) > 2 || measured != 100 {
					t.Errorf("%s: %d iterations of the warm-up, want about %v, and %d of the schedule", build, warm, want, measured)
				}
				// Numbers of the schedule do not depend on how long the warm-up was: both builds of another pair get the same.
				if n := got.numbers(build); n[len(n)-1] != 174 || n[len(n)-100] != 75 {
					t.Errorf("%s: numbers %v", build, n)
				}
			}
			for _, s := range got.starts {
				if s.Warmup != s.Intended.Before(got.zero) {
					t.Errorf("an iteration at %v is of the warm-up: %v", s.Intended.Sub(got.zero), s.Warmup)
				}
			}
		})
	}
}

func TestALoadThatIsCutWhileItWarmsUpNeverBegan(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	got := play{warmup: 30 * time.Second, levels: NewLeveling(15*time.Second, 30*time.Second, 1), options: `{"rate":100,"duration":"1s"}`}.run(t, ctx)
	if got.err != nil || len(got.told) > 0 || !got.zero.IsZero() || len(got.starts) == 0 {
		t.Errorf("%v, told %v, t = 0 at %v, %d began", got.err, got.told, got.zero, len(got.starts))
	}
}

func TestWhichWarmUpsCanEndWhenTimesAreLevel(t *testing.T) {
	for _, row := range []struct {
		name, options string
		want          bool
	}{
		{"a rate", `{"rate":10,"duration":"3s"}`, true},
		{"stages", `{"startRate":1,"stages":[{"duration":"3s","target":5}]}`, true},
		{"later", `{"rate":10,"duration":"3s","startTime":"2s"}`, false},
		{"a warm-up of its own", `{"rate":10,"duration":"3s","warmup":"2s"}`, false},
		{"a search", `{"rate":10,"duration":"3s","search":{"from":1,"most":10,"factor":2,"step":"2s"}}`, false},
	} {
		tuple, err := lib.NewExecutionTuple(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		plan := PlanOf(lib.ScenarioConfigs{"s": parse(t, time.Second, "s", row.options)}, tuple, time.Second)
		if got := plan.Levels; got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}
