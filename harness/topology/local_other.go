//go:build !linux

package topology

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
)

// attributes give a process a group of its own and its user. A signal for the case that we die exists on Linux only; here
// the watchdog alone removes what we leave.
func attributes(p program) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	if p.user != nil {
		a.Credential = &syscall.Credential{Uid: uint32(p.user.uid), Gid: uint32(p.user.gid)}
	}
	return a
}

// alive says whether a process exists. One that has ended and was not waited for counts as existing.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// processTree lists a process, the members of the group it leads and all their descendants, parents before children.
func processTree(root int) ([]int, error) {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,pgid=,stat=").Output()
	if err != nil {
		return nil, fmt.Errorf("read the process table: %w", err)
	}
	children := map[int][]int{}
	tree, in := []int{root}, map[int]bool{root: true}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var pid, parent, group int
		var state string
		if n, _ := fmt.Sscan(lines.Text(), &pid, &parent, &group, &state); n < 4 || state[0] == 'Z' {
			continue
		}
		children[parent] = append(children[parent], pid)
		if group == root && !in[pid] {
			tree, in[pid] = append(tree, pid), true
		}
	}
	for i := 0; i < len(tree); i++ {
		for _, child := range children[tree[i]] {
			if !in[child] {
				tree, in[child] = append(tree, child), true
			}
		}
	}
	return tree, nil
}

// releaseSharedMemory has nothing to do here: the system call that would is not reachable without cgo.
func releaseSharedMemory(string) {}

// memoryHasRoom is false: there is no file system in memory that a program could count on.
func memoryHasRoom(string) bool { return false }
