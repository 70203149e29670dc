//go:build !linux

package executor

import "syscall"

// ReadNow is read(2), and WriteNow write(2), of a file that never blocks. n is -1 where there is an error.
func ReadNow(fd uintptr, b []byte) (n int, err error) { return syscall.Read(int(fd), b) }

// WriteNow is write(2): see ReadNow.
func WriteNow(fd uintptr, b []byte) (n int, err error) { return syscall.Write(int(fd), b) }
