//go:build !linux

package fault

import "time"

func startClock(ring func()) (arm func(in time.Duration), stop func()) { return startTimer(ring) }
