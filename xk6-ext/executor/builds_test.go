package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirupsen/logrus"
	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"
)

const twoBuilds = `"builds":[{"name":"baseline","env":{"URL":"http://b"}},{"name":"candidate","env":{"URL":"http://c"}}]`

func TestBuildsAreTwoWithNamesOfTheirOwn(t *testing.T) {
	for _, row := range []struct{ name, options, want string }{
		{"two", twoBuilds, ""},
		{"names with a digest", `"builds":[{"name":"v1.2-rc_1"},{"name":"0a1b2c"}]`, ""},
		{"one", `"builds":[{"name":"a"}]`, "builds are two or none, but there are 1"},
		{"none in a list", `"builds":[]`, "builds are two or none, but there are 0"},
		{"three", `"builds":[{"name":"a"},{"name":"b"},{"name":"c"}]`, "builds are two or none, but there are 3"},
		{"one name for both", `"builds":[{"name":"a"},{"name":"a"}]`, `both builds are called "a"`},
		{"no name", `"builds":[{"name":"a"},{"env":{"A":"1"}}]`, "build 2 needs a name of letters, digits, '.', '_' and '-'"},
		{"a name that tags can't hold", `"builds":[{"name":"a:b"},{"name":"b"}]`, "build 1 needs a name of letters, digits, '.', '_' and '-'"},
		{"VUs that come later", `"preAllocatedVUs":3,"maxVUs":7,` + twoBuilds,
			"with builds all VUs are set up before the load: leave out preAllocatedVUs, or maxVUs"},
		{"a search besides", `"search":{"from":1,"most":10,"factor":2,"step":"2s"},` + twoBuilds,
			"a search and builds exclude each other"},
		{"the tag is the scenario's", `"tags":{"build":"x"},` + twoBuilds, `the tag "build" is set by the builds and can't be one of the scenario's tags`},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := errors.Join(parse(t, 0, "s", `{"rate":10,"duration":"3s",`+row.options+`}`).Validate()...)
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

func TestEachBuildHasVUsAndAQueueOfItsOwn(t *testing.T) {
	c := parse(t, 0, "s", `{"rate":10,"duration":"3s","maxVUs":7,`+twoBuilds+`}`)
	if steps := c.GetExecutionRequirements(nil); steps[0].PlannedVUs != 14 || steps[0].MaxUnplannedVUs != 0 {
		t.Errorf("%+v", steps)
	}
	r := (&arrival{config: c, state: play{}.state(t, c, &played{})}).newRun(t.Context(), nil)
	defer r.course.Close()
	if len(r.pools) != 2 || cap(r.pools[0].due) != 100 || r.pools[0].allowed != 7 || r.pools[0].due == r.pools[1].due {
		t.Errorf("%d pools, a queue of %d, %d VUs", len(r.pools), cap(r.pools[0].due), r.pools[0].allowed)
	}
}

func TestABuildWaitsForItsVUsWhileOtherScenariosHaveThem(t *testing.T) {
	t.Parallel()
	for _, returned := range []bool{true, false} {
		t.Run(fmt.Sprintf("they come back: %v", returned), func(t *testing.T) {
			t.Parallel()
			c := parse(t, 0, "s", `{"rate":10,"duration":"3s","maxVUs":2,`+twoBuilds+`}`)
			quiet := logrus.New()
			quiet.SetOutput(io.Discard)
			a := &arrival{config: c, state: play{}.state(t, c, &played{}), logger: logrus.NewEntry(quiet)}
			others := map[int][]lib.InitializedVU{}
			for range 4 {
				vu, err := a.state.GetPlannedVU(a.logger, false)
				if err != nil {
					t.Fatal(err)
				}
				others[BuildOf(vu.GetID())] = append(others[BuildOf(vu.GetID())], vu)
			}
			give := func(vus []lib.InitializedVU) {
				for _, vu := range vus {
					a.state.ReturnVU(vu, false)
				}
			}
			// Another scenario has those of one build, and gives back more of the other.
			give(append(others[0], &vu{id: 100}))
			if returned {
				time.AfterFunc(50*time.Millisecond, func() { give(others[1]) })
			}
			r := a.newRun(t.Context(), nil)
			err := r.staff()
			if _, left := a.state.GetPlannedVU(a.logger, false); left != nil { // the one too many has no place when all come back
				t.Error(left)
			}
			r.dismiss()
			r.course.Close()
			r.deactivated.Wait()
			if got := fmt.Sprint(err); (err == nil) != returned || !returned && !strings.Contains(got, "let the one with builds run alone") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// TestASlotHoldsBothBuildsHalfASlotApartInTheOrderOfACoin looks at what would be offered, without offering it.
func TestASlotHoldsBothBuildsHalfASlotApartInTheOrderOfACoin(t *testing.T) {
	const slots = 10_000
	orders := map[int64]string{}
	for _, seed := range []int64{1, 2, 1} {
		c := parse(t, 2*time.Second, "s", fmt.Sprintf(`{"rate":100,"duration":"%ds",%s}`, slots/100-1, twoBuilds))
		c.options.Seed = seed
		r := (&arrival{config: c, state: play{}.state(t, c, &played{})}).newRun(t.Context(), nil)
		order := coin(t, r)
		r.course.Close()
		if len(order) != slots {
			t.Fatalf("%d slots, want %d", len(order), slots)
		}
		// Heads are binomial around 5,000 with a standard deviation of 50, and so are changes from one slot to the next.
		heads, changes := strings.Count(order, "b"), 0
		for i := range len(order) - 1 {
			if order[i] != order[i+1] {
				changes++
			}
		}
		for what, n := range map[string]int{"the baseline first": heads, "another order than in the slot before": changes} {
			if math.Abs(float64(n)-slots/2) > 250 {
				t.Errorf("seed %d: %s in %d of %d slots", seed, what, n, slots)
			}
		}
		if before := orders[seed]; before != "" && before != order {
			t.Error("the same seed gave another order")
		}
		orders[seed] = order
	}
	if orders[1] == orders[2] {
		t.Error("another seed gave the same order")
	}
}

// coin checks every slot and returns the first letters of the builds that came first.
func coin(t *testing.T, r *run) string {
	t.Helper()
	var order []byte
	var first *pool
	var one job
	for p, j := range r.jobs() {
		if first == nil {
			first, one = p, j
			order = append(order, p.marked[BuildTag][0])
			continue
		}
		gap := 5 * time.Millisecond
		if r.warmup(j) { // at half the rate
			gap *= 2
		}
		if p == first || j.index != one.index || (j.due-one.due-gap).Abs() > time.Microsecond {
			t.Fatalf("slot %d: %s at %v, then %s of slot %d at %v",
				one.index, first.marked[BuildTag], one.due, p.marked[BuildTag], j.index, j.due)
		}
		first = nil
	}
	return string(order)
}

func TestBothBuildsGetEveryIterationOfTheSchedule(t *testing.T) {
	t.Parallel()
	got := play{seed: 7, warmup: 500 * time.Millisecond, options: `{"rate":100,"duration":"1s","env":{"A":"1","URL":""},"tags":{"team":"x"},` + twoBuilds + `}`}.
		run(t, t.Context())
	if got.err != nil {
		t.Fatal(got.err)
	}
	var halves []time.Duration
	for _, build := range []string{"baseline", "candidate"} {
		if diff := cmp.Diff(upTo(125), got.numbers(build)); diff != "" {
			t.Errorf("%s:\n%s", build, diff)
		}
		if a := got.account(build); a != (account{served: 125}) {
			t.Errorf("%s: %+v", build, a)
		}
		halves = append(halves, got.offered(build)...)
	}
	// Together they are as evenly spaced as one build at twice the rate.
	slices.Sort(halves)
	want := parse(t, 500*time.Millisecond, "s", `{"rate":200,"duration":"1s"}`)
	if diff := cmp.Diff((&played{config: want}).planned(), halves); diff != "" {
		t.Error(diff)
	}
	for _, c := range got.calls {
		url := map[string]string{"baseline": "http://b", "candidate": "http://c"}[c.params.Tags["build"]]
		if want := []string{"baseline", "candidate"}[BuildOf(c.vu)]; c.params.Tags["build"] != want {
			t.Fatalf("VU %d works for %s", c.vu, c.params.Tags["build"])
		}
		if c.params.Env["URL"] != url || c.params.Env["A"] != "1" || c.params.Tags["team"] != "x" {
			t.Fatalf("%+v", c.params)
		}
	}
	if len(got.pools) != 2 {
		t.Errorf("%d pools are reported", len(got.pools))
	}
	want2 := map[string][]string{"s": {"baseline", "candidate"}}
	if diff := cmp.Diff(want2, got.told[0].Plan.Builds); diff != "" {
		t.Error(diff)
	}
}

func TestABuildThatStallsDoesNotMakeTheOtherLate(t *testing.T) {
	t.Parallel()
	var others atomic.Int64
	released := make(chan struct{})
	got := play{
		options: `{"rate":100,"duration":"1s","maxVUs":3,"queue":40,` + twoBuilds + `}`,
		script: func(ctx context.Context, c call) error {
			if c.params.Tags[BuildTag] == "candidate" {
				<-released
				return nil
			}
			// The baseline ends before the candidate goes on: it never needed what that one holds.
			if others.Add(1) == 100 {
				close(released)
			}
			return nil
		},
	}.run(t, t.Context())
	if a := got.account("baseline"); a != (account{served: 100}) {
		t.Errorf("the baseline: %+v, want all served", a)
	}
	// It holds 3 and keeps 40 waiting; its last one may be due when the baseline has already let it go on.
	if a := got.account("candidate"); a.served < 43 || a.served > 44 || a.dropped+a.served != 100 {
		t.Errorf("the candidate, which stood still: %+v", a)
	}
	got.balanced(t, "baseline", time.Time{})
	got.balanced(t, "candidate", time.Time{})
	waited := map[string]int{}
	for _, s := range got.starts {
		if s.Waited > 0 {
			waited[of(s.Tags)]++
		}
	}
	if waited["candidate"] < 40 || waited["baseline"] > waited["candidate"] {
		t.Errorf("waited for a VU: %v", waited)
	}
	dropped := map[string]int{}
	for _, s := range got.samples {
		if s.Metric.Name == metrics.DroppedIterationsName {
			dropped[of(s.Tags)]++
		}
	}
	if dropped["baseline"] != 0 || dropped["candidate"] != got.account("candidate").dropped {
		t.Errorf("k6 is told of %v dropped", dropped)
	}
}

func TestBothBuildsAreAccountedForWhenTheLoadIsCut(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := play{options: `{"rate":100,"duration":"1s","maxVUs":2,"queue":5,` + twoBuilds + `}`, script: func(ctx context.Context, c call) error {
		switch {
		case c.iteration == 30:
			cancel()
		case c.iteration < 2 && c.params.Tags[BuildTag] == "candidate":
			<-ctx.Done()
		}
		return ctx.Err()
	}}.run(t, ctx)
	for _, build := range []string{"baseline", "candidate"} {
		got.balanced(t, build, time.Time{})
	}
	if n, m := len(got.offered("baseline")), len(got.offered("candidate")); n > m+1 || m > n+1 || n < 30 || n == 100 {
		t.Errorf("%d and %d were offered", n, m)
	}
}
