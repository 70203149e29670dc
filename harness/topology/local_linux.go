package topology

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes give a process a group of its own, its user, and a signal for the case that we die.
func attributes(p program) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: p.death}
	if p.user != nil {
		a.Credential = &syscall.Credential{Uid: uint32(p.user.uid), Gid: uint32(p.user.gid)}
	}
	return a
}

// stat is what /proc/<pid>/stat tells of a process.
type stat struct {
	parent, group int
	state         byte
}

func readStat(pid int) (stat, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, false
	}
	// The name, in parentheses, may hold anything, parentheses and spaces included.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 3 {
		return stat{}, false
	}
	parent, parentErr := strconv.Atoi(fields[1])
	group, groupErr := strconv.Atoi(fields[2])
	return stat{parent, group, fields[0][0]}, parentErr == nil && groupErr == nil
}

// alive says whether a process exists and has not ended.
func alive(pid int) bool {
	s, ok := readStat(pid)
	return ok && s.state != 'Z' && s.state != 'X'
}

// processTree lists a process, the members of the group it leads and all their descendants, parents before children.
func processTree(root int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("read the process table: %w", err)
	}
	children := map[int][]int{}
	tree, in := []int{root}, map[int]bool{root: true}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		s, ok := readStat(pid)
		if !ok || s.state == 'Z' || s.state == 'X' {
			continue
		}
		children[s.parent] = append(children[s.parent], pid)
		if s.group == root && !in[pid] {
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

// releaseSharedMemory gives back what a killed PostgreSQL holds beyond its directory: the small System V segment by which
// it knows that nobody else uses the same data. postmaster.pid names it: key and id in the seventh line.
func releaseSharedMemory(dataDir string) {
	text, err := os.ReadFile(filepath.Join(dataDir, "postmaster.pid"))
	if err != nil {
		return
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 7 {
		return
	}
	fields := strings.Fields(lines[6])
	if len(fields) != 2 {
		return
	}
	id, err := strconv.Atoi(fields[1])
	if err != nil {
		return
	}
	var segment unix.SysvShmDesc
	if _, err := unix.SysvShmCtl(id, unix.IPC_STAT, &segment); err == nil && segment.Nattch == 0 {
		_, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil) // a segment of 56 bytes; nothing depends on it
	}
}

// memoryHasRoom says whether dir is a file system in memory with room for a run's data, and the machine has that much
// memory to spare.
func memoryHasRoom(dir string) bool {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil || fs.Type != unix.TMPFS_MAGIC {
		return false
	}
	if fs.Bavail*uint64(fs.Bsize) < memoryRoom || unix.Access(dir, unix.W_OK) != nil {
		return false
	}
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		var kib uint64
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); n == 1 {
			return kib<<10 >= 2*memoryRoom
		}
	}
	return false
}
