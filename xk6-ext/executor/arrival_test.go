package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.k6.io/k6/errext"
	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"
)

func TestEveryScheduleIsOfferedWholeInOrderAndOnTheMarkersTimes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, options string
		warmup        time.Duration
		want          int // iterations of the schedule
		warm          int
		before        map[time.Duration]int // how many are due before
	}{
		{name: "a constant rate", options: `{"rate":200,"duration":"1s"}`, want: 200,
			before: map[time.Duration]int{500 * time.Millisecond: 100}},
		{name: "a constant rate by the minute", options: `{"rate":1200,"timeUnit":"1m","duration":"1s"}`, want: 20},
		{name: "a ramp", options: `{"startRate":0,"stages":[{"duration":"1s","target":200}]}`, want: 100,
			before: map[time.Duration]int{500 * time.Millisecond: 25}},
		{name: "steps are stages of no duration", want: 25 + 50 + 10,
			options: `{"startRate":50,"stages":[{"duration":"500ms","target":50},{"duration":0,"target":100},
				{"duration":"500ms","target":100},{"duration":0,"target":20},{"duration":"500ms","target":20}]}`,
			before: map[time.Duration]int{500 * time.Millisecond: 25, time.Second: 75}},
		{name: "a pause", options: `{"startRate":40,"stages":[{"duration":"500ms","target":40},{"duration":0,"target":0},
				{"duration":"500ms","target":0},{"duration":0,"target":40},{"duration":"250ms","target":40}]}`,
			want: 30, before: map[time.Duration]int{500 * time.Millisecond: 20, time.Second: 20}},
		{name: "a warm-up at half the rate comes first", options: `{"rate":100,"duration":"1s"}`, want: 100, warm: 25,
			warmup: 500 * time.Millisecond},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := play{options: row.options, warmup: row.warmup}.run(t, t.Context())
			if got.err != nil {
				t.Fatal(got.err)
			}
			due := got.offered("")
			if diff := cmp.Diff(got.planned(), due); diff != "" {
				t.Errorf("offered at other times than planned:\n%s", diff)
			}
			warm := 0
			for _, s := range got.starts {
				if s.Warmup != s.Intended.Before(got.zero) {
					t.Errorf("an iteration at %v is marked as warm-up: %v", s.Intended.Sub(got.zero), s.Warmup)
				}
				if s.Warmup {
					warm++
				}
				if s.Lateness < 0 || s.Waited < 0 || s.Waited > s.Lateness {
					t.Errorf("late by %v, of which %v waiting", s.Lateness, s.Waited)
				}
			}
			if warm != row.warm || len(due)-warm != row.want {
				t.Errorf("%d iterations of the warm-up and %d of the schedule, want %d and %d", warm, len(due)-warm, row.warm, row.want)
			}
			for at, want := range row.before {
				if n, _ := slices.BinarySearch(due, at); n-warm != want {
					t.Errorf("%d are due before %v, want %d", n-warm, at, want)
				}
			}
			if a := got.account(""); a != (account{served: row.want + row.warm}) {
				t.Errorf("%+v, want all served", a)
			}
			if diff := cmp.Diff(upTo(row.want+row.warm), got.numbers("")); diff != "" {
				t.Errorf("iteration numbers:\n%s", diff)
			}
			if len(got.told) != 1 || !got.told[0].Zero.Equal(got.zero) {
				t.Errorf("told %v, t = 0 is %v", got.told, got.zero)
			}
		})
	}
}

func TestIterationsBeginInTheOrderInWhichTheyAreDue(t *testing.T) {
	t.Parallel()
	got := play{options: `{"rate":300,"duration":"1s","maxVUs":1}`}.run(t, t.Context())
	if !slices.IsSortedFunc(got.starts, func(a, b IterationStart) int { return a.Intended.Compare(b.Intended) }) {
		t.Error("an iteration began before one that was due earlier")
	}
	if len(got.starts) != 300 {
		t.Errorf("%d began, want 300", len(got.starts))
	}
}

func TestIterationNumbersAreThoseOfTheScheduleHoweverManyVUsCompete(t *testing.T) {
	t.Parallel()
	for _, vus := range []int{1, 2, 50} {
		t.Run(fmt.Sprint(vus), func(t *testing.T) {
			t.Parallel()
			got := play{options: fmt.Sprintf(`{"rate":200,"duration":"1s","maxVUs":%d}`, vus)}.run(t, t.Context())
			if diff := cmp.Diff(upTo(200), got.numbers("")); diff != "" {
				t.Error(diff)
			}
			// The number and the intended start belong together.
			for i, s := range got.starts {
				if vus == 1 && got.calls[i].iteration != uint64(s.Intended.Sub(got.zero)/(5*time.Millisecond)) {
					t.Fatalf("iteration %d is due at %v", got.calls[i].iteration, s.Intended.Sub(got.zero))
				}
			}
		})
	}
}

func TestVUsAreGivenWhatTheScenarioSays(t *testing.T) {
	t.Parallel()
	got := play{options: `{"rate":20,"duration":"1s","exec":"checkout","env":{"A":"1"},"tags":{"team":"x"}}`}.run(t, t.Context())
	for _, c := range got.calls {
		if c.params.Exec != "checkout" || c.params.Scenario != "s" || c.params.Env["A"] != "1" || c.params.Tags["team"] != "x" {
			t.Fatalf("%+v", c.params)
		}
	}
	for _, s := range got.starts {
		if diff := cmp.Diff(map[string]string{"scenario": "s", "team": "x"}, s.Tags.Map()); diff != "" {
			t.Fatal(diff)
		}
	}
	if len(got.calls) != 20 {
		t.Errorf("%d calls", len(got.calls))
	}
}

// TestEveryOfferedIterationIsAccountedForUnderEveryEnding: offered = served + failed + dropped + interrupted holds by the
// markers themselves, each iteration bears one outcome, and the offered ones are the schedule up to the end of the load.
func TestEveryOfferedIterationIsAccountedForUnderEveryEnding(t *testing.T) {
	t.Parallel()
	const rate = `"rate":100,"duration":"1s"`
	hang := func(ctx context.Context, _ call) error {
		<-ctx.Done()
		return ctx.Err()
	}
	boom := errors.New("boom")
	for _, row := range []struct {
		name    string
		play    play
		cancels uint64 // the iteration that ends the load from outside
		want    account
		partial bool // fewer than planned are offered, and want holds for those of the schedule that ended by themselves
		err     string
	}{
		{name: "to its end", play: play{options: `{` + rate + `}`}, want: account{served: 100}},
		{name: "with exceptions", want: account{served: 75, failed: 25},
			play: play{options: `{` + rate + `}`, script: func(_ context.Context, c call) error {
				if c.iteration%4 == 0 {
					return boom
				}
				return nil
			}}},
		{name: "beyond a full queue", want: account{interrupted: 12, dropped: 88},
			play: play{options: `{` + rate + `,"maxVUs":2,"queue":10,"gracefulStop":"3s"}`, script: hang}},
		{name: "with no queue at all", want: account{interrupted: 3, dropped: 97},
			play: play{options: `{` + rate + `,"maxVUs":3,"queue":0,"gracefulStop":"3s"}`, script: hang}},
		{name: "cut off by the graceful stop", want: account{interrupted: 100},
			play: play{options: `{` + rate + `,"maxVUs":5,"gracefulStop":"100ms"}`, script: hang}},
		{name: "with VUs that can't be set up", want: account{interrupted: 100},
			play: play{options: `{` + rate + `,"preAllocatedVUs":1,"maxVUs":4,"gracefulStop":"0s"}`, script: hang, initVU: func() error { return boom }}},
		{name: "with VUs that are set up on the way", want: account{interrupted: 100},
			play: play{options: `{` + rate + `,"preAllocatedVUs":1,"maxVUs":4,"gracefulStop":"0s"}`, script: hang}},
		{name: "with a context that is cancelled", cancels: 40, partial: true, play: play{options: `{` + rate + `}`}},
		{name: "with a context that is cancelled while others wait", cancels: 3, partial: true,
			play: play{options: `{` + rate + `,"maxVUs":4,"queue":5}`, script: hangs(3)}},
		{name: "by the script", partial: true, err: "enough",
			play: play{options: `{` + rate + `}`, script: func(_ context.Context, c call) error {
				if c.iteration == 40 {
					return &errext.InterruptError{Reason: "enough"}
				}
				return nil
			}}},
		{name: "without the VUs that were planned", partial: true, err: "get a VU for s",
			play: play{options: `{` + rate + `,"maxVUs":2}`, short: 1}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var cancelled time.Time
			if script := row.play.script; row.cancels > 0 {
				row.play.script = func(ctx context.Context, c call) error {
					if c.iteration == row.cancels {
						time.Sleep(100 * time.Millisecond) // others come to wait
						cancelled = time.Now()
						cancel()
						return nil
					}
					if script != nil {
						return script(ctx, c)
					}
					return nil
				}
			}
			got := row.play.run(t, ctx)
			if text := fmt.Sprint(got.err); row.err == "" && got.err != nil || row.err != "" && !strings.Contains(text, row.err) {
				t.Errorf("the error is %v, want %q", got.err, row.err)
			}
			got.balanced(t, "", cancelled)
			if a := got.account(""); !row.partial && a != row.want {
				t.Errorf("%+v, want %+v", a, row.want)
			} else if n := len(got.offered("")); row.partial && n >= 100 {
				t.Errorf("%d were offered, want fewer than the schedule holds", n)
			}
			dropped := 0
			for _, s := range got.samples {
				if s.Metric.Name == metrics.DroppedIterationsName {
					dropped++
				}
			}
			// k6 is told of nothing any more once the context is done.
			if a := got.account(""); dropped > a.dropped || dropped < a.dropped && !row.partial {
				t.Errorf("k6 is told of %d dropped iterations, brunt of %d", dropped, a.dropped)
			}
		})
	}
}

// hangs is a script whose first iterations last until the load ends.
func hangs(first uint64) func(context.Context, call) error {
	return func(ctx context.Context, c call) error {
		if c.iteration < first {
			<-ctx.Done()
		}
		return ctx.Err()
	}
}

// balanced fails unless the offered iterations of a build are the first of the schedule, each once, with one end each. All
// that was due when the load was cancelled is among them.
func (p *played) balanced(t *testing.T, build string, cancelled time.Time) {
	t.Helper()
	a, due, planned := p.account(build), p.offered(build), p.planned()
	if sum := a.served + a.failed + a.dropped + a.interrupted; sum != len(due) {
		t.Errorf("%d are offered, %d accounted for: %+v", len(due), sum, a)
	}
	if len(p.starts) != len(p.ends) {
		t.Errorf("%d iterations began, %d ended", len(p.starts), len(p.ends))
	}
	if len(due) > len(planned) {
		t.Fatalf("%d are offered, %d planned", len(due), len(planned))
	}
	if diff := cmp.Diff(planned[:len(due)], append([]time.Duration{}, due...)); diff != "" && build == "" {
		t.Errorf("what is offered is not the begin of the schedule:\n%s", diff)
	}
	for _, at := range planned[len(due):] {
		if !cancelled.IsZero() && !p.zero.Add(at).After(cancelled) {
			t.Errorf("an iteration that was due at %v was never offered; the load was cancelled at %v", at, cancelled.Sub(p.zero))
		}
	}
}

// TestAGeneratorThatIsBehindOwesWhatWasDue blocks the executor, as a machine without CPU would, and cancels it meanwhile.
func TestAGeneratorThatIsBehindOwesWhatWasDue(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var cancelled time.Time
	got := play{
		options: `{"rate":100,"duration":"10s","maxVUs":1,"queue":0}`,
		script:  hangs(1),
		watch: func(m metrics.SampleContainer) {
			if u, ok := m.(Unserved); ok && u.Dropped && cancelled.IsZero() {
				time.Sleep(300 * time.Millisecond) // nobody takes the executor's markers
				cancelled = time.Now()
				cancel()
			}
		},
	}.run(t, ctx)
	got.balanced(t, "", cancelled)
	if n := len(got.offered("")); n < 30 {
		t.Errorf("%d were offered in more than 300 ms at 100/s", n)
	}
	if a := got.account(""); a.interrupted < 25 {
		t.Errorf("%+v: what was due while the executor stood still is interrupted", a)
	}
}

func TestTheMostVUsInUseAreThoseThatRanAtOnce(t *testing.T) {
	t.Parallel()
	met := make(chan struct{}, 3)
	all := make(chan struct{})
	got := play{options: `{"rate":100,"duration":"1s","maxVUs":5}`, script: func(ctx context.Context, c call) error {
		if c.iteration >= 3 {
			return nil
		}
		if met <- struct{}{}; len(met) == 3 {
			close(all)
		}
		<-all
		return nil
	}}.run(t, t.Context())
	if len(got.pools) != 1 || got.pools[0].Most < 3 || got.pools[0].Most > 5 || got.pools[0].Allowed != 5 {
		t.Errorf("%+v, want at least the 3 of 5 that met", got.pools)
	}
}

// TestWaitingIsTheTimeFromTheQueueUntilAVUWasFree runs the split of the lateness on moments that are given.
func TestWaitingIsTheTimeFromTheQueueUntilAVUWasFree(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, row := range []struct {
		name              string
		due, queued, free time.Duration
		waited            time.Duration
	}{
		{"a VU was idle", 10 * ms, 10 * ms, 4 * ms, 0},
		{"a VU was idle, but the schedule was late", 10 * ms, 90 * ms, 4 * ms, 0},
		{"every VU was busy", 10 * ms, 11 * ms, 61 * ms, 50 * ms},
		{"a VU became free before the late schedule knew", 10 * ms, 90 * ms, 61 * ms, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := parse(t, 0, "s", `{"rate":1,"duration":"1s","maxVUs":1}`)
			c.options.Marked = true
			out := make(chan metrics.SampleContainer, 10)
			r := (&arrival{config: c, state: play{}.state(t, c, &played{})}).newRun(t.Context(), out)
			defer r.course.Close()
			r.start = r.start.Add(-time.Second) // all this is past
			w := &worker{pool: r.pools[0], id: "1", free: row.free}
			w.vu = (&vu{play: &play{}, calls: func(call) {}}).Activate(&lib.VUActivationParams{
				RunContext: t.Context(), DeactivateCallback: func(lib.InitializedVU) {},
				GetNextIterationCounters: func() (uint64, uint64) { return 0, 0 },
			})
			w.iterate(job{due: row.due, queued: row.queued})
			s := (<-out).(IterationStart)
			if s.Waited != row.waited || s.Lateness < time.Second-row.due {
				t.Errorf("late by %v, of which waiting %v; want %v waiting", s.Lateness, s.Waited, row.waited)
			}
		})
	}
}
