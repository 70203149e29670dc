package executor

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"go.k6.io/k6/lib/types"
	"gopkg.in/guregu/null.v3"
)

// Search holds the options of a scenario that looks for a rate. It says what may be asked of it; which rates it offers, and
// when, says the brunt that drives this k6.
type Search struct {
	From   null.Float         `json:"from"`   // the first rate, iterations per timeUnit
	Most   null.Float         `json:"most"`   // the highest
	Factor null.Float         `json:"factor"` // from one step to the next
	Step   types.NullDuration `json:"step"`   // how long a rate is offered
}

func (s *Search) validate() []error {
	if s == nil {
		return nil
	}
	var problems []error
	add := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	finite := func(f null.Float) bool { return f.Float64 > 0 && !math.IsInf(f.Float64, 0) }
	add(!finite(s.From) || !finite(s.Most), "a search needs from and most, more than 0")
	add(s.From.Float64 > s.Most.Float64, "from can't be more than most")
	add(!(s.Factor.Float64 > 1) || math.IsInf(s.Factor.Float64, 0), "the factor of a search must be more than 1")
	add(s.Step.TimeDuration() < shortest, "the step of a search must be at least %v, but is %v", shortest, s.Step.TimeDuration())
	if len(problems) > 0 {
		problems = append(problems, errors.New("use breakpoint() of k6/x/brunt"))
	}
	return problems
}

// SearchPlan is what a search comes to, per second.
type SearchPlan struct {
	From, Most, Factor float64
	Step               time.Duration
	VUs                int64 // that it may use at most
	Alone              bool  // there is no other scenario
}

func (c *Config) searchPlan(alone bool) *SearchPlan {
	s := c.Search
	_, most := c.vus()
	return &SearchPlan{
		VUs:  most,
		From: c.perSecond(s.From.Float64), Most: c.perSecond(s.Most.Float64), Factor: s.Factor.Float64,
		Step: s.Step.TimeDuration(), Alone: alone,
	}
}

// Rate asks for a rate.
type Rate struct {
	At        time.Time // from when on; what lies behind is at once
	PerSecond float64
}

// Steered says whether the rates of the scenario are asked for while it runs, in place of its schedule.
func (c *Config) Steered() bool { return c.Search != nil && c.options.Rates != nil }

// Asked are the iterations of a steered scenario, by number, warm-up included, and when they are due, from its start. Those
// after the warm-up come no sooner than they are due: until then another rate may be asked for. It ends with the scenario,
// or, of what is not due yet, with the context.
func (c *Config) Asked(ctx context.Context, start time.Time) iter.Seq2[int64, time.Duration] {
	return func(yield func(int64, time.Duration) bool) {
		t := c.Timetable()
		for i := range t.warming {
			if due, _ := t.At(i); !yield(i, due) {
				return
			}
		}
		h := helm{ctx: ctx, start: start, rates: c.options.Rates, since: t.zero, rate: c.perSecond(c.Search.From.Float64)}
		defer h.timer().Stop()
		for i := t.warming; ; i++ {
			due, ok := h.next(t.end)
			if !ok || !yield(i, due) {
				return
			}
		}
	}
}

// helm works out when the next iteration of a steered scenario is due.
type helm struct {
	ctx   context.Context
	start time.Time
	rates <-chan Rate
	clock *time.Timer

	since time.Duration // the rate holds from here on
	rate  float64
	n     int64 // iterations at this rate
	ahead []change
}

// change is a rate that was asked for, and from when on.
type change struct {
	at   time.Duration
	rate float64
}

func (h *helm) timer() *time.Timer {
	if h.clock == nil {
		h.clock = time.NewTimer(0)
	}
	return h.clock
}

// due is when the next iteration is, unless another rate comes before.
func (h *helm) due() time.Duration {
	return h.since + time.Duration(math.Round(float64(h.n)/h.rate*1e9))
}

// next waits until the next iteration is due, or returns false when there is none before end.
func (h *helm) next(end time.Duration) (time.Duration, bool) {
	for {
		h.hear()
		due := h.due()
		if len(h.ahead) > 0 && h.ahead[0].at <= due {
			h.since, h.rate, h.n = h.ahead[0].at, h.ahead[0].rate, 0
			h.ahead = h.ahead[1:]
			continue
		}
		early := due - time.Since(h.start)
		if due < end && early <= 0 {
			h.n++
			return due, true
		}
		if due >= end && early <= 0 {
			return 0, false
		}
		h.timer().Reset(min(early, end-time.Since(h.start)))
		select {
		case <-h.timer().C:
			if time.Since(h.start) >= end {
				return 0, false
			}
		case r := <-h.rates:
			h.take(r)
		case <-h.ctx.Done():
			return 0, false
		}
	}
}

// hear takes what was asked for meanwhile.
func (h *helm) hear() {
	for {
		select {
		case r := <-h.rates:
			h.take(r)
		default:
			return
		}
	}
}

// take notes a rate that is asked for. One that comes too late begins now, or where the generator is behind with what was
// due before, after that. Of two that were asked for, the later word counts from its moment on.
func (h *helm) take(r Rate) {
	at := max(r.At.Sub(h.start), min(h.due(), time.Since(h.start)))
	for len(h.ahead) > 0 && h.ahead[len(h.ahead)-1].at >= at {
		h.ahead = h.ahead[:len(h.ahead)-1]
	}
	h.ahead = append(h.ahead, change{at, r.PerSecond})
}
