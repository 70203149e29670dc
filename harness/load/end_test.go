package load

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// memoryGroup makes a control group with a bound on memory, of version 1 or 2, and returns its folder. Where none can be
// made, the skip is announced, which BRUNT_REQUIRE_DOCKER=1 forbids.
func memoryGroup(t *testing.T, bytes int) string {
	t.Helper()
	name := fmt.Sprintf("brunt-test-%d-%d", os.Getpid(), time.Now().UnixNano())
	var problems []string
	for _, version := range []struct{ mount, file string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, {"/sys/fs/cgroup", "memory.max"},
	} {
		dir := filepath.Join(version.mount, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			problems = append(problems, err.Error())
			continue
		}
		file, err := os.OpenFile(filepath.Join(dir, version.file), os.O_WRONLY, 0) // WriteFile would make it anywhere
		if err == nil {
			_, err = file.WriteString(strconv.Itoa(bytes))
			file.Close()
		}
		if err == nil {
			t.Cleanup(func() { remove(t, dir) })
			return dir
		}
		problems = append(problems, err.Error())
		os.Remove(dir)
	}
	if os.Getenv("BRUNT_REQUIRE_DOCKER") == "1" {
		t.Fatalf("BRUNT_REQUIRE_DOCKER=1 and no control group with a bound on memory can be made: %s", strings.Join(problems, "; "))
	}
	t.Skipf("SKIPPED, no control group with a bound on memory can be made here: %s", strings.Join(problems, "; "))
	return ""
}

// remove removes a group as soon as its last process is gone.
func remove(t *testing.T, dir string) {
	var err error
	for range 100 {
		if err = os.Remove(dir); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("remove the control group: %v", err)
}

func TestAGeneratorThatRunsOutOfMemoryIsToldApart(t *testing.T) {
	t.Parallel()
	group := memoryGroup(t, 300<<20)
	script := write(t, "script.js", `
import { sleep } from 'k6';
export const options = { scenarios: { s: { executor: 'brunt-arrival', rate: 20, duration: '30s', maxVUs: 5 } } };
const kept = [];
export default function () { sleep(0.05); kept.push('x'.repeat(4 << 20) + Math.random()); }`)
	p := start(t, Options{Script: Script{Path: script, Warmup: time.Second}})
	if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(p.PID())), 0o644); err != nil {
		t.Fatal(err)
	}
	fitness, err := p.Wait()
	if err == nil || !strings.HasPrefix(err.Error(), "k6 was killed (killed) because the memory that it may use was used up (OOM): ") {
		t.Errorf("the error is %v", err)
	}
	if !fitness.OOMKilled || fitness.Signal != "killed" || fitness.ExitCode != -1 {
		t.Errorf("out of memory %v, signal %q, exit code %d", fitness.OOMKilled, fitness.Signal, fitness.ExitCode)
	}
}
