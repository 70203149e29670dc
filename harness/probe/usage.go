package probe

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// usage is what some processes use together.
type usage struct {
	cpu, read, written float64
	anonymous, shared  float64
	fds, sockets       int
	processes, threads int

	readable  bool // what was read and written is known of all of them
	countable bool // so are the files that they have open
}

func (t *ProcessTable) usage(tree []int) usage {
	t.mu.Lock()
	all := t.all
	t.mu.Unlock()
	u := usage{readable: true, countable: true}
	for _, pid := range tree {
		one := all[pid]
		u.cpu += one.cpu
		if one.ended {
			continue
		}
		u.processes++
		u.threads += one.threads
		status := t.fields(pid, "status")
		u.anonymous += status["RssAnon"] * 1024
		u.shared = max(u.shared, (status["RssFile"]+status["RssShmem"])*1024)
		t.traffic(pid, &u)
		t.files(pid, &u)
	}
	return u
}

// traffic adds what a process had read from disks and written to them.
func (t *ProcessTable) traffic(pid int, u *usage) {
	moved := t.fields(pid, "io")
	if moved == nil {
		_, err := os.Stat(t.path(pid, "stat"))
		u.readable = u.readable && err != nil // it has ended, or it is somebody else's
		return
	}
	u.read += moved["read_bytes"]
	u.written += moved["write_bytes"]
}

// files adds what a process has open.
func (t *ProcessTable) files(pid int, u *usage) {
	path := t.path(pid, "fd")
	dir, err := os.Open(path)
	if err != nil {
		u.countable = u.countable && os.IsNotExist(err)
		return
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return // it is ending
	}
	u.fds += len(names)
	if u.fds > mostSockets {
		return
	}
	for _, name := range names {
		if to, err := os.Readlink(filepath.Join(path, name)); err == nil && strings.HasPrefix(to, "socket:") {
			u.sockets++
		}
	}
}

// fields reads lines of a name, a colon and a number; nil where they can't be read.
func (t *ProcessTable) fields(pid int, name string) map[string]float64 {
	text, err := os.ReadFile(t.path(pid, name))
	if err != nil {
		return nil
	}
	told := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		digits, _, _ := strings.Cut(strings.TrimSpace(value), " ")
		if v, err := strconv.ParseFloat(digits, 64); err == nil {
			told[name] = v
		}
	}
	return told
}
