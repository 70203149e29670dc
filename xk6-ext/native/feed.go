package native

import (
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/xk6-ext/executor"
)

// source hands out the iterations of a scenario, in order.
type source interface {
	// take gives the caller an iteration to run, which may be due in the future. false: there are none left.
	take(now time.Time) (job, bool)
	// drops are those that were dropped since the last call.
	drops(now time.Time) []job
	// rest are those that were due by then and wait still. Nothing is handed out afterwards.
	rest(now time.Time) []job
}

// feed is the source of a scenario whose rate or whose warm-up is not known in advance (executor.Course.Due). So nobody may claim an
// iteration ahead, as in a queue: it hands each out when it is due.
type feed struct {
	bound int

	mu      sync.Mutex
	came    sync.Cond // an iteration, or the end
	waiting []job
	dropped []job // since the last look at them
	over    bool
}

func newFeed(bound int64) *feed {
	f := &feed{bound: int(bound)}
	f.came.L = &f.mu
	return f
}

// run offers what is due of a build, until the end of the scenario or of the context.
func (f *feed) run(course *executor.Course, build int, table executor.Timetable) {
	defer f.end()
	alarm := executor.NewAlarm(course.Context)
	defer alarm.Close()
	for i, due := range course.Due(build) {
		j := job{index: i, intended: course.Start.Add(due), warmup: table.Warmup(i)}
		if !alarm.Wait(time.Until(j.intended)) && j.intended.After(time.Now()) {
			return
		}
		f.offer(j)
	}
}

func (f *feed) offer(j job) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.waiting) >= f.bound {
		f.dropped = append(f.dropped, j)
		return
	}
	f.waiting = append(f.waiting, j)
	f.came.Signal()
}

func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	f.came.Broadcast()
}

func (f *feed) take(time.Time) (job, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.waiting) == 0 && !f.over {
		f.came.Wait()
	}
	if len(f.waiting) == 0 {
		return job{}, false
	}
	j := f.waiting[0]
	f.waiting = f.waiting[1:]
	return j, true
}

func (f *feed) drops(time.Time) []job {
	f.mu.Lock()
	defer f.mu.Unlock()
	dropped := f.dropped
	f.dropped = nil
	return dropped
}

func (f *feed) rest(time.Time) []job {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	rest := f.waiting
	f.waiting = nil
	return rest
}
