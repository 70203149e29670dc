package load

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// cpuTime is the CPU time that a process has used, all its threads together.
func cpuTime(pid int) (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseStat(raw)
}

// parseStat reads the fields utime and stime, 14 and 15 of proc(5). The second field, a name in brackets, may hold spaces
// and brackets of its own.
func parseStat(raw []byte) (time.Duration, error) {
	end := bytes.LastIndexByte(raw, ')')
	fields := bytes.Fields(raw[end+1:])
	if end < 0 || len(fields) < 13 {
		return 0, errors.New("read the CPU time of a process: too few fields")
	}
	total := time.Duration(0)
	for _, f := range fields[11:13] {
		ticks, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the CPU time of a process: %w", err)
		}
		total += time.Duration(ticks) * clockTick
	}
	return total, nil
}
