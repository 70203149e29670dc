package executor

import (
	"context"
	"iter"
	"sync"
	"time"

	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"
)

// Course is how the schedule of a scenario comes about that runs. Where its warm-up ends when times are level (Options.Leveling), what
// follows it is due as much earlier as it was shorter than planned. It is safe for concurrent use: the builds of a scenario have one
// together.
type Course struct {
	Start   time.Time       // the moments of the schedule, warm-up included, count from here
	Context context.Context // ends with the graceful stop at the latest

	config *Config
	state  *lib.ExecutionState
	out    chan<- metrics.SampleContainer
	cancel context.CancelFunc

	mu     sync.Mutex
	warmed bool          // how long the warm-up lasts is known; without Levels it never is
	saved  time.Duration // by which it was shorter than planned
	lasts  *time.Timer   // ends the context in place of its deadline; nil: that stands
}

// Course begins that of the scenario. Its executor calls it once, when it is run, and closes it at the end.
func (c *Config) Course(parent context.Context, state *lib.ExecutionState, out chan<- metrics.SampleContainer) *Course {
	start := c.begin()
	ctx, cancel := c.scene(parent, start)
	return &Course{Start: start, Context: ctx, config: c, state: state, out: out, cancel: cancel}
}

// Close ends the context.
func (o *Course) Close() {
	o.cancel()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lasts != nil {
		o.lasts.Stop()
	}
}

// Announce says that the load begins, and when t = 0 is, as far as that is known and the scenario is the one that begins it.
func (o *Course) Announce() {
	if o.Levels() {
		o.config.options.Leveling.begin(o.Start)
		return
	}
	length := o.config.warmup()
	o.config.announce(o.state, Warmed{Zero: o.Start.Add(length), Length: length}, o.out)
}

// Levels says whether the warm-up ends when times are level. A scenario that has none, as one that begins later, waits for no level.
func (o *Course) Levels() bool { return o.config.options.Leveling != nil && o.config.warmup() > 0 }

// End is when the scenario is over, as far as that is known.
func (o *Course) End() time.Time {
	return o.Start.Add(o.moved(o.config.warmup() + o.config.length()))
}

// moved is when something is due that was planned for a moment after the warm-up.
func (o *Course) moved(planned time.Duration) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return planned - o.saved
}

// Due are the iterations of a build (0 where there are none): their numbers, warm-up included, and when they are due, from Start. Those of
// a warm-up that ends when times are level, and of a scenario that is steered (Config.Asked), come shortly before they are due, all
// others at once. It ends with the schedule, and may end sooner when the context does.
func (o *Course) Due(build int) iter.Seq2[int64, time.Duration] {
	if o.config.Steered() {
		return o.config.Asked(o.Context, o.Start)
	}
	return func(yield func(int64, time.Duration) bool) {
		table, from := o.config.TimetableOf(build), int64(0)
		if o.Levels() {
			from = table.warming
			timer := time.NewTimer(0)
			defer timer.Stop()
			for i := range table.warming {
				due, _ := table.At(i)
				if !o.warms(timer, due) {
					break
				}
				if !yield(i, due) {
					return
				}
			}
			if !o.warm(timer) {
				return
			}
		}
		for i := from; i < table.Count(); i++ {
			due, warmup := table.At(i)
			if !warmup {
				due = o.moved(due)
			}
			if !yield(i, due) {
				return
			}
		}
	}
}

// warms waits until it is nearly time for an iteration of a warm-up that ends when times are level. It returns false when the warm-up is
// over by then, which is then told, or when the context is done.
func (o *Course) warms(timer *time.Timer, due time.Duration) bool {
	const early = 5 * time.Millisecond // the rest of the way is the alarm's
	for {
		if end, known := o.warmUp(); known && due >= end {
			return false
		}
		left := due - early - time.Since(o.Start)
		if left <= 0 {
			return true
		}
		if !waitFor(o.Context, timer, min(left, levelStep)) {
			return false
		}
	}
}

// warm waits until it is known when such a warm-up ends, and returns false when the context is done before.
func (o *Course) warm(timer *time.Timer) bool {
	o.warms(timer, o.config.warmup())
	_, known := o.warmUp()
	return known
}

// warmUp is how long such a warm-up lasts, once that is known. Who asks first then tells all others: what follows is due as much earlier as
// it is shorter than planned.
func (o *Course) warmUp() (length time.Duration, known bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if end, ok := o.config.options.Leveling.ended(time.Now()); ok && !o.warmed {
		o.warmed, o.saved = true, o.config.warmup()-end.Zero.Sub(o.Start)
		o.config.announce(o.state, end, o.out)
		o.lasts = time.AfterFunc(time.Until(end.Zero)+o.config.length()+o.config.GetGracefulStop(), o.cancel)
	}
	return o.config.warmup() - o.saved, o.warmed
}
