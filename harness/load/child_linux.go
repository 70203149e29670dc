package load

import "syscall"

// attributes put the child into a process group of its own, so that a Ctrl-C meant for brunt does not reach it, and let the
// kernel kill it when brunt dies.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
