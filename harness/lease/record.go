package lease

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/devcraft-studio/brunt/harness/site"
)

// recordVersion is the version of the record's form on disk.
const recordVersion = 1

// record is all that must be removed when a run's owner dies.
type record struct {
	Version   int       `json:"version"`
	RunID     string    `json:"run"`
	Owner     Process   `json:"owner"`
	Watchdog  Process   `json:"watchdog"`
	Processes []Process `json:"processes"`
	Paths     []string  `json:"paths"`
	Proxy     *beat     `json:"proxy,omitempty"`
	Pauses    []pause   `json:"pauses,omitempty"`
	Undos     []undo    `json:"undos,omitempty"`
}

// beat is a proxy child that has to answer.
type beat struct {
	Process Process `json:"process"`
	Address string  `json:"address"` // of its echo
}

// pause is a node that has to go on at a given time.
type pause struct {
	Node      string  `json:"node"`
	Process   Process `json:"process"`             // a local process; id 0 for a container
	Container string  `json:"container,omitempty"` // a container's id
	Expires   int64   `json:"expires"`             // nanoseconds since 1970
}

// undo is a fault of a node that has to end at a given time, in the way that the node's provider said.
type undo struct {
	Fault   string    `json:"fault"`
	How     site.Undo `json:"how"`
	Expires int64     `json:"expires"` // nanoseconds since 1970
}

// Dir is where lease records stand: a folder of the user's own under the system's temporary folder.
func Dir() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("brunt-%d", os.Getuid()), "leases")
}

// ensureDir makes the folder of records, and refuses one that somebody else could write to: a record says what to kill
// and delete.
func ensureDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of leases: %w", err)
	}
	return trusted(dir)
}

func trusted(dir string) error {
	for _, d := range []string{filepath.Dir(dir), dir} {
		info, err := os.Lstat(d)
		if err != nil {
			return fmt.Errorf("folder of leases: %w", err)
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		sticky := info.Mode()&fs.ModeSticky != 0
		switch {
		case !info.IsDir():
			return fmt.Errorf("folder of leases: %s is not a folder", d)
		case ok && int(stat.Uid) != os.Getuid() && int(stat.Uid) != 0:
			return fmt.Errorf("folder of leases: %s belongs to another user", d)
		case info.Mode().Perm()&0o022 != 0 && !sticky:
			return fmt.Errorf("folder of leases: others may write to %s", d)
		}
	}
	return nil
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

func checkRunID(id string) error {
	if !plainName.MatchString(id) {
		return fmt.Errorf("run id %q is not a plain name", id)
	}
	return nil
}

// checkPath refuses what no run may delete.
func checkPath(path string) error {
	if !filepath.IsAbs(path) || filepath.Clean(path) != path {
		return fmt.Errorf("path %q is not absolute and clean", path)
	}
	if strings.Count(path, string(filepath.Separator)) < 2 {
		return fmt.Errorf("path %q is too close to the root to be deleted", path)
	}
	home, _ := os.UserHomeDir()
	work, _ := os.Getwd()
	for _, precious := range []string{home, work, os.TempDir()} {
		if precious == "" {
			continue
		}
		if rel, err := filepath.Rel(path, precious); err == nil && !strings.HasPrefix(rel, "..") {
			return fmt.Errorf("path %q holds %q and must not be deleted", path, precious)
		}
	}
	return nil
}

func recordPath(dir, runID string) string { return filepath.Join(dir, runID+".json") }

// write replaces the record atomically.
func (r record) write(dir string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the lease record: %w", err)
	}
	f, err := os.CreateTemp(dir, r.RunID+".*.tmp")
	if err != nil {
		return fmt.Errorf("write the lease record: %w", err)
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), recordPath(dir, r.RunID))
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write the lease record: %w", err)
	}
	return nil
}

func readRecord(path string) (record, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return record{}, err
	}
	return parseRecord(raw)
}

func parseRecord(raw []byte) (record, error) {
	var r record
	if err := json.Unmarshal(raw, &r); err != nil {
		return record{}, fmt.Errorf("not a lease record: %w", err)
	}
	if r.Version != recordVersion {
		return record{}, fmt.Errorf("lease record of version %d, this build knows %d", r.Version, recordVersion)
	}
	if err := checkRunID(r.RunID); err != nil {
		return record{}, err
	}
	return r, nil
}

// roots are the processes from which everything of the run descends.
func (r record) roots() []Process {
	roots := append([]Process(nil), r.Processes...)
	if r.Proxy != nil {
		roots = append(roots, r.Proxy.Process)
	}
	return roots
}
