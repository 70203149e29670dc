//go:build !linux

package executor

import (
	"context"
	"time"
)

// Alarm wakes one goroutine at a moment, by a timer of Go's: up to a millisecond late in a process that is otherwise idle.
type Alarm struct {
	ctx   context.Context
	timer *time.Timer
}

// NewAlarm makes an alarm that a context ends. Close it.
func NewAlarm(ctx context.Context) *Alarm { return &Alarm{ctx: ctx, timer: time.NewTimer(0)} }

// Wait returns after d, or false as soon as the context is done.
func (a *Alarm) Wait(d time.Duration) bool {
	if d <= 0 {
		return a.ctx.Err() == nil
	}
	return waitFor(a.ctx, a.timer, d)
}

// Close gives back what the alarm holds.
func (a *Alarm) Close() { a.timer.Stop() }
