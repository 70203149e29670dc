package fault

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// deafen lets a listening socket drop every packet that comes to it, or none: requests to connect are then not answered, as
// on a network that loses them. A connection that is established has a socket of its own, which hears as before. The filter
// is a classic BPF program of one instruction (see socket(7), SO_ATTACH_FILTER) and needs no privilege.
func deafen(socket syscall.RawConn, deaf bool) error {
	var err error
	failed := socket.Control(func(fd uintptr) {
		if !deaf {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
			return
		}
		drop := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K} // keep 0 bytes
		err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &drop})
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("filter what the listener hears: %w", err)
	}
	return nil
}
