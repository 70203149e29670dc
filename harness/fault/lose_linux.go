package fault

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// randomNumber is where a filter reads a random number: SKF_AD_OFF + SKF_AD_RANDOM of linux/filter.h.
const randomNumber = 1<<32 - 0x1000 + 56

// lose lets a socket drop that share of the packets that come to it, before TCP sees them, as a network that loses them: 1 is
// all of them, 0 none. A listener loses requests to connect, and what it accepts inherits its share. The filter is a classic
// BPF program (see socket(7), SO_ATTACH_FILTER, and the kernel's networking/filter, "rand"). Where
// that needs a privilege, see Possible.
func lose(socket syscall.RawConn, share float64) error {
	var err error
	failed := socket.Control(func(fd uintptr) {
		if share == 0 {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
			if errors.Is(err, unix.ENOENT) {
				err = nil // it has none
			}
			return
		}
		program := losing(share)
		err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("filter what a socket hears: %w", err)
	}
	return nil
}

// losing is the filter that drops that share: it keeps a packet when a random number of 32 bits reaches the share of its range.
func losing(share float64) []unix.SockFilter {
	drop := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K} // keep 0 bytes
	if share >= 1 {
		return []unix.SockFilter{drop}
	}
	return []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: randomNumber},
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: uint32(share * (1 << 32)), Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 1<<32 - 1},
		drop,
	}
}

// The counters of SO_MEMINFO (linux/sock_diag.h): drops is the last of them.
const (
	meminfoCounters = 9
	meminfoDrops    = 8
)

// heardBy is what the kernel counts of a TCP socket: the packets that TCP saw, and those that were dropped. Among the latter are
// also packets that came twice, of which there are few.
func heardBy(socket syscall.RawConn) (heard, error) {
	var h heard
	var err error
	failed := socket.Control(func(fd uintptr) {
		var counters [meminfoCounters]uint32
		size := uint32(unsafe.Sizeof(counters))
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&counters)), uintptr(unsafe.Pointer(&size)), 0)
		if errno != 0 {
			err = errno
			return
		}
		var info *unix.TCPInfo
		if info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			h = heard{seen: info.Segs_in, lost: counters[meminfoDrops]}
		}
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return heard{}, fmt.Errorf("count what a socket hears: %w", err)
	}
	return h, nil
}

// sentAgain is how many packets a TCP socket has sent in all, and how many of them again.
func sentAgain(socket syscall.RawConn) (sent, again int) {
	_ = socket.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			sent, again = int(info.Segs_out), int(info.Total_retrans)
		}
	})
	return sent, again
}
