package lease

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/site"
)

// TestMain lets this binary play the parts that are processes of their own.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "__watchdog":
			os.Exit(playWatchdog(os.Args[2:]))
		case "__owner":
			if err := playOwner(os.Args[2], os.Args[3], os.Args[4:]); err != nil {
				fmt.Fprintln(os.Stderr, "owner:", err)
				os.Exit(1)
			}
		case "__holder":
			if _, err := Lock(context.Background(), false, nil); err != nil {
				fmt.Fprintln(os.Stderr, "holder:", err)
				os.Exit(1)
			}
			fmt.Println("{}")
			for { // without cgo the runtime takes `select {}` for a deadlock
				time.Sleep(time.Hour)
			}
		}
	}
	os.Exit(m.Run())
}

// playWatchdog sweeps by writing the run's id to the file named, if any, and undoes by writing to the file that it is told.
func playWatchdog(args []string) int {
	var sweepers []Sweeper
	if len(args) > 0 {
		sweepers = append(sweepers, func(_ context.Context, runID string) error { return note(args[0], runID) })
	}
	undo := func(_ context.Context, how site.Undo) error { return note(string(how), "undone") }
	return Main(context.Background(), Streams{In: os.Stdin, Out: os.Stdout, Undo: undo}, sweepers...)
}

func note(path, text string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = fmt.Fprintln(f, text)
	return err
}

// told is what the owner says when it has started everything.
type told struct {
	Watchdog int
	PIDs     []int // all that must be gone
}

// playOwner is a run in small: it takes a lease, starts what is asked for and then does nothing until it is killed.
func playOwner(runID, folder string, parts []string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	l, err := Start(context.Background(), Options{RunID: runID, Exe: exe, Args: []string{"__watchdog", folder + ".swept"}})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := l.Path(folder); err != nil {
		return err
	}
	var out told
	for _, part := range parts {
		pids, err := startPart(l, part, runID, folder)
		if err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
		out.PIDs = append(out.PIDs, pids...)
	}
	out.Watchdog = l.PID()
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		return err
	}
	for { // without cgo the runtime takes `select {}` for a deadlock
		time.Sleep(time.Hour)
	}
}

func startPart(l *Lease, part, runID, folder string) ([]int, error) {
	group := &syscall.SysProcAttr{Setpgid: true}
	start := func(register bool, attr *syscall.SysProcAttr, name string, args ...string) (int, error) {
		cmd := exec.Command(name, args...)
		cmd.SysProcAttr, cmd.Dir = attr, folder
		if part == "unregistered" {
			cmd.Env = append(os.Environ(), Mark(runID))
		}
		if err := cmd.Start(); err != nil {
			return 0, err
		}
		go func() { _ = cmd.Wait() }()
		if register {
			return cmd.Process.Pid, l.Process(cmd.Process.Pid)
		}
		return cmd.Process.Pid, nil
	}
	switch part {
	case "sleep":
		pid, err := start(true, group, "sleep", "1000")
		return []int{pid}, err
	case "stubborn": // ignores every polite signal
		pid, err := start(true, group, "sh", "-c", `trap "" TERM QUIT INT; while :; do sleep 1000; done`)
		return []int{pid}, err
	case "unregistered":
		pid, err := start(false, &syscall.SysProcAttr{Setsid: true}, "sleep", "1000")
		return []int{pid}, err
	case "family": // a shell, its child, and a grandchild in a session of its own
		pid, err := start(true, group, "sh", "-c", `setsid sh -c "sleep 1001; :" & echo $! > child; sleep 1002; :`)
		if err != nil {
			return nil, err
		}
		return grown(pid, 4)
	case "paused":
		pid, err := start(true, group, "sleep", "1000")
		if err != nil {
			return nil, err
		}
		return []int{pid}, syscall.Kill(pid, syscall.SIGSTOP)
	case "limited":
		pid, err := start(true, group, "sleep", "1000")
		if err != nil {
			return nil, err
		}
		return []int{pid}, l.Undo(context.Background(), "slow", site.Undo(folder+".undone"), time.Now().Add(time.Hour))
	case "redis":
		pid, err := start(true, group, "redis-server", "--port", "0", "--unixsocket", filepath.Join(folder, "redis.sock"), "--save", "")
		return []int{pid}, err
	case "postgres":
		return startPostgres(l, folder)
	}
	return nil, fmt.Errorf("no such part")
}

// grown waits until a process has that many members in its tree, itself included.
func grown(pid, members int) ([]int, error) {
	root, err := identify(pid)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(pollEvery) {
		table, err := processTable()
		if err != nil {
			return nil, err
		}
		all := belonging(table, []Process{root}, func(int) bool { return false })
		if len(all) >= members {
			pids := make([]int, 0, len(all))
			for _, p := range all {
				pids = append(pids, p.PID)
			}
			return pids, nil
		}
	}
	return nil, fmt.Errorf("fewer than %d processes under %d", members, pid)
}

func startPostgres(l *Lease, folder string) ([]int, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return nil, fmt.Errorf("no postgres under /usr/lib/postgresql")
	}
	bin := filepath.Dir(slices.Max(found))
	data := filepath.Join(folder, "data")
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 { // postgres refuses to be root
		nobody, err := user.Lookup("nobody")
		if err != nil {
			return nil, err
		}
		uid, _ := strconv.Atoi(nobody.Uid)
		gid, _ := strconv.Atoi(nobody.Gid)
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(folder, uid, gid); err != nil {
			return nil, err
		}
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-A", "trust", "-U", "brunt", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, folder
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	cmd := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off")
	cmd.SysProcAttr, cmd.Dir = attr, folder
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = cmd.Wait() }()
	if err := l.Process(cmd.Process.Pid); err != nil {
		return nil, err
	}
	return grown(cmd.Process.Pid, 5) // the postmaster and its helpers
}

// owner starts this binary as the owner of a run.
type owner struct {
	cmd *exec.Cmd
	told
	folder string
	record string
}

func startOwner(t *testing.T, runID string, parts ...string) *owner {
	t.Helper()
	o := &owner{folder: filepath.Join(roomyDir(t), "run"), record: recordPath(Dir(), runID)}
	o.cmd = exec.Command(executable(t), append([]string{"__owner", runID, o.folder}, parts...)...)
	o.cmd.Stderr = os.Stderr
	out, err := o.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := o.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = o.cmd.Process.Kill()
		for _, pid := range append(o.PIDs, o.Watchdog) {
			if pid > 1 {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	})
	decode(t, out, &o.told)
	return o
}

// kill ends the owner as nothing it could prepare for.
func (o *owner) kill(t *testing.T) {
	t.Helper()
	if err := o.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = o.cmd.Wait()
}

// roomyDir is a folder that other users can enter, as the server of a database has to.
func roomyDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "brunt-lease-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// apart gives the test a place for leases and locks of its own.
func apart(t *testing.T) {
	t.Helper()
	t.Setenv("TMPDIR", roomyDir(t))
}

func executable(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

func decode(t *testing.T, from io.Reader, into any) {
	t.Helper()
	line, err := bufio.NewReader(from).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the child said nothing: %v", err)
	}
	if err := json.Unmarshal(line, into); err != nil {
		t.Fatal(err)
	}
}

// within waits for a condition.
func within(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func living(pids []int) []int {
	return slices.DeleteFunc(slices.Clone(pids), func(pid int) bool {
		e, err := lookUp(pid)
		return err != nil || e.zombie
	})
}

func gone(path string) bool {
	_, err := os.Lstat(path)
	return os.IsNotExist(err)
}

func quiet(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}
