package lease

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestScrubDropsTheMarksByWhichCISystemsKill(t *testing.T) {
	got := scrub([]string{
		"PATH=/bin", "HOME=/h", "DOCKER_HOST=unix:///d", "TESTCONTAINERS_RYUK_DISABLED=true",
		"RUNNER_TRACKING_ID=github_1", "JENKINS_NODE_COOKIE=c", "BUILD_ID=7", "HUDSON_COOKIE=h", "CI_JOB_ID=3",
		"TEAMCITY_PROCESS_FLOW_ID=x", "BRUNT_RUN=r", "SECRET=s", "nonsense",
	})
	want := []string{"PATH=/bin", "HOME=/h", "DOCKER_HOST=unix:///d", "TESTCONTAINERS_RYUK_DISABLED=true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCheckPath(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	work, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, path string
		ok         bool
	}{
		{"a folder in the temporary one is taken", filepath.Join(os.TempDir(), "run", "x"), true},
		{"a folder in a folder is taken", "/srv/run", true},
		{"the root is refused", "/", false},
		{"a folder at the root is refused", "/etc", false},
		{"the temporary folder is refused", os.TempDir(), false},
		{"the home folder is refused", home, false},
		{"the working folder is refused", work, false},
		{"a folder above the working one is refused", filepath.Dir(filepath.Dir(work)), false},
		{"a relative path is refused", "a/b", false},
		{"a path that is not clean is refused", "/srv/run/../../etc/x", false},
		{"nothing is refused", "", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := checkPath(row.path); (err == nil) != row.ok {
				t.Errorf("checkPath(%q) = %v", row.path, err)
			}
		})
	}
}

func TestBelonging(t *testing.T) {
	self := os.Getpid()
	row := func(pid, parent, group, session int) entry {
		return entry{Process: Process{PID: pid, Start: itoa(pid)}, parent: parent, group: group, session: session}
	}
	init, me := row(1, 0, 1, 1), row(self, 1, self, self)
	const a, b, c, d = 9000001, 9000002, 9000003, 9000004 // beyond what the kernel gives
	for _, r := range []struct {
		name  string
		table []entry
		roots []Process
		marks int
		want  []int
	}{
		{"a root with its descendants", []entry{init, me, row(a, self, a, a), row(b, a, b, b), row(c, b, c, c)}, []Process{{PID: a, Start: itoa(a)}}, 0, []int{a, b, c}},
		{"a group outlives its leader", []entry{init, row(b, 1, a, a)}, []Process{{PID: a, Start: itoa(a)}}, 0, []int{b}},
		{"an id that was reused is another's", []entry{init, row(a, 1, a, a), row(b, a, a, a)}, []Process{{PID: a, Start: "older"}}, 0, nil},
		{"a marked process with its child", []entry{init, row(a, 1, a, a), row(b, a, b, b), row(d, 1, d, d)}, nil, a, []int{a, b}},
		{"never itself or process 1", []entry{init, me}, []Process{{PID: self, Start: itoa(self)}, {PID: 1, Start: "1"}}, 0, nil},
	} {
		t.Run(r.name, func(t *testing.T) {
			var got []int
			for _, p := range belonging(r.table, r.roots, func(pid int) bool { return pid == r.marks }) {
				got = append(got, p.PID)
			}
			if diff := cmp.Diff(r.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLock(t *testing.T) {
	apart(t)
	holder := exec.Command(executable(t), "__holder")
	holder.Stderr = os.Stderr
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = holder.Process.Kill() })
	decode(t, out, &struct{}{})

	t.Run("without waiting names who holds it", func(t *testing.T) {
		_, err := Lock(t.Context(), false, nil)
		var locked *LockedError
		if !errors.Is(err, ErrLocked) || !errors.As(err, &locked) || locked.PID != holder.Process.Pid {
			t.Errorf("got %v, want ErrLocked with process %d", err, holder.Process.Pid)
		}
	})
	t.Run("waits no longer than it may", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := Lock(ctx, true, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
	})
	t.Run("is given back by the kernel when its holder is killed", func(t *testing.T) {
		var owners []string
		unlock, err := Lock(t.Context(), true, func(owner string) {
			owners = append(owners, owner)
			_ = holder.Process.Kill()
			_ = holder.Wait()
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"process " + itoa(holder.Process.Pid)}, owners); diff != "" {
			t.Error(diff)
		}
		if _, err := Lock(t.Context(), false, nil); !errors.Is(err, ErrLocked) {
			t.Errorf("a second lock gives %v, want ErrLocked", err)
		}
		unlock()
		again, err := Lock(t.Context(), false, nil)
		if err != nil {
			t.Fatalf("after unlocking: %v", err)
		}
		again()
	})
	t.Run("is a file that every user can open", func(t *testing.T) {
		info, err := os.Stat(LockPath())
		if err != nil || info.Mode().Perm() != 0o666 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	})
}

// FuzzRecord: what is read can be written and read again, and nothing else is taken.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"version":1,"run":"r","owner":{"pid":2,"start":"b:1"},"processes":[{"pid":3,"start":"b:2"}],"paths":["/tmp/x/y"]}`))
	f.Add([]byte(`{"version":2,"run":"r"}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := parseRecord(raw)
		if err != nil {
			return
		}
		dir := t.TempDir()
		if err := r.write(dir); err != nil {
			t.Fatal(err)
		}
		again, err := readRecord(recordPath(dir, r.RunID))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(again.RunID+itoa(len(again.Processes)), r.RunID+itoa(len(r.Processes))); diff != "" {
			t.Error(diff)
		}
		if strings.ContainsAny(r.RunID, "/\\") {
			t.Errorf("run id %q leaves the folder", r.RunID)
		}
	})
}
