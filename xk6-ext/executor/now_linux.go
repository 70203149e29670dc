package executor

import (
	"syscall"
	"unsafe"
)

// ReadNow is read(2), and WriteNow write(2), of a file that never blocks, such as a socket within the callback of its RawConn. The
// Go scheduler is not told: for it every system call may last, so that it wakes its watchdog when a process that was idle makes
// one, and hands the processor on when one takes longer than 20 µs, as sending over loopback does, where the kernel delivers
// to the other end at once. That was a third of what a request without a script cost. n is -1 where there is an error.
func ReadNow(fd uintptr, b []byte) (n int, err error) { return now(syscall.SYS_READ, fd, b) }

// WriteNow is write(2): see ReadNow.
func WriteNow(fd uintptr, b []byte) (n int, err error) { return now(syscall.SYS_WRITE, fd, b) }

func now(call, fd uintptr, b []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return -1, errno
		}
	}
}
