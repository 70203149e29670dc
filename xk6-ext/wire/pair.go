//go:build unix

package wire

import (
	"fmt"
	"net"
	"os"
	"syscall"
)

// Pair returns the two ends of a socket pair: a connection for this process, and a file to hand to a child, for instance
// in exec.Cmd.ExtraFiles, where it becomes descriptor 3 and the child calls FromFile on it. Close the file here as soon as
// the child has been started, else this side never sees the child's end.
func Pair() (*Conn, *os.File, error) {
	// Under the lock no child can be started between making the descriptors and marking them close-on-exec.
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("make a socket pair: %w", err)
	}
	child := os.NewFile(uintptr(fds[1]), "wire")
	own, err := FromFile(os.NewFile(uintptr(fds[0]), "wire"))
	if err != nil {
		child.Close()
		return nil, nil, err
	}
	return own, child, nil
}

// FromFile makes a connection of one end of a socket pair, and closes the file. Unlike a file, the connection can be
// closed while a Receive waits, which then returns at once.
func FromFile(f *os.File) (*Conn, error) {
	stream, err := net.FileConn(f)
	f.Close()
	if err != nil {
		return nil, fmt.Errorf("use the socket pair: %w", err)
	}
	return NewConn(stream), nil
}
