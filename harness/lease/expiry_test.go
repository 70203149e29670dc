package lease

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/site"
)

func TestAPauseEndsAtItsExpiryWithoutItsOwner(t *testing.T) {
	apart(t)
	l := take(t, "pause")
	for _, row := range []struct {
		name   string
		lifted bool
	}{
		{"when nobody lifts it", false},
		{"but not by the watchdog when it was lifted", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			cmd := sleeper(t)
			node := &site.Node{Name: "cache", PID: cmd.Process.Pid}
			if err := l.NodeFault(t.Context(), node, time.Now().Add(300*time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if row.lifted {
				if err := l.NodeFaultLifted(t.Context(), node); err != nil {
					t.Fatal(err)
				}
			}
			if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			within(t, time.Second, "it is stopped", func() bool { return stopped(cmd.Process.Pid) })
			if !row.lifted {
				within(t, 3*time.Second, "it goes on", func() bool { return !stopped(cmd.Process.Pid) })
				return
			}
			time.Sleep(time.Second) // three times the expiry: time for the wrong thing to happen
			if !stopped(cmd.Process.Pid) {
				t.Error("the watchdog resumed what it was told to forget")
			}
		})
	}
}

func TestAFaultOfANodeEndsAtItsExpiryWithoutItsOwner(t *testing.T) {
	apart(t)
	l := take(t, "undo")
	for _, row := range []struct {
		name   string
		undone bool
		want   string
	}{
		{"once, when nobody lifts it", false, "undone\n"},
		{"but not by the watchdog when it was lifted", true, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "undone")
			if err := l.Undo(t.Context(), "slow", site.Undo(file), time.Now().Add(300*time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if row.undone {
				if err := l.Undone(t.Context(), "slow"); err != nil {
					t.Fatal(err)
				}
			}
			if !row.undone {
				within(t, 3*time.Second, "it is undone", func() bool { return !gone(file) })
			}
			time.Sleep(time.Second) // four ticks: time for the wrong thing to happen
			if raw, _ := os.ReadFile(file); string(raw) != row.want {
				t.Errorf("undone %q, want %q", raw, row.want)
			}
		})
	}
}

func TestTheSuccessorOfAKilledWatchdogKnowsWhatIsToBeUndone(t *testing.T) {
	apart(t)
	l := take(t, "undo-successor")
	file := filepath.Join(t.TempDir(), "undone")
	if err := l.Undo(t.Context(), "slow", site.Undo(file), time.Now().Add(2*time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(l.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	within(t, 10*time.Second, "it is undone", func() bool { return !gone(file) })
}
