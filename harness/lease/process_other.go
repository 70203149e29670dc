//go:build !linux

package lease

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// columns asks ps for id, parent, group, state, start (five words) and command. Sessions are not listed everywhere, so
// here a process that leaves both its parent and its group escapes.
const columns = "pid=,ppid=,pgid=,state=,lstart=,comm="

func lookUp(pid int) (entry, error) {
	out, err := exec.Command("ps", "-o", columns, "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return entry{}, fmt.Errorf("ask ps: %w", err)
	}
	return parseRow(strings.TrimSpace(string(out)))
}

func parseRow(row string) (entry, error) {
	fields := strings.Fields(row)
	if len(fields) < 10 {
		return entry{}, fmt.Errorf("too few columns from ps in %q", row)
	}
	var numbers [3]int
	for i := range numbers {
		n, err := strconv.Atoi(fields[i])
		if err != nil {
			return entry{}, fmt.Errorf("ps row %q: %w", row, err)
		}
		numbers[i] = n
	}
	name := filepath.Base(strings.Join(fields[9:], " "))
	return entry{
		Process: Process{PID: numbers[0], Start: strings.Join(fields[4:9], " "), Name: name},
		parent:  numbers[1], group: numbers[2],
		zombie: strings.HasPrefix(fields[3], "Z"),
	}, nil
}

func processTable() ([]entry, error) {
	out, err := exec.Command("ps", "-axo", columns).Output()
	if err != nil {
		return nil, fmt.Errorf("ask ps: %w", err)
	}
	var table []entry
	for row := range strings.Lines(string(out)) {
		e, err := parseRow(strings.TrimSpace(row))
		if err != nil {
			return nil, err
		}
		table = append(table, e)
	}
	return table, nil
}

// bearsMark is false here: the environment of other processes cannot be read without privileges.
func bearsMark(int, string) bool { return false }
