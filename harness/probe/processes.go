package probe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ticks is how many a second has in /proc, on every architecture.
const ticks = 100

// mostSockets is up to how many open files a node's sockets are counted: each takes a system call.
const mostSockets = 4096

// ProcessTable is the machine's process table, which is read once for all nodes that are asked at about the same time.
type ProcessTable struct {
	root string // of the file system that proc lies in; empty: /

	mu       sync.Mutex
	read     time.Time
	children map[int][]int
	members  map[int][]int // of a process group
	all      map[int]process
}

// process is what /proc/<pid>/stat tells.
type process struct {
	name                   string
	parent, group, threads int
	ended                  bool    // and not yet waited for
	cpu                    float64 // seconds, with those of the children that it has waited for
	alone                  float64 // without
}

// freshness is how old a table may be.
const freshness = 200 * time.Millisecond

// Processes tells what a node uses of the machine: the sum over the process that leads it, the group that it leads and all their
// descendants, or over the processes of its container.
//
//	node_cpu_seconds_total    in user and kernel mode, those of processes that have ended included
//	node_memory_bytes         anonymous memory of all of them, and of what they share (mapped files, shared memory) that of the one with most
//	node_read_bytes_total     from disks; node_written_bytes_total to them; memory file systems and the page cache count for nothing
//	node_open_fds, node_sockets, node_processes, node_threads
//
// A node whose processes are gone, as while it is killed, uses nothing.
type Processes struct {
	table     *ProcessTable
	leader    func() int
	container string

	led     int
	highest map[string]float64
}

// Of makes a teller of the node that the process leader() leads; it is asked each time, since a restart makes another one. Where the
// node is a container, that is its id: a process that is not in it is refused, as of an engine on another machine.
func (t *ProcessTable) Of(leader func() int, container string) *Processes {
	return &Processes{table: t, leader: leader, container: container, highest: map[string]float64{}}
}

// Tell is what the node uses now.
func (p *Processes) Tell(context.Context) ([]byte, error) {
	leader, tree, err := p.tree()
	if err != nil {
		return nil, err
	}
	if leader != p.led {
		p.led, p.highest = leader, map[string]float64{}
	}
	u := p.table.usage(tree)
	var b []byte
	for _, m := range []struct {
		name  string
		value float64
		known bool
	}{
		{"node_cpu_seconds_total", u.cpu, true},
		{"node_read_bytes_total", u.read, u.readable},
		{"node_written_bytes_total", u.written, u.readable},
		{"node_memory_bytes", u.anonymous + u.shared, true},
		{"node_open_fds", float64(u.fds), u.countable},
		{"node_sockets", float64(u.sockets), u.countable && u.fds <= mostSockets},
		{"node_processes", float64(u.processes), true},
		{"node_threads", float64(u.threads), true},
	} {
		if !m.known {
			continue
		}
		kind := "gauge"
		if strings.HasSuffix(m.name, "_total") {
			// A process between its end and being waited for is in neither sum, for a moment.
			kind, m.value = "counter", max(m.value, p.highest[m.name])
			p.highest[m.name] = m.value
		}
		b = append(b, "# TYPE "+m.name+" "+kind+"\n"+m.name+" "...)
		b = append(strconv.AppendFloat(b, m.value, 'f', -1, 64), '\n')
	}
	return b, nil
}

// tree lists the node's processes, none when they have ended, and who leads them.
func (p *Processes) tree() (leader int, tree []int, err error) {
	if leader = p.leader(); leader <= 0 {
		return 0, nil, errors.New("its process is not known")
	}
	if tree, err = p.table.tree(leader); err != nil {
		return 0, nil, err
	}
	return leader, tree, p.contained(leader, tree)
}

// contained says, as an error, that the process is not of the container.
func (p *Processes) contained(leader int, tree []int) error {
	if p.container == "" || len(tree) == 0 {
		return nil
	}
	groups, err := os.ReadFile(p.table.path(leader, "cgroup"))
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil // it has just ended
		}
		return err
	}
	if !strings.Contains(string(groups), p.container) {
		return fmt.Errorf("process %d of this machine is not in the container %.12s", leader, p.container)
	}
	return nil
}

func (t *ProcessTable) path(pid int, name string) string {
	return filepath.Join("/", t.root, "proc", strconv.Itoa(pid), name)
}

// tree lists the processes that a leader stands for; none when it has ended.
func (t *ProcessTable) tree(leader int) ([]int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.read) > freshness {
		if err := t.refresh(); err != nil {
			return nil, err
		}
	}
	if one, ok := t.all[leader]; !ok || one.ended {
		return nil, nil
	}
	tree, in := []int{leader}, map[int]bool{leader: true}
	add := func(pids []int) {
		for _, pid := range pids {
			if !in[pid] {
				tree, in[pid] = append(tree, pid), true
			}
		}
	}
	add(t.members[leader])
	for i := 0; i < len(tree); i++ {
		add(t.children[tree[i]])
	}
	return tree, nil
}

// refresh reads the table. t.mu is held.
func (t *ProcessTable) refresh() error {
	dir, err := os.Open(filepath.Join("/", t.root, "proc"))
	if err != nil {
		return fmt.Errorf("read the process table: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return fmt.Errorf("read the process table: %w", err)
	}
	t.children, t.members, t.all = map[int][]int{}, map[int][]int{}, map[int]process{}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		text, err := os.ReadFile(t.path(pid, "stat"))
		if err != nil {
			continue // it has ended meanwhile
		}
		if one, ok := parseStat(string(text)); ok {
			t.all[pid] = one
			t.children[one.parent] = append(t.children[one.parent], pid)
			t.members[one.group] = append(t.members[one.group], pid)
		}
	}
	t.read = time.Now()
	return nil
}

// parseStat reads /proc/<pid>/stat. The name, in parentheses, may hold anything.
func parseStat(text string) (process, bool) {
	end := strings.LastIndexByte(text, ')')
	_, name, _ := strings.Cut(text[:max(0, end)], "(")
	fields := strings.Fields(text[end+1:])
	if len(fields) < 18 {
		return process{}, false
	}
	number := func(i int) float64 {
		v, _ := strconv.ParseFloat(fields[i], 64) // the kernel writes digits
		return v
	}
	alone := (number(11) + number(12)) / ticks
	return process{
		name: name, alone: alone, parent: int(number(1)), group: int(number(2)), threads: int(number(17)),
		ended: fields[0] == "Z" || fields[0] == "X", cpu: alone + (number(13)+number(14))/ticks,
	}, true
}
