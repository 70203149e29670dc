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

// reachableTemp is a directory for temporary files in which a can reach what it owns: every folder on the way has to let
// others pass.
func reachableTemp(a *account) (string, error) {
	candidates := []string{os.TempDir(), "/tmp", "/var/tmp"}
	for _, dir := range candidates {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			continue
		}
		if a == nil || passable(dir) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("user %s can enter none of %v", a.name, slices.Compact(candidates))
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
