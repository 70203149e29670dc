package cli_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/devcraft-studio/brunt/harness/topology"
)

// process is one row of the process table.
type process struct {
	pid, parent    int
	start          string // with the pid, the identity
	name, command  string
	zombie, marked bool
}

func (p process) String() string {
	return fmt.Sprintf("process %d (%s) %.120s", p.pid, p.name, p.command)
}

// processes is the process table. Marked are those that carry the mark, if one is given.
func processes(mark string) []process {
	entries, _ := os.ReadDir("/proc")
	var table []process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join("/proc", e.Name())
		stat, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil {
			continue // it has ended
		}
		open, shut := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
		fields := strings.Fields(string(stat[shut+1:]))
		p := process{pid: pid, start: fields[19], name: string(stat[open+1 : shut]), zombie: fields[0] == "Z" || fields[0] == "X"}
		p.parent, _ = strconv.Atoi(fields[1])
		command, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		p.command = strings.TrimSpace(string(bytes.ReplaceAll(command, []byte{0}, []byte{' '})))
		if mark != "" {
			environ, _ := os.ReadFile(filepath.Join(dir, "environ"))
			p.marked = bytes.Contains(append(environ, 0), []byte(mark+"\x00"))
		}
		table = append(table, p)
	}
	return table
}

// descendants are the living processes below one.
func descendants(root int) []process {
	table := processes("")
	below := map[int]bool{root: true}
	for grown := true; grown; {
		grown = false
		for _, p := range table {
			if below[p.parent] && !below[p.pid] {
				below[p.pid], grown = true, true
			}
		}
	}
	return slices.DeleteFunc(table, func(p process) bool { return !below[p.pid] || p.pid == root || p.zombie })
}

// left is everything that is there of a run, whose descendants were known: processes, listeners, folders, records,
// containers, volumes, networks and shared memory. The id may be empty when the run never had one.
func (p *place) left(runID string, known []process) []string {
	p.Helper()
	var found []string
	table := processes("BRUNT_RUN=" + runID)
	for _, q := range table {
		was := slices.ContainsFunc(known, func(k process) bool { return k.pid == q.pid && k.start == q.start })
		named := runID != "" && (q.marked || strings.Contains(q.command, runID))
		if (was || named) && !q.zombie && q.pid != os.Getpid() {
			found = append(found, q.String())
		}
	}
	found = append(found, sharedMemory(known)...)
	if runID != "" {
		found = append(found, listeners(runID, table)...)
		for _, dir := range []string{"/dev/shm", "/tmp", "/var/tmp"} {
			names, _ := filepath.Glob(filepath.Join(dir, "*"+runID+"*"))
			found = append(found, names...)
		}
	}
	_ = filepath.WalkDir(p.tmp, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(p.tmp, path)
		// The lock's file and the empty folder of leases stay for the next run.
		own := []string{".", "brunt.lock", fmt.Sprintf("brunt-%d", os.Getuid()), fmt.Sprintf("brunt-%d/leases", os.Getuid())}
		if err == nil && !slices.Contains(own, name) {
			found = append(found, path)
		}
		return nil
	})
	for _, part := range p.parts() {
		// Those of other runs that use the same cache are none of ours.
		if filepath.Dir(p.cache) == p.dir || runID != "" && strings.Contains(part, runID) {
			found = append(found, part)
		}
	}
	if p.engine && runID != "" {
		runs, err := topology.RunsLeft(p.Context())
		if err != nil {
			found = append(found, "the engine: "+err.Error())
		} else if slices.Contains(runs, runID) {
			found = append(found, "containers, networks or volumes of "+runID)
		}
	}
	return found
}

// parts are the things in the cache that are not whole.
func (p *place) parts() []string {
	var found []string
	for _, pattern := range []string{"local/part-*", "docker/part-*", "targets/work-*"} {
		names, _ := filepath.Glob(filepath.Join(p.cache, "brunt", pattern))
		found = append(found, names...)
	}
	return found
}

// vanishes waits until nothing is left and returns how long that took.
func (p *place) vanishes(runID string, known []process, limit time.Duration) time.Duration {
	p.Helper()
	began := time.Now()
	for {
		found := p.left(runID, known)
		if len(found) == 0 {
			return time.Since(began)
		}
		if time.Since(began) > limit {
			p.Fatalf("left after %v:\n%s", limit, strings.Join(found, "\n"))
		}
		time.Sleep(lookLong)
	}
}

// sharedMemory are the System V segments that one of the processes made.
func sharedMemory(known []process) []string {
	text, _ := os.ReadFile("/proc/sysvipc/shm")
	var found []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		maker, err := strconv.Atoi(fields[4])
		if err == nil && slices.ContainsFunc(known, func(k process) bool { return k.pid == maker && strings.HasPrefix(k.name, "postgres") }) {
			found = append(found, "shared memory "+fields[1]+" of process "+fields[4])
		}
	}
	return found
}
