package executor

import (
	"context"
	"iter"
	"slices"
	"time"
)

// job is one iteration that is due. Moments count from the start of the run.
type job struct {
	index  int64         // within the scenario, warm-up included; of a slot where there are builds
	due    time.Duration // the intended start
	queued time.Duration // when it was put into the queue
}

// warmup reports whether a job belongs to the warm-up.
func (r *run) warmup(j job) bool { return r.timetable.Warmup(j.index) }

// intended is the wall-clock time of a job's intended start.
func (r *run) intended(j job) time.Time { return r.start.Add(j.due) }

// jobs are all that will be due, in the order of time, with the pool that is to do them.
func (r *run) jobs() iter.Seq2[*pool, job] {
	return func(yield func(*pool, job) bool) {
		if r.config.Steered() {
			for i, due := range r.config.Asked(r.ctx, r.start) {
				if !yield(r.pools[0], job{index: i, due: due}) {
					return
				}
			}
			return
		}
		from := int64(0)
		if r.course.Levels() {
			if from = r.timetable.warming; !r.warming(yield) {
				return
			}
		}
		if r.timetable.turns != nil {
			r.inTurns(from, yield)
			return
		}
		for i := from; i < r.timetable.Count(); i++ {
			for _, p := range r.slot(i) {
				due, warmup := p.table.At(i)
				if !warmup {
					due = r.course.moved(due)
				}
				if !yield(p, job{index: i, due: due}) {
					return
				}
			}
		}
	}
}

// inTurns offers the iterations of builds that take turns, from one of that number on.
func (r *run) inTurns(from int64, yield func(*pool, job) bool) {
	next := make([]int64, len(r.pools))
	for {
		var first *pool
		var one job
		for i, p := range r.pools {
			index := from + next[i]
			if index >= p.table.Count() {
				continue
			}
			if due, _ := p.table.At(index); first == nil || due < one.due {
				first, one = p, job{index: index, due: due}
			}
		}
		if first == nil {
			return
		}
		next[slices.Index(r.pools, first)]++
		if !r.timetable.Warmup(one.index) {
			one.due = r.course.moved(one.due)
		}
		if !yield(first, one) {
			return
		}
	}
}

// warming offers the iterations of a warm-up that ends when times are level. It returns false when no more are wanted, or when the
// context is done.
func (r *run) warming(yield func(*pool, job) bool) bool {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := range r.timetable.warming {
		for _, p := range r.slot(i) {
			due, _ := p.table.At(i)
			if !r.course.warms(timer, due) {
				return r.course.warm(timer)
			}
			if !yield(p, job{index: i, due: due}) {
				return false
			}
		}
	}
	return r.course.warm(timer)
}

// slot is the pools in the order in which they are due in a slot.
func (r *run) slot(i int64) []*pool {
	if len(r.pools) == 2 && r.pools[0].table.second(i) {
		return r.reversed
	}
	return r.pools
}

// offer puts every iteration into its queue when it is due. It returns at the end of the schedule, or early when the
// context is done; what is not due by then was never offered.
func (r *run) offer() {
	alarm := NewAlarm(r.ctx)
	defer alarm.Close()
	var over time.Duration // when the context was seen to be done
	for p, j := range r.jobs() {
		switch {
		case over > 0 && j.due > over:
			return
		case over > 0:
			p.cut(j)
		case r.wait(alarm, j.due):
			p.enqueue(j)
		default:
			if over = time.Since(r.start); j.due <= over { // a generator that is behind owes what was due
				p.cut(j)
			}
		}
	}
	// The scenario lasts as long as was asked, so that startTime of another can build on it.
	alarm.Wait(time.Until(r.course.End()))
}

// wait returns when it is time, or false when the context is done before.
func (r *run) wait(alarm *Alarm, due time.Duration) bool {
	return alarm.Wait(due - time.Since(r.start))
}

// waitFor waits on a timer of Go's, or returns false as soon as the context is done.
func waitFor(ctx context.Context, timer *time.Timer, d time.Duration) bool {
	timer.Reset(d)
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
