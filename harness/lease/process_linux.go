package lease

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// lookUp reads /proc/<pid>/stat, described in proc_pid_stat(5).
func lookUp(pid int) (entry, error) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return entry{}, err
	}
	return parseStat(string(raw), bootID())
}

// parseStat parses one line of /proc/<pid>/stat. The name may hold spaces and parentheses, so the fields are counted
// from the last closing one.
func parseStat(line, boot string) (entry, error) {
	open, shut := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 1 || shut < open {
		return entry{}, fmt.Errorf("no name in process status %q", line)
	}
	fields := strings.Fields(line[shut+1:])
	const state, parent, group, session, start = 0, 1, 2, 3, 19 // fields 3, 4, 5, 6 and 22 of the page
	if len(fields) <= start {
		return entry{}, fmt.Errorf("too few fields in process status %q", line)
	}
	var numbers [4]int
	for i, text := range []string{strings.TrimSpace(line[:open]), fields[parent], fields[group], fields[session]} {
		n, err := strconv.Atoi(text)
		if err != nil {
			return entry{}, fmt.Errorf("process status %q: %w", line, err)
		}
		numbers[i] = n
	}
	return entry{
		// The start is counted from boot, hence the boot is part of the identity.
		Process: Process{PID: numbers[0], Start: boot + ":" + fields[start], Name: line[open+1 : shut]},
		parent:  numbers[1], group: numbers[2], session: numbers[3],
		zombie: fields[state] == "Z" || fields[state] == "X",
	}, nil
}

func processTable() ([]entry, error) {
	names, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	boot := bootID()
	var table []entry
	for _, n := range names {
		if _, err := strconv.Atoi(n.Name()); err != nil {
			continue
		}
		raw, err := os.ReadFile("/proc/" + n.Name() + "/stat")
		if err != nil {
			continue // it ended meanwhile
		}
		e, err := parseStat(string(raw), boot)
		if err != nil {
			return nil, err
		}
		table = append(table, e)
	}
	if len(table) == 0 {
		return nil, errors.New("no process under /proc")
	}
	return table, nil
}

// bootID tells one boot from another; empty where the kernel does not say.
func bootID() string {
	raw, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	id, _, _ := strings.Cut(string(bytes.TrimSpace(raw)), "-")
	return id
}

// bearsMark tells whether a process was started with the run's mark.
func bearsMark(pid int, runID string) bool {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false // it ended, or is another user's
	}
	for _, kv := range bytes.Split(raw, []byte{0}) {
		if string(kv) == Mark(runID) {
			return true
		}
	}
	return false
}
