package probe

import (
	"slices"
	"time"
)

// kernelThreads is the name of the parent of the kernel's own threads.
const kernelThreads = "kthreadd"

// engineHelpers are the programs that work for containers outside of them, as they carry their traffic and their logs; names are
// cut off as the kernel does it.
var engineHelpers = [...]string{"dockerd", "containerd", "containerd-shim", "docker-proxy", "podman", "conmon", "rootlessport", "slirp4netns"}

// Work is the CPU time that the processes of a run have used: those of whoever leads it, its descendants, and the nodes' wherever
// they are. What nobody can tell whose it is counts as the run's: the kernel's threads and, beside nodes in containers, the
// engine's helpers. It gets less when a process has ended that nobody waited for.
func (t *ProcessTable) Work(leader int, nodes []*Processes) (time.Duration, error) {
	if err := t.renew(); err != nil {
		return 0, err
	}
	own := map[int]bool{}
	tree, err := t.tree(leader)
	if err != nil {
		return 0, err
	}
	containers := false
	for _, n := range nodes {
		_, more, err := n.tree()
		if err != nil {
			return 0, err
		}
		tree = append(tree, more...)
		containers = containers || n.container != ""
	}
	for _, pid := range tree {
		own[pid] = true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	seconds := 0.0
	for pid, one := range t.all {
		switch {
		case own[pid]:
			seconds += one.cpu
		case one.name == kernelThreads, t.all[one.parent].name == kernelThreads,
			containers && slices.Contains(engineHelpers[:], one.name):
			seconds += one.alone // their children may be others' containers
		}
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// renew reads the table, however fresh it is.
func (t *ProcessTable) renew() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refresh()
}
