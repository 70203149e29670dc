//go:build !linux

package fault

import (
	"errors"
	"syscall"
)

var errDeaf = errors.New("connect-blackhole and loss need Linux: no other system lets a socket drop what it hears")

func lose(_ syscall.RawConn, share float64) error {
	if share == 0 {
		return nil
	}
	return errDeaf
}

func heardBy(syscall.RawConn) (heard, error) { return heard{}, errDeaf }

func sentAgain(syscall.RawConn) (sent, again int) { return 0, 0 }
