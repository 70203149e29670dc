package executor

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Alarm wakes one goroutine at a moment. In a process that is otherwise idle Go's own timers ring up to a millisecond late,
// because the runtime waits for the network by whole milliseconds; an iteration would be late by that, and latency longer.
// A timer of the kernel is a file that the runtime waits for as for any other. Waking by it costs some 30 µs of CPU more
// (seen at 200/s on two cores of a virtual machine: 105 µs an iteration instead of 70), so that very short waits, of which
// Go's timers gather several into one, are left to those.
type Alarm struct {
	file    *os.File // nil: none was to be had
	raw     syscall.RawConn
	ring    func(fd uintptr) bool
	after   unix.ItimerSpec // how long is waited
	set     bool
	failed  bool
	ctx     context.Context
	release func() bool

	timer *time.Timer // in place of the file
}

// short waits are left to Go's timers: it takes more than 1,300 iterations a second to have such.
const short = 750 * time.Microsecond

// NewAlarm makes an alarm that a context ends. Close it.
func NewAlarm(ctx context.Context) *Alarm {
	a := &Alarm{ctx: ctx, timer: time.NewTimer(0)}
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return a
	}
	file := os.NewFile(uintptr(fd), "alarm")
	if a.raw, err = file.SyscallConn(); err != nil {
		_ = file.Close()
		return a
	}
	a.file, a.ring = file, a.rings
	a.release = context.AfterFunc(ctx, func() { _ = a.file.SetReadDeadline(time.Unix(1, 0)) })
	return a
}

// Wait returns after d, or false as soon as the context is done.
func (a *Alarm) Wait(d time.Duration) bool {
	if d <= 0 {
		return a.ctx.Err() == nil
	}
	if a.file == nil || d < short {
		return waitFor(a.ctx, a.timer, d)
	}
	a.after.Value, a.set, a.failed = unix.NsecToTimespec(int64(d)), false, false
	err := a.raw.Read(a.ring)
	if a.failed {
		return waitFor(a.ctx, a.timer, d)
	}
	return err == nil && a.ctx.Err() == nil
}

// rings sets the timer, and then says whether it rang.
func (a *Alarm) rings(fd uintptr) bool {
	if !a.set {
		a.set = true
		_, _, errno := syscall.RawSyscall6(unix.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&a.after)), 0, 0, 0)
		a.failed = errno != 0
		return a.failed
	}
	var ticks [8]byte
	_, err := ReadNow(fd, ticks[:])
	return !errors.Is(err, syscall.EAGAIN)
}

// Close gives back what the alarm holds.
func (a *Alarm) Close() {
	a.timer.Stop()
	if a.file != nil {
		a.release()
		_ = a.file.Close()
	}
}
