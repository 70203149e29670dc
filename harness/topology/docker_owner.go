package topology

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// labelOwner says which process a thing in the engine was made by. The engine is the machine's, while records of runs
// are kept per user and folder for temporary files: who finds a container and no record of its run must still be able
// to tell whether that run lives.
const labelOwner = "brunt.owner"

// owner identifies this process for labelOwner: boot, process namespace, id and start, since an id alone is used again.
// It is empty where the system does not say.
func owner() string {
	boot, namespace, ok := here()
	start, alive := startOf(os.Getpid())
	if !ok || !alive {
		return ""
	}
	return fmt.Sprintf("%s/%s/%d/%s", boot, namespace, os.Getpid(), start)
}

// ownerDead says that the process which label names has certainly ended. Of one in another process namespace, such as a
// container's, nothing is known.
func ownerDead(label string) bool {
	boot, namespace, ok := here()
	parts := strings.Split(label, "/")
	if !ok || len(parts) != 4 {
		return false
	}
	pid, err := strconv.Atoi(parts[2])
	switch {
	case err != nil:
		return false
	case parts[0] != boot:
		return true
	case parts[1] != namespace:
		return false
	}
	start, alive := startOf(pid)
	return !alive || start != parts[3]
}

// here names this boot of the machine and this process namespace.
func here() (boot, namespace string, ok bool) {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", "", false
	}
	namespace, err = os.Readlink("/proc/self/ns/pid")
	return strings.TrimSpace(string(text)), namespace, err == nil
}

// startOf is when a process that has not ended started, in ticks since boot; see proc_pid_stat(5).
func startOf(pid int) (ticks string, alive bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", false
	}
	// The name, in parentheses, may hold anything. State and start are fields 3 and 22.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return "", false
	}
	return fields[19], true
}
