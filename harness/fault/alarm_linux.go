package fault

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// startClock starts a clock that calls ring at the time that it is armed for. It is a timer of the kernel's that the runtime
// waits for as for a socket (see timerfd_create(2)); where there is none, the runtime's own.
func startClock(ring func()) (arm func(in time.Duration), stop func()) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return startTimer(ring)
	}
	timer := os.NewFile(uintptr(fd), "timer")
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			if _, err := timer.Read(make([]byte, 8)); err != nil {
				return
			}
			ring()
		}
	}()
	arm = func(in time.Duration) {
		// It fails for a closed timer alone, when nobody waits any more. A time of 0 would disarm it.
		_ = unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(max(int64(in), 1))}, nil)
	}
	return arm, func() {
		_ = timer.Close()
		<-over
	}
}
