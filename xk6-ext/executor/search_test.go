package executor

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.k6.io/k6/lib/types"
	"gopkg.in/guregu/null.v3"
)

// steered is a search from 10/s with a warm-up of a second and a length of 10 s.
func steered(rates <-chan Rate) *Config {
	c := newConfig("s", Options{Rates: rates, Warmup: time.Second})
	c.StartRate = null.FloatFrom(10)
	c.Stages = []Stage{{Duration: types.NullDurationFrom(10 * time.Second), Target: null.FloatFrom(10)}}
	c.Search = &Search{
		From: null.FloatFrom(10), Most: null.FloatFrom(100), Factor: null.FloatFrom(2), Step: types.NullDurationFrom(2 * time.Second),
	}
	return c
}

func TestASteeredScenarioOffersTheRatesThatAreAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rates := make(chan Rate, 16)
		c := steered(rates)
		start := time.Now()
		go func() {
			time.Sleep(2500 * time.Millisecond)
			rates <- Rate{At: start.Add(3 * time.Second), PerSecond: 40}
			rates <- Rate{At: start.Add(5 * time.Second), PerSecond: 20}
			time.Sleep(2 * time.Second)
			rates <- Rate{At: start.Add(4 * time.Second), PerSecond: 5} // too late, and in place of what was asked for 5 s
		}()
		var dues []time.Duration
		numbers := int64(0)
		for i, due := range c.Asked(context.Background(), start) {
			if i != numbers {
				t.Fatalf("iteration %d comes after %d others", i, numbers)
			}
			numbers++
			if i >= 5 && due != time.Since(start) {
				t.Fatalf("iteration %d is due at %v and comes at %v", i, due, time.Since(start))
			}
			dues = append(dues, due)
		}
		between := func(from, to time.Duration) (n int) {
			for _, d := range dues {
				if d >= from && d < to {
					n++
				}
			}
			return n
		}
		for _, row := range []struct {
			from, to time.Duration
			want     int
		}{
			{0, time.Second, 5}, // the warm-up, at half the first rate
			{time.Second, 3 * time.Second, 20},
			{3 * time.Second, 4500 * time.Millisecond, 60},
			{5 * time.Second, 11 * time.Second, 30},
			{11 * time.Second, time.Hour, 0},
		} {
			if n := between(row.from, row.to); n != row.want {
				t.Errorf("%d iterations from %v to %v, want %d", n, row.from, row.to, row.want)
			}
		}
		if over := time.Since(start); over != 11*time.Second {
			t.Errorf("the scenario is over after %v, want its length", over)
		}
	})
}

func TestASteeredScenarioEndsWithItsContextAndOwesWhatWasDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 2550*time.Millisecond)
		defer cancel()
		start := time.Now()
		n := 0
		for i, due := range steered(make(chan Rate)).Asked(ctx, start) {
			n++
			if i == 10 {
				time.Sleep(3 * time.Second) // a generator that is behind
			}
			if due > 5*time.Second {
				t.Fatalf("iteration %d was due at %v, when everything was over", i, due)
			}
		}
		if want := 5 + 36; n != want { // up to 4.5 s, when the generator woke
			t.Errorf("%d iterations, want %d", n, want)
		}
	})
}

func TestAScheduleStandsWhereNobodySteers(t *testing.T) {
	if steered(nil).Steered() {
		t.Error("nobody asks for rates, yet the scenario waits for them")
	}
	c := newConfig("s", Options{Rates: make(chan Rate)})
	if c.Steered() {
		t.Error("a scenario that does not search is steered")
	}
}

func TestASearchThatCantBeIsRefused(t *testing.T) {
	c := steered(nil)
	c.Search = &Search{From: null.FloatFrom(5), Most: null.FloatFrom(2), Factor: null.FloatFrom(1)}
	c.Builds = []Build{{Name: "a"}, {Name: "b"}}
	want := map[string]bool{
		"from can't be more than most": true, "the factor of a search must be more than 1": true,
		"the step of a search must be at least 1s, but is 0s": true, "a search and builds exclude each other": true,
	}
	for _, problem := range c.Validate() {
		delete(want, problem.Error())
	}
	if len(want) > 0 {
		t.Errorf("not said: %v", want)
	}
}
