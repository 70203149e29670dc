package executor

import (
	"context"
	"math"
	"time"

	"go.k6.io/k6/lib"
	k6executor "go.k6.io/k6/lib/executor"
	"go.k6.io/k6/metrics"

	"github.com/devcraft-studio/brunt/xk6-ext/random"
)

// What another executor of the same open model needs of this one. It embeds a Config, and is then part of the Plan of the
// scenarios, begins t = 0 where it is the first, and has the same options, schedule (Course) and bounds.

// NewConfig is the config of a scenario on an executor of that type, to be embedded in its own.
func NewConfig(name, kind string, o Options) *Config {
	c := newConfig(name, o)
	c.BaseConfig = k6executor.NewBaseConfig(name, kind)
	return c
}

// Arrival is the config itself: by it a config that embeds one is recognised.
func (c *Config) Arrival() *Config { return c }

// arrivalOf is the Config of a scenario of the open model, or nil.
func arrivalOf(config lib.ExecutorConfig) *Config {
	if c, ok := config.(interface{ Arrival() *Config }); ok {
		return c.Arrival()
	}
	return nil
}

// VUs are how many VUs are ready before the load starts, and the most that there may be.
func (c *Config) VUs() (planned, most int64) { return c.vus() }

// QueueBound is how many iterations may wait for a VU.
func (c *Config) QueueBound() int64 { return c.queue() }

// Marked says whether markers are to be sent.
func (c *Config) Marked() bool { return c.options.Marked }

// Alone says that no output of k6 stands beside brunt's.
func (c *Config) Alone() bool { return c.options.Alone }

// Timetable says when the iterations of a scenario are due, from the start of its executor, warm-up included. Where there are
// two builds it is that of one of them.
type Timetable struct {
	warm, main Schedule
	warming    int64 // iterations of the warm-up
	zero, end  time.Duration

	coin  random.Stream
	heads uint64 // the side of the coin by which the build comes second in a slot
	half  bool   // there are two builds

	turns []Slice // in which the build is under load; nil: all the time
}

// Timetable is that of the scenario, or of its first build.
func (c *Config) Timetable() Timetable { return c.TimetableOf(0) }

// TimetableOf is that of build 0 or 1. In each slot of the schedule a seeded coin decides which of them is due when the slot
// begins; the other one is half a slot later.
func (c *Config) TimetableOf(build int) Timetable {
	t := Timetable{
		warm: NewSchedule(c.warmupSpan()), main: NewSchedule(c.spans()...), zero: c.warmup(),
		coin: random.StreamOf(c.options.Seed, c.Name+"/builds"), heads: uint64(build), half: len(c.Builds) > 0,
	}
	if len(c.Builds) > 0 && len(c.options.Slices) > 0 {
		t.takeTurns(c.options.Slices, build, c.spans()[0].From)
	}
	t.warming, t.end = t.warm.Count(), t.zero+c.length()
	return t
}

// takeTurns puts the schedule after the warm-up into the slices of a build, at a constant rate. It goes on in each slice where it
// stopped at the end of the one before, so that both builds get the same iterations in slices of the same length.
func (t *Timetable) takeTurns(all []Slice, build int, rate float64) {
	loaded := time.Duration(0)
	for _, s := range all {
		if s.Build == build {
			t.turns = append(t.turns, s)
			loaded += s.End - s.Start
		}
	}
	t.main = NewSchedule(Span{From: rate, To: rate, Length: loaded})
}

// inTurn is when it is, after so long under load, from t = 0.
func (t Timetable) inTurn(loaded time.Duration) time.Duration {
	last := len(t.turns) - 1
	for _, s := range t.turns[:last] {
		length := s.End - s.Start
		if loaded < length {
			return s.Start + loaded
		}
		loaded -= length
	}
	return t.turns[last].Start + loaded
}

// Count is the number of iterations.
func (t Timetable) Count() int64 { return t.warming + t.main.Count() }

// At is when iteration i is due, from 0 and less than Count, and whether it belongs to the warm-up.
func (t Timetable) At(i int64) (due time.Duration, warmup bool) {
	place := float64(i)
	if t.Warmup(i) {
		if t.second(i) {
			place += 0.5
		}
		return t.warm.At(place), true
	}
	if t.turns != nil {
		return t.zero + t.inTurn(t.main.At(place-float64(t.warming))), false
	}
	if t.second(i) {
		place += 0.5
	}
	return t.zero + t.main.At(place-float64(t.warming)), false
}

// Warmup reports whether an iteration belongs to the warm-up.
func (t Timetable) Warmup(i int64) bool { return i < t.warming }

// second reports whether the build comes second in a slot.
func (t Timetable) second(slot int64) bool {
	if !t.half {
		return false
	}
	var toss random.Source
	toss.Begin(t.coin, slot)
	return toss.Bits()>>63 == t.heads
}

// announce says when t = 0 is, if it is this scenario that begins it.
func (c *Config) announce(state *lib.ExecutionState, end Warmed, out chan<- metrics.SampleContainer) {
	plan := PlanOf(state.Test.Options.Scenarios, state.ExecutionTuple, c.options.Warmup)
	if plan.leader != c.Name {
		return
	}
	if c.options.Marked {
		out <- LoadStart{Zero: end.Zero, Warmup: end.Length}
	}
	if c.options.Started != nil {
		c.options.Started(Start{Warmed: end, Plan: plan})
	}
}

// scene is the context of a scenario that began at start: it ends with the graceful stop at the latest, and says how far
// the scenario is.
func (c *Config) scene(parent context.Context, start time.Time) (context.Context, context.CancelFunc) {
	whole := c.warmup() + c.length()
	ctx, cancel := context.WithDeadline(parent, start.Add(whole+c.GetGracefulStop()))
	return lib.WithScenarioState(ctx, &lib.ScenarioState{
		Name: c.Name, Executor: c.Type, StartTime: start,
		ProgressFn: func() (float64, []string) {
			done := time.Since(start)
			return math.Min(1, float64(done)/float64(whole)), []string{done.Truncate(time.Second).String()}
		},
	}), cancel
}

// TagsOf are the tags of the scenario's samples.
func (c *Config) TagsOf(state *lib.ExecutionState) *metrics.TagSet {
	tags := state.Test.RunTags.WithTagsFromMap(c.GetTags())
	if state.Test.Options.SystemTags.Has(metrics.TagScenario) {
		tags = tags.With("scenario", c.Name)
	}
	return tags
}
