package executor

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.k6.io/k6/lib"
)

// turnsOf are slices of a second: ABBABAAB.
func turnsOf() []Slice {
	var all []Slice
	for i, build := range []int{0, 1, 1, 0, 1, 0, 0, 1} {
		all = append(all, Slice{Start: time.Duration(i) * time.Second, End: time.Duration(i+1) * time.Second, Build: build})
	}
	return all
}

// TestBuildsThatTakeTurnsGetTheSameIterations looks at what would be offered, without offering it.
func TestBuildsThatTakeTurnsGetTheSameIterations(t *testing.T) {
	const warmup = 2 * time.Second
	c := parse(t, warmup, "s", `{"rate":50,"duration":"8s",`+twoBuilds+`}`)
	c.options.Slices = turnsOf()
	r := (&arrival{config: c, state: play{}.state(t, c, &played{})}).newRun(t.Context(), nil)
	defer r.course.Close()
	numbers := map[string][]int64{}
	last := time.Duration(0)
	for p, j := range r.jobs() {
		build := p.marked[BuildTag]
		if j.due < last {
			t.Fatalf("iteration %d of the %s is due at %v, after one at %v", j.index, build, j.due, last)
		}
		last = j.due
		if r.warmup(j) { // both at once
			continue
		}
		numbers[build] = append(numbers[build], j.index)
		at := j.due - warmup
		slice := turnsOf()[int(at/time.Second)]
		if want := []string{"baseline", "candidate"}[slice.Build]; want != build {
			t.Errorf("iteration %d of the %s is due at %v, in a turn of the %s", j.index, build, at, want)
		}
		if want := (at - slice.Start) % (20 * time.Millisecond); want > time.Microsecond {
			t.Errorf("iteration %d is due %v after the begin of its turn", j.index, at-slice.Start)
		}
	}
	if diff := cmp.Diff(numbers["baseline"], numbers["candidate"]); diff != "" || len(numbers["baseline"]) != 200 || numbers["baseline"][0] != 50 {
		t.Errorf("%d iterations of the baseline from %v on: %s", len(numbers["baseline"]), numbers["baseline"][0], diff)
	}
	if due := AskedOf(map[string]lib.ExecutorConfig{"s": c}, warmup).Due; due != 400 {
		t.Errorf("%d are due", due)
	}
}

// TestTurnsBeginWhenTheWarmUpEnds, sooner than planned.
func TestTurnsBeginWhenTheWarmUpEnds(t *testing.T) {
	t.Parallel()
	c := parse(t, 3*time.Second, "s", `{"rate":50,"duration":"8s",`+twoBuilds+`}`)
	c.options.Slices = turnsOf()
	r := (&arrival{config: c, state: play{}.state(t, c, &played{})}).newRun(t.Context(), nil)
	defer r.course.Close()
	r.course.saved = time.Second
	first := map[string]time.Duration{}
	for p, j := range r.jobs() {
		if _, known := first[p.marked[BuildTag]]; !known && !r.warmup(j) {
			first[p.marked[BuildTag]] = j.due
		}
	}
	if want := map[string]time.Duration{"baseline": 2 * time.Second, "candidate": 3 * time.Second}; !cmp.Equal(want, first) {
		t.Errorf("the first iterations are due at %v", first)
	}
}
