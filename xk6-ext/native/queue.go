package native

import (
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/xk6-ext/executor"
)

// job is one iteration that is due, or will be.
type job struct {
	index    int64 // within the scenario, warm-up included
	intended time.Time
	warmup   bool
}

// queue hands out the iterations of a schedule, in order. One that is due when nobody is free waits; one that then finds the
// queue full is dropped. Nobody is there to move an iteration when it is due: that is made up for at the next look, which
// comes to the same, because the queue grows shorter only by looks.
type queue struct {
	table executor.Timetable
	start time.Time
	count int64
	bound int

	mu      sync.Mutex
	next    int64 // the first that was neither claimed, queued nor dropped
	coming  job   // its job
	waiting []job // from head on
	head    int
	dropped []job // since the last look at them
}

func newQueue(table executor.Timetable, start time.Time, bound int64) *queue {
	q := &queue{table: table, start: start, count: table.Count(), bound: int(bound), next: -1}
	q.advance()
	return q
}

// advance goes on to the next iteration.
func (q *queue) advance() {
	if q.next++; q.next >= q.count {
		return
	}
	due, warmup := q.table.At(q.next)
	q.coming = job{index: q.next, intended: q.start.Add(due), warmup: warmup}
}

// take gives the caller an iteration to run: the one that has waited longest, else the next one, due in the future. false:
// there are none left.
func (q *queue) take(now time.Time) (job, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.admit(now)
	if q.head < len(q.waiting) {
		j := q.waiting[q.head]
		q.head++
		return j, true
	}
	q.waiting, q.head = q.waiting[:0], 0
	if q.next >= q.count {
		return job{}, false
	}
	claimed := q.coming
	q.advance()
	return claimed, true
}

// admit makes up for what has become due. The caller holds the lock.
func (q *queue) admit(now time.Time) {
	for ; q.next < q.count && !q.coming.intended.After(now); q.advance() {
		if len(q.waiting)-q.head >= q.bound {
			q.dropped = append(q.dropped, q.coming)
			continue
		}
		if q.head > 1024 && q.head > len(q.waiting)/2 { // the front is free again
			q.waiting = q.waiting[:copy(q.waiting, q.waiting[q.head:])]
			q.head = 0
		}
		q.waiting = append(q.waiting, q.coming)
	}
}

// drops are those that were dropped since the last call.
func (q *queue) drops(now time.Time) []job {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.admit(now)
	dropped := q.dropped
	q.dropped = nil
	return dropped
}

// rest are those that were due by then and wait still. Nothing is handed out afterwards.
func (q *queue) rest(now time.Time) []job {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.admit(now)
	q.next = q.count
	rest := q.waiting[q.head:]
	q.waiting, q.head = nil, 0
	return rest
}
