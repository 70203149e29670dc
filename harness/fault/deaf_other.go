//go:build !linux

package fault

import (
	"errors"
	"syscall"
)

func deafen(_ syscall.RawConn, deaf bool) error {
	if !deaf {
		return nil
	}
	return errors.New("connect-blackhole needs Linux: no other system lets a listener drop what it hears")
}
