//go:build unix && !linux

package load

import "syscall"

// attributes put the child into a process group of its own. When brunt dies the child notices by the closed wire.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
