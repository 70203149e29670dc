package cli_test

import (
	"bufio"
	"bytes"
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// network is that in which a run's addresses begin, 127.a.b.0/24. It follows from the run's id.
func network(runID string) (a, b byte) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(runID))
	n := h.Sum32() % (64 * 256)
	return byte(64 + n/256), byte(n % 256)
}

// listeners are the addresses in the run's network that somebody listens on, unless that is somebody else: one run in 16,384 begins
// in the same network. The processes are marked with the run's id.
func listeners(runID string, table []process) (found []string) {
	a, b := network(runID)
	prefix := fmt.Sprintf("%02X%02X7F:", b, a) // the kernel writes the last byte first
	text, _ := os.ReadFile("/proc/net/tcp")
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) > 9 && fields[3] == "0A" && strings.HasPrefix(fields[1][2:], prefix) && !ofOthers(fields[9], runID, table) {
			found = append(found, "listener on "+fields[1])
		}
	}
	return found
}

// ofOthers says whether all that hold a socket belong to somebody else than the run: they bear the mark of another, or they have a
// parent that lives. What a run leaves has lost its own. A socket that nobody is seen to hold, as from within another
// namespace, counts as left.
func ofOthers(inode, runID string, table []process) bool {
	byPID, adopts := map[int]process{}, map[int]bool{0: true, 1: true}
	for _, p := range table {
		byPID[p.pid] = p
	}
	// Whoever adopts orphans here is above this process, too.
	for pid := os.Getppid(); pid > 1; pid = byPID[pid].parent {
		adopts[pid] = true
	}
	seen := false
	for _, p := range table {
		if !holds(p.pid, inode) {
			continue
		}
		seen = true
		other := mark(p.pid)
		if p.marked || (other == "" || other == runID) && adopts[p.parent] {
			return false
		}
	}
	return seen
}

// holds says whether a process has a socket open.
func holds(pid int, inode string) bool {
	descriptors, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	return slices.ContainsFunc(descriptors, func(d string) bool {
		target, _ := os.Readlink(d)
		return target == "socket:["+inode+"]"
	})
}

// mark is the run that a process belongs to; empty where its environment does not say.
func mark(pid int) string {
	environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		if run, ok := bytes.CutPrefix(entry, []byte("BRUNT_RUN=")); ok {
			return string(run)
		}
	}
	return ""
}

// TestWhatOthersListenOnIsNotTakenForLeft: a listener in the run's network is left of the run when nobody else answers for it.
func TestWhatOthersListenOnIsNotTakenForLeft(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		parent bool   // lives
		mark   string // %s is the run's id
		left   bool
	}{
		{"an orphan", false, "", true},
		{"an orphan of the run", false, "%s", true},
		{"an orphan of another run", false, "%s-another", false},
		{"a child of somebody", true, "", false},
		{"a child of the run", true, "%s", true},
		{"a child of another run", true, "%s-another", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			runID := fmt.Sprintf("listeners-%d-%d", os.Getpid(), time.Now().UnixNano())
			before := listeners(runID, processes("BRUNT_RUN="+runID))
			listen(t, runID, strings.ReplaceAll(test.mark, "%s", runID), test.parent)
			found := listeners(runID, processes("BRUNT_RUN="+runID))
			if left := len(found) > len(before); left != test.left {
				t.Errorf("%v after %v", found, before)
			}
		})
	}
}

// listen starts a server in the run's network, as the child of a shell that lives or that has left it alone.
func listen(t *testing.T, runID, mark string, parent bool) {
	t.Helper()
	a, b := network(runID)
	free, err := net.Listen("tcp4", fmt.Sprintf("127.%d.%d.200:0", a, b))
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	script := `server -listen "$0" >/dev/null 2>&1 & echo $!` // TestMain has put it on the PATH
	if parent {
		script += "; wait"
	}
	shell := exec.Command("sh", "-c", script, address)
	shell.Env = append(os.Environ(), "BRUNT_RUN="+mark)
	output, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	pid, errPID := strconv.Atoi(strings.TrimSpace(line))
	t.Cleanup(func() {
		if pid > 1 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		if parent {
			_ = shell.Wait()
		}
	})
	if err != nil || errPID != nil {
		t.Fatalf("%q: %v, %v", line, err, errPID)
	}
	if !parent {
		if err := shell.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(look) {
		if answer, err := http.Get("http://" + address + "/healthz"); err == nil {
			answer.Body.Close()
			return
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
