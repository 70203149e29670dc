package lease

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAKilledOwnerLeavesNothing(t *testing.T) {
	apart(t)
	for _, row := range []struct {
		name  string
		parts []string
	}{
		{"of a process and a folder", []string{"sleep"}},
		{"of a process that ignores polite signals", []string{"stubborn"}},
		{"of a process that was paused", []string{"paused"}},
		{"of a process that was limited", []string{"limited"}},
		{"of a process, its child, and a grandchild in a session of its own", []string{"family"}},
		{"of a process that was started but never registered", []string{"unregistered"}},
		{"of redis and postgres", []string{"redis", "postgres"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if row.parts[0] == "unregistered" && runtime.GOOS != "linux" {
				t.Skip("marks are read on Linux only")
			}
			o := startOwner(t, "run-"+strings.Join(row.parts, "-"), row.parts...)
			if left := living(o.PIDs); len(left) != len(o.PIDs) {
				t.Fatalf("of %v only %v live while the owner does", o.PIDs, left)
			}
			o.kill(t)
			within(t, 5*time.Second, "every process and the folder are gone", func() bool {
				return len(living(o.PIDs)) == 0 && gone(o.folder)
			})
			within(t, 10*time.Second, "the watchdog has ended and its record is gone", func() bool {
				return gone(o.record) && len(living([]int{o.Watchdog})) == 0
			})
			if raw, err := os.ReadFile(o.folder + ".swept"); err != nil || strings.Count(string(raw), "run-") < 3 {
				t.Errorf("the sweeper was called %q (%v), want several times with the run's id", raw, err)
			}
			if raw, err := os.ReadFile(o.folder + ".undone"); row.parts[0] == "limited" && string(raw) != "undone\n" {
				t.Errorf("the limit was undone %q (%v), want once", raw, err)
			}
		})
	}
}

func TestOwnerAndWatchdogKilledTogetherAreHealedAtTheNextStart(t *testing.T) {
	apart(t)
	o := startOwner(t, "both", "sleep", "redis")
	alive := startOwner(t, "lives", "sleep")
	if err := syscall.Kill(o.Watchdog, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	o.kill(t)
	within(t, 2*time.Second, "the watchdog is dead", func() bool { return len(living([]int{o.Watchdog})) == 0 })
	if len(living(o.PIDs)) != len(o.PIDs) {
		t.Fatal("the processes died without anybody's doing; the test shows nothing")
	}
	swept := map[string]int{}
	removed, err := SweepDead(t.Context(), func(_ context.Context, runID string) error {
		swept[runID]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if left := living(o.PIDs); len(left) > 0 || !gone(o.folder) || !gone(o.record) {
		t.Errorf("after the sweep %v live; folder gone %v, record gone %v", left, gone(o.folder), gone(o.record))
	}
	text := strings.Join(removed, "\n")
	for _, want := range []string{"run both: process", "sleep", "redis-server", "run both: " + o.folder, "run both: its record"} {
		if !strings.Contains(text, want) {
			t.Errorf("the list of what was removed lacks %q:\n%s", want, text)
		}
	}
	if len(living(alive.PIDs)) != 1 || gone(alive.record) || swept["lives"] > 0 || strings.Contains(text, "lives") {
		t.Errorf("the sweep touched a run whose owner lives:\n%s", text)
	}
	if swept["both"] == 0 {
		t.Error("the sweeper was not called")
	}
}

func TestSweepDeadWithoutAnyRecordFindsNothing(t *testing.T) {
	apart(t)
	removed, err := SweepDead(t.Context())
	if err != nil || len(removed) != 0 {
		t.Errorf("got %v, %v", removed, err)
	}
}

func TestSweepDeadSaysWhichRecordItCannotRead(t *testing.T) {
	apart(t)
	if err := ensureDir(Dir()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(Dir(), "torn.json")
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := SweepDead(t.Context()); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error that names %s", err, path)
	}
}

func TestRecordsAreNotTrustedWhereOthersCanWrite(t *testing.T) {
	apart(t)
	if err := ensureDir(Dir()); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(Dir(), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := SweepDead(t.Context()); err == nil {
		t.Error("a record that anybody can write was trusted")
	}
}

// take starts a lease in this process.
func take(t *testing.T, runID string) *Lease {
	t.Helper()
	l, err := Start(t.Context(), Options{RunID: runID, Exe: executable(t), Logger: quiet(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Release(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return l
}

func sleeper(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

func TestAReleasedLeaseRemovesNothingButItself(t *testing.T) {
	apart(t)
	l := take(t, "released")
	cmd := sleeper(t)
	if err := l.Process(cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	dog := l.PID()
	if err := l.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(living([]int{dog})) > 0 {
		t.Error("the watchdog still runs")
	}
	if !gone(recordPath(Dir(), "released")) {
		t.Error("the record is still there")
	}
	if len(living([]int{cmd.Process.Pid})) == 0 {
		t.Error("the process was killed")
	}
	if err := l.Process(cmd.Process.Pid); !errors.Is(err, ErrReleased) {
		t.Errorf("registering afterwards gives %v, want ErrReleased", err)
	}
}

func TestAKilledWatchdogIsReplacedWithEverythingItKnew(t *testing.T) {
	apart(t)
	o := startOwner(t, "replaced", "sleep")
	if err := syscall.Kill(o.Watchdog, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	var second Process
	within(t, 5*time.Second, "another watchdog stands in the record", func() bool {
		r, err := readRecord(o.record)
		second = r.Watchdog
		return err == nil && second.PID != o.Watchdog
	})
	t.Cleanup(func() { send(second, syscall.SIGKILL) })
	if len(living(o.PIDs)) != 1 {
		t.Fatal("the first watchdog took the run with it")
	}
	// The new watchdog is in the record before it has been told: killing the owner now is the hardest moment.
	o.kill(t)
	within(t, 10*time.Second, "the process is gone", func() bool {
		if len(living(o.PIDs)) == 0 {
			return true
		}
		if !alive(second) { // it had not been told yet: then both died, and the next start heals
			_, err := SweepDead(t.Context())
			return err != nil
		}
		return false
	})
}

func TestAFrozenWatchdogIsReplacedWhenSomethingIsRegistered(t *testing.T) {
	apart(t)
	l := take(t, "frozen-dog")
	dog := l.PID()
	if err := syscall.Kill(dog, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := l.Process(sleeper(t).Process.Pid); err != nil {
		t.Fatal(err)
	}
	if l.PID() == dog || len(living([]int{dog})) > 0 {
		t.Error("the frozen watchdog is still there")
	}
}

func TestALeaseThatNobodyRefersToIsNotCollected(t *testing.T) {
	apart(t)
	start := func() int {
		l, err := Start(t.Context(), Options{RunID: "unreferenced", Exe: executable(t)})
		if err != nil {
			t.Fatal(err)
		}
		return l.PID()
	}
	dog := start()
	for range 5 {
		runtime.GC() // finalizers would close the pipe
		time.Sleep(20 * time.Millisecond)
	}
	r, err := readRecord(recordPath(Dir(), "unreferenced"))
	if err != nil || r.Watchdog.PID != dog || !alive(r.Watchdog) {
		t.Errorf("the watchdog is %+v (%v), want %d alive", r.Watchdog, err, dog)
	}
	send(r.Watchdog, syscall.SIGSTOP) // it must not sweep this process's run when the test ends
	t.Cleanup(func() { send(r.Watchdog, syscall.SIGKILL) })
}

func stopped(pid int) bool {
	raw, err := os.ReadFile("/proc/" + itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(raw), ") T ")
}

func TestAProxyThatIsSilentIsKilled(t *testing.T) {
	apart(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts through its backlog, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	l := take(t, "silent")
	cmd := sleeper(t)
	if err := l.Proxy(cmd.Process.Pid, listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	p, err := identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	within(t, 12*time.Second, "the silent proxy is killed", func() bool { return !alive(p) })
}

func TestAProxyThatAnswersLives(t *testing.T) {
	apart(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	beats := make(chan bool, 16)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.CopyN(conn, conn, 1)
			_ = conn.Close()
			beats <- true
		}
	}()
	l := take(t, "answers")
	cmd := sleeper(t)
	if err := l.Proxy(cmd.Process.Pid, listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	for range 4 { // one more than a silent proxy has
		<-beats
	}
	if len(living([]int{cmd.Process.Pid})) == 0 {
		t.Error("it was killed although it answered")
	}
}

func TestStartRefusesARunIDThatIsNoName(t *testing.T) {
	apart(t)
	for _, id := range []string{"", "../x", "a/b", ".hidden", "a b"} {
		if _, err := Start(t.Context(), Options{RunID: id, Exe: executable(t)}); err == nil {
			t.Errorf("run id %q was taken", id)
		}
	}
}

func TestStartSaysWhenTheWatchdogDoesNot(t *testing.T) {
	apart(t)
	_, err := Start(t.Context(), Options{RunID: "none", Exe: "/bin/false"})
	if err == nil || !gone(recordPath(Dir(), "none")) {
		t.Errorf("got %v; record gone: %v", err, gone(recordPath(Dir(), "none")))
	}
}
