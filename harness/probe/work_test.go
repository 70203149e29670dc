package probe

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// table is a process table of lines "pid name parent group utime stime cutime cstime" in ticks, and of the control groups of some.
func table(t *testing.T, processes string, groups map[int]string) *ProcessTable {
	t.Helper()
	root := t.TempDir()
	write := func(pid int, name, text string) {
		dir := filepath.Join(root, "proc", strconv.Itoa(pid))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(strings.TrimSpace(processes)) {
		f := strings.Fields(line)
		pid, err := strconv.Atoi(f[0])
		if err != nil {
			t.Fatal(err)
		}
		write(pid, "stat", fmt.Sprintf("%s (%s) S %s %s 0 0 -1 0 0 0 0 0 %s 20 0 1 0 1", f[0], f[1], f[2], f[3], strings.Join(f[4:8], " ")))
		write(pid, "cgroup", "1:cpu:/\n")
	}
	for pid, group := range groups {
		write(pid, "cgroup", group)
	}
	return &ProcessTable{root: root}
}

const machine = `
2 kthreadd 0 0 100 0 0 0
3 kworker/0:1 2 0 0 200 0 0
40 brunt 30 40 300 100 1000 500
41 k6 40 41 400 0 0 0
42 postgres 40 42 10 20 30 40
43 backend 42 43 5 5 0 0
50 orphan 1 42 7 0 0 0
60 dockerd 1 60 50 50 70000 0
61 docker-proxy 60 60 30 0 0 0
70 containerd-shim 1 70 20 0 90000 0
71 redis-server 70 71 11 22 33 44
80 containerd-shim 1 80 10 0 0 0
81 someone 80 81 99999 0 0 0
90 cc1 1 90 88888 0 0 0
`

// TestTheWorkOfARunIsThatOfAllItsProcesses: with that of processes that have ended, of orphans in a node's process group, of the
// kernel, and, beside containers, of the engine's helpers, but not of the containers of others.
func TestTheWorkOfARunIsThatOfAllItsProcesses(t *testing.T) {
	const kernel, brunt, postgres, redis, helpers = 300, 1900 + 400, 100 + 10 + 7, 110, 100 + 30 + 20 + 10
	leader := func(pid int) func() int { return func() int { return pid } }
	for _, row := range []struct {
		name  string
		nodes func(*ProcessTable) []*Processes
		want  int // ticks; -1: not known
	}{
		{"children of brunt", func(t *ProcessTable) []*Processes { return []*Processes{t.Of(leader(42), "")} }, kernel + brunt + postgres},
		{"a container beside them", func(t *ProcessTable) []*Processes {
			return []*Processes{t.Of(leader(42), ""), t.Of(leader(71), "1a2b")}
		}, kernel + brunt + postgres + redis + helpers},
		{"a node that has ended uses no more", func(t *ProcessTable) []*Processes {
			return []*Processes{t.Of(leader(42), ""), t.Of(leader(77), "")}
		}, kernel + brunt + postgres},
		{"a node whose process is not known", func(t *ProcessTable) []*Processes {
			return []*Processes{t.Of(leader(42), ""), t.Of(leader(0), "")}
		}, -1},
		{"a container on another machine", func(t *ProcessTable) []*Processes { return []*Processes{t.Of(leader(81), "1a2b")} }, -1},
	} {
		t.Run(row.name, func(t *testing.T) {
			table := table(t, machine, map[int]string{71: "1:cpu:/docker/1a2b\n"})
			got, err := table.Work(40, row.nodes(table))
			if (err != nil) != (row.want < 0) || err == nil && got.Round(time.Millisecond) != time.Duration(row.want)*10*time.Millisecond {
				t.Errorf("%v, %v, want %d ticks", got, err, row.want)
			}
		})
	}
	if got, err := (&ProcessTable{root: t.TempDir()}).Work(40, nil); err == nil {
		t.Errorf("without a process table: %v", got)
	}
}
