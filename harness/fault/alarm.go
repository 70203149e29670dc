package fault

import (
	"container/heap"
	"sync"
	"time"
)

// alarm rings at given times, late by some hundredths of a millisecond. The runtime's timers are late by up to 1 ms in a process
// that otherwise waits for its sockets: it counts whole milliseconds then, and a latency of 1 ms would be half as much again.
type alarm struct {
	arm  func(in time.Duration) // ring is called then; an earlier arming is forgotten
	stop func()

	mu    sync.Mutex
	bells bells
}

// bell is one time at which to ring.
type bell struct {
	due   time.Time
	rings chan struct{} // closed then
	index int           // in the heap; -1: not there any more
}

func newAlarm() *alarm {
	a := &alarm{}
	a.arm, a.stop = startClock(a.ring)
	return a
}

// at returns a bell that rings when due. Who does not wait for it any more drops it.
func (a *alarm) at(due time.Time) *bell {
	b := &bell{due: due, rings: make(chan struct{})}
	a.mu.Lock()
	defer a.mu.Unlock()
	heap.Push(&a.bells, b)
	if b.index == 0 {
		a.arm(time.Until(due))
	}
	return b
}

func (a *alarm) drop(b *bell) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if b.index >= 0 {
		heap.Remove(&a.bells, b.index)
	}
}

// startTimer is a clock of the runtime's.
func startTimer(ring func()) (arm func(in time.Duration), stop func()) {
	timer := time.AfterFunc(time.Hour, ring)
	return func(in time.Duration) { timer.Reset(in) }, func() { timer.Stop() }
}

// ring rings every bell that is due, and arms for the next.
func (a *alarm) ring() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.bells) > 0 {
		left := time.Until(a.bells[0].due)
		if left > 0 {
			a.arm(left)
			return
		}
		close(heap.Pop(&a.bells).(*bell).rings)
	}
}

// bells are ordered as a heap, the earliest first.
type bells []*bell

func (b bells) Len() int           { return len(b) }
func (b bells) Less(i, j int) bool { return b[i].due.Before(b[j].due) }
func (b bells) Swap(i, j int) {
	b[i], b[j] = b[j], b[i]
	b[i].index, b[j].index = i, j
}

func (b *bells) Push(x any) {
	one := x.(*bell)
	one.index = len(*b)
	*b = append(*b, one)
}

func (b *bells) Pop() any {
	last := len(*b) - 1
	one := (*b)[last]
	(*b)[last] = nil
	*b = (*b)[:last]
	one.index = -1
	return one
}
