package topology

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
)

// account is the user that servers run as when we are root, since PostgreSQL refuses to run as root. Nil is ourselves.
type account struct {
	name     string
	uid, gid int
}

// unprivileged returns nil unless we are root: then postgres, or else nobody.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return &account{name, uid, gid}, nil
		}
	}
	return nil, errors.New("postgres refuses to run as root, and this machine has neither a user postgres nor nobody")
}

// own gives path to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// dataVariable names the folder under which a run's data directories are made.
const dataVariable = "BRUNT_DATA_DIR"

// dataParent is the folder under which a run's data directories are made: the environment's choice, else memory where it has
// room, as the docker provider does it, since what a CI machine's disk does at the moment is not what is measured; else a
// folder for temporary files. The account has to reach what it owns, so every folder on the way must let others pass.
func dataParent(opts Options, a *account) (string, error) {
	if dir, ok := opts.lookup(dataVariable); ok && dir != "" {
		if !a.canEnter(dir) {
			return "", fmt.Errorf("%s: %s cannot be entered by the servers' user", dataVariable, dir)
		}
		return filepath.Abs(dir)
	}
	candidates := []string{os.TempDir(), "/tmp", "/var/tmp"}
	if memoryHasRoom(sharedMemory) {
		candidates = append([]string{sharedMemory}, candidates...)
	}
	for _, dir := range candidates {
		if a.canEnter(dir) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("the servers' user can enter none of %v", slices.Compact(candidates))
}

// sharedMemory is a file system in memory on Linux.
const sharedMemory = "/dev/shm"

// memoryRoom is how much room, in bytes, a file system in memory must have to be used for data directories. A container has
// 64 MiB there unless it was given more.
const memoryRoom = 2 << 30

// canEnter says whether the account, or we when it is nil, can reach what it owns below dir.
func (a *account) canEnter(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.IsDir() && (a == nil || passable(dir))
}

func passable(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}
