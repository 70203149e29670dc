package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results/recording"
)

const parentCommand = "__parent"

// parent starts a load, says its process id when it has begun, and waits.
func parent(script, url, file string) {
	p, err := Start(context.Background(), Options{
		Exe: os.Args[0], Script: Script{Path: script, Env: map[string]string{"URL": url}}, Recording: file,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	<-p.Started()
	fmt.Println(p.PID())
	p.Wait()
}

func TestTheChildDiesWithItsParent(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	url := serve(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	script := write(t, "script.js", get(arrival(`{ rate: 50, duration: '60s' }`)))
	file := filepath.Join(t.TempDir(), "recording")
	cmd := exec.CommandContext(t.Context(), os.Args[0], parentCommand, script, url, file)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("the parent said %q", line)
	}
	for requests.Load() == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	deadline := time.Now().Add(10 * time.Second)
	for !gone(pid) {
		if time.Now().After(deadline) {
			syscall.Kill(pid, syscall.SIGKILL) // it is ours
			t.Fatal("the k6 child outlives its parent")
		}
		time.Sleep(10 * time.Millisecond)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := recording.NewReader(f); err != nil {
		t.Errorf("what was recorded until then: %v", err)
	}
}

// gone reports whether a process has ended; one that nobody has waited for yet has.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}
