//go:build !linux

package load

import (
	"errors"
	"time"
)

// cpuTime is not known while a process runs; its mean use is read at its end.
func cpuTime(int) (time.Duration, error) { return 0, errors.ErrUnsupported }
