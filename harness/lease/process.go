package lease

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// MarkName is the environment variable by which a run's processes are known. See Mark.
const MarkName = "BRUNT_RUN"

// Mark is the environment entry that every process of a run should be started with. On Linux a process that carries it
// is removed with the run even when its start was never registered.
func Mark(runID string) string { return MarkName + "=" + runID }

const (
	politeTime = 700 * time.Millisecond // between asking a process to end and killing it
	killTime   = 3 * time.Second        // to wait for killed processes to be gone
	pollEvery  = 20 * time.Millisecond
)

// Process is the identity of a process: its id alone is not, since ids are reused.
type Process struct {
	PID   int    `json:"pid"`
	Start string `json:"start"`          // opaque; differs between two processes that bore the same id
	Name  string `json:"name,omitempty"` // for people
}

// String is how a process is named in messages.
func (p Process) String() string {
	if p.Name == "" {
		return fmt.Sprintf("process %d", p.PID)
	}
	return fmt.Sprintf("process %d (%s)", p.PID, p.Name)
}

// entry is one row of the process table.
type entry struct {
	Process
	parent, group, session int
	zombie                 bool
}

// identify returns the identity of a running process.
func identify(pid int) (Process, error) {
	e, err := lookUp(pid)
	if err != nil {
		return Process{}, fmt.Errorf("look up process %d: %w", pid, err)
	}
	return e.Process, nil
}

// alive tells whether that very process still runs. A zombie does not.
func alive(p Process) bool {
	if p.PID <= 0 {
		return false
	}
	e, err := lookUp(p.PID)
	return err == nil && !e.zombie && e.Start == p.Start
}

// belonging returns every living process of the table that belongs to the roots: themselves, members of the groups and
// sessions they lead or led, processes for which marked is true, and the descendants of all these. The process itself,
// its ancestors and process 1 are never among them.
func belonging(table []entry, roots []Process, marked func(pid int) bool) []Process {
	byPID := make(map[int]entry, len(table))
	for _, e := range table {
		byPID[e.PID] = e
	}
	spared := map[int]bool{0: true, 1: true}
	for pid := os.Getpid(); pid > 1 && !spared[pid]; pid = byPID[pid].parent {
		spared[pid] = true
	}
	leads := map[int]bool{} // ids of groups and sessions that are the run's
	for _, r := range roots {
		// A group outlives its leader; an id that another process bears by now names another group.
		if e, ok := byPID[r.PID]; !ok || e.Start == r.Start {
			leads[r.PID] = true
		}
	}
	in := map[int]bool{}
	for _, e := range table {
		if leads[e.PID] || leads[e.group] || leads[e.session] || marked(e.PID) {
			in[e.PID] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for _, e := range table {
			if !in[e.PID] && in[e.parent] && !spared[e.parent] {
				in[e.PID], grown = true, true
			}
		}
	}
	var out []Process
	for _, e := range table {
		if in[e.PID] && !spared[e.PID] && !e.zombie {
			out = append(out, e.Process)
		}
	}
	return out
}

// end removes every process that belongs to the roots or bears the run's mark, and returns those it found. Processes are asked first,
// so that PostgreSQL gives back its shared memory, and killed when they do not follow.
func end(ctx context.Context, runID string, roots []Process) ([]Process, error) {
	found, err := find(runID, roots)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	for _, p := range found {
		ask(p)
	}
	if waitGone(ctx, found, politeTime) {
		// Something may have been started by what has just ended.
		late, err := find(runID, roots)
		if err != nil || len(late) == 0 {
			return found, err
		}
		found = append(found, late...)
	}
	deadline := time.Now().Add(killTime)
	for {
		late, err := find(runID, roots)
		if err != nil {
			return found, err
		}
		for _, p := range late {
			if !slices.Contains(found, p) {
				found = append(found, p)
			}
		}
		for _, p := range found {
			send(p, syscall.SIGKILL)
		}
		if waitGone(ctx, found, 200*time.Millisecond) {
			return found, nil
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return found, fmt.Errorf("still running after SIGKILL: %s", describe(remaining(found)))
		}
	}
}

func find(runID string, roots []Process) ([]Process, error) {
	table, err := processTable()
	if err != nil {
		return nil, fmt.Errorf("read the process table: %w", err)
	}
	return belonging(table, roots, func(pid int) bool { return bearsMark(pid, runID) }), nil
}

// ask requests an orderly end. PostgreSQL's SIGTERM waits for its clients; its SIGQUIT does not. A stopped process
// sees no signal until it goes on.
func ask(p Process) {
	sig := syscall.SIGTERM
	if strings.HasPrefix(p.Name, "postgres") {
		sig = syscall.SIGQUIT
	}
	send(p, sig)
	send(p, syscall.SIGCONT)
}

// send sends a signal to that very process.
func send(p Process, sig syscall.Signal) {
	if alive(p) {
		_ = syscall.Kill(p.PID, sig) // it may have ended in between, which is what is wanted
	}
}

func waitGone(ctx context.Context, processes []Process, limit time.Duration) bool {
	deadline := time.Now().Add(limit)
	for {
		if len(remaining(processes)) == 0 {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pollEvery):
		}
	}
}

func remaining(processes []Process) []Process {
	var left []Process
	for _, p := range processes {
		if alive(p) {
			left = append(left, p)
		}
	}
	return left
}

func describe(processes []Process) string {
	names := make([]string, 0, len(processes))
	for _, p := range processes {
		names = append(names, p.String())
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
