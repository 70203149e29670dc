package lease

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ErrLocked says that another process measures on this machine. A *LockedError wraps it.
var ErrLocked = errors.New("another run is measuring on this machine")

// LockedError names the process that holds the lock.
type LockedError struct {
	PID   int       // 0 when the holder has not said yet
	Since time.Time // zero when the holder has not said yet
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return ErrLocked.Error()
	}
	return fmt.Sprintf("%s: process %d, since %s", ErrLocked, e.PID, e.Since.Local().Format(time.TimeOnly))
}

// Unwrap makes errors.Is(err, ErrLocked) hold.
func (e *LockedError) Unwrap() error { return ErrLocked }

const lockPoll = 200 * time.Millisecond

// holder is what stands in the lock's file.
type holder struct {
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
}

// LockPath is the file of the machine-wide lock.
func LockPath() string { return filepath.Join(os.TempDir(), "brunt.lock") }

// Lock takes the machine-wide lock, so that only one run measures at a time. When another holds it, Lock fails with a
// *LockedError, or, with wait, calls waiting once for each holder it waits for (such as "process 123") until it has the
// lock or ctx ends. The kernel gives the lock back when its holder dies, however that happens.
func Lock(ctx context.Context, wait bool, waiting func(owner string)) (unlock func(), err error) {
	return lockFile(ctx, LockPath(), wait, waiting)
}

func lockFile(ctx context.Context, path string, wait bool, waiting func(owner string)) (func(), error) {
	f, err := openLock(path)
	if err != nil {
		return nil, fmt.Errorf("open the machine's lock: %w", err)
	}
	told := -1
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return hold(f), nil
		case errors.Is(err, syscall.EINTR):
			continue
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
		}
		locked := readHolder(f)
		if !wait {
			return nil, errors.Join(locked, f.Close())
		}
		if locked.PID != told && waiting != nil {
			told = locked.PID
			waiting(fmt.Sprintf("process %d", locked.PID))
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("wait for the machine's lock: %w", ctx.Err()), f.Close())
		case <-time.After(lockPoll):
		}
	}
}

// openLock opens a file that all users share. Where the kernel protects files in sticky folders, opening another user's
// file with O_CREATE fails, so that is tried only when there is none.
func openLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if !errors.Is(err, os.ErrNotExist) {
		return f, err
	}
	f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o666)
	if err != nil {
		return nil, err
	}
	_ = f.Chmod(0o666) // past the umask; fails when another user was faster, and then it is theirs to do
	return f, nil
}

func hold(f *os.File) func() {
	raw, _ := json.Marshal(holder{PID: os.Getpid(), Since: time.Now()}) // of plain fields: cannot fail
	// The text is for people who wait; the lock holds without it.
	_ = f.Truncate(0)
	_, _ = f.WriteAt(raw, 0)
	return func() {
		_ = f.Truncate(0)
		_ = f.Close() // gives the lock back
	}
}

func readHolder(f *os.File) *LockedError {
	raw, err := io.ReadAll(io.NewSectionReader(f, 0, 4096))
	var h holder
	if err != nil || json.Unmarshal(raw, &h) != nil {
		return &LockedError{}
	}
	return &LockedError{PID: h.PID, Since: h.Since}
}
