package executor

import (
	"sync"
	"time"
)

// Epoch is the moment from which the startTime of each scenario of a run counts. The first scenario to begin sets it: k6 starts each
// on a goroutine of its own, which a busy machine may keep waiting, and schedules that counted from that would not have one t = 0. It is
// safe for concurrent use.
type Epoch struct {
	once sync.Once
	at   time.Time
}

// begin is when a scenario with that startTime begins, the moment being now. It may lie ahead.
func (e *Epoch) begin(startTime time.Duration, now time.Time) time.Time {
	if e == nil {
		return now
	}
	e.once.Do(func() { e.at = now.Add(-startTime) })
	return e.at.Add(startTime)
}

// begin is when the scenario begins, asked at that time; all its jobs count from there.
func (c *Config) begin() time.Time { return c.options.Epoch.begin(c.GetStartTime(), time.Now()) }
